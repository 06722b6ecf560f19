"""The write path of jobs' bookkeeping: due dates, claims, progress, and rows that no company owns.

Bookkeeping changes when a row is due (`due`, `due_at`, `attempts`) and saves the progress of a job's row. It deletes a
row whose work is done, and a proof at the end of its term. None of it is business content. So none of it advances a
company's clock or enters its journal. Each write is one call. `PATH` lists the kinds that it may touch.

A claim sets `due_at` to its own end, as a queue's visibility time-out does. So two runners share the work and do not
repeat it. If a runner is killed, its row is due again at the claim's end. The claim increments `attempts`, and the
failure does not. So work that kills its runner is dead-lettered too.

The index's partition is the job's name: one partition takes 1,000 writes a second, and a message costs three (put,
claimed, deleted). Above some 200 messages a second the name needs shards (`outbox.0` … `outbox.7`, by the company's
hash) and one `find` for each.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from pynamodb.exceptions import DeleteError, PutError, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import Busy, CompanyFull
from chalicelib.store.codec import from_row, to_row
from chalicelib.store.conflicts import FULL
from chalicelib.store.failures import code_of, is_passing
from chalicelib.store.wire import RowPage, Store
from chalicelib.store.write_path import Kinds, KindsWithDueDate, WritePath

PAGE = 100
DEAD = ".dead"
PATH: Final = WritePath(
    "bookkeeping",
    puts=Kinds(
        workspace=("backup_plan", "drill_plan", "support_thread"),
        journal=("anchor_plan", "evidence", "outbox"),
        requests=("deadline", "request"),
        transient=(
            "backup",
            "code",
            "device",
            "diagnostics",
            "job",
            "job_checkpoint",
            "job_switch",
            "mail",
            "sign_in",
            "tally",
            "upload",
        ),
    ),
    updates=KindsWithDueDate(),
    deletes=Kinds(
        journal=("outbox",),
        requests=(
            "acceptance",
            "correction",
            "deadline",
            "destruction",
            "disclosure",
            "hold",
            "receipt",
            "request",
            "tombstone",
        ),
        transient=("backup", "job_checkpoint", "job_switch", "mail", "sign_in", "upload"),
    ),
)
"""In `workspace`, plans get their next date, and a closed support thread gets a later one if its term became longer.
`device` is put to note a pull. `outbox` and `mail` are put for a mail without a company, `mail` also for notices above
the limit of their address, and `upload` for files that are stored before their commit. In `requests`, a deadline is
deleted with the end of its request, and every other row at the end of its term as a proof."""


class RowPaths:
    """The attributes that this module may change, as expressions."""

    due, due_at, attempts, version = Path("due"), Path("due_at"), Path("attempts"), Path("version")


@dataclass(frozen=True)
class Claim:
    """A claimed row. The claim ends at `until`; `was` is the earlier due date; `attempt` counts the claims, from 1."""

    record: Record
    was: datetime
    until: datetime
    attempt: int


def page(store: Store, table: str, name: str, at: datetime, *, cursor: str | None = None, limit: int = PAGE) -> RowPage:
    """One page of the rows of `table` that are due for job `name` at `at`, oldest first, in the index's (eventually
    consistent) view. `cursor` is what `cursor_of` made of the page before."""
    after = msgspec.json.decode(cursor) if cursor else None
    found = store.query(table, name, _due_by(at), index="due", after=after, limit=limit)
    return RowPage([record for record in found.records if due_at(record) <= at], found.next)


def all_scheduled(store: Store, table: str, name: str) -> Iterator[Record]:
    """Every row of `table` that waits for job `name`, however late it is due; the earliest first. Raises Busy."""
    return store.all(table, name, index="due")


def _due_by(at: datetime) -> Condition:
    # Stored instants end in "Z" or in a fraction and "Z", which sorts before it: the whole second's bound misses none.
    return RowPaths.due_at <= _stored(at.replace(microsecond=0))


def cursor_of(found: RowPage) -> str | None:
    """The cursor of the next page, as text; None after the last page."""
    return msgspec.json.encode(found.next).decode() if found.next else None


def claim(store: Store, record: Record, until: datetime) -> Claim | None:
    """Claim a row as it was found. None if another runner claimed or finished it first. Raises Busy."""
    was = due_at(record)
    row = _update(
        store,
        record,
        [RowPaths.due_at.set(_stored(until)), RowPaths.attempts.set((RowPaths.attempts | 0) + 1)],
        (RowPaths.due == _due(record)) & (RowPaths.due_at == _stored(was)),
    )
    if row is None:
        return None
    return Claim(from_row(record.TABLE, row), was, until, int(row["attempts"]["N"]))


def postpone(store: Store, claimed: Claim, at: datetime) -> bool:
    """Try again at `at`. False if the claim had ended."""
    return _update(store, claimed.record, [RowPaths.due_at.set(_stored(at))], _ours(claimed)) is not None


def release(store: Store, claimed: Claim) -> bool:
    """Release a claim for lack of time. The attempt does not count. False if the claim had ended."""
    back = [RowPaths.due_at.set(_stored(claimed.was)), RowPaths.attempts.set((RowPaths.attempts | 1) - 1)]
    return _update(store, claimed.record, back, _ours(claimed)) is not None


def defer(store: Store, record: Record, at: datetime) -> bool:
    """Make a claimed row, as it was read, due at `at` and reset its attempts. False if another process moved it
    meanwhile. Raises Busy."""
    unmoved = (RowPaths.due == _due(record)) & (RowPaths.due_at == _stored(due_at(record)))
    return _update(store, record, [RowPaths.due_at.set(_stored(at)), RowPaths.attempts.set(0)], unmoved) is not None


def dead_letter(store: Store, claimed: Claim) -> bool:
    """Dead-letter the row: move it to the index's partition that operators read. False if the claim had ended."""
    name = _due(claimed.record).removesuffix(DEAD) + DEAD
    return _update(store, claimed.record, [RowPaths.due.set(name)], _ours(claimed)) is not None


def revive(store: Store, record: Record, at: datetime) -> bool:
    """Make a dead-lettered row due at `at` and reset its attempts. False if the row is not dead-lettered."""
    name = _due(record).removesuffix(DEAD)
    changes = [RowPaths.due.set(name), RowPaths.due_at.set(_stored(at)), RowPaths.attempts.set(0)]
    return _update(store, record, changes, RowPaths.due == name + DEAD) is not None


def finish(store: Store, ref: Ref) -> None:
    """Delete a row whose work is done. Safe to repeat. Raises Busy, OutsideWritePath."""
    PATH.require_at("delete", ref)
    _attempt(lambda: store.connection.delete_item(store.names[ref.table], ref.company, ref.sort), DeleteError)


def save(store: Store, record: Record, seen: Record, salt: bytes) -> bool:
    """Save the progress that a claimed row made since it was read as `seen`. False if another process moved it
    meanwhile. The caller resets `attempts` in `record` if the row made progress. Raises Busy."""
    unmoved = (RowPaths.version == seen.version) & (RowPaths.due_at == _stored(due_at(seen)))
    return _put(store, record, salt, unmoved)


def remember(store: Store, record: Record, salt: bytes) -> None:
    """Put a row that nobody else writes (a checkpoint, a switch, a mail). Raises Busy, OutsideWritePath."""
    _put(store, record, salt, None)


def swap(store: Store, record: Record, seen: Record | None, salt: bytes) -> bool:
    """Replace a row that no commit needs (a counter, a device's last pull) if it still has the version of `seen`.
    Create it if `seen` is None. False if another process was faster. Raises Busy."""
    unmoved = RowPaths.version == seen.version if seen else Path("company").does_not_exist()
    return _put(store, record, salt, unmoved)


def _put(store: Store, record: Record, salt: bytes, condition: Condition | None) -> bool:
    PATH.require("put", record.TABLE, record.KIND)
    name, attributes = store.names[record.TABLE], to_row(record, salt)
    call = store.connection.put_item
    done = _attempt(
        lambda: call(name, record.key.company, record.key.sort, attributes=attributes, condition=condition), PutError
    )
    return done is not None


def _update(store: Store, record: Record, actions: Sequence[Action], condition: Condition) -> dict[str, Any] | None:
    """The row after the change, or None when the condition failed."""
    PATH.require("update", record.TABLE, record.KIND)
    ref = record.key
    name, call = store.names[ref.table], store.connection.update_item
    answer = _attempt(
        lambda: call(name, ref.company, ref.sort, actions, condition, return_values="ALL_NEW"), UpdateError
    )
    return answer["Attributes"] if answer else None


def _attempt(call: Callable[[], Any], kind: type[PynamoDBException]) -> Any:
    try:
        return call()
    except kind as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return None
        if code_of(error) == f"{FULL}Exception":
            raise CompanyFull from error
        if is_passing(error):
            raise Busy from error
        raise


def _ours(claimed: Claim) -> Condition:
    return RowPaths.due_at == _stored(claimed.until)


def _due(record: Record) -> str:
    name: str = record.due  # type: ignore[attr-defined]
    return name


def is_dead(record: Record) -> bool:
    """Whether a row was dead-lettered."""
    return _due(record).endswith(DEAD)


def due_at(record: Record) -> datetime:
    """The instant at which a row is due."""
    at: datetime = record.due_at  # type: ignore[attr-defined]
    return at


def _stored(at: datetime) -> str:
    text: str = msgspec.to_builtins(at)
    return text
