"""Support: ask for help, follow the thread, close it."""

from base64 import b64decode
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, listed, shown, signed
from chalicelib.api.document_shapes import FileShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel, Text, multi_line
from chalicelib.api.paging import FilteredList, PageQuery
from chalicelib.domain.companies.company import Head
from chalicelib.domain.contact.support import MOST_ATTACHMENTS, Conversation
from chalicelib.domain.errors import NotFound, ThreadClosed, invalid
from chalicelib.domain.language import Language
from chalicelib.services.records.paging import Window
from chalicelib.services.representation.support import present_conversation, present_thread
from chalicelib.services.support import support
from chalicelib.services.support.support import Enclosure, ThreadMember

URL = address("support")
MAX_TEXT = 5_000
MAX_FILE_TEXT = 700_000
"""Characters of base64: slightly more than a file of 512 KB, so that the file's own limit refuses it."""


class EnclosureIn(Model):
    """A PNG or JPEG picture, or a PDF, in base64, at most 512 KB. A picture is re-encoded without its metadata. A PDF
    with scripts, actions or hidden files is refused."""

    name: Annotated[str, Text(120)]
    content: Annotated[str, Field(max_length=MAX_FILE_TEXT, json_schema_extra={"contentEncoding": "base64"})]


Enclosures = Annotated[tuple[EnclosureIn, ...], Field(max_length=MOST_ATTACHMENTS)]


class MessageNew(Model):
    """A message with at most three files."""

    text: Annotated[str, multi_line(MAX_TEXT)]
    attachments: Enclosures = ()


class ThreadNew(MessageNew):
    """A request for help."""

    subject: Annotated[str, Text(200)]
    language: Language | None = None


class AttachmentShown(ResponseModel):
    """A file attached to a message. `file` is its name in the download address."""

    file: str
    name: str
    media: Literal["image/png", "image/jpeg", "application/pdf"]
    size: int


class MessageShown(ResponseModel):
    """One message. `by` is the membership's id, null for support."""

    id: str
    object: Literal["support_message"]
    from_: Annotated[Literal["member", "support"], Field(alias="from")]
    by: str | None
    text: str | None
    attachments: list[AttachmentShown]
    created_at: str


class ThreadShown(ResponseModel):
    """A request for help. `open`: support has not answered yet. `answered`: support has answered. `closed`: kept for
    two more years."""

    id: str
    object: Literal["support_thread"]
    subject: str | None
    status: Literal["open", "answered", "closed"]
    opened_by: str
    language: Language
    messages_count: int
    first_answer_by: str
    first_answered_at: str | None
    overdue: bool
    closed_at: str | None
    version: int
    created_at: str
    updated_at: str


class WholeThread(ThreadShown):
    """A request for help with its messages."""

    messages: list[MessageShown]


def _writer(context: RequestContext) -> ThreadMember:
    return ThreadMember(context.actor.id, context.actor.role == "owner", context.actor.email)


def _enclosures(context: RequestContext) -> list[Enclosure]:
    found = []
    for number, sent in enumerate(context.body.attachments):
        try:
            found.append(Enclosure(sent.name, b64decode(sent.content, validate=True)))
        except ValueError as error:  # binascii.Error is a ValueError. Text beyond ASCII raises a plain ValueError.
            raise invalid(f"/attachments/{number}/content", "bad_base64") from error
    return found


def _open(context: RequestContext) -> Answer:
    sent, language = context.body, context.body.language or context.language
    call = context.presenting(_written)
    return answer(
        support.open_thread(
            context.world, call, _writer(context), language, sent.subject, sent.text, _enclosures(context)
        )
    )


def _written(found: Conversation, _: Head) -> Answer:
    return Answer(present_conversation(found), status=201, location=address("support", found.thread.id))


def _list(context: RequestContext) -> Answer:
    window = Window(context.query.limit, context.query.starting_after, context.query.ending_before)
    page = support.threads(context.open, _writer(context), window)
    data = map(present_thread, page.items)
    return Answer(listed(URL, data, more=page.next is not None, next=page.next))


def _read(context: RequestContext) -> Answer:
    return Answer(present_conversation(support.read(context.open, _writer(context), context.path["id"])))


def _write(context: RequestContext) -> Answer:
    files = _enclosures(context)
    call = context.presenting(_written)
    return answer(
        support.write(context.world, context.open, call, _writer(context), context.path["id"], context.body.text, files)
    )


def _close(context: RequestContext) -> Answer:
    call = context.presenting(shown(present_thread))
    return answer(support.close(context.open, call, _writer(context), context.path["id"]))


def _attachment(context: RequestContext) -> Answer:
    link = support.attachment(context.world, context.open, _writer(context), context.path["id"], context.path["file"])
    return signed(link, accept=context.accept)


_ONE = URL + "/{id}"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path=URL,
        scope="support.write",
        handler=_open,
        summary="Ask for help",
        request_model=ThreadNew,
        response_model=WholeThread,
        status=201,
        idempotent=True,
        tag="Support",
    ),
    Endpoint(
        method="GET",
        path=URL,
        scope="support.read",
        handler=_list,
        summary="List your requests for help",
        query=PageQuery,
        response_model=FilteredList[ThreadShown],
        tag="Support",
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        scope="support.read",
        handler=_read,
        summary="Read a request for help",
        response_model=WholeThread,
        tag="Support",
    ),
    Endpoint(
        method="POST",
        path=_ONE + "/messages",
        scope="support.write",
        handler=_write,
        summary="Add a message to a request for help",
        request_model=MessageNew,
        response_model=WholeThread,
        status=201,
        idempotent=True,
        errors=(ThreadClosed,),
        tag="Support",
    ),
    Endpoint(
        method="POST",
        path=_ONE + "/close",
        scope="support.write",
        handler=_close,
        summary="Close a request for help",
        response_model=ThreadShown,
        idempotent=True,
        tag="Support",
    ),
    Endpoint(
        method="GET",
        path=_ONE + "/attachments/{file}",
        scope="support.read",
        handler=_attachment,
        summary=f"A file: a redirect to an address that is valid for {LINK_LIFE}",
        response_model=FileShown,
        status=303,
        errors=(NotFound,),
        tag="Support",
    ),
)
