"""Support: ask for help, follow the thread, close it."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, listed, shown, signed
from chalicelib.api.document_shapes import FileShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel, Text, multi_line
from chalicelib.api.paging import FilteredList, PageQuery
from chalicelib.domain.attachments.attachment import AttachmentState
from chalicelib.domain.companies.company import Head
from chalicelib.domain.contact.support import MOST_ATTACHMENTS, Conversation
from chalicelib.domain.errors import NotFound, ThreadClosed
from chalicelib.domain.language import Language
from chalicelib.services.companies import companies
from chalicelib.services.records.paging import Window
from chalicelib.services.representation.support import present_conversation, present_thread
from chalicelib.services.support import support
from chalicelib.services.support.support import ThreadMember

URL = address("support")
MAX_TEXT = 5_000
NO_ATTACHMENT = "att_00000000000000000000000000"
"""The id of no attachment."""


def _id_of(sent: object) -> object:
    """The id of no attachment for a file in base64, which earlier clients sent within a message. So the repetition of
    such a request gets its first answer, and a new one is refused as any file that is not attached."""
    return NO_ATTACHMENT if isinstance(sent, dict) and sent.keys() == {"name", "content"} else sent


AttachmentId = Annotated[
    str,
    Field(
        pattern=r"^att_[0-7][0-9A-HJKMNP-TV-Z]{25}$",
        description="The id of an attachment of this request for help, uploaded and completed.",
        examples=["att_01JDCZ7V0ZK3M5N6P7Q8R9S0TA"],
    ),
    BeforeValidator(_id_of),
]


class MessageNew(Model):
    """A message. It names at most three files by the ids of their attachments, whose owner is the request for help."""

    text: Annotated[str, multi_line(MAX_TEXT)]
    attachments: Annotated[tuple[AttachmentId, ...], Field(max_length=MOST_ATTACHMENTS)] = ()


class ThreadNew(MessageNew):
    """A request for help. Its mails are in `language`, or in the company's language. Attach files to it once it exists,
    and name them in a message: here each id is refused."""

    subject: Annotated[str, Text(200)]
    language: Language | None = None


class MessageFileShown(ResponseModel):
    """A file that a message names. `id` is its attachment, `by` the member who added it. `media` and `size` are of the
    kept copy. `deleted`: the attachment is gone. A file of an earlier version has no `id`: `file` is its name in the
    address below `/attachments/` of the request for help."""

    id: str | None
    by: str | None
    file: str | None
    name: str | None
    media: Literal["image/png", "image/jpeg", "application/pdf"] | None
    size: int | None
    status: AttachmentState | Literal["deleted"]


class MessageShown(ResponseModel):
    """One message. `by` is the membership's id, null for support."""

    id: str
    object: Literal["support_message"]
    from_: Annotated[Literal["member", "support"], Field(alias="from")]
    by: str | None
    text: str | None
    attachments: list[MessageFileShown]
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


def _open(context: RequestContext) -> Answer:
    sent = context.body
    language = sent.language or companies.profile(context.open).language
    call, writer = context.presenting(_written), _writer(context)
    return answer(support.open_thread(context.world, call, writer, language, sent.subject, sent.text, sent.attachments))


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
    sent, call, writer = context.body, context.presenting(_written), _writer(context)
    return answer(
        support.write(context.world, context.open, call, writer, context.path["id"], sent.text, sent.attachments)
    )


def _close(context: RequestContext) -> Answer:
    call = context.presenting(shown(present_thread))
    return answer(support.close(context.open, call, _writer(context), context.path["id"]))


def _enclosed(context: RequestContext) -> Answer:
    link = support.enclosed(context.world, context.open, _writer(context), context.path["id"], context.path["file"])
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
        handler=_enclosed,
        summary=f"A file that an earlier version kept within a message: a redirect to an address valid for {LINK_LIFE}",
        response_model=FileShown,
        status=303,
        errors=(NotFound,),
        tag="Support",
    ),
)
