"""Support: a request for help as a thread, with a deadline for its first answer and a retention term."""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from chalicelib.domain.attachments.attachment import Attached
from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.language import Language

ThreadStatus = Literal["open", "answered", "closed"]
"""open: the member wrote last. answered: support wrote last."""
FIRST_ANSWER: Final = timedelta(days=3)
"""The time limit of the first answer."""
MOST_MESSAGES: Final = 60
MOST_ATTACHMENTS: Final = 3
"""Attachments that one message may name."""
JOB: Final = "support"


@value
class EnclosedFile:
    """A file that an earlier version stored within a message, checked and re-encoded. `key` is its address in the
    bucket."""

    key: str = kept("support.state")
    name: str | None = kept("support.thread", default=None)
    media: str = kept("support.state")
    size: int = kept("support.state")


@entity("support_thread", table="workspace", prefix="thr")
class Thread(Record):
    """One request for help. It is due for the deadline check until its first answer, and again at the end of its
    term."""

    subject: str | None = kept("support.thread", default=None)
    status: ThreadStatus = kept("support.state", default="open")
    opened_by: str = kept("support.state")
    """The membership's id."""
    language: Language = kept("support.state", default="fr")
    messages: int = kept("support.state", default=1)
    first_answer_by: datetime = kept("support.state")
    first_answered_at: datetime | None = kept("support.state", default=None)
    overdue: bool = kept("support.state", default=False)
    """The first answer came after its deadline or is still missing."""
    closed_at: datetime | None = kept("support.state", default=None)
    due: str | None = kept("support.state", default=JOB)
    due_at: datetime = kept("support.state")
    attempts: int = kept("support.state", default=0)


@entity("support_message", table="workspace", prefix="msg", sort="support_message#{thread}#{id}")
class SupportMessage(Record):
    """One message of a thread; `by` is the membership's id, None for support.

    `files` are the ids of the thread's attachments that the message names. `attachments` are the files that an earlier
    version stored within the message.
    """

    thread: str = kept("support.state")
    opened_by: str = kept("support.state")
    """The `opened_by` of the thread. The erasure of this member deletes support's answers too."""
    by: str | None = kept("support.state", default=None)
    text: str | None = kept("support.thread", default=None)
    attachments: tuple[EnclosedFile, ...] = kept("support.thread", default=())
    files: tuple[str, ...] = kept("support.state", default=(), sparse=True)


class Conversation(NamedTuple):
    """A thread, its messages in their order, and its attachments, the oldest first."""

    thread: Thread
    messages: tuple[SupportMessage, ...]
    files: tuple[Attached, ...] = ()


@entity("upload", table="transient", prefix="upl")
class Upload(Record):
    """Files that were stored before a commit that may never happen, or that no row needs any more. A row that is due
    names files to delete. A key that ends with "/" names every file below it."""

    keys: tuple[str, ...] = kept("transient.job")
    attachment: str | None = kept("transient.job", default=None)
    """The attachment that ends with the row, unless it is complete by then."""
    owner: str | None = kept("transient.job", default=None)
    """The owner whose attachments follow its change, or end with it."""
    due: str | None = kept("transient.job", default="uploads")
    due_at: datetime = kept("transient.job")
    attempts: int = kept("transient.job", default=0)
    expires_at: int = kept("transient.job")


def answered(thread: Thread, at: datetime) -> Thread:
    """The thread after support's message. Its first answer ends the deadline check."""
    first = thread.first_answered_at or at
    late = thread.overdue or first > thread.first_answer_by
    return thread.edited(
        at, status="answered", messages=thread.messages + 1, first_answered_at=first, overdue=late, due=None
    )


def written(thread: Thread, at: datetime) -> Thread:
    """The thread after a member's message. The deadline check continues only if there was no first answer."""
    return thread.edited(at, status="open", messages=thread.messages + 1)


def closed(thread: Thread, at: datetime, ends: datetime) -> Thread:
    """Close the thread. It is due again at `ends`, the end of its term."""
    return thread.edited(at, status="closed", closed_at=at, due=JOB, due_at=ends, attempts=0)


def noted_late(thread: Thread, at: datetime) -> Thread:
    """Mark the first answer as late, so that it is reported only once."""
    return thread.edited(at, overdue=True, due=None, attempts=0)
