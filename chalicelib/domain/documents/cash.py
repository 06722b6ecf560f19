"""The cash of a customer on a day and in a month, over all documents and advances.

The limits of cash count both (CGI art. 11-II and 193). The index `date` states each movement of cash with its amount,
so that one query adds them up and reads no row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.domain.money import ZERO, amount_text, total

MOST_MOVEMENTS = 1_000
"""Movements of cash of one customer and month that are added up, the latest days first."""
_PREFIX = "cash-of"
"""It begins the keys in the index `date`. No kind of row has a hyphen in its name."""


@dataclass(frozen=True)
class CashBefore:
    """The cash that a customer brought before a movement, in dirhams: on its day, and in its month."""

    day: Decimal = ZERO
    month: Decimal = ZERO


def cash_key(customer: str, day: date, amount: Decimal, id: str) -> dict[str, str]:
    """The key that finds a movement of cash by its customer and its day."""
    return {"_date": f"{_PREFIX}#{customer}#{day}#{amount_text(amount)}#{id}"}


def month_keys(customer: str, day: date) -> tuple[str, str]:
    """The first and the last possible key of a customer's movements in the month of `day`."""
    month = f"{_PREFIX}#{customer}#{day:%Y-%m}"
    return f"{month}-01", f"{month}-31~"


def cash_before(keys: Iterable[str], day: date) -> CashBefore:
    """The sums of the movements with these keys, of one customer and month."""
    parts = [key.split("#") for key in keys]
    movements = [(moved_on, Decimal(amount)) for _, _, moved_on, amount, _ in parts]
    return CashBefore(
        day=total([amount for moved_on, amount in movements if moved_on == day.isoformat()]),
        month=total([amount for _, amount in movements]),
    )
