"""The estimate of the fine on a late payment (Code de commerce art. 78-3), as a member of an overdue document."""

from datetime import date

from chalicelib.domain.documents.balance import Balance, unpaid
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.terms import fined_when_late
from chalicelib.domain.money import amount_text, text
from chalicelib.domain.morocco.late_fine import late_fine
from chalicelib.services.representation.body import Body


def present_late_fine(document: Issued, balance: Balance | None, on: date | None) -> Body | None:
    """The fine that the buyer owes to the Treasury as of the day `on`. None if nothing is late, if law 69-21 does not
    bind the sale, or without a day. It is owed to nobody else, so no other member includes it."""
    if on is None or not fined_when_late(document):
        return None
    if (fine := late_fine(unpaid(document, balance), document.due_date, on)) is None:
        return None
    return {
        "estimate": amount_text(fine.amount),
        "rate": text(fine.rate),
        "months": fine.months,
        "base": amount_text(fine.base),
        "owed_by": "buyer",
        "owed_to": "treasury",
    }
