"""The journal: one entry a commit, chained by hashes. It holds kinds, ids and salted hashes, but no content."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from string import Formatter
from typing import Any, Literal, Self

from chalicelib.domain.entity import ENTITIES, Record, entity, kept, value


@value
class Change:
    """One row that a commit put or deleted. `room` is its table: the attribute keeps its stored name. `hash` is the
    SHA-256 over the row's salt and content, hex."""

    kind: str = kept("journal.change")
    id: str = kept("journal.change")
    room: str = kept("journal.change")
    op: Literal["put", "delete"] = kept("journal.change")
    sort: str | None = kept("journal.change", default=None)
    """The row's sort key, if kind and id do not determine it. So rows are found from the journal alone. It is omitted
    for `identity`, because it would hold a person's sign-in."""
    hash: str | None = kept("journal.hash", default=None)


def change(record: Record, op: Literal["put", "delete"], hashed: str | None = None) -> Change:
    """The change that a commit made to `record`."""
    row_sort = None if record.TABLE == "identity" or _is_simple(record.SORT) else record.key.sort
    return Change(kind=record.KIND, id=record.id, room=record.TABLE, op=op, sort=row_sort, hash=hashed)


def sort_of(change: Change) -> str | None:
    """The sort key of the changed row; None if the journal does not state it."""
    cls = ENTITIES.get((change.room, change.kind))
    if change.sort is not None or cls is None or not _is_simple(cls.SORT):
        return change.sort
    return cls.ref("", change.id).sort


@cache
def _is_simple(pattern: str) -> bool:
    """Tell whether a row's kind and id determine its sort key."""
    return {name for _, name, _, _ in Formatter().parse(pattern) if name} <= {"id"}


@entity("journal_entry", table="journal", prefix="jnl", sort="entry#{clock:012d}")
class JournalEntry(Record):
    """The record of one commit: the actor (an opaque id), the verb, and the changed rows. `id` is the call's.
    `device` is the digest of the device that pushed the change (ADR 0109)."""

    clock: int = kept("journal.clock")
    actor: str = kept("journal.actor")
    verb: str = kept("journal.change")
    changes: tuple[Change, ...] = kept("journal.change", packed=True)
    previous: str = kept("journal.hash")
    hash: str = kept("journal.hash")
    device: str | None = kept("journal.actor", default=None)


@entity("outbox", table="journal", prefix="out")
class Message(Record):
    """A task for after a commit (a mail, a render), written in the same transaction. The index on due dates finds rows
    with `due`. `due_at` is ISO 8601, UTC."""

    due: str | None = kept("journal.outbox", default="outbox")
    due_at: datetime = kept("journal.outbox")
    task: str = kept("journal.outbox")
    about: tuple[str, ...] = kept("journal.outbox", default=())
    attempts: int = kept("journal.outbox", default=0)


@entity("idempotency", table="transient", prefix="idk")
class IdempotencyRecord(Record):
    """The first reply under an idempotency key. `expires_at` is in epoch seconds (the table's TTL)."""

    request: str = kept("transient.idempotency")
    """SHA-256 of the method, path and body of the first request with the key."""
    call: str = kept("transient.idempotency")
    status: int = kept("transient.idempotency")
    body: bytes | None = kept("transient.answer", default=None, packed=True)
    """None if the reply named a person who was erased later. The key is kept, so that nothing is done twice."""
    location: str | None = kept("transient.idempotency", default=None)
    secret: bool = kept("transient.idempotency", default=False)
    """True if the reply held a secret, which a repeated call does not get."""
    expires_at: int = kept("transient.idempotency")


@entity("queue", table="transient", prefix="cmp", sort="queue")
class WriterQueue(Record):
    """The last number that a writer of the company has taken while others wrote too. It names no writer."""

    tail: int = kept("transient.idempotency")
    expires_at: int = kept("transient.idempotency")


@entity("job", table="transient", prefix="job")
class JobRow(Record):
    """A task of unlimited size: its input, its progress, and the result of each part."""

    due: str | None = kept("transient.job", default=None)
    due_at: datetime = kept("transient.job")
    task: str = kept("transient.job")
    actor: str = kept("transient.job")
    status: Literal["queued", "running", "completed", "failed"] = kept("transient.job", default="queued")
    inputs: bytes = kept("transient.job", packed=True)
    outcomes: bytes = kept("transient.job", packed=True)
    done: int = kept("transient.job", default=0)
    total: int = kept("transient.job", default=0)
    progress_version: int | None = kept("transient.job", default=None)
    """The version of the workflow that saved the row; None is version 1."""
    expires_at: int = kept("transient.job")

    def progressed(self, *, over: bool, failed: bool = False, **changes: Any) -> Self:
        """The row with its progress. A finished task is no longer due."""
        status: Any = "running" if not over else "failed" if failed else "completed"
        return replace(self, status=status, due=None if over else self.due, **changes)
