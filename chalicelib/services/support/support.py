"""Support for members: open, write to, read and close threads. The operator's side is `support.desk`.

A member sees their own threads; an owner sees all of the company's. Support does not depend on the cloud switches.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.attachments.attachment import Attachment
from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.contact.support import (
    FIRST_ANSWER,
    MOST_MESSAGES,
    Conversation,
    SupportMessage,
    Thread,
    closed,
    written,
)
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound, ThreadClosed, invalid
from chalicelib.domain.language import Language
from chalicelib.files.objects import Link
from chalicelib.policy.ends import row_end
from chalicelib.policy.wording import long_date
from chalicelib.services.attachments import rows
from chalicelib.services.mail import limits, writing
from chalicelib.services.records.editing import Resource
from chalicelib.services.records.listing import listing
from chalicelib.services.records.paging import Page, Window
from chalicelib.store.decision import ACCOUNT, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, Store

if TYPE_CHECKING:
    from chalicelib.wiring import World


class ThreadMember(NamedTuple):
    """The member who writes: membership id, whether they own the company, and the token's address if any."""

    member: str
    owner: bool
    email: str | None = None

    def sees(self, thread: Thread) -> bool:
        """Whether the member may read the thread."""
        return self.owner or thread.opened_by == self.member


THREADS: Resource[Thread] = Resource(Thread, policy=ACCOUNT)


def threads(reader: Reader, writer: ThreadMember, window: Window) -> Page[Thread]:
    """The threads that a member may see, newest first."""
    return listing(reader, THREADS, window, None if writer.owner else writer.sees)


def read(reader: Reader, writer: ThreadMember, id: str) -> Conversation:
    """A thread with its messages. Raises NotFound, also for a thread that the member may not see."""
    return _conversation(reader.store, _theirs(reader, writer, id))


def _theirs(reader: Reader, writer: ThreadMember, id: str) -> Thread:
    thread = reader.get(Thread, id)
    if not writer.sees(thread):
        raise NotFound
    return thread


def messages(store: Store, thread: Thread) -> list[SupportMessage]:
    """A thread's messages in their order: at most MOST_MESSAGES."""
    found = store.all("workspace", thread.company, SORT.startswith(f"support_message#{thread.id}#"))
    return [row for row in found if isinstance(row, SupportMessage)]


def _conversation(store: Store, thread: Thread, *more: SupportMessage) -> Conversation:
    said = {message.id: message for message in (*messages(store, thread), *more)}
    files = rows.of_owner(store, thread.company, thread.id) if any(each.files for each in said.values()) else ()
    return Conversation(thread, tuple(said[id] for id in sorted(said)), tuple(files))


def open_thread(
    world: "World",
    call: Call,
    writer: ThreadMember,
    language: Language,
    subject: str,
    text: str,
    files: Sequence[str] = (),
) -> Committed[Conversation]:
    """Open a thread. A mail confirms it if the member has an address. Files are attached to a thread that exists, so
    `files` are refused. Raises InvalidContent, TooManyRequests, Busy."""
    by = call.at + FIRST_ANSWER
    thread = call.make(
        Thread,
        subject=subject,
        opened_by=writer.member,
        language=language,
        first_answer_by=by,
        due_at=by,
    )
    message = draft(call, thread, writer.member, text)
    posted = None
    if writer.email:
        day = long_date(today(by), language)
        posted = writing.write(call, writer.email, language, "support_opened", thread=thread.id, date=day)

    def decide_open(snapshot: Snapshot) -> Decision[Conversation]:
        _require_attached(snapshot, thread, files)
        new: tuple[Record, ...] = (thread, message, posted.letter) if posted else (thread, message)
        outbox = (posted.message,) if posted else ()
        counts = limits.counted(snapshot, call)
        return Decision(Conversation(thread, (message,)), puts=counts, new=new, messages=outbox)

    committed = transact(world.store, call, _refs(call, files), decide_open, ACCOUNT)
    if posted:
        world.wake("outbox")
    return committed


def write(
    world: "World",
    reader: Reader,
    call: Call,
    writer: ThreadMember,
    id: str,
    text: str,
    files: Sequence[str] = (),
) -> Committed[Conversation]:
    """Write in an open thread. `files` are the ids of attachments of the thread. Raises NotFound, ThreadClosed,
    InvalidContent."""
    seen = _theirs(reader, writer, id)
    message = draft(call, seen, writer.member, text, files)

    def decide_message(snapshot: Snapshot) -> Decision[Conversation]:
        thread = snapshot.get(Thread, id)
        if thread is None:
            raise NotFound
        require_accepts_message(thread)
        _require_attached(snapshot, thread, files)
        after = written(thread, call.at)
        return Decision(_conversation(world.store, after, message), puts=(after,), new=(message,))

    return transact(world.store, call, [seen.key, *_refs(call, files)], decide_message, ACCOUNT)


def draft(call: Call, thread: Thread, by: str | None, text: str, files: Sequence[str] = ()) -> SupportMessage:
    """A new message of a thread."""
    named = tuple(dict.fromkeys(files))
    return call.make(SupportMessage, thread=thread.id, opened_by=thread.opened_by, by=by, text=text, files=named)


def _refs(call: Call, files: Sequence[str]) -> list[Ref]:
    return [Attachment.ref(call.company, id) for id in dict.fromkeys(files)]


def _require_attached(snapshot: Snapshot, thread: Thread, files: Sequence[str]) -> None:
    """Raise InvalidContent for an id that is no uploaded attachment of the thread. A file whose scan is not over is
    accepted. It is read only after the scan."""
    for number, found in enumerate(snapshot.find(Attachment, *files)):
        if found is None or found.owner != thread.id or found.state not in ("checking", "ready"):
            raise invalid(f"/attachments/{number}", "not_attached")


def require_accepts_message(thread: Thread) -> None:
    if thread.status == "closed":
        raise ThreadClosed
    if thread.messages >= MOST_MESSAGES:
        raise invalid("", "too_many", max=MOST_MESSAGES)


def close(reader: Reader, call: Call, writer: ThreadMember, id: str) -> Committed[Thread]:
    """Close a thread; its retention term begins. Closing it again changes nothing. Raises NotFound."""
    _theirs(reader, writer, id)
    return close_now(reader.store, call, id)


def close_now(store: Store, call: Call, id: str) -> Committed[Thread]:
    """Close a thread without a permission check. Raises NotFound."""

    def decide_close(snapshot: Snapshot) -> Decision[Thread]:
        thread = snapshot.get(Thread, id)
        if thread is None:
            raise NotFound
        if thread.status == "closed":
            return Decision(thread)
        after = closed(thread, call.at, row_end(Thread, call.at))
        return Decision(after, puts=(after,))

    return transact(store, call, [Thread.ref(call.company, id)], decide_close, ACCOUNT)


def enclosed(world: "World", reader: Reader, writer: ThreadMember, id: str, file: str) -> Link:
    """The address of a file that an earlier version stored within a message, valid for `LINK_SECONDS`. Raises
    NotFound."""
    thread = _theirs(reader, writer, id)
    for message in messages(reader.store, thread):
        for found in message.attachments:
            if found.key.rpartition("/")[2] == file:
                return world.files.url(found.key, filename=found.name or file)
    raise NotFound
