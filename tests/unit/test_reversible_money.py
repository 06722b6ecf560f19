"""Advances and refunds that were taken back."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.entity import new_row

ROW = new_row("cmp_1", "x_1", datetime(2026, 1, 5, tzinfo=UTC))
MONEY: dict[str, Any] = {
    "customer": "cus_1",
    "amount": Decimal("50.00"),
    "method": "transfer",
    "date": date(2026, 1, 5),
}


def test_the_statutory_term_of_both_rows_counts_from_the_day_of_the_reversal() -> None:
    """Otherwise a purge would leave the counter-entry alone in the account."""
    for row in (CreditEntry(**ROW, **MONEY, source="advance"), Refund(**ROW, **MONEY, entries=("ucr_1",))):
        assert row.last_date == date(2026, 1, 5)
        assert replace(row, reversed_by="x_2", reversed_on=date(2027, 2, 1)).last_date == date(2027, 2, 1)
