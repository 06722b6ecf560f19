"""The journal: one entry a commit, chained by hashes, holding kinds, ids and salted hashes but no content."""

from dataclasses import replace
from datetime import datetime
from functools import cache
from string import Formatter
from typing import Any, Literal, Self

from chalicelib.domain.entity import ENTITIES, Record, entity, kept, value


@value
class Change:
    """One row that a commit put or deleted. `hash` is the SHA-256 over the row's salt and content, hex."""

    kind: str = kept("journal.change")
    id: str = kept("journal.change")
    room: str = kept("journal.change")
    op: Literal["put", "delete"] = kept("journal.change")
    sort: str | None = kept("journal.change", default=None)
    """The row's sort key, where kind and id do not make it: rows are found from the journal alone. Never a person's
    sign-in: of `identity` it is left out."""
    hash: str | None = kept("journal.hash", default=None)


def change(record: Record, op: Literal["put", "delete"], hashed: str | None = None) -> Change:
    """What a commit did to `record`."""
    told = None if record.ROOM == "identity" or _is_simple(record.SORT) else record.key.sort
    return Change(kind=record.KIND, id=record.id, room=record.ROOM, op=op, sort=told, hash=hashed)


def sort_of(change: Change) -> str | None:
    """The sort key of the row that a change is about; None where the journal does not say."""
    cls = ENTITIES.get((change.room, change.kind))
    if change.sort is not None or cls is None or not _is_simple(cls.SORT):
        return change.sort
    return cls.ref("", change.id).sort


@cache
def _is_simple(pattern: str) -> bool:
    """Whether a row's kind and id make its sort key."""
    return {name for _, name, _, _ in Formatter().parse(pattern) if name} <= {"id"}


@entity("journal_entry", room="journal", prefix="jnl", sort="entry#{clock:012d}")
class JournalEntry(Record):
    """What one commit did: who (an opaque id), which verb, which rows. `id` is the call's."""

    clock: int = kept("journal.clock")
    actor: str = kept("journal.actor")
    verb: str = kept("journal.change")
    changes: tuple[Change, ...] = kept("journal.change", packed=True)
    previous: str = kept("journal.hash")
    hash: str = kept("journal.hash")


@entity("outbox", room="journal", prefix="out")
class Message(Record):
    """Something to do after a commit (a mail, a render), written in the same transaction. Rows with `due` are found by
    the index on due dates; `due_at` is ISO 8601, UTC."""

    due: str | None = kept("journal.outbox", default="outbox")
    due_at: datetime = kept("journal.outbox")
    task: str = kept("journal.outbox")
    about: tuple[str, ...] = kept("journal.outbox", default=())
    attempts: int = kept("journal.outbox", default=0)


@entity("idempotency", room="transient", prefix="idk")
class Answered(Record):
    """The first answer to an idempotency key; `expires_at` is in epoch seconds (the table's TTL)."""

    request: str = kept("transient.idempotency")
    """SHA-256 of the method, path and body that the key was first used with."""
    call: str = kept("transient.idempotency")
    status: int = kept("transient.idempotency")
    body: bytes | None = kept("transient.answer", default=None, packed=True)
    """None once a person whom the answer named was erased: the key is remembered, so that nothing is done twice."""
    location: str | None = kept("transient.idempotency", default=None)
    secret: bool = kept("transient.idempotency", default=False)
    """Whether the answer held a secret, which is withheld on replay."""
    expires_at: int = kept("transient.idempotency")


@entity("job", room="transient", prefix="job")
class JobRow(Record):
    """A verb without a bound on its work: what is asked, how far it got, what came of each part."""

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
        """The row with its progress. Once its work is over, it is due no more."""
        status: Any = "running" if not over else "failed" if failed else "completed"
        return replace(self, status=status, due=None if over else self.due, **changes)
