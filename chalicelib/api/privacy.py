"""Privacy requests: create, confirm, cancel and follow them, and the receipt."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from chalicelib.api.answers import Answer, address, answer, listed, shown, signed
from chalicelib.api.document_shapes import FileShown
from chalicelib.api.endpoint import PUBLIC, Actor, Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel, Text
from chalicelib.api.paging import ListOf, PageQuery
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
from chalicelib.domain.privacy.request import FRESH, RequestKind, RequestStatus, affected

if TYPE_CHECKING:
    from chalicelib.services.privacy.requests.requester import Requester

URL = address("privacy", "requests")
ONE = URL + "/{id}"
KEY_URL = "/privacy/receipt-key"


def _known(subject: str) -> str:
    if affected(subject) is None:
        raise PydanticCustomError("subject_unknown", "")
    return subject


SubjectId = Annotated[str, Text(40), AfterValidator(_known)]


class RequestNew(Model):
    """A privacy request. `subject` is the id of a customer, supplier or member; without it, the request is about the
    complete company. A dry run returns the planned steps and stores nothing."""

    kind: RequestKind
    subject: SubjectId | None = None
    dry_run: bool = False
    corrections: dict[str, Any] | None = None
    """For a rectification: the correct values by attribute, in the form of the subject's own PATCH."""


class Confirmation(Model):
    """The mailed code, unless the sign-in is from the last ten minutes. `waive_grace` waives the account's 30 days."""

    code: Annotated[str, Text(20)] | None = None
    waive_grace: bool = False


class StepShown(ResponseModel):
    """One step of the plan: the store, the action, the number of rows or versions (null: not counted), the legal basis,
    and the last day of what is kept."""

    store: Literal["table", "files"]
    place: str
    kinds: list[str]
    match: Literal["all", "own", "reference", "content"]
    attributes: list[str]
    action: Literal["block", "delete", "anonymise", "expire", "keep", "correct"]
    removed: int | None
    kept: int | None
    bases: list[str]
    law: list[str]
    until: str | None
    done: bool


class AwaitedShown(ResponseModel):
    """The instant since which the legal deadline is suspended, and the attributes whose correct values are missing."""

    since: str
    missing: list[str]


class RequestShown(ResponseModel):
    """A privacy request. `due` is the legal deadline. `last_trace` is the last day on which recovery copies may hold
    data. `download` is the address of an access request's archive, for seven days. For a rectification, `documents`
    lists the issued documents with the wrong values, and `recipients` are the disclosures whose recipients must be
    informed."""

    id: str | None
    object: Literal["privacy_request"]
    kind: RequestKind
    status: RequestStatus
    affects: Literal["company", "party", "member"]
    subject: str | None
    due: str
    grace_until: str | None
    verified_at: str | None
    closed_at: str | None
    reason: str | None
    steps: list[StepShown]
    last_trace: str | None
    receipt: str | None
    download: str | None
    dry_run: bool
    awaiting_details: AwaitedShown | None
    documents: str | None
    recipients: list[str]
    version: int
    created_at: str
    updated_at: str


class ReceiptShown(ResponseModel):
    """A signed receipt. `signature` (base64, DER) covers the canonical JSON of `content`. `key` is the SHA-256 of the
    public key, which is published at /privacy/receipt-key."""

    id: str
    object: Literal["signed_receipt"]
    content: dict[str, Any]
    signature: str
    algorithm: Literal["ECDSA_SHA_256"]
    key: str
    public_key: str


class ReceiptKeyShown(ResponseModel):
    """The public key that verifies receipts."""

    object: Literal["receipt_key"]
    algorithm: Literal["ECDSA_SHA_256"]
    key: str
    public_key: str


class CodeSent(ResponseModel):
    """A code was sent. The address is not shown."""

    object: Literal["code"]
    sent: bool


def requester_of(context: RequestContext, code: str | None = None) -> "Requester":
    """Who asks, and whether they have just proven it."""
    from chalicelib.services.privacy.requests.requester import Requester

    actor = context.actor
    role = "nobody" if actor.kind == "user" and actor.role is None else actor.role
    proven = actor.kind == "user" and (_fresh(context, actor) or (code is not None and _coded(context, code)))
    return Requester(actor.id, role, actor.subject or None, proven)


def _fresh(context: RequestContext, actor: Actor) -> bool:
    return actor.signed_in_at is not None and context.at - actor.signed_in_at <= FRESH


def _coded(context: RequestContext, code: str) -> bool:
    """Tell whether this is the valid code. It is used up only after the operation that it proves. So a request that is
    repeated because its answer was lost is not refused."""
    from chalicelib.services.companies.codes import live

    return live(context.world, "identity", context.actor.id, context.path["id"], code=code) is not None


def _new(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_preview, recorded
    from chalicelib.services.privacy.erasure.preview import preview
    from chalicelib.services.privacy.requests import requests

    requester, body = requester_of(context), context.body
    right = None
    if body.corrections is not None:
        from chalicelib.api.rectification import sent

        if body.kind != "rectification":
            raise invalid("/corrections", "unknown_field")
        right = sent(context, requester.about(body.subject), body.corrections)
    if body.dry_run:
        return Answer(
            present_preview(preview(context.world, context.company, requester, body.kind, body.subject, context.at))
        )
    call = context.presenting(recorded)
    return answer(requests.ask(context.world, call, requester, body.kind, body.subject, right))


def _list(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_request
    from chalicelib.services.privacy.requests import requests

    found, more = requests.listing(
        context.world, context.company, requester_of(context), context.query.limit, context.query.starting_after
    )
    return Answer(listed(URL, map(present_request, found), more=more))


def _read(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_request
    from chalicelib.services.privacy.requests.requester import find_request

    return Answer(
        present_request(find_request(context.world.store, context.company, requester_of(context), context.path["id"]))
    )


def _code(context: RequestContext) -> Answer:
    from chalicelib.services.privacy.requests import requests

    requests.mail_code(context.world, context.writing, requester_of(context), context.path["id"], context.language)
    return Answer({"object": "code", "sent": True}, status=202, location=f"{URL}/{context.path['id']}")


def _confirm(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_request
    from chalicelib.services.companies.codes import prove
    from chalicelib.services.privacy.requests import requests

    requester, call = requester_of(context, context.body.code), context.presenting(shown(present_request))
    done = answer(requests.confirm(context.world, call, requester, context.path["id"], waive=context.body.waive_grace))
    if context.body.code is not None:
        prove(context.world, "identity", context.actor.id, context.path["id"], code=context.body.code)
    return done


def _cancel(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_request
    from chalicelib.services.privacy.requests import requests

    call = context.presenting(shown(present_request))
    return answer(requests.cancel(context.world, call, requester_of(context), context.path["id"]))


def _receipt(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_receipt
    from chalicelib.services.privacy.requests import requests

    receipt = requests.receipt(context.world, context.company, requester_of(context), context.path["id"])
    return Answer(present_receipt(receipt, context.world.keys.pem))


def _download(context: RequestContext) -> Answer:
    from chalicelib.services.privacy.access import downloads

    return signed(
        downloads.download(context.world, context.company, requester_of(context), context.path["id"]),
        accept=context.accept,
    )


def _receipt_key(context: RequestContext) -> Answer:
    from chalicelib.outside.keys import ALGORITHM, fingerprint

    keys = context.world.keys
    return Answer(
        {"object": "receipt_key", "algorithm": ALGORITHM, "key": fingerprint(keys.public_key), "public_key": keys.pem}
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
        path=ONE + "/receipt",
        scope="privacy.read",
        handler=_receipt,
        summary="Read the signed receipt of the deleted and the kept data",
        response_model=ReceiptShown,
        errors=(NotFound,),
        while_blocked=True,
        tag="Privacy",
    ),
    Endpoint(
        method="GET",
        path=ONE + "/download",
        scope="privacy.read",
        handler=_download,
        summary="The archive of the stored data: a redirect to an address that is valid for 5 minutes",
        response_model=FileShown,
        status=303,
        errors=(NotFound, ProofNeeded, Busy),
        tag="Privacy",
    ),
    Endpoint(
        method="GET",
        path=KEY_URL,
        scope=PUBLIC,
        handler=_receipt_key,
        summary="The public key that verifies receipts",
        response_model=ReceiptKeyShown,
        tag="Privacy",
    ),
)
