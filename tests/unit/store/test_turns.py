"""The turns of a company's writers. A number is a hint: its holder may die, be refused or be answered by replay."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.item import Item
from chalicelib.domain.errors import NotFound
from chalicelib.domain.journal import WriterQueue
from chalicelib.policy.ends import expires_at
from chalicelib.store import conflicts, transaction, turns
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.erase import erase_row
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.bench.traffic import Traffic
from tests.faults import Faults, Strike, scripted
from tests.histories import company as companies
from tests.unit.store.test_transaction import head, item

Decide = Callable[[Snapshot], Decision]


@pytest.fixture
def company(bare_world: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A company of this test's own. A crowd lasts for the whole test, also on a busy machine."""
    monkeypatch.setattr(turns, "RECENT", timedelta(hours=1))
    return companies.founded(bare_world, request.node.nodeid)


def queue(world: World, company: str) -> WriterQueue | None:
    (row,) = world.store.records([WriterQueue.ref(company)])
    return row if isinstance(row, WriterQueue) else None


def write(world: World, company: str, key: str, before: Callable[[], object] | None = None) -> Committed:
    """Put an item. `before` runs in the first decision, between the read and the write."""
    call = companies.call(world, company, "create", key)
    return transact(world.store, call, [], overtaken(call, f"itm_{key}", before))


def overtaken(call: Call, id: str, before: Callable[[], object] | None) -> Decide:
    waiting = [before] if before else []

    def decide(_: Snapshot) -> Decision:
        if waiting:
            waiting.pop()()
        return Decision(puts=(item(call, id),))

    return decide


def crowd(world: World, company: str) -> None:
    """Commit in turn, so that the next writers take numbers at once."""
    assert write(world, company, "crowd", before=lambda: write(world, company, "other")).attempts == 2


def abandoned(world: World, company: str, key: str = "gone") -> int:
    """Take a number as a writer does that dies before its commit. Return the number."""
    call, now = companies.call(world, company, "create", key), time.monotonic()
    line = turns.WriterTurn(world.store, call, transaction.PATH, now, now + conflicts.PATIENCE_SECONDS)
    line.joins(head(world, company), 1, 0.0)
    assert line.turn is not None
    return line.turn.number


def test_a_single_writer_takes_no_number(bare_world: World, company: str) -> None:
    with Traffic(bare_world.store) as traffic:
        write(bare_world, company, "a")
    assert (traffic.total, queue(bare_world, company)) == (2, None)
    assert (head(bare_world, company).served, head(bare_world, company).served_at) == (0, None)


def test_a_lost_race_takes_a_number_and_commits_in_turn(bare_world: World, company: str) -> None:
    crowd(bare_world, company)
    row, now = queue(bare_world, company), head(bare_world, company)
    assert row is not None
    assert (row.tail, now.served, now.served_at is not None) == (1, 1, True)
    assert row.expires_at == pytest.approx(expires_at(WriterQueue, bare_world.now()), abs=60)


def test_a_writer_takes_a_number_at_once_while_others_write(
    bare_world: World, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(bare_world, company)
    assert write(bare_world, company, "newcomer").attempts == 1
    assert head(bare_world, company).served == 2
    monkeypatch.setattr(turns, "RECENT", timedelta())
    assert write(bare_world, company, "later").attempts == 1
    assert head(bare_world, company).served == 2


def test_a_step_of_a_job_takes_no_number(bare_world: World, company: str) -> None:
    crowd(bare_world, company)
    call = bare_world.call(company, "job", "step", key="step")
    decide = overtaken(call, "itm_step", lambda: write(bare_world, company, "during"))
    assert transact(bare_world.store, call, [], decide).attempts == 2
    assert head(bare_world, company).served == 2


@pytest.mark.parametrize("dead", [1, 3])
def test_a_holder_that_dies_delays_the_next_ones_and_stops_nobody(bare_world: World, company: str, dead: int) -> None:
    crowd(bare_world, company)
    numbers = [abandoned(bare_world, company, f"gone-{number}") for number in range(dead)]
    begun = time.monotonic()
    assert write(bare_world, company, "next").attempts <= 2
    assert time.monotonic() - begun < 5
    assert head(bare_world, company).served == numbers[-1] + 1
    with Traffic(bare_world.store) as traffic:
        write(bare_world, company, "after")
    assert traffic.calls == {"TransactGetItems": 1, "UpdateItem": 1, "TransactWriteItems": 1}


def test_a_holder_that_is_refused_in_its_turn_delays_the_next_one(bare_world: World, company: str) -> None:
    crowd(bare_world, company)
    call, ahead = companies.call(bare_world, company, "create", "refused"), abandoned(bare_world, company)
    seen: list[int] = []

    def refuse(snapshot: Snapshot) -> Decision:
        seen.append(snapshot.clock)
        if len(seen) > 1:
            raise NotFound
        return Decision(puts=(item(call, "itm_refused"),))

    with pytest.raises(NotFound):
        transact(bare_world.store, call, [], refuse)
    assert queue(bare_world, company).tail == ahead + 1  # type: ignore[union-attr]
    assert write(bare_world, company, "next").attempts <= 2
    assert head(bare_world, company).served == ahead + 2


@pytest.mark.parametrize("fault", ["answer_lost", "late"])
def test_a_holder_that_is_answered_by_replay_has_served_its_number(bare_world: World, company: str, fault: str) -> None:
    crowd(bare_world, company)
    with Faults(bare_world.store, scripted({("TransactWriteItems", 0): Strike(fault)})) as faults:
        committed = write(bare_world, company, "lost")
    assert faults.met[fault]
    assert not committed.replayed
    now = head(bare_world, company)
    assert now.served == queue(bare_world, company).tail  # type: ignore[union-attr]
    assert write(bare_world, company, "next").clock == now.clock + 1


@pytest.mark.parametrize("fault", ["ThrottlingException", "reset", "answer_lost"])
def test_a_number_that_cannot_be_had_stops_nobody(bare_world: World, company: str, fault: str) -> None:
    crowd(bare_world, company)
    with Faults(bare_world.store, scripted({("UpdateItem", 0): Strike(fault)})) as faults:
        assert write(bare_world, company, "unnumbered").attempts == 1
    assert faults.met[fault]
    assert write(bare_world, company, "next").attempts <= 2


def test_numbers_go_on_after_those_that_have_committed(bare_world: World, company: str) -> None:
    crowd(bare_world, company)
    erase_row(bare_world.store, WriterQueue.ref(company))
    write(bare_world, company, "again")
    assert (queue(bare_world, company).tail, head(bare_world, company).served) == (2, 2)  # type: ignore[union-attr]


def test_a_waiting_writer_gives_up_its_turn_at_its_deadline(bare_world: World, company: str) -> None:
    crowd(bare_world, company)
    abandoned(bare_world, company)
    call, now = companies.call(bare_world, company, "create", "late"), time.monotonic()
    line = turns.WriterTurn(bare_world.store, call, transaction.PATH, now - 10, now)
    line.turn = turns.Turn(9, 0)
    assert line.waits(head(bare_world, company), 0.0) is False


def test_marks_never_go_back(bare_world: World, company: str) -> None:
    call, now = companies.call(bare_world, company, "create", "mark"), time.monotonic()
    line = turns.WriterTurn(bare_world.store, call, transaction.PATH, now, now + 10, turns.Turn(3, 0))
    found: Head = head(bare_world, company).edited(call.at, served=7)
    assert line.marks(found)["served"] == 7
    assert abs(line.marks(found)["served_at"] - call.at) < timedelta(seconds=5)


def test_sixteen_writers_commit_once_each(bare_world: World, company: str) -> None:
    clock = head(bare_world, company).clock
    done: list[Committed] = []

    def work(number: int) -> None:
        done.extend(write(bare_world, company, f"{number}-{place}") for place in range(4))

    threads = [Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(committed.clock for committed in done) == list(range(clock + 1, clock + 65))
    items = [row for row in bare_world.store.all_of(Item, company) if row.id.startswith("itm_")]
    assert len(items) == 64
