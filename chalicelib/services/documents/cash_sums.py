"""The cash that a customer brought before a payment or an advance, for the notices about the limits of cash."""

from collections.abc import Iterable
from datetime import date

from chalicelib.domain.documents.cash import MOST_MOVEMENTS, CashBefore, cash_before, month_keys
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.entity import Record
from chalicelib.store.snapshot import IndexRange, Snapshot


def cash_of_customer(
    snapshot: Snapshot, customer: str, method: Method, day: date, new: Iterable[Record] = ()
) -> CashBefore:
    """The cash of a customer on a day and in its month, with the `new` rows of the same commit. Reads nothing for
    another method."""
    if method != "cash":
        return CashBefore()
    low, high = month_keys(customer, day)
    entries = snapshot.entries(IndexRange("ledger", "date", low, high, MOST_MOVEMENTS))
    keys = (key for row in new if low <= (key := row.index_keys().get("_date", "")) <= high)
    return cash_before((*(entry.key for entry in entries), *keys), day)
