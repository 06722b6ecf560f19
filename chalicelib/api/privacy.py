"""Privacy requests: create, confirm, cancel and follow them."""

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, listed, shown, signed
from chalicelib.api.document_shapes import FileShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.paging import ListOf, PageQuery
from chalicelib.api.privacy_models import CodeSent, Confirmation, RequestNew, RequestShown
from chalicelib.api.requester import requester_of
from chalicelib.domain.errors import (
    AlreadyBlocked,
    AnotherOwnerNeeded,
    Busy,
    LastOwner,
    NotFound,
    OwnersChanged,
    ProofNeeded,
    RequestSettled,
    TooManyRequests,
    UnderHold,
    invalid,
)

URL = address("privacy", "requests")
ONE = URL + "/{id}"


def _new(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_preview, recorded
    from chalicelib.services.privacy.erasure.preview import preview
    from chalicelib.services.privacy.requests import requests
    from chalicelib.services.privacy.requests.download_codes import code_of

    requester, body = requester_of(context), context.body
    corrections = None
    if body.corrections is not None:
        from chalicelib.api.corrections import permitted

        if body.kind != "rectification":
            raise invalid("/corrections", "unknown_field")
        corrections = permitted(context, requester.about(body.subject), body.corrections)
    if body.dry_run:
        return Answer(
            present_preview(preview(context.world, context.company, requester, body.kind, body.subject, context.at))
        )
    call = context.presenting(recorded(code_of(context.writing)))
    return answer(
        requests.ask(context.world, call, requester, body.kind, body.subject, corrections, language=body.language)
    )


def _list(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_request
    from chalicelib.services.privacy.requests import requests

    found, more = requests.listing(
        context.world, context.company, requester_of(context), context.query.limit, context.query.starting_after
    )
    return Answer(listed(URL, map(present_request, found), more=more))


def _read(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_request
    from chalicelib.services.privacy.requester import find_request

    return Answer(
        present_request(find_request(context.world.store, context.company, requester_of(context), context.path["id"]))
    )


def _code(context: RequestContext) -> Answer:
    from chalicelib.services.privacy.requests import identity_codes

    identity_codes.mail_code(
        context.world, context.writing, requester_of(context), context.path["id"], context.language
    )
    return Answer({"object": "code", "sent": True}, status=202, location=f"{URL}/{context.path['id']}")


def _confirm(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_request
    from chalicelib.services.privacy.requests import identity_codes, requests

    requester, call = requester_of(context, context.body.code), context.presenting(shown(present_request))
    done = answer(requests.confirm(context.world, call, requester, context.path["id"], waive=context.body.waive_grace))
    if context.body.code is not None:
        identity_codes.use(context.world, context.actor.id, context.path["id"], context.body.code)
    return done


def _cancel(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_request
    from chalicelib.services.privacy.requests import requests

    call = context.presenting(shown(present_request))
    return answer(requests.cancel(context.world, call, requester_of(context), context.path["id"]))


def _download(context: RequestContext) -> Answer:
    from chalicelib.services.privacy.access import downloads

    return signed(
        downloads.download(context.world, context.company, requester_of(context), context.path["id"]),
        accept=context.accept,
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path=URL,
        scope="privacy.write",
        handler=_new,
        summary="Request access, rectification, deletion or opposition; or preview a deletion",
        request_model=RequestNew,
        response_model=RequestShown,
        status=201,
        also=(200,),
        idempotent=True,
        errors=(NotFound, ProofNeeded),
        tag="Privacy",
    ),
    Endpoint(
        method="GET",
        path=URL,
        scope="privacy.read",
        handler=_list,
        summary="List privacy requests, newest first",
        query=PageQuery,
        response_model=ListOf[RequestShown],
        while_blocked=True,
        tag="Privacy",
    ),
    Endpoint(
        method="GET",
        path=ONE,
        scope="privacy.read",
        handler=_read,
        summary="Read a privacy request and its progress",
        response_model=RequestShown,
        errors=(NotFound,),
        while_blocked=True,
        tag="Privacy",
    ),
    Endpoint(
        method="POST",
        path=ONE + "/code",
        scope="privacy.write",
        handler=_code,
        summary="Mail a code that proves the requester's identity",
        response_model=CodeSent,
        status=202,
        idempotent=True,
        errors=(NotFound, RequestSettled, ProofNeeded, TooManyRequests),
        while_blocked=True,
        tag="Privacy",
    ),
    Endpoint(
        method="POST",
        path=ONE + "/confirm",
        scope="privacy.write",
        handler=_confirm,
        summary="Confirm a request: an account is blocked, or a person's own record deleted, at once",
        request_model=Confirmation,
        response_model=RequestShown,
        idempotent=True,
        errors=(
            NotFound,
            ProofNeeded,
            RequestSettled,
            AlreadyBlocked,
            AnotherOwnerNeeded,
            OwnersChanged,
            LastOwner,
            UnderHold,
        ),
        while_blocked=True,
        tag="Privacy",
    ),
    Endpoint(
        method="POST",
        path=ONE + "/cancel",
        scope="privacy.write",
        handler=_cancel,
        summary="Cancel a request that has not started",
        response_model=RequestShown,
        idempotent=True,
        errors=(NotFound, RequestSettled),
        while_blocked=True,
        tag="Privacy",
    ),
    Endpoint(
        method="GET",
        path=ONE + "/download",
        scope="privacy.read",
        handler=_download,
        summary=f"The archive of the stored data: a redirect to an address that is valid for {LINK_LIFE}",
        response_model=FileShown,
        status=303,
        errors=(NotFound, ProofNeeded, Busy),
        tag="Privacy",
    ),
)
