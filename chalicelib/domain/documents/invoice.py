"""The invoice (facture): its draft, its issued form, and its answers to the registry."""

from typing import Final

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.document_type import (
    DocumentScopes,
    DocumentType,
    DocumentWords,
    IssueFigure,
    Transition,
)
from chalicelib.domain.documents.model import DraftDocument, Registered
from chalicelib.domain.entity import entity, kept


@entity("invoice", table="workspace", prefix="inv")
class Draft(DraftDocument):
    """An invoice that has no number yet: edited and deleted freely."""

    customer: str | None = kept("draft.content", default=None)


@entity("invoice", table="ledger", prefix="inv")
class Invoice(Registered):
    """An issued invoice."""

    customer: str = kept("document.content")


INVOICE: Final = DocumentType(
    kind="invoice",
    prefix="inv",
    plural="invoices",
    path="invoices",
    words=DocumentWords(
        title={"fr": "Facture", "ar": "فاتورة", "en": "Invoice"},
        heading={"fr": "Factures", "ar": "الفواتير", "en": "Invoices"},
        drafts_heading={"fr": "Brouillons", "ar": "المسودات", "en": "Drafts"},
        addressee={"fr": "Facturé à", "ar": "فاتورة إلى", "en": "Bill to"},
        closing={
            "fr": "Arrêtée la présente facture à la somme de {words}.",
            "ar": "حصر مبلغ هذه الفاتورة في: {words}.",
            "en": "This invoice is closed at the sum of: {words}.",
        },
        original={"fr": "Facture d’origine", "ar": "الفاتورة الأصلية", "en": "Original invoice"},
        reduction={
            "fr": "Réduction sur la facture {number}",
            "ar": "تخفيض على الفاتورة {number}",
            "en": "Reduction of invoice {number}",
        },
        set_off={
            "fr": "À imputer sur la facture d'origine ou à rembourser.",
            "ar": "يخصم من الفاتورة الأصلية أو يسترد.",
            "en": "To be set off against the original invoice, or refunded.",
        },
        file_name="facture",
    ),
    draft=Draft,
    issued=Invoice,
    balance=Balance,
    counterparty="customer",
    person="customer",
    free_text=("notes",),
    numbered_by="us",
    series="FA-{year}-{seq:05}",
    dated_in_order=True,
    fiscal=True,
    registered=True,
    priced=True,
    statutory_date="issue_date",
    retention="document.content",
    states=("draft", "issued"),
    transitions=(Transition(verb="issue", sources=("draft",), target="issued"),),
    derived_states=("partially_paid", "paid", "credited"),
    payable="we_receive",
    converts_to=(),
    corrects=(),
    code="380",
    credit_code="381",
    facts=("issue_date", "operation_date", "due_date", "settlement"),
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
        "payable",
    ),
    shown=(),
    backup_group="invoices",
    draft_group="drafts",
    figure=IssueFigure(
        name="InvoicesIssued", counts="invoices that took a number; specimens of test companies do not count"
    ),
    scopes=DocumentScopes(read="documents.read", write="documents.write", issue="documents.issue"),
    on_devices=True,
    mailed=False,
    linked=False,
    exported=True,
    imported=False,
    attachments=True,
)
