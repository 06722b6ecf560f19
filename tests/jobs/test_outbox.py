"""The outbox delivers every message at least once, with any runner and after a kill at any moment."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.companies.company import Head
from chalicelib.domain.journal import Message
from chalicelib.jobs.job import within
from chalicelib.jobs.outbox import outbox
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import MOST_ATTEMPTS, retry_after, run, run_scheduled
from chalicelib.store import bookkeeping
from chalicelib.wiring import World
from tests.crash import Work, prove, watched
from tests.jobs.worlds import commit, company, current, later, message


class Notes:
    """A handler that remembers what it was asked, and fails while told to."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.failing: Exception | None = None

    def __call__(self, world: World, owner: str, about: tuple[str, ...]) -> None:
        assert owner.startswith("cmp_")
        if self.failing:
            raise self.failing
        self.seen.update(about)


@pytest.fixture
def notes() -> Notes:
    return Notes()


def deliver(world: World, notes: Notes, **after: float) -> Report:
    return run(world, outbox({"note": notes}), now=later(world, **after), left=within(60))


def test_a_message_is_delivered_once_and_gone(world: World, notes: Notes) -> None:
    owner = company(world)
    sent = message(world, owner, "inv_1", "inv_2")
    commit(world, owner, sent)
    report = deliver(world, notes)
    assert (report.outcome, report.found, report.applied, report.failures) == ("done", 1, 1, [])
    assert notes.seen == {"inv_1": 1, "inv_2": 1}
    assert current(world, sent) is None
    assert deliver(world, notes).found == 0


def test_delivery_leaves_the_company_clock_alone(world: World, notes: Notes) -> None:
    owner = company(world)
    commit(world, owner, message(world, owner, "inv_1"))
    (before,) = world.store.records([Head.ref(owner)])
    deliver(world, notes)
    assert world.store.records([Head.ref(owner)]) == [before]


def test_a_message_before_its_due_date_is_not_sent(world: World, notes: Notes) -> None:
    owner = company(world)
    commit(world, owner, message(world, owner, "inv_1", ago=timedelta(minutes=-5)))
    assert deliver(world, notes).found == 0
    assert deliver(world, notes, minutes=5, seconds=1).applied == 1


def test_a_row_due_on_a_whole_second_is_found_in_that_second(world: World, notes: Notes) -> None:
    owner = company(world)
    at = world.now().replace(microsecond=0)
    instants = (at, at.replace(microsecond=5000))
    commit(world, owner, *(replace(message(world, owner, "a"), due_at=instant) for instant in instants))
    job = outbox({"note": notes})
    assert run(world, job, now=at, left=within(60), dry_run=True).found == 1
    assert run(world, job, now=instants[1], left=within(60), dry_run=True).found == 2


def test_one_failure_stops_no_other_and_is_tried_again_later(world: World, notes: Notes) -> None:
    owner = company(world)
    good, odd = message(world, owner, "good"), message(world, owner, "odd", task="unheard-of")
    commit(world, owner, good, odd)
    report = deliver(world, notes)
    assert notes.seen == {"good": 1}
    assert [(f.ref, f.error, f.attempt, f.dead) for f in report.failures] == [(odd.key, "unknown_task", 1, False)]
    kept = current(world, odd)
    assert isinstance(kept, Message)
    assert kept.attempts == 1
    assert kept.due_at > odd.due_at
    assert deliver(world, notes).found == 0, "it is not tried again at once"
    assert deliver(world, notes, seconds=60).failures[0].attempt == 2


def test_a_failing_message_is_dead_lettered_and_can_be_revived(world: World, notes: Notes) -> None:
    owner = company(world)
    commit(world, owner, message(world, owner, "inv_1"))
    notes.failing = RuntimeError("the customer is jane@example.ma")
    reports = [deliver(world, notes, days=day) for day in range(MOST_ATTEMPTS)]
    assert [r.failures[0].dead for r in reports] == [False] * (MOST_ATTEMPTS - 1) + [True]
    assert reports[-1].figures()["Dead"] == 1
    assert {r.failures[0].error for r in reports} == {"RuntimeError"}, "the message of an error is nobody's business"
    assert deliver(world, notes, days=99).found == 0
    (dead_letter,) = bookkeeping.page(
        world.store, "journal", "outbox" + bookkeeping.DEAD, later(world, days=99)
    ).records
    assert bookkeeping.revive(world.store, dead_letter, world.now())
    assert not bookkeeping.revive(world.store, dead_letter, world.now()), "only once"
    notes.failing = None
    assert deliver(world, notes).applied == 1
    assert notes.seen == {"inv_1": 1}


def test_a_message_that_kills_its_runner_is_dead_lettered_too(world: World) -> None:
    owner = company(world)
    commit(world, owner, message(world, owner, "inv_1"))

    def fatal(world: World, owner: str, about: tuple[str, ...]) -> None:
        raise SystemExit

    job = outbox({"note": fatal})
    for day in range(MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            run(world, job, now=later(world, days=day), left=within(60))
    report = run(world, job, now=later(world, days=MOST_ATTEMPTS), left=within(60))
    assert [(f.error, f.dead) for f in report.failures] == [("killed", True)]


def test_retries_outlive_a_day() -> None:
    waits = [retry_after(attempt) for attempt in range(1, MOST_ATTEMPTS)]
    assert waits[0] == timedelta(seconds=30)
    assert waits == sorted(waits)
    assert sum(waits, timedelta()) > timedelta(days=1)


def test_many_runners_share_the_messages(world: World, notes: Notes) -> None:
    owner = company(world)
    ids = [f"inv_{number}" for number in range(40)]
    for start in range(0, 40, 20):
        commit(world, owner, *(message(world, owner, id) for id in ids[start : start + 20]))
    barrier = threading.Barrier(4)

    def runner() -> Report:
        barrier.wait()
        return deliver(world, notes)

    with ThreadPoolExecutor(4) as pool:
        reports = [each.result() for each in [pool.submit(runner) for _ in range(4)]]
    assert notes.seen == Counter(ids), "each once: a claim keeps the others off"
    assert sum(report.applied for report in reports) == 40
    assert deliver(world, notes).found == 0


def test_killed_at_any_call_it_ends_the_same(world: World) -> None:
    def prepare() -> tuple[str, Notes]:
        owner = company(world)
        commit(world, owner, message(world, owner, "a", "b"), message(world, owner, "c"))
        return owner, Notes()

    def state(subject: tuple[str, Notes]) -> object:
        owner, notes = subject
        rows = world.store.query("journal", owner).records
        return set(notes.seen), [row.KIND for row in rows]

    crashes = prove(
        [world.store.connection.client],
        Work(prepare, lambda s: deliver(world, s[1]), lambda s: deliver(world, s[1], hours=1), state),
    )
    assert crashes == 2 * (1 + 2 + 2 + 2), "switches, both pages, and a claim and a delete for each message"


def test_an_idle_run_reads_twice_and_writes_nothing(world: World, notes: Notes) -> None:
    deliver(world, notes)
    with watched([world.store.connection.client]) as calls:
        deliver(world, notes)
    assert calls.made == ["TransactGetItems", "Query"]


def test_the_catalogue_runs_it_by_name(world: World) -> None:
    assert run_scheduled(world, "outbox").outcome == "done"
    with pytest.raises(LookupError, match="there are outbox, bulk"):
        run_scheduled(world, "outboks")
