"""Attachments: announce a file, upload it to S3, complete it, read it, delete it."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, created, deleted, listed, shown, signed
from chalicelib.api.document_shapes import Deleted, FileShown
from chalicelib.api.endpoint import Endpoint, RequestContext, Scope
from chalicelib.api.fields import Model, ResponseModel, Text
from chalicelib.api.paging import ListOf
from chalicelib.domain.attachments.attachment import (
    MOST_OF_OWNER,
    MOST_PICTURE_BYTES,
    Attached,
    AttachmentState,
    MediaType,
    RefusalReason,
)
from chalicelib.domain.clock import instant
from chalicelib.domain.errors import CloudStorageOff, DocumentBlocked, Forbidden, NotFound, ThreadClosed
from chalicelib.domain.file_errors import AttachmentFixed, AttachmentNotReady, AttachmentQuota, NotUploaded
from chalicelib.services.attachments import owners, reading, uploading
from chalicelib.services.attachments.uploading import Announced
from chalicelib.services.representation.attachments import present_attachment

URL = address("attachments")
_OWNER: Final = r"^[a-z]{2,4}_[0-7][0-9A-HJKMNP-TV-Z]{25}$"
OwnerId = Annotated[
    str,
    Field(
        pattern=_OWNER,
        description="The id of a document, a draft, a customer, a supplier or a request for help.",
        examples=["inv_01JDCZ7V0ZK3M5N6P7Q8R9S0TA"],
    ),
]
Sha256 = Annotated[
    str,
    Field(
        pattern="^[0-9a-f]{64}$",
        description="The SHA-256 of the file that is sent, in hexadecimal digits.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Name = Annotated[str, Text(120)]


class AttachmentNew(Model):
    """A file that will be uploaded: at most 15 MB and 50 million pixels for a picture, 10 MB and 100 pages for a PDF.
    The extension of the name belongs to `content_type`. The same file of the same owner is the same attachment."""

    owner: OwnerId
    name: Name
    content_type: MediaType
    bytes: Annotated[int, Field(ge=1, le=MOST_PICTURE_BYTES, examples=[184_320])]
    sha256: Sha256


class OwnerQuery(Model):
    """The owner whose attachments are listed."""

    owner: OwnerId


class UploadShown(ResponseModel):
    """The request that uploads the file: a PUT of exactly this file, with these headers, before `expires_at`. S3
    accepts it once."""

    url: str
    headers: dict[str, str]
    expires_at: str


class AttachmentShown(ResponseModel):
    """A file of an owner. `party`: the customer or supplier whom the owner concerns. `by`: the member who added a file
    to a request for help. `expected`: not completed yet. `checking`: the scan for malware is not over. `ready`: a copy
    without metadata is kept, of `kept_type` and `kept_bytes`. `refused`: `reason` says why. An expected file has the
    `upload` that sends it."""

    id: str
    object: Literal["attachment"]
    owner: str
    party: str | None
    by: str | None
    name: str | None
    status: AttachmentState
    reason: RefusalReason | None
    content_type: MediaType
    bytes: int
    sha256: str
    kept_type: Literal["image/jpeg", "application/pdf"] | None
    kept_bytes: int | None
    upload: UploadShown | None
    version: int
    created_at: str
    updated_at: str


_SCOPES: Final[dict[str, tuple[Scope, Scope]]] = {
    "cus": ("parties.read", "parties.write"),
    "sup": ("parties.read", "parties.write"),
    "thr": ("support.read", "support.write"),
}
_OF_DOCUMENTS: Final[tuple[Scope, Scope]] = ("documents.read", "documents.write")


def _allow(context: RequestContext, owner: str, *, write: bool = False) -> None:
    """Require the scope that the owner's own endpoints require. Raises Forbidden."""
    scope = _SCOPES.get(owner.partition("_")[0], _OF_DOCUMENTS)[write]
    if scope not in context.actor.scopes:
        raise Forbidden(scope=scope)


def _theirs(context: RequestContext, *, write: bool = False) -> Attached:
    """The attachment that the path names. Raises NotFound, also for another member's thread, Forbidden."""
    found = reading.read(context.open, context.path["id"])
    _allow(context, found.owner, write=write)
    if owners.is_thread(found.owner) and context.actor.role != "owner" and found.member != context.actor.id:
        raise NotFound
    return found


def _shown(attachment: Attached, head: Any = None) -> dict[str, Any]:
    return {**present_attachment(attachment, head), "upload": None}


def _with_upload(context: RequestContext, body: dict[str, Any]) -> dict[str, Any] | None:
    """The upload of an expected attachment. It is signed anew for each answer, and no answer stores it."""
    if body.get("status") != "expected":
        return None
    sending = uploading.signed(context.world, reading.read(context.open, body["id"]))
    if sending is None:
        return None
    upload = {"url": sending.link.url, "headers": dict(sending.headers)}
    return {"upload": {**upload, "expires_at": instant(sending.link.expires_at)}}


def _announce(context: RequestContext) -> Answer:
    sent = context.body
    _allow(context, sent.owner, write=True)
    owners.require_seen(context.open, sent.owner, context.actor.id, everything=context.actor.role == "owner")
    file = Announced(sent.owner, sent.name, sent.content_type, sent.bytes, sent.sha256)
    done = answer(uploading.announce(context.world, context.presenting(created(_shown, "attachments")), file))
    return Answer(done.body, done.status, done.location, _with_upload(context, done.body), done.replayed)


def _list(context: RequestContext) -> Answer:
    owner = context.query.owner
    _allow(context, owner)
    owners.require_seen(context.open, owner, context.actor.id, everything=context.actor.role == "owner")
    return Answer(listed(URL, (_shown(row, context.open.head) for row in reading.of_owner(context.open, owner))))


def _read(context: RequestContext) -> Answer:
    body = _shown(_theirs(context), context.open.head)
    return Answer(body, secret=_with_upload(context, body))


def _complete(context: RequestContext) -> Answer:
    found = _theirs(context, write=True)
    done = uploading.complete(context.world, context.presenting(shown(_shown)), found.id)
    said = answer(done)
    return Answer(said.body, 202 if said.body.get("status") == "checking" else 200)


def _delete(context: RequestContext) -> Answer:
    call = context.presenting(shown(deleted))
    try:
        found = _theirs(context, write=True)
    except NotFound:  # A repeated call gets its first answer.
        return answer(reading.answer_again(context.world, call))
    return answer(reading.delete(context.world, call, found))


def _content(context: RequestContext) -> Answer:
    return signed(reading.link(context.world, context.open, _theirs(context)), accept=context.accept)


def _thumbnail(context: RequestContext) -> Answer:
    link = reading.link(context.world, context.open, _theirs(context), thumbnail=True)
    return signed(link, accept=context.accept)


_ONE = URL + "/{id}"
_FILE = (AttachmentNotReady, DocumentBlocked, CloudStorageOff)
ENDPOINTS = (
    Endpoint(
        method="POST",
        path=URL,
        scope="attachments.write",
        handler=_announce,
        summary="Announce a file, and get the address that it is uploaded to",
        request_model=AttachmentNew,
        response_model=AttachmentShown,
        status=201,
        idempotent=True,
        errors=(AttachmentQuota, ThreadClosed, CloudStorageOff),
        tag="Attachments",
    ),
    Endpoint(
        method="GET",
        path=URL,
        scope="attachments.read",
        handler=_list,
        summary=f"List the attachments of an owner, the oldest first; an owner has at most {MOST_OF_OWNER}",
        query=OwnerQuery,
        response_model=ListOf[AttachmentShown],
        tag="Attachments",
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        scope="attachments.read",
        handler=_read,
        summary="Read an attachment; an expected one has a new address for its upload",
        response_model=AttachmentShown,
        tag="Attachments",
    ),
    Endpoint(
        method="POST",
        path=_ONE + "/complete",
        scope="attachments.write",
        handler=_complete,
        summary="Check an uploaded file and keep its copy; 202 while the scan for malware is not over",
        response_model=AttachmentShown,
        also=(202,),
        idempotent=True,
        errors=(NotUploaded, CloudStorageOff),
        tag="Attachments",
    ),
    Endpoint(
        method="GET",
        path=_ONE + "/content",
        scope="attachments.read",
        handler=_content,
        summary=f"The kept file: a redirect to an address that is valid for {LINK_LIFE}",
        response_model=FileShown,
        status=303,
        errors=_FILE,
        tag="Attachments",
    ),
    Endpoint(
        method="GET",
        path=_ONE + "/thumbnail",
        scope="attachments.read",
        handler=_thumbnail,
        summary=f"The thumbnail of a picture (WebP): a redirect to an address that is valid for {LINK_LIFE}",
        response_model=FileShown,
        status=303,
        errors=_FILE,
        tag="Attachments",
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        scope="attachments.write",
        handler=_delete,
        summary="Delete an attachment; that of an issued document stays for its term",
        response_model=Deleted,
        errors=(AttachmentFixed, ThreadClosed, CloudStorageOff),
        tag="Attachments",
    ),
)
