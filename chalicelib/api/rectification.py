"""Rectification: the correct values, the missing details, and the issued documents with the old values."""

from typing import Any, Literal

from chalicelib.api.answers import Answer, answer, listed, size
from chalicelib.api.corrections import permitted
from chalicelib.api.document_kinds import DocumentKind
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel
from chalicelib.api.paging import FilteredList, PageQuery
from chalicelib.api.privacy import ONE
from chalicelib.api.privacy_models import RequestShown
from chalicelib.api.requester import requester_of
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.errors import NotFound, ProofNeeded, RequestSettled, invalid
from chalicelib.domain.ids import is_id
from chalicelib.services.representation.body import Body


class Details(Model):
    """The correct values by attribute, in the form of the subject's own PATCH."""

    corrections: dict[str, Any]


class Offer(ResponseModel):
    """A request that is ready to send."""

    method: Literal["POST"]
    url: str
    body: dict[str, Any]


class AffectedShown(ResponseModel):
    """An issued document with a value that was corrected. It is never edited. `credit` credits what remains of an
    invoice. `reissue` makes a new draft; its buyer and seller are copied when it is issued."""

    id: str
    object: Literal["affected_document"]
    kind: DocumentKind
    number: str
    issue_date: str
    status: str
    differs: list[str]
    credit: Offer | None
    reissue: Offer | None


def _details(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import detailed
    from chalicelib.services.privacy.rectification import rectification
    from chalicelib.services.privacy.requester import find_request

    requester = requester_of(context)
    request = find_request(context.world.store, context.company, requester, context.path["id"])
    corrections = permitted(context, request.subject, context.body.corrections)
    return answer(
        rectification.give_values(context.world, context.presenting(detailed), requester, request.id, corrections)
    )


def _documents(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.affected import present_affected
    from chalicelib.api.presenters.privacy import request_address
    from chalicelib.services.privacy.rectification import affected
    from chalicelib.services.privacy.requester import find_request

    query = context.query
    if query.ending_before is not None or (query.starting_after and not _of_document(query.starting_after)):
        raise invalid(f"/query/{'ending_before' if query.ending_before else 'starting_after'}", "bad_cursor")
    request = find_request(context.world.store, context.company, requester_of(context), context.path["id"])

    def present(found: affected.AffectedDocument) -> Body:
        return present_affected(found, context.open.head)

    page = affected.listing(context.open, request, present, size, limit=query.limit, after=query.starting_after)
    url = request_address(request.id, "documents")
    return Answer(listed(url, page.items, more=page.next is not None, next=page.next))


def _of_document(cursor: str) -> bool:
    document_type = by_id(cursor)
    return document_type is not None and is_id(document_type.prefix, cursor)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=ONE + "/details",
        scope="privacy.write",
        handler=_details,
        summary="Give the correct values: the record is corrected at once, and the deadline resumes",
        request_model=Details,
        response_model=RequestShown,
        idempotent=True,
        errors=(NotFound, ProofNeeded, RequestSettled),
        tag="Privacy",
    ),
    Endpoint(
        method="GET",
        path=ONE + "/documents",
        scope="documents.read",
        handler=_documents,
        summary="List issued documents with the old values, and the requests that correct them",
        query=PageQuery,
        response_model=FilteredList[AffectedShown],
        errors=(NotFound,),
        tag="Privacy",
    ),
)
