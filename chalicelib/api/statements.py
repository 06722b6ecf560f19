"""The statement of a customer's account."""

from chalicelib.api.answers import Answer, address
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.statement_shapes import StatementQuery, StatementShown
from chalicelib.domain.clock import today
from chalicelib.domain.errors import DocumentBlocked, InvalidContent, NotFound, StatementTooLarge
from chalicelib.services.documents.statement import customer_statement
from chalicelib.services.representation.statements import present_statement

URL = address("customers", "{id}", "statement")


def _read(context: RequestContext) -> Answer:
    query = context.query
    found = customer_statement(context.open, context.path["id"], query.first, query.to or today(context.at))
    return Answer(present_statement(found.customer, found.statement))


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
)
