"""Credit notes: issued against an invoice, in their own series."""

from chalicelib.api.answers import Answer, address, size
from chalicelib.api.document_models import DocumentQuery, ExpandQuery, PdfQuery
from chalicelib.api.document_shapes import CreditNoteShown, FileShown
from chalicelib.api.endpoint import Ask, Endpoint
from chalicelib.api.invoices import document, documents, pdf, presented, wanted
from chalicelib.api.paging import Found
from chalicelib.domain.errors import Busy, DocumentBlocked, InvalidContent, NotFound, RendererUnavailable
from chalicelib.services import listing

URL = address("credit-notes")


def _list(ask: Ask) -> Answer:
    return documents(ask, URL, listing.credit_notes(ask.open, wanted(ask.query, "crn"), presented(ask), size))


def _read(ask: Ask) -> Answer:
    return document(ask, listing.credit_note(ask.open, ask.path["id"]))


def _pdf(ask: Ask) -> Answer:
    return pdf(ask, "credit_note")


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="documents.read",
        does=_list,
        summary="List credit notes, newest first",
        query=DocumentQuery,
        gives=Found[CreditNoteShown],
        errors=(InvalidContent,),
        in_cloud=True,
        tag="Credit notes",
    ),
    Endpoint(
        method="GET",
        path=f"{URL}/{{id}}",
        scope="documents.read",
        does=_read,
        summary="An issued credit note",
        query=ExpandQuery,
        gives=CreditNoteShown,
        errors=(NotFound,),
        in_cloud=True,
        tag="Credit notes",
    ),
    Endpoint(
        method="GET",
        path=f"{URL}/{{id}}/pdf",
        scope="documents.read",
        does=_pdf,
        summary="The page, as a redirect to an address that lives 5 minutes",
        query=PdfQuery,
        gives=FileShown,
        status=303,
        errors=(NotFound, Busy, RendererUnavailable, InvalidContent, DocumentBlocked),
        in_cloud=True,
        tag="Credit notes",
    ),
)
