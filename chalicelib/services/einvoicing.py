"""E-invoices: what an issued document says to machines, alone or inside its page."""

from chalicelib.domain.copies import as_of
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.erased import require_shown
from chalicelib.domain.errors import NotFound, NotIssued
from chalicelib.render.renderer import Attachment
from chalicelib.render.ubl import write
from chalicelib.services.viewing import issued_view
from chalicelib.store.read import Reader


def invoice(reader: Reader, id: str) -> bytes:
    """An issued invoice as UBL. Raises NotIssued for a draft, DocumentBlocked for an erased buyer's, NotFound."""
    own = reader.company
    issued, draft = reader.of([Invoice.ref(own, id), Draft.ref(own, id)])
    if isinstance(issued, Invoice):
        require_shown(reader.head, issued)
        return e_invoice(as_of(issued, reader.head))
    raise NotIssued if draft else NotFound


def credit_note(reader: Reader, id: str) -> bytes:
    """A credit note as UBL. Raises DocumentBlocked for an erased buyer's, NotFound."""
    note = reader.get(CreditNote, id)
    require_shown(reader.head, note)
    return e_invoice(as_of(note, reader.head))


def e_invoice(document: Issued) -> bytes:
    """UBL 2.1 in the document's own language, whoever asks: equal bytes as long as this program writes alike."""
    return write(document, issued_view(document, document.language))


def attachment(document: Issued) -> Attachment:
    """The e-invoice for the document's PDF/A-3, named after the document's number."""
    return Attachment(
        name=f"{document.number.replace('/', '-')}.xml",
        data=e_invoice(document),
        media_type="application/xml",
        description="UBL 2.1, EN 16931",
    )
