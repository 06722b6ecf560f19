"""The credit note (avoir): its issued form and its answers to the registry. It has no draft."""

from datetime import date
from typing import Final

from chalicelib.domain.documents.document_type import DocumentScopes, DocumentType, DocumentWords, IssueFigure
from chalicelib.domain.documents.model import Registered
from chalicelib.domain.entity import entity, kept


@entity("credit_note", table="ledger", prefix="crn")
class CreditNote(Registered):
    """An issued credit note. It names the invoice that it corrects and never exceeds it."""

    customer: str = kept("document.content")
    invoice: str = kept("document.content")
    invoice_number: str = kept("document.content")
    invoice_date: date | None = kept("document.content", default=None)
    """The invoice's day of issue (BT-26); None on credit notes of an earlier version."""
    reason: str | None = kept("document.content", default=None)
    credited_lines: tuple[int, ...] = kept("document.content")
    """For each line, the number (from 1) of the invoice's line that it credits; 0 if it credits an amount over the
    document."""


CREDIT_NOTE: Final = DocumentType(
    kind="credit_note",
    prefix="crn",
    plural="credit_notes",
    path="credit-notes",
    words=DocumentWords(
        title={"fr": "Avoir", "ar": "إشعار دائن", "en": "Credit note"},
        heading={"fr": "Avoirs", "ar": "إشعارات دائنة", "en": "Credit notes"},
        drafts_heading=None,
        addressee={"fr": "Destinataire", "ar": "المرسل إليه", "en": "To"},
        closing={
            "fr": "Arrêté le présent avoir à la somme de {words}.",
            "ar": "حصر مبلغ هذا الإشعار الدائن في: {words}.",
            "en": "This credit note is closed at the sum of: {words}.",
        },
        original=None,
        reduction=None,
        set_off=None,
        file_name="avoir",
    ),
    draft=None,
    issued=CreditNote,
    balance=None,
    counterparty="customer",
    person="customer",
    free_text=("notes", "reason"),
    numbered_by="us",
    series="AV-{year}-{seq:05}",
    dated_in_order=True,
    fiscal=True,
    registered=True,
    priced=True,
    statutory_date="issue_date",
    retention="document.content",
    states=("issued",),
    transitions=(),
    derived_states=(),
    payable="none",
    converts_to=(),
    corrects=("invoice",),
    code="381",
    credit_code=None,
    facts=("issue_date", "operation_date", "corrects", "corrected_date", "reason", "settlement"),
    totals=(
        "lines",
        "discount",
        "net",
        "vat_total",
        "rounding",
        "gross",
        "stamp_duty",
        "withheld_vat",
        "withheld_fees",
        "credited",
    ),
    shown=("invoice", "invoice_number", "invoice_date", "reason"),
    backup_group="credit_notes",
    draft_group=None,
    figure=IssueFigure(name="CreditNotesIssued", counts="credit notes that took a number; specimens do not count"),
    scopes=DocumentScopes(read="documents.read", write="documents.write", issue="documents.issue"),
    on_devices=True,
    mailed=False,
    linked=False,
    exported=True,
    imported=False,
    attachments=True,
)
