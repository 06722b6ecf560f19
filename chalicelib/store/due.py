"""Due rows: found by the `due` index, claimed, and put off, buried or finished by whoever claimed them.

This is the runner's own bookkeeping, the one exception beside erasure to "nothing is written but through `transact`". It
touches only when and by whom a row is worked on (`due`, `due_at`, `attempts`), deletes a message that was delivered, and
keeps the rows that no company owns. None of it is business content, so none advances a company's clock or enters its
journal; every write is one conditional call.

A claim moves `due_at` to when it lapses, as a queue's visibility time-out does: two runners share the work instead of
repeating it, and what a killed one had claimed comes back by itself. Attempts are counted by the claim and not by the
failure, so that work which kills its runner is buried too.

The index's partition is the job's name: one partition takes 1,000 writes a second, and a message costs three. Above some
200 messages a second the name needs a shard (`outbox.0` … `outbox.7`, by the company's hash), one `find` for each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from pynamodb.exceptions import DeleteError, PutError, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import Busy
from chalicelib.store.codec import from_row, to_row
from chalicelib.store.wire import Page, Store, is_passing

PAGE = 100
DEAD = ".dead"
DUE, DUE_AT, ATTEMPTS = Path("due"), Path("due_at"), Path("attempts")


@dataclass(frozen=True)
class Claim:
    """A row that is ours until `until`; `was` is when it was due, `attempt` how often it has been claimed (from 1)."""

    record: Record
    was: datetime
    until: datetime
    attempt: int


def page(store: Store, room: str, name: str, at: datetime, *, cursor: str | None = None, limit: int = PAGE) -> Page:
    """One page of the rows of `room` that are due for job `name` at `at`, oldest first, in the index's (eventually
    consistent) view. `cursor` is what `cursor_of` made of the page before."""
    after = msgspec.json.decode(cursor) if cursor else None
    # Stored instants end in "Z" or in a fraction and "Z", which sorts before it: the whole second's bound misses none.
    bound = _stored(at.replace(microsecond=0))
    found = store.query(room, name, DUE_AT <= bound, index="due", after=after, limit=limit)
    return Page([record for record in found.records if _due_at(record) <= at], found.next)


def cursor_of(found: Page) -> str | None:
    """Where the next page begins, as text; None after the last one."""
    return msgspec.json.encode(found.next).decode() if found.next else None


def claim(store: Store, record: Record, until: datetime) -> Claim | None:
    """Take a row as it was found. None when somebody else was faster, or finished it. Raises Busy."""
    was = _due_at(record)
    row = _update(
        store, record.key, [DUE_AT.set(_stored(until)), ATTEMPTS.set((ATTEMPTS | 0) + 1)],
        (DUE == _due(record)) & (DUE_AT == _stored(was)),
    )  # fmt: skip
    if row is None:
        return None
    return Claim(from_row(record.ROOM, row), was, until, int(row["attempts"]["N"]))


def postpone(store: Store, claimed: Claim, at: datetime) -> bool:
    """Try again at `at`. False when the claim had lapsed."""
    return _update(store, claimed.record.key, [DUE_AT.set(_stored(at))], _ours(claimed)) is not None


def release(store: Store, claimed: Claim) -> bool:
    """Give back what there was no time for, as if it had not been claimed. False when the claim had lapsed."""
    back = [DUE_AT.set(_stored(claimed.was)), ATTEMPTS.set((ATTEMPTS | 1) - 1)]
    return _update(store, claimed.record.key, back, _ours(claimed)) is not None


def bury(store: Store, claimed: Claim) -> bool:
    """Try no more: the row moves to the index's partition of the dead, where it is seen. False when the claim lapsed."""
    return _update(store, claimed.record.key, [DUE.set(_due(claimed.record) + DEAD)], _ours(claimed)) is not None


def revive(store: Store, record: Record, at: datetime) -> bool:
    """Give a buried row all its attempts again, from `at` on. False when it is not buried."""
    name = _due(record).removesuffix(DEAD)
    changes = [DUE.set(name), DUE_AT.set(_stored(at)), ATTEMPTS.set(0)]
    return _update(store, record.key, changes, DUE == name + DEAD) is not None


def finish(store: Store, ref: Ref) -> None:
    """Delete a due row whose work is done. Safe to repeat. Raises Busy."""
    _attempt(lambda: store.connection.delete_item(store.names[ref.room], ref.company, ref.sort), DeleteError)


def save(store: Store, record: Record, seen: Record, salt: bytes) -> bool:
    """Keep the progress that a claimed row made since it was read as `seen`. False when it moved on meanwhile. The count
    of attempts is not part of it and begins again: what progresses is not poison. Raises Busy."""
    unmoved = (Path("version") == seen.version) & (DUE_AT == _stored(_due_at(seen)))
    return _put(store, record, salt, unmoved)


def remember(store: Store, record: Record, salt: bytes) -> None:
    """Put one of the rows that no company owns (a checkpoint, a switch). Raises Busy."""
    _put(store, record, salt, None)


def _put(store: Store, record: Record, salt: bytes, condition: Condition | None) -> bool:
    name, attributes = store.names[record.ROOM], to_row(record, salt)
    call = store.connection.put_item
    done = _attempt(
        lambda: call(name, record.key.company, record.key.sort, attributes=attributes, condition=condition), PutError
    )
    return done is not None


def _update(store: Store, ref: Ref, actions: list[Action], condition: Condition) -> dict[str, Any] | None:
    """The row after the change, or None when the condition failed."""
    call = store.connection.update_item
    answer = _attempt(
        lambda: call(store.names[ref.room], ref.company, ref.sort, actions, condition, return_values="ALL_NEW"), UpdateError
    )
    return answer["Attributes"] if answer else None


def _attempt(call: Callable[[], Any], kind: type[PynamoDBException]) -> Any:
    try:
        return call()
    except kind as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return None
        if is_passing(error):
            raise Busy from error
        raise


def _ours(claimed: Claim) -> Condition:
    return DUE_AT == _stored(claimed.until)


def _due(record: Record) -> str:
    name: str = record.due  # type: ignore[attr-defined]
    return name


def _due_at(record: Record) -> datetime:
    at: datetime = record.due_at  # type: ignore[attr-defined]
    return at


def _stored(at: datetime) -> str:
    text: str = msgspec.to_builtins(at)
    return text
