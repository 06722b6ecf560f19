"""The write path of business data: one transaction for all of it. `PATH` lists the kinds that it may touch.

One `TransactGetItems` reads the company's head, the idempotency record and the rows that the verb needs. `decide` is a
pure function from that snapshot to writes and a value. One `TransactWriteItems` puts the entities, a journal entry, the
idempotency record and the new head, conditioned on the head's clock. A writer that loses the race reads and decides
again; while many write at once, they take turns (`store.turns`). So numbers, hashes and balances always come from
current rows, and a repeated call gets the first reply.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
from typing_extensions import TypeVar

from chalicelib.domain.call import Call, Reply, no_reply
from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import (
    Busy,
    IdempotencyKeyReused,
    TransactionTooLarge,
)
from chalicelib.domain.journal import Change, IdempotencyRecord, JournalEntry, change
from chalicelib.store import codec, conflicts, turns
from chalicelib.store.admission import fence_seconds, require_writable
from chalicelib.store.decision import CUSTOMER, Committed, Decision, WritePolicy, always
from chalicelib.store.snapshot import Snapshot, Unread, decision_on
from chalicelib.store.wire import MAX_TRANSACTION, MAX_TRANSACTION_BYTES, Store
from chalicelib.store.write_path import Kinds, WritePath

PATH: Final = WritePath(
    "business",
    puts=Kinds(
        every=("workspace", "ledger", "journal", "identity", "requests"),
        transient=(
            "backup",
            "device",
            "former_owner",
            "idempotency",
            "import",
            "invitation",
            "issue_request",
            "job",
            "mail",
            "sign_in",
            "sync_notice",
            "tally",
            "upload",
        ),
    ),
    updates=Kinds(transient=("queue",)),
    deletes=Kinds(
        every=("workspace", "ledger", "identity"),
        journal=("backup_key", "journal_entry", "leftover"),
        requests=("deadline",),
        transient=("device", "invitation", "sync_notice"),
    ),
)
"""Each kind of a company's own tables, so that a new kind of document needs no line here. A transaction deletes no head
and no proof. Bookkeeping writes the other kinds of `transient`."""
R = TypeVar("R", bound=Record)
T = TypeVar("T", default=Any)
Decide: TypeAlias = Callable[[Snapshot], Decision[T]]


def transact(
    store: Store, call: Call, reads: Sequence[Ref], decide: Decide[T], policy: WritePolicy = CUSTOMER
) -> Committed[T]:
    """Read, decide, write; on a conflict again, with jitter, for 10 s.

    The call's precondition reads after the snapshot, and the write fails if the clock has moved since then. So a
    committed write has seen the resource as of the snapshot's clock. Raises what `decide` raises (nothing is then
    written), StaleVersion, CompanyBlocked, CloudStorageOff, IdempotencyKeyReused, Busy.
    """
    refs, attempts, current_at = dict.fromkeys(reads), 0, -1
    deadline = (started := time.monotonic()) + conflicts.PATIENCE_SECONDS
    line = turns.WriterTurn(store, call, PATH, started, deadline)
    decision: Decision[T] | None = None
    while True:
        begun = time.monotonic()
        snapshot, first = _read(store, call, list(refs), deadline)
        took = time.monotonic() - begun
        if first is not None:
            return _replay(store, call, first, snapshot, decision)
        if attempts and begun >= deadline:  # Only after a last read: the commit whose answer was lost may exist.
            raise Busy
        if fence := fence_seconds(snapshot, call, begun - started):
            time.sleep(fence)
            continue
        require_writable(snapshot, policy)
        current_at = _require_current(call, snapshot, current_at, deadline)
        if line.waits(snapshot.known, took):
            continue
        try:
            decision = decision_on(store, snapshot, decide, deadline)
        except Unread as unread:
            refs |= dict.fromkeys(unread.refs)
            continue
        if _writes(decision) and line.joins(snapshot.known, attempts, took):
            continue
        attempts += 1
        if committed := _written(store, call, snapshot, decision, line, policy, attempts):
            return committed
        line.lost(attempts, time.monotonic() - begun)


def _written(
    store: Store,
    call: Call,
    snapshot: Snapshot,
    decision: Decision[T],
    line: turns.WriterTurn,
    policy: WritePolicy,
    attempts: int,
) -> Committed[T] | None:
    """The result of a decision, which is written unless it writes nothing. None if another writer was faster."""
    head = _next_head(call, snapshot, decision, line)
    reply = _reply(call, decision.value, head)
    if not _writes(decision):
        return Committed(decision.value, reply, head, snapshot.clock, attempts)
    if not _commit(store, call, snapshot, decision, head, reply if policy.remembered else None, attempts):
        return None
    store.on_commit(decision.new, decision.deletes)
    return Committed(decision.value, reply, head, snapshot.clock + 1, attempts)


def _require_current(call: Call, snapshot: Snapshot, checked: int, deadline: float) -> int:
    """Check the call's precondition unless it was `checked` at the snapshot's clock. Return this clock."""
    if snapshot.clock != checked:
        conflicts.patiently(partial(call.require_current, snapshot), deadline)
    return snapshot.clock


def check(store: Store, call: Call, policy: WritePolicy = CUSTOMER) -> None:
    """Raise what a transaction of this call would raise before its decision. For work that precedes the transaction and
    that a refusal must not leave behind."""
    transact(store, replace(call, present=no_reply), [], always(Decision()), policy)


def _reply(call: Call, value: Any, head: Head | None) -> Reply:
    return call.present(value, head) if head else Reply()


def _read(store: Store, call: Call, refs: list[Ref], deadline: float) -> tuple[Snapshot, IdempotencyRecord | None]:
    keys = [IdempotencyRecord.ref(call.company, key) for key in (call.key, call.former_key) if key is not None]
    every = list(dict.fromkeys([Head.ref(call.company), *keys, *refs]))
    if len(every) > MAX_TRANSACTION:
        raise TransactionTooLarge(limit=f"{MAX_TRANSACTION} rows")
    rows = dict(zip(every, conflicts.patiently(lambda: store.get(every), deadline), strict=True))
    head = rows[every[0]]
    known = codec.from_row("journal", head) if head else None
    known = known if isinstance(known, Head) else None
    first, *former = (_live(rows[key], call) for key in keys)
    # A client can also send the former key of a step. The request of a client is a hash; that of a step never is.
    known_before = (row for row in former if row is not None and (call.by_client or row.request == call.request))
    answered = first or next(known_before, None)
    return Snapshot(call.company, known, rows), answered


def _live(row: codec.Row | None, call: Call) -> IdempotencyRecord | None:
    """The stored reply, unless its term has ended."""
    answered = codec.from_row("transient", row) if row else None
    return answered if isinstance(answered, IdempotencyRecord) and answered.expires_at > call.at.timestamp() else None


def _replay(
    store: Store, call: Call, first: IdempotencyRecord, snapshot: Snapshot, decision: Decision[T] | None
) -> Committed[T]:
    """The first reply again. If this call's own commit succeeded and only its confirmation was lost: also the value,
    and the reply with its secret."""
    if first.request != call.request:
        raise IdempotencyKeyReused
    stored = Reply(first.status, first.body, first.location)
    if first.call == call.id and decision:
        store.on_commit(decision.new, decision.deletes)
        reply = replace(stored, secret=_reply(call, decision.value, snapshot.head).secret)
        return Committed(decision.value, reply, snapshot.head, snapshot.clock)
    return Committed(None, stored, snapshot.head, snapshot.clock, replayed=first.call != call.id)


def _writes(decision: Decision[Any]) -> bool:
    return bool(decision.puts or decision.new or decision.deletes or decision.head or decision.messages)


def _next_head(call: Call, snapshot: Snapshot, decision: Decision[Any], line: turns.WriterTurn) -> Head | None:
    """The head after the decision, without the hash of the journal. It is unchanged if nothing is written."""
    if not _writes(decision):
        return snapshot.head if snapshot.founded else None
    if snapshot.founded:
        changed = {"clock": snapshot.head.clock + 1, "fence_until": None, **line.marks(snapshot.head)}
        return snapshot.head.edited(call.at, **changed | (decision.head or {}))
    return call.make(Head, id=call.company, clock=1, chain="", **(decision.head or {}))


def _commit(
    store: Store,
    call: Call,
    snapshot: Snapshot,
    decision: Decision[Any],
    head: Head | None,
    reply: Reply | None,
    attempt: int,
) -> bool:
    """Write all or nothing. False: another writer was faster, or the result is unknown. Read again."""
    assert head is not None  # noqa: S101 — a decision that writes has a next head
    puts, deletes = _items(store, call, snapshot, decision, head, reply)
    return conflicts.write(store, puts, deletes, token=f"{call.id[-30:]}-{attempt}")


def _items(
    store: Store, call: Call, snapshot: Snapshot, decision: Decision[Any], head: Head, reply: Reply | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The transaction's puts (the guarded head, the entry, the reply, then the decided rows) and deletes."""
    changes: list[Change] = []
    rows: list[dict[str, Any]] = []
    decided = [*((record, True) for record in decision.new), *((record, False) for record in decision.puts)]
    for record, new in [*decided, *((message, True) for message in decision.messages)]:
        salt = call.random("salt", *record.key)[:16]
        rows.append(_put(store, record, salt, new=new))
        changes.append(change(record, "put", codec.digest(record, salt).hex()))
    changes += [change(gone, "delete") for gone in decision.deletes]
    entry = _entry(call, snapshot, head, tuple(changes))
    bookkeeping = [
        _put_head(store, replace(head, chain=entry.hash), call, previous=snapshot.clock),
        _put(store, entry, call.random("salt", *entry.key)[:16], new=True),
    ]
    if reply is not None:
        bookkeeping.append(_put(store, _answered(call, reply), call.random("salt", "answer")[:16], new=False))
    deletes = [_delete(store, record) for record in decision.deletes]
    if len(rows) + len(bookkeeping) + len(deletes) > MAX_TRANSACTION:
        raise TransactionTooLarge(limit=f"{MAX_TRANSACTION}")
    if len(msgspec.json.encode(bookkeeping + rows)) > MAX_TRANSACTION_BYTES:
        raise TransactionTooLarge(limit="4 MB")
    return bookkeeping + rows, deletes


def _entry(call: Call, snapshot: Snapshot, head: Head, changes: tuple[Change, ...]) -> JournalEntry:
    """The journal's entry that leads to `head`, chained to the entry before it."""
    entry = call.make(
        JournalEntry,
        id=call.id,
        clock=head.clock,
        actor=call.actor,
        device=call.device,
        verb=call.verb,
        changes=changes,
        previous=snapshot.head.chain if snapshot.founded else "",
        hash="",
    )
    return replace(entry, hash=codec.digest(entry, b"").hex())


def _answered(call: Call, reply: Reply) -> IdempotencyRecord:
    from chalicelib.policy.ends import expires_at  # Only writes load the policy.

    return call.make(
        IdempotencyRecord,
        id=call.key,
        request=call.request,
        call=call.id,
        status=reply.status,
        body=reply.body,
        location=reply.location,
        secret=reply.secret is not None,
        expires_at=expires_at(IdempotencyRecord, call.at),
    )


def _delete(store: Store, record: Record) -> dict[str, Any]:
    PATH.require("delete", record.TABLE, record.KIND)
    return store.key(record.key)


def _put(store: Store, record: Record, salt: bytes, *, new: bool) -> dict[str, Any]:
    PATH.require("put", record.TABLE, record.KIND)
    put = {"TableName": store.names[record.TABLE], "Item": codec.to_row(record, salt)}
    if new:
        put["ConditionExpression"] = "attribute_not_exists(company)"
    return put


def _put_head(store: Store, head: Head, call: Call, *, previous: int) -> dict[str, Any]:
    put = _put(store, head, call.random("salt", "head")[:16], new=previous == 0)
    if previous:
        put |= {
            "ConditionExpression": "clock = :previous",
            "ExpressionAttributeValues": {":previous": {"N": str(previous)}},
        }
    return put
