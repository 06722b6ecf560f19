"""The statement of a customer's account."""

from chalicelib.api.answers import LINK_LIFE, Answer, address, signed
from chalicelib.api.document_shapes import FileShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.statement_shapes import StatementPageQuery, StatementQuery, StatementShown
from chalicelib.domain.clock import today
from chalicelib.domain.errors import Busy, DocumentBlocked, InvalidContent, NotFound, StatementTooLarge
from chalicelib.services.documents import account_printing
from chalicelib.services.documents.statement import customer_statement
from chalicelib.services.representation.statements import present_statement

URL = address("customers", "{id}", "statement")


def _read(context: RequestContext) -> Answer:
    query = context.query
    found = customer_statement(context.open, context.path["id"], query.first, query.to or today(context.at))
    return Answer(present_statement(found.id, found.buyer.name, found.statement))


def _page(context: RequestContext) -> Answer:
    query, last = context.query, context.query.to or today(context.at)
    link = account_printing.statement(context.world, context.open, context.path["id"], query.first, last, query.lang)
    return signed(link, accept=context.accept)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="documents.read",
        handler=_read,
        summary="The statement of a customer's account, with running balance and ageing",
        query=StatementQuery,
        response_model=StatementShown,
        errors=(NotFound, DocumentBlocked, StatementTooLarge, InvalidContent),
        in_cloud=True,
        tag="Payments",
    ),
    Endpoint(
        method="GET",
        path=f"{URL}/pdf",
        scope="documents.read",
        handler=_page,
        summary=f"The statement as PDF: a redirect to an address that is valid for {LINK_LIFE}",
        query=StatementPageQuery,
        response_model=FileShown,
        status=303,
        errors=(NotFound, Busy, DocumentBlocked, StatementTooLarge, InvalidContent),
        in_cloud=True,
        tag="Payments",
    ),
)
