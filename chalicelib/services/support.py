"""Support as members have it: asking, writing, following, closing. The operator's side is `support_desk`.

A member sees their own threads, an owner all of the company's. Help is asked for whether or not cloud storage is on.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.domain.call import Answer, Call
from chalicelib.domain.clock import today
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound, ThreadClosed, invalid
from chalicelib.domain.ids import new_id
from chalicelib.domain.support import (
    FIRST_ANSWER,
    MOST_MESSAGES,
    ORPHANED,
    Attachment,
    SupportMessage,
    Thread,
    Upload,
    closed,
    written,
)
from chalicelib.files import prefixes
from chalicelib.policy.model import Language
from chalicelib.policy.wording import long_date
from chalicelib.services import mail
from chalicelib.services.documents import instant
from chalicelib.services.editing import Shelf, Window, listing
from chalicelib.services.present import Body
from chalicelib.store import due
from chalicelib.store.door import ACCOUNT, Decision, Snapshot, transact
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

URL = "/v1/support"
MARKED = timedelta(days=30)


class Writer(NamedTuple):
    """A member who writes: the membership's id, whether they own the company, their address if the token has one."""

    member: str
    owner: bool
    email: str | None = None

    def sees(self, thread: Thread) -> bool:
        """Whether the thread is theirs to read."""
        return self.owner or thread.opened_by == self.member


class Enclosure(NamedTuple):
    """A file as it was sent: its name and its bytes."""

    name: str
    content: bytes


def present(thread: Thread) -> Body:
    """A thread without its messages."""
    return {
        "id": thread.id,
        "object": "support_thread",
        "subject": thread.subject,
        "status": thread.status,
        "opened_by": thread.opened_by,
        "language": thread.language,
        "messages_count": thread.messages,
        "first_answer_by": instant(thread.first_answer_by),
        "first_answered_at": instant(thread.first_answered_at) if thread.first_answered_at else None,
        "overdue": thread.overdue,
        "closed_at": instant(thread.closed_at) if thread.closed_at else None,
        "version": thread.version,
        "created_at": instant(thread.created_at),
        "updated_at": instant(thread.updated_at),
    }


def present_message(message: SupportMessage) -> Body:
    """A message, its attachments by name."""
    return {
        "id": message.id,
        "object": "support_message",
        "from": "member" if message.by else "support",
        "by": message.by,
        "text": message.text,
        "created_at": instant(message.created_at),
        "attachments": [
            {
                "file": attachment.key.rpartition("/")[2],
                "name": attachment.name,
                "media": attachment.media,
                "size": attachment.size,
            }
            for attachment in message.attachments
        ],
    }


THREADS: Shelf[Thread] = Shelf(Thread, URL, present, policy=ACCOUNT)


def threads(reader: Reader, writer: Writer, window: Window) -> Answer:
    """The threads that a member may see, newest first."""
    return listing(reader, THREADS, window, None if writer.owner else writer.sees)


def read(reader: Reader, writer: Writer, id: str) -> Answer:
    """A thread with its messages. Raises NotFound, also for somebody else's."""
    return Answer(_whole(reader.store, _theirs(reader, writer, id)))


def _theirs(reader: Reader, writer: Writer, id: str) -> Thread:
    thread = reader.get(Thread, id)
    if not writer.sees(thread):
        raise NotFound
    return thread


def messages(store: Store, thread: Thread) -> list[SupportMessage]:
    """A thread's messages in their order: at most MOST_MESSAGES, one page."""
    found = store.query("workspace", thread.company, SORT.startswith(f"support_message#{thread.id}#")).records
    return [row for row in found if isinstance(row, SupportMessage)]


def _whole(store: Store, thread: Thread, *more: SupportMessage) -> Body:
    said = {message.id: message for message in (*messages(store, thread), *more)}
    return {**present(thread), "messages": [present_message(said[id]) for id in sorted(said)]}


def open_thread(
    world: "World",
    call: Call,
    writer: Writer,
    language: Language,
    subject: str,
    text: str,
    files: Sequence[Enclosure] = (),
) -> Answer:
    """Ask for help; a mail confirms it where the member has an address. Raises InvalidContent, Busy."""
    id = new_id(Thread.PREFIX, call.at, call.random("id", Thread.PREFIX))
    by = call.at + FIRST_ANSWER
    thread = Thread(
        **_stamps(call),
        id=id,
        subject=subject,
        opened_by=writer.member,
        language=language,
        first_answer_by=by,
        due_at=by,
    )
    message, marks = draft(world, call, thread, writer.member, text, files)
    posted = None
    if writer.email:
        day = long_date(today(by), language)
        posted = mail.write(call, writer.email, language, "support_opened", thread=id, date=day)

    def decide(_: Snapshot) -> Decision:
        body = {**present(thread), "messages": [present_message(message)]}
        new: tuple[Record, ...] = (thread, message, posted.letter) if posted else (thread, message)
        told = (posted.message,) if posted else ()
        return Decision(Answer(body, status=201, location=f"{URL}/{id}"), puts=marks, new=new, messages=told)

    answer = transact(world.store, call, [], decide, ACCOUNT).answer
    if posted:
        world.wake("outbox")
    return answer


def write(
    world: "World", reader: Reader, call: Call, writer: Writer, id: str, text: str, files: Sequence[Enclosure] = ()
) -> Answer:
    """Write in a thread that is not closed. Raises NotFound, ThreadClosed, InvalidContent."""
    seen = _theirs(reader, writer, id)
    require_room(seen)
    message, marks = draft(world, call, seen, writer.member, text, files)

    def decide(snapshot: Snapshot) -> Decision:
        thread = snapshot.get(Thread, id)
        if thread is None:
            raise NotFound
        require_room(thread)
        after = written(thread, call.at)
        body = _whole(world.store, after, message)
        return Decision(Answer(body, status=201, location=f"{URL}/{id}"), puts=(after, *marks), new=(message,))

    return transact(world.store, call, [Thread.ref(call.company, id)], decide, ACCOUNT).answer


def require_room(thread: Thread) -> None:
    if thread.status == "closed":
        raise ThreadClosed
    if thread.messages >= MOST_MESSAGES:
        raise invalid("", "too_many", max=MOST_MESSAGES)


def close(reader: Reader, call: Call, writer: Writer, id: str) -> Answer:
    """Close a thread: its two years begin. Closing it again changes nothing. Raises NotFound."""
    _theirs(reader, writer, id)
    return close_now(reader.store, call, id)


def close_now(store: Store, call: Call, id: str) -> Answer:
    def decide(snapshot: Snapshot) -> Decision:
        thread = snapshot.get(Thread, id)
        if thread is None:
            raise NotFound
        if thread.status == "closed":
            return Decision(Answer(present(thread)))
        after = closed(thread, call.at)
        return Decision(Answer(present(after)), puts=(after,))

    return transact(store, call, [Thread.ref(call.company, id)], decide, ACCOUNT).answer


def attachment(world: "World", reader: Reader, writer: Writer, id: str, file: str, *, redirect: bool) -> Answer:
    """Where an attachment is, for five minutes: 303, or 200 with the address. Raises NotFound."""
    thread = _theirs(reader, writer, id)
    for message in messages(reader.store, thread):
        for found in message.attachments:
            if found.key.rpartition("/")[2] == file:
                url, expires = world.files.url(found.key, filename=found.name or file)
                if redirect:
                    return Answer({}, status=303, location=url)
                return Answer({"url": url, "expires_at": instant(expires)})
    raise NotFound


def _stamps(call: Call) -> dict[str, Any]:
    return {"company": call.company, "created_at": call.at, "updated_at": call.at}


class Drafted(NamedTuple):
    """A message whose files are stored, and what the commit puts to take the mark off them."""

    message: SupportMessage
    marks: tuple[Upload, ...] = ()


def draft(world: "World", call: Call, thread: Thread, by: str | None, text: str, files: Sequence[Enclosure]) -> Drafted:
    """A message; its files are checked first, so that what is refused leaves nothing, then marked, then stored. A call
    stores under names of its own, so a repetition never shares a file with what a sweep may take."""
    from chalicelib.render.attachment import check

    checked = [(file.name, check(file.content, f"/attachments/{n}/content")) for n, file in enumerate(files)]
    kept = tuple(
        Attachment(
            key=prefixes.upload(call.company, thread.id, f"{call.id}-{n}", found.extension),
            name=f"{name.rpartition('.')[0] or name}.{found.extension}",
            media=found.media,
            size=len(found.content),
        )
        for n, (name, found) in enumerate(checked)
    )
    id = new_id(SupportMessage.PREFIX, call.at, call.random("id", SupportMessage.PREFIX))
    message = SupportMessage(
        **_stamps(call), id=id, thread=thread.id, opened_by=thread.opened_by, by=by, text=text, attachments=kept
    )
    if not kept:
        return Drafted(message)
    at = call.at + ORPHANED
    mark = Upload(
        **_stamps(call),
        id=new_id(Upload.PREFIX, call.at, call.random("id", Upload.PREFIX)),
        due_at=at,
        keys=tuple(each.key for each in kept),
        expires_at=int((at + MARKED).timestamp()),
    )
    due.remember(world.store, mark, world.random(16))
    for each, (_, found) in zip(kept, checked, strict=True):
        world.files.put(each.key, found.content, found.media)
    return Drafted(message, (mark.edited(call.at, due=None),))
