"""E-invoices: an issued document as UBL, as a file of its own or attached to its PDF."""

from chalicelib.domain.documents.copies import as_of
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import by_kind
from chalicelib.domain.errors import NotIssued
from chalicelib.domain.privacy.erased import require_shown
from chalicelib.render.renderer import EmbeddedFile
from chalicelib.render.ubl import write
from chalicelib.services.documents.listing import document
from chalicelib.services.documents.view import issued_view
from chalicelib.store.read import Reader


def of_document(reader: Reader, document_type: DocumentType, id: str) -> bytes:
    """A frozen document as UBL. Raises NotIssued for a draft, DocumentBlocked for an erased other party, NotFound."""
    state = document(reader, document_type, id)
    if not isinstance(state.document, Issued):
        raise NotIssued
    require_shown(reader.head, state.document)
    return e_invoice(as_of(state.document, reader.head))


def e_invoice(document: Issued) -> bytes:
    """UBL 2.1 in the document's own language. The bytes depend on the document and this program's version only."""
    return write(document, issued_view(document, document.language))


def attached(document: Issued) -> tuple[EmbeddedFile, ...]:
    """The attachments of the document's PDF/A-3: its e-invoice, if its kind has one."""
    return (attachment(document),) if by_kind(document.KIND).code else ()


def attachment(document: Issued) -> EmbeddedFile:
    """The e-invoice for the document's PDF/A-3, named after the document's number."""
    return EmbeddedFile(
        name=f"{document.number.replace('/', '-')}.xml",
        data=e_invoice(document),
        media_type="application/xml",
        description="UBL 2.1, EN 16931",
    )
