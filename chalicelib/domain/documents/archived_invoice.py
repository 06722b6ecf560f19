"""The archived invoice (facture archivée): an earlier invoice that another software numbered, and its answers to the
registry. An import makes it, frozen. It has no draft, no number of ours and no place in the register (ADR 0103)."""

from decimal import Decimal
from typing import Final

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.document_type import DocumentScopes, DocumentType, DocumentWords, IssueFigure
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.entity import entity, kept
from chalicelib.domain.ids import derived_id
from chalicelib.domain.search import CUT
from chalicelib.domain.text import words

SERIES: Final = "imported:"
"""Begins the series of each archived invoice. The name of the earlier software follows."""
MOST_KEY_LETTERS: Final = 200
"""Letters of a key of the index by words. DynamoDB takes 1,024 bytes, and a letter has four at most."""
WORDS: Final = "archived_invoice_words#"
"""Begins the keys of the index by words. A search reads all of them, and no row that does not match."""


@entity("archived_invoice", table="ledger", prefix="aiv")
class ArchivedInvoice(Issued):
    """An invoice of the time before Facture. `series` and `number` name it once in the company."""

    customer: str | None = kept("document.content", default=None)
    """The customer that the import recognised. None: the buyer is known as the text of the document alone, and nothing
    is owed."""
    series: str = kept("ledger.numbering")
    settled_before: Decimal = kept("document.content")
    """The part of its amount that was settled before the import, in dirhams."""

    @property
    def settled_elsewhere(self) -> Decimal:
        """The amount that was settled before the import."""
        return self.settled_before

    def index_keys(self) -> dict[str, str]:
        """Also found by the words of its number and of its buyer's name. Its balance has the keys of what is open."""
        text = f"{' '.join(words(self.number))}|{' '.join(words(self.buyer.name))}".replace("#", "")
        cut = text if len(text) <= MOST_KEY_LETTERS else text[:MOST_KEY_LETTERS] + CUT
        return {**Issued.index_keys(self), "_open": f"{WORDS}{cut}#{self.id}"}


@entity("archived_invoice_balance", table="ledger", prefix="aiv", sort="archived_invoice#{id}#balance")
class ArchivedInvoiceBalance(Balance):
    """The paid amount of an archived invoice since its import."""


def archived_id(series: str, number: str) -> str:
    """The id of the archived invoice with this number of this series. So two imports cannot archive it twice."""
    return derived_id(ArchivedInvoice.PREFIX, series, number)


ARCHIVED_INVOICE: Final = DocumentType(
    kind="archived_invoice",
    prefix="aiv",
    plural="invoices_archive",
    path="invoices-archive",
    words=DocumentWords(
        title={"fr": "Facture archivée", "ar": "فاتورة مؤرشفة", "en": "Archived invoice"},
        heading={"fr": "Factures archivées", "ar": "الفواتير المؤرشفة", "en": "Archived invoices"},
        drafts_heading=None,
        addressee={"fr": "Facturé à", "ar": "فاتورة إلى", "en": "Bill to"},
        closing={"fr": "Montant : {words}.", "ar": "المبلغ: {words}.", "en": "Amount: {words}."},
        original=None,
        reduction=None,
        set_off=None,
        file_name="facture-archivee",
    ),
    draft=None,
    issued=ArchivedInvoice,
    balance=ArchivedInvoiceBalance,
    counterparty="customer",
    person="customer",
    free_text=("notes",),
    numbered_by="earlier_software",
    series=None,
    dated_in_order=False,
    fiscal=True,
    registered=False,
    priced=True,
    statutory_date="issue_date",
    retention="document.content",
    states=("issued",),
    transitions=(),
    derived_states=("partially_paid", "paid"),
    payable="we_receive",
    converts_to=(),
    corrects=(),
    code=None,
    credit_code=None,
    facts=("issue_date", "operation_date", "due_date", "settlement"),
    totals=("lines", "discount", "net", "vat_total", "rounding", "gross"),
    shown=("series", "settled_before"),
    backup_group="invoices_archive",
    draft_group=None,
    figure=IssueFigure(
        name="InvoicesArchived", counts="earlier invoices that an import archived; specimens do not count"
    ),
    scopes=DocumentScopes(read="documents.read", write="documents.write", issue="documents.issue"),
    on_devices=True,
    mailed=False,
    linked=False,
    exported=True,
    imported=True,
    attachments=True,
)
