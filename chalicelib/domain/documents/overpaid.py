"""Balances below zero, as versions before unapplied credit stored them: credit notes on a document that was paid.

The money that a credit note leaves is unapplied credit of the customer. A migration makes the entry that such a row
lacks.
"""

from collections.abc import Iterable
from decimal import Decimal

from chalicelib.domain.clock import today
from chalicelib.domain.documents.balance import Balance, freed_by_credit, owing
from chalicelib.domain.documents.credit_entry import CreditEntry
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import corrected_by, person_of
from chalicelib.domain.entity import new_row
from chalicelib.domain.ids import derived_id


def excess_of(document: Issued, balance: Balance) -> Decimal:
    """The money that credit notes left on a document, in dirhams; zero if there is none."""
    return freed_by_credit(document, balance, balance)


def freed(document: Issued, balance: Balance, notes: Iterable[Issued]) -> tuple[Balance, CreditEntry]:
    """The balance without its excess, and the entry that holds it, as of the last of the credit notes on the document.
    Other documents in `notes` are ignored. The same balance gives the same entry."""
    own = [note for note in notes if (corrected := corrected_by(note)) and corrected.id == document.id]
    last = max(own, key=lambda note: (note.issue_date, note.id), default=None)
    entry = CreditEntry(
        **new_row(document.company, derived_id("ucr", document.id), balance.updated_at),
        customer=person_of(document),
        source="credit_note",
        amount=excess_of(document, balance),
        method="compensation",
        date=last.issue_date if last else today(balance.updated_at),
        document=document.id,
        credit_note=last.id if last else None,
    )
    return owing(document, balance.freeing(entry.amount, entry.id)), entry
