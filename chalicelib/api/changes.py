"""The change feed."""

from typing import Annotated, Any, Literal

from chalicelib.api.answers import Answer, address, listed, size
from chalicelib.api.document_kinds import ChangedKind
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel
from chalicelib.api.paging import ListOf
from chalicelib.domain.errors import ClockTooOld, SynchronisationOff
from chalicelib.services import changes
from chalicelib.services.inputs.numbers import WholeNumber
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.objects import present_object

URL = address("changes")


class ChangesQuery(Model):
    """The clock to start after (0: the beginning), and the approximate number of changes. A page never splits a
    commit."""

    after: Annotated[int, WholeNumber(0, 10**12 - 1)] = 0
    limit: Annotated[int, WholeNumber(1, 100)] = 20


class ChangeShown(ResponseModel):
    """One changed record in its present state. A deletion has no object. A put without an object was too large for its
    page: read it at its own address."""

    clock: int
    kind: ChangedKind
    id: str
    op: Literal["put", "delete"]
    object: dict[str, Any] | None


class Changes(ListOf[ChangeShown]):
    """A page of changes. `clock` is the value for the next request."""

    clock: int


def _changes(context: RequestContext) -> Answer:
    def present(found: Any) -> Body:
        return present_object(found, context.open.head)

    page = changes.changes(context.open, present, size, after=context.query.after, limit=context.query.limit)
    return Answer(listed(URL, map(vars, page.changes), more=page.more, clock=page.clock))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="changes.read",
        handler=_changes,
        summary="List the changes since a clock",
        query=ChangesQuery,
        response_model=Changes,
        errors=(SynchronisationOff, ClockTooOld),
        tag="Synchronisation",
    ),
)
