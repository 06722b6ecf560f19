"""E-invoices: an issued document as UBL in a file of its own, or as UBL and Factur-X in its PDF."""

from chalicelib.domain.documents.copies import as_of
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import by_kind
from chalicelib.domain.documents.view import DocumentView
from chalicelib.domain.errors import NotIssued
from chalicelib.domain.privacy.erased import require_shown
from chalicelib.render import cii, facturx, ubl
from chalicelib.render.einvoice import EInvoice, values_of
from chalicelib.render.renderer import EmbeddedFile
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
    return ubl.write(_values(document, None))


def attached(document: Issued, view: DocumentView) -> tuple[EmbeddedFile, ...]:
    """The attachments of the document's PDF/A-3: its e-invoice in both syntaxes, if its kind has one. `view` is the
    document's view, in any language."""
    return attachments(document, view) if by_kind(document.KIND).code else ()


def attachments(document: Issued, view: DocumentView | None = None) -> tuple[EmbeddedFile, EmbeddedFile]:
    """The e-invoice for the document's PDF/A-3: as UBL, named after the document's number, and as Factur-X, under the
    name that this standard demands."""
    values = _values(document, view)
    return (
        EmbeddedFile(
            name=f"{document.number.replace('/', '-')}.xml",
            data=ubl.write(values),
            media_type="application/xml",
            description="UBL 2.1, EN 16931",
        ),
        EmbeddedFile(
            name=facturx.FILE, data=cii.write(values), media_type="text/xml", description="Factur-X, EN 16931"
        ),
    )


def _values(document: Issued, view: DocumentView | None) -> EInvoice:
    """The values, whose sentences are in the document's own language. A view in that language is not made again."""
    own = view if view and view.language == document.language else issued_view(document, document.language)
    return values_of(document, own)
