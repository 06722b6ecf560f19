"""Droit de timbre and the limits of cash."""

from datetime import date
from decimal import Decimal

import pytest

from chalicelib.domain.morocco.stamp import check_cash, stamp_duty

D = Decimal

ON = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("amount", "duty"), [("12000", "30.00"), ("0", "0.00"), ("1", "0.00"), ("2", "0.01"), ("1999.99", "5.00")]
)
def test_a_quarter_of_a_percent(amount: str, duty: str) -> None:
    assert str(stamp_duty(D(amount), ON)) == duty


def test_before_the_table_its_first_rate_stands_in() -> None:
    assert stamp_duty(D(12000), date(2014, 12, 31)) == D("30.00")


def test_a_negative_settlement_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        stamp_duty(D("-1"), ON)


@pytest.mark.parametrize(
    ("amount", "month", "codes"),
    [
        ("5000", "0", []),
        ("5000.01", "0", ["cash_above_limit"]),
        ("5000", "45000", []),
        ("5000", "45000.01", ["cash_above_month_limit"]),
        ("60000", "0", ["cash_above_limit", "cash_above_month_limit"]),
    ],
)
def test_cash_limits_only_warn(amount: str, month: str, codes: list[str]) -> None:
    findings = check_cash(D(amount), ON, D(month))
    assert [finding.code for finding in findings] == codes
    assert {finding.severity for finding in findings} <= {"warn"}


def test_a_warning_names_its_limit() -> None:
    assert [dict(finding.params) for finding in check_cash(D(60000), ON)] == [{"limit": "5000"}, {"limit": "50000"}]
