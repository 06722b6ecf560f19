"""Every dated table of the law: ordered, without a gap or an overlap, each row with its source and its certainty."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.domain.morocco import deadlines, identities, late_fine, stamp, vat, withholding
from chalicelib.domain.morocco.dated import DatedRule, earliest_known, in_force

TABLES: dict[str, Sequence[DatedRule[Any]]] = {
    "vat.RATES": vat.RATES,
    "withholding.VAT_ON_SERVICES": withholding.VAT_ON_SERVICES,
    "withholding.VAT_ON_GOODS": withholding.VAT_ON_GOODS,
    "withholding.FEE_RATES": withholding.FEE_RATES,
    "withholding.LARGE_COMPANY_TURNOVER": withholding.LARGE_COMPANY_TURNOVER,
    "withholding.SMALL_SERVICES": withholding.SMALL_SERVICES,
    "stamp.STAMP_RATES": stamp.STAMP_RATES,
    "stamp.CASH_LIMITS": stamp.CASH_LIMITS,
    "stamp.SELLER_FINES": stamp.SELLER_FINES,
    "deadlines.TERMS": deadlines.TERMS,
    "late_fine.KEY_RATES": late_fine.KEY_RATES,
    "late_fine.FURTHER_MONTH": late_fine.FURTHER_MONTH,
    "identities.REQUIRED": identities.REQUIRED,
}


def gaps(rows: Sequence[DatedRule[Any]]) -> list[date]:
    """First days of the rows that do not follow the row before them without a gap or an overlap."""
    return [
        later.valid_from
        for earlier, later in pairwise(rows)
        if earlier.valid_to is None or earlier.valid_to + timedelta(days=1) != later.valid_from
    ]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_continuous_and_sourced(name: str) -> None:
    rows = TABLES[name]
    assert gaps(rows) == []
    assert rows[-1].valid_to is None
    for row in rows:
        assert row.source.strip()
        assert row.certainty in ("P", "S", "?")
        assert row.valid_to is None or row.valid_from <= row.valid_to


def test_every_table_of_the_pack_is_listed_above() -> None:
    found = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in (vat, withholding, stamp, deadlines, late_fine, identities)
        for name, value in vars(module).items()
        if isinstance(value, tuple) and value and isinstance(value[0], DatedRule)
    }
    assert found == set(TABLES)


def test_gaps_are_found() -> None:
    first = DatedRule(date(2024, 1, 1), date(2024, 6, 30), 1, "law", "P")
    assert gaps([first, DatedRule(date(2024, 7, 1), None, 2, "law", "P")]) == []
    assert gaps([first, DatedRule(date(2024, 7, 2), None, 2, "law", "P")]) == [date(2024, 7, 2)]
    assert gaps([first, DatedRule(date(2024, 6, 30), None, 2, "law", "P")]) == [date(2024, 6, 30)]


def test_both_ends_of_a_row_are_included() -> None:
    rows = [
        DatedRule(date(2024, 1, 1), date(2024, 6, 30), 1, "law", "P"),
        DatedRule(date(2024, 7, 1), None, 2, "law", "P"),
    ]
    days = [date(2024, 1, 1), date(2024, 6, 30), date(2024, 7, 1), date(9999, 12, 31)]
    assert [row.value if (row := in_force(rows, day)) else None for day in days] == [1, 1, 2, 2]
    before = date(2024, 1, 1) - timedelta(days=1)
    assert in_force(rows, before) is None
    assert earliest_known(rows, before).value == 1
