"""The seven tamperings that the register alone does not see. Each leaves a register whose rows agree."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.ids import new_id
from tests.evidence.worlds import Stranger

Tampering = Callable[[Stranger], None]


def _last(stranger: Stranger) -> RegisterEntry:
    series = stranger.series()
    found, _ = stranger.record(RegisterEntry.ref(stranger.company, series=series.id, position=series.next - 1))
    assert isinstance(found, RegisterEntry)
    return found


def tail_cut(stranger: Stranger) -> None:
    """Remove the last invoice with all its rows, and set the series back."""
    from chalicelib.domain.companies.company import Series

    entry = _last(stranger)
    for item in stranger.items("ledger"):
        sort = item["sort"]["S"]
        if entry.document in sort or sort == entry.key.sort:
            stranger.delete("ledger", sort)
    before, _ = stranger.record(RegisterEntry.ref(stranger.company, series=entry.series, position=entry.position - 1))
    series, salt = stranger.record(Series.ref(stranger.company, entry.series))
    stranger.write(replace(series, next=entry.position, chain=before.chain), salt)


def buyer_changed(stranger: Stranger) -> None:
    """Put another buyer on an issued invoice, and recompute the chain."""
    entry = _last(stranger)
    invoice, salt = stranger.record(Invoice.ref(stranger.company, entry.document))
    stranger.write(replace(invoice, buyer=replace(invoice.buyer, name="Société Écran SARL")), salt)
    stranger.relink(entry.series)


def fake_sweep(stranger: Stranger) -> None:
    """Remove the first invoice as the purge does: the series keeps its number and its chain."""
    from chalicelib.domain.companies.company import Series

    name = stranger.series().id
    entry, _ = stranger.record(RegisterEntry.ref(stranger.company, series=name, position=1))
    for item in stranger.items("ledger"):
        sort = item["sort"]["S"]
        if entry.document in sort or sort == entry.key.sort:
            stranger.delete("ledger", sort)
    series, salt = stranger.record(Series.ref(stranger.company, name))
    stranger.write(replace(series, swept=1, anchor=entry.chain), salt)


def payment_edited(stranger: Stranger) -> None:
    """Change the amount of a payment."""
    (item,) = stranger.items("ledger", "payment#")
    stranger.put("ledger", {**item, "amount": {"N": "1"}})


def balance_edited(stranger: Stranger) -> None:
    """Change what an invoice has been paid."""
    entry = _last(stranger)
    balance, salt = stranger.record(Balance.ref(stranger.company, entry.document))
    stranger.write(replace(balance, paid=Decimal("1.00")), salt)


def number_used_twice(stranger: Stranger) -> None:
    """Store a second invoice under the last number."""
    entry = _last(stranger)
    invoice, salt = stranger.record(Invoice.ref(stranger.company, entry.document))
    world = stranger.world
    other = new_id(Invoice.PREFIX, world.now(), world.random(10))
    stranger.write(replace(invoice, id=other), salt)


def ledger_emptied(stranger: Stranger) -> None:
    """Delete every row of the ledger."""
    for item in stranger.items("ledger"):
        stranger.delete("ledger", item["sort"]["S"])


TAMPERINGS: Final[dict[str, tuple[Tampering, str, str]]] = {
    "tail_cut": (tail_cut, "tail_cut", "register_entry"),
    "buyer_changed": (buyer_changed, "row_changed", "invoice"),
    "fake_sweep": (fake_sweep, "purge_unrecorded", "register_entry"),
    "payment_edited": (payment_edited, "row_changed", "payment"),
    "balance_edited": (balance_edited, "row_changed", "balance"),
    "number_used_twice": (number_used_twice, "number_used_twice", "invoice"),
    "ledger_emptied": (ledger_emptied, "ledger_emptied", ""),
}
"""Each tampering by its name, with the code and the kind of row that the full pass must name."""
