"""The checker finds the usual faults of such code: each is put into the store on purpose."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pynamodb.exceptions import TransactWriteError

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.journal import IdempotencyRecord, JournalEntry
from chalicelib.store import codec, conflicts, transaction
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import Store
from chalicelib.wiring import World
from tests.faults import AFTER
from tests.histories import company as companies
from tests.histories import drivers
from tests.histories.checker import check
from tests.histories.history import Event
from tests.histories.run import Ran, Shape, run

Patch = pytest.MonkeyPatch
SHAPE = Shape(faults=0.3, workers=6, tasks=5, struck_by=AFTER)
HISTORIES = 6


def without_the_heads_condition(patch: Patch) -> None:
    """Let the last writer win. The journal's entry must be new and would guard the clock too, so that goes too."""
    real = transaction._put

    def put(store: Store, record: Record, salt: bytes, *, new: bool) -> dict[str, Any]:
        return real(store, record, salt, new=new and not isinstance(record, JournalEntry))

    def put_head(store: Store, head: Head, call: Call, *, previous: int) -> dict[str, Any]:
        del previous
        return real(store, head, call.random("salt", "head")[:16], new=False)

    patch.setattr(transaction, "_put", put)
    patch.setattr(transaction, "_put_head", put_head)


def without_idempotency(patch: Patch) -> None:
    """The key is written and never read."""
    real = transaction._read

    def read(store: Store, call: Call, refs: list[Ref], deadline: float) -> tuple[Snapshot, IdempotencyRecord | None]:
        return real(store, call, refs, deadline)[0], None

    patch.setattr(transaction, "_read", read)


def deciding_once(patch: Patch) -> None:
    """After a conflict, what was decided on the old snapshot is written again."""
    real = transaction.transact

    def transact(store: Store, call: Call, reads: Sequence[Ref], decide: Callable[[Snapshot], Decision]) -> Committed:
        decided: list[Decision] = []

        def once(snapshot: Snapshot) -> Decision:
            if not decided:
                decided.append(decide(snapshot))
            return decided[0]

        return real(store, call, reads, once)

    patch.setattr(drivers, "transact", transact)


def reading_the_head_last(patch: Patch) -> None:
    """Two reads instead of one: what the head guards is older than the head."""
    real = Store.get

    def get(self: Store, refs: Sequence[Ref]) -> list[codec.Row | None]:
        head, *others = refs
        rows = real(self, others)
        return [*real(self, [head]), *rows]

    patch.setattr(Store, "get", get)


def believing_a_lost_answer(patch: Patch) -> None:
    """No answer counts as success."""
    real = conflicts.write

    def write(*args: Any, **named: Any) -> bool:
        return real(*args, **named) or True

    patch.setattr(conflicts, "write", write)


def forgetting_the_previous_hash(patch: Patch) -> None:
    """The journal's entries are not chained."""
    real = transaction._entry

    def entry(call: Call, snapshot: Snapshot, head: Head, changes: Any) -> Any:
        unchained = replace(real(call, snapshot, head, changes), previous="", hash="")
        return replace(unchained, hash=codec.digest(unchained, b"").hex())

    patch.setattr(transaction, "_entry", entry)


def a_new_key_for_each_attempt(patch: Patch) -> None:
    """The idempotency record is kept under the attempt's id."""
    real = transaction._answered

    def answered(call: Call, answer: Any) -> IdempotencyRecord:
        return replace(real(call, answer), id=call.id)

    patch.setattr(transaction, "_answered", answered)


MUTATIONS: dict[Callable[[Patch], None], tuple[str, ...]] = {
    without_the_heads_condition: ("journal: clocks", "the counter is at"),
    without_idempotency: ("applied 2 times", "times"),
    deciding_once: ("the counter is at", "broken"),
    reading_the_head_last: ("the counter is at", "broken"),
    believing_a_lost_answer: ("never applied",),
    forgetting_the_previous_hash: ("journal: the chain is broken",),
    a_new_key_for_each_attempt: ("applied 2 times", "times"),
}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_transaction_is_found(
    bare_world: World, monkeypatch: Patch, mutation: Callable[[Patch], None]
) -> None:
    """Within a few histories: a race that the break needs may not happen in the first."""
    monkeypatch.setattr(conflicts, "PATIENCE_SECONDS", 2.0)
    faults = (*AFTER, "cancelled:ConditionalCheckFailed") if mutation is believing_a_lost_answer else AFTER
    found: list[str] = []
    for seed in range(HISTORIES):
        with monkeypatch.context() as patch:
            mutation(patch)
            ran = run(bare_world, replace(SHAPE, struck_by=faults, seed=seed))
        found += check(bare_world, ran, "toy")
        if named := [line for line in found if any(word in line for word in MUTATIONS[mutation])]:
            break
    assert named, f"not found out: {found}"


@pytest.fixture(scope="module")
def clean(bare_world: World) -> Ran:
    """A history in which nothing is wrong, to be falsified."""
    ran = run(bare_world, Shape(workers=3, tasks=6, twice=0, faults=0, seed=12))
    assert check(bare_world, ran, "toy") == []
    return ran


def _issues(ran: Ran) -> list[Event]:
    return sorted((e for e in ran.events if e.task.kind == "issue"), key=lambda event: event.begun)


def test_an_order_inversion_is_found(bare_world: World, clean: Ran) -> None:
    first, last = _issues(clean)[0], _issues(clean)[-1]
    moved = replace(first, begun=last.ended + 1, ended=last.ended + 2)
    false = replace(clean, events=[moved if event is first else event for event in clean.events])
    assert any("was acknowledged before" in line for line in check(bare_world, false, "toy"))


def test_an_acknowledged_number_that_is_not_there_is_found(bare_world: World, clean: Ran) -> None:
    first = _issues(clean)[0]
    invented = replace(first, body={"position": 999})
    false = replace(clean, events=[invented if event is first else event for event in clean.events])
    assert any("is not in the register" in line for line in check(bare_world, false, "toy"))


def test_an_acknowledged_edit_that_was_never_applied_is_found(bare_world: World, clean: Ran) -> None:
    edit = next(event for event in clean.events if event.task.kind == "edit")
    invented = replace(edit, call="0" * 30, task=replace(edit.task, key="never"))
    found = check(bare_world, replace(clean, events=[*clean.events, invented]), "toy")
    assert any("never: acknowledged and never applied" in line for line in found)


def test_a_row_written_outside_a_transaction_is_found(bare_world: World) -> None:
    ran = run(bare_world, Shape(workers=2, tasks=3, twice=0, faults=0, seed=13))
    item = drivers._item(companies.call(bare_world, ran.company, "x", "x"), drivers.COUNTER, "77")
    row = {"TableName": bare_world.store.names["workspace"], "Item": codec.to_row(item, b"s" * 16)}
    try:
        bare_world.store.connection.transact_write_items([], [], [row], [])
    except TransactWriteError as error:
        pytest.fail(repr(error))
    found = check(bare_world, ran, "toy")
    assert any("is not what the journal says" in line for line in found)
    assert any("the counter is at 77" in line for line in found)
