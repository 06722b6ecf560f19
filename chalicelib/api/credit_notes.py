"""Credit notes: issued against an invoice, in their own series."""

from chalicelib.api.document_models import DocumentQuery, ExpandQuery, PdfQuery
from chalicelib.api.document_shapes import CreditNoteShown, FileShown
from chalicelib.api.endpoint import Ask, Endpoint
from chalicelib.api.invoices import pdf, wanted
from chalicelib.api.paging import Found
from chalicelib.domain.call import Answer
from chalicelib.domain.errors import Busy, DocumentBlocked, InvalidContent, NotFound, RendererUnavailable
from chalicelib.services import listing
from chalicelib.services.present import present_party

URL = "/v1/credit-notes"


def _list(ask: Ask) -> Answer:
    answer = listing.credit_notes(ask.open, wanted(ask.query, "crn"), URL)
    if "customer" in ask.query.expand:
        listing.expand_customers(ask.open, answer.body["data"], present_party)
    return answer


def _read(ask: Ask) -> Answer:
    answer = listing.credit_note(ask.open, ask.path["id"])
    if "customer" in ask.query.expand:
        listing.expand_customers(ask.open, [answer.body], present_party)
    return answer


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
