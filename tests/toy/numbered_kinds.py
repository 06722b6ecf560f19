"""Two toy kinds that we number: a rent is registered and payable; a slip is neither, and has no prices.

It is a plugin of pytest (`-p tests.toy.numbered_kinds`), as `tests/toy/kind.py` is.
"""

from typing import Final

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.document_type import (
    DocumentScopes,
    DocumentType,
    DocumentWords,
    IssueFigure,
    Transition,
)
from chalicelib.domain.documents.model import DraftDocument, Issued, Registered
from chalicelib.domain.documents.registry import declare
from chalicelib.domain.entity import entity, kept

SCOPES: Final = DocumentScopes(read="documents.read", write="documents.write", issue="documents.issue")


@entity("toy_rent", table="workspace", prefix="rnt")
class RentDraft(DraftDocument):
    """A rent without a number."""

    customer: str | None = kept("draft.content", default=None)
    period: str | None = kept("draft.content", default=None)


@entity("toy_rent", table="ledger", prefix="rnt")
class Rent(Registered):
    """An issued rent."""

    customer: str = kept("document.content")
    period: str | None = kept("document.content", default=None)


@entity("toy_rent_balance", table="ledger", prefix="rnt", sort="toy_rent#{id}#balance")
class RentBalance(Balance):
    """The paid amount of a rent."""


@entity("toy_slip", table="workspace", prefix="slp")
class SlipDraft(DraftDocument):
    """A slip without a number."""

    customer: str | None = kept("draft.content", default=None)


@entity("toy_slip", table="ledger", prefix="slp")
class Slip(Issued):
    """A delivered slip. It has a number of our series, and no entry in the register."""

    customer: str = kept("document.content")


RENT: Final = declare(
    DocumentType(
        kind="toy_rent",
        prefix="rnt",
        plural="toy_rents",
        path="toy-rents",
        words=DocumentWords(
            title={"fr": "Loyer", "ar": "كراء", "en": "Rent"},
            heading={"fr": "Loyers", "ar": "أكرية", "en": "Rents"},
            drafts_heading={"fr": "Loyers en préparation", "ar": "مسودات الأكرية", "en": "Draft rents"},
            addressee={"fr": "Locataire", "ar": "المكتري", "en": "Tenant"},
            closing={"fr": "Somme : {words}.", "ar": "المبلغ: {words}.", "en": "Sum: {words}."},
            original={"fr": "Loyer d’origine", "ar": "الكراء الأصلي", "en": "Original rent"},
            reduction={"fr": "Réduction sur {number}", "ar": "تخفيض على {number}", "en": "Reduction of {number}"},
            set_off={"fr": "À déduire du loyer.", "ar": "يخصم من الكراء.", "en": "To be deducted from the rent."},
            file_name="loyer",
        ),
        draft=RentDraft,
        issued=Rent,
        balance=RentBalance,
        counterparty="customer",
        person="customer",
        free_text=("notes", "period"),
        numbered_by="us",
        series="LO-{year}-{seq:05}",
        dated_in_order=True,
        fiscal=True,
        registered=True,
        priced=True,
        statutory_date="issue_date",
        retention="document.content",
        states=("draft", "issued"),
        transitions=(Transition(verb="issue", sources=("draft",), target="issued"),),
        derived_states=("partially_paid", "paid"),
        payable="we_receive",
        converts_to=(),
        corrects=(),
        code="380",
        credit_code="381",
        facts=("issue_date", "due_date"),
        totals=("net", "vat_total", "gross", "payable"),
        shown=("period",),
        backup_group="toy_rents",
        draft_group="toy_rent_drafts",
        figure=IssueFigure(name="RentsIssued", counts="rents that took a number"),
        scopes=SCOPES,
        on_devices=True,
        mailed=False,
        linked=False,
        exported=False,
        imported=False,
        attachments=False,
    )
)
SLIP: Final = declare(
    DocumentType(
        kind="toy_slip",
        prefix="slp",
        plural="toy_slips",
        path="toy-slips",
        words=DocumentWords(
            title={"fr": "Bordereau", "ar": "وصل", "en": "Slip"},
            heading={"fr": "Bordereaux", "ar": "وصولات", "en": "Slips"},
            drafts_heading={"fr": "Bordereaux en préparation", "ar": "مسودات الوصولات", "en": "Draft slips"},
            addressee={"fr": "Remis à", "ar": "سلم إلى", "en": "Handed to"},
            closing=None,
            original=None,
            reduction=None,
            set_off=None,
            file_name="bordereau",
        ),
        draft=SlipDraft,
        issued=Slip,
        balance=None,
        counterparty="customer",
        person="customer",
        free_text=("notes",),
        numbered_by="us",
        series="BX-{year}-{seq:05}",
        dated_in_order=True,
        fiscal=True,
        registered=False,
        priced=False,
        statutory_date="issue_date",
        retention="document.content",
        states=("draft", "delivered"),
        transitions=(Transition(verb="deliver", sources=("draft",), target="delivered"),),
        derived_states=(),
        payable="none",
        converts_to=(),
        corrects=(),
        code=None,
        credit_code=None,
        facts=("issue_date",),
        totals=(),
        shown=(),
        backup_group="slips_handed",
        draft_group="toy_slip_drafts",
        figure=IssueFigure(name="SlipsDelivered", counts="slips that took a number"),
        scopes=SCOPES,
        on_devices=True,
        mailed=False,
        linked=False,
        exported=True,
        imported=False,
        attachments=False,
    )
)
