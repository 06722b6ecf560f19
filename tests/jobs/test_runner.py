"""The runner's part of every job: deadline and checkpoint, cap, kill switch, holds, dry run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Busy
from chalicelib.domain.jobs import EVERY_JOB, SYSTEM, Checkpoint, Switch
from chalicelib.domain.journal import Message
from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import DuePage, Job, JobStep, within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import run
from chalicelib.store import bookkeeping
from chalicelib.wiring import World
from tests.crash import Work, prove, watched
from tests.jobs.worlds import commit, company, current, later, message

STEPS = 3
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Sweep:
    """A job of three steps a row and a last one that ends the row; it remembers what it applied."""

    def __init__(self, page: int = 2) -> None:
        self.applied: list[str] = []
        self.budget: int | None = None
        self.cursors: list[str | None] = []

        def paged(world: World, cursor: str | None, at: object) -> DuePage:
            self.cursors.append(cursor)
            found = bookkeeping.page(world.store, "journal", "outbox", at, cursor=cursor, limit=page)  # type: ignore[arg-type]
            return DuePage(found.records, bookkeeping.cursor_of(found))

        self.job = Job(
            name="sweep",
            table="journal",
            schedule="rate(1 day)",
            cap=None,
            find=paged,
            plan=self.plan,
            apply=self.apply,
            summary="A sweep",
            step_seconds=1.0,
        )

    def plan(self, world: World, work: Record) -> list[JobStep]:
        assert isinstance(work, Message)
        steps = [JobStep("wipe", work.key, f"part {part}", (*work.about, str(part))) for part in range(STEPS)]
        return [*steps, JobStep("end", work.key, "the row")]

    def apply(self, world: World, step: JobStep) -> bool:
        if step.kind == "end":
            bookkeeping.finish(world.store, step.ref)
        else:
            self.applied.append(".".join(step.about))
        return True

    def left(self) -> Callable[[], float]:
        """A deadline that allows `budget` steps."""
        begun = len(self.applied)
        return lambda: 60.0 if self.budget is None or len(self.applied) - begun < self.budget else 0.5


def rows(world: World, *names: str) -> None:
    """One due row a name, in their order."""
    owner = company(world)
    ages = (timedelta(seconds=60 - number) for number in range(len(names)))
    commit(world, owner, *(message(world, owner, name, ago=age) for name, age in zip(names, ages, strict=True)))


def go(world: World, sweep: Sweep, **options: object) -> Report:
    return run(world, sweep.job, now=later(world, seconds=1), left=sweep.left(), **options)  # type: ignore[arg-type]


def parts(*names: str) -> list[str]:
    return [f"{name}.{part}" for name in names for part in range(STEPS)]


def kept(world: World) -> Record | None:
    return world.store.records([Checkpoint.ref(SYSTEM, "sweep")])[0]


@pytest.mark.parametrize("budget", [1, 2, 3, 4, 5, 7])
def test_out_of_time_it_goes_on_where_it_stopped(world: World, budget: int) -> None:
    rows(world, "a", "b", "c", "d", "e")
    sweep = Sweep()
    sweep.budget = budget
    reports = [go(world, sweep)]
    while reports[-1].outcome == "continues":
        assert kept(world) is not None
        reports.append(go(world, sweep))
        assert len(reports) < 20
    assert sorted(sweep.applied) == parts("a", "b", "c", "d", "e"), "each step once, and none forgotten"
    assert kept(world) is None
    assert not any(report.failures for report in reports)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_each_job_may_remember_where_it_stopped_and_forget_it(world: World, job: Job) -> None:
    """In the place of its own function, so that its policy is asked."""
    page = DuePage((Switch(company=SYSTEM, id="x", created_at=NOW, updated_at=NOW, reason="", actor=""),), None)
    stopped = replace(job, cap=None, find=lambda *_: page)
    assert run(world, stopped, now=later(world), left=lambda: 0.0).outcome == "continues"
    ref = Checkpoint.ref(SYSTEM, job.name)
    assert world.store.records([ref]) != [None]
    assert run(world, replace(stopped, find=lambda *_: DuePage((), None)), now=later(world), left=within(5)).found == 0
    assert world.store.records([ref]) == [None]


def test_rows_that_an_earlier_run_skipped_are_not_read_again(world: World) -> None:
    rows(world, "a", "b", "c")
    sweep = Sweep(page=1)
    sweep.budget = 1
    assert go(world, sweep, holds=lambda _, steps: steps[0].about[0] == "a").outcome == "continues"
    stopped = sweep.cursors[-1]
    assert stopped is not None
    sweep.budget = None
    go(world, sweep, holds=lambda _, steps: steps[0].about[0] == "a")
    assert sweep.cursors[sweep.cursors.index(stopped) + 1] == stopped
    assert sorted(sweep.applied) == parts("b", "c")


def test_a_checkpoint_does_not_count_for_another_plan(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(world, "a")
    sweep = Sweep()
    sweep.budget = 2
    assert go(world, sweep).outcome == "continues"
    changed = replace(sweep.job, plan=lambda w, work: sweep.plan(w, work)[1:])
    sweep.budget = None
    run(world, changed, now=later(world, seconds=1), left=within(60))
    assert sweep.applied == ["a.0", "a.1", "a.1", "a.2"], "done twice rather than left out"


def test_a_run_without_time_begins_nothing(world: World) -> None:
    rows(world, "a")
    sweep = Sweep()
    sweep.budget = 0
    assert go(world, sweep).outcome == "continues"
    assert sweep.applied == []


def test_a_step_past_the_deadline_is_counted(world: World) -> None:
    rows(world, "a")
    sweep = Sweep()
    times = iter([60.0, 60.0, 60.0, -1.0, -1.0])
    report = run(world, sweep.job, now=later(world, seconds=1), left=lambda: next(times))
    assert (report.outcome, report.late, report.figures()["DeadlineBreached"]) == ("continues", 1, 1)


def test_above_the_cap_nothing_is_applied_and_it_asks(world: World) -> None:
    rows(world, "a", "b")
    sweep = Sweep()
    sweep.job = replace(sweep.job, cap=7)
    report = go(world, sweep)
    assert (report.outcome, report.planned, sweep.applied) == ("asks", 8, [])
    asked = kept(world)
    assert isinstance(asked, Checkpoint)
    assert asked.asks == 8
    with watched([world.store.connection.client]) as calls:
        assert go(world, sweep).outcome == "asks"
    assert not calls.writes, "asking again is not worth a write"
    sweep.job = replace(sweep.job, cap=8)
    assert go(world, sweep).outcome == "done"
    assert sorted(sweep.applied) == parts("a", "b")
    assert kept(world) is None


def test_the_cap_holds_for_rows_that_come_after_the_count(world: World) -> None:
    rows(world, "a")
    sweep = Sweep(page=10)
    plain, finds = sweep.job.find, []

    def find(world: World, cursor: str | None, at: datetime) -> DuePage:
        finds.append(cursor)
        if len(finds) == 2:
            rows(world, "b")
        return plain(world, cursor, at)

    sweep.job = replace(sweep.job, cap=5, find=find)
    report = go(world, sweep)
    assert (report.outcome, report.applied) == ("asks", STEPS + 1)


def test_an_earlier_now_puts_nothing_off_into_the_past(world: World) -> None:
    owner = company(world)
    sent = message(world, owner, "a", ago=timedelta(hours=2))
    commit(world, owner, sent)

    def broken(world: World, step: JobStep) -> bool:
        raise ValueError

    run(world, replace(Sweep().job, apply=broken), now=later(world, hours=-1), left=within(60))
    put_off = current(world, sent)
    assert isinstance(put_off, Message)
    assert put_off.due_at > world.now()


@pytest.mark.parametrize("name", ["sweep", EVERY_JOB])
def test_the_kill_switch(world: World, name: str) -> None:
    rows(world, "a")
    sweep = Sweep()
    at = world.now()
    switch = Switch(company=SYSTEM, id=name, created_at=at, updated_at=at, reason="a trial", actor="opr_1")
    bookkeeping.remember(world.store, switch, world.random(16))
    report = go(world, sweep)
    assert (report.outcome, report.applied) == ("off", 0)
    bookkeeping.finish(world.store, switch.key)
    assert go(world, sweep).outcome == "done"


def test_the_switch_stops_a_run_under_way(world: World) -> None:
    rows(world, "a", "b", "c", "d")
    sweep = Sweep(page=1)
    plain = sweep.job.apply

    def apply(world: World, step: JobStep) -> bool:
        at = world.now()
        switch = Switch(company=SYSTEM, id="sweep", created_at=at, updated_at=at, reason="stop", actor="opr_1")
        bookkeeping.remember(world.store, switch, world.random(16))
        return plain(world, step)

    sweep.job = replace(sweep.job, apply=apply)
    assert go(world, sweep).outcome == "off"
    assert len(sweep.applied) == STEPS


def test_held_work_is_skipped(world: World) -> None:
    rows(world, "a", "b")
    sweep = Sweep()
    with watched([world.store.connection.client]) as calls:
        report = go(world, sweep, holds=lambda _, steps: steps[0].about[0] == "a")
    assert (report.held, report.applied) == (1, STEPS + 1)
    assert sorted(sweep.applied) == parts("b")
    assert calls.writes == ["UpdateItem", "DeleteItem"], "b's; a is not even claimed"
    assert go(world, sweep).applied == STEPS + 1


def test_a_dry_run_says_all_and_writes_nothing(world: World) -> None:
    rows(world, "a", "b", "c")
    sweep = Sweep()
    with watched([world.store.connection.client]) as calls:
        report = go(world, sweep, dry_run=True)
    assert not calls.writes
    assert (report.found, report.planned, len(report.steps)) == (3, 12, 12)
    assert report.figures() == {}
    assert sweep.applied == []


def test_a_plan_that_fails_is_counted_on_its_row(world: World) -> None:
    rows(world, "a")
    sweep = Sweep()

    def plan(world: World, work: Record) -> list[JobStep]:
        raise ValueError("no plan")

    sweep.job = replace(sweep.job, plan=plan)
    report = go(world, sweep)
    assert [(f.error, f.attempt) for f in report.failures] == [("ValueError", 1)]
    assert go(world, sweep).found == 0


def test_a_lapsed_claim_is_nobodys(world: World) -> None:
    owner = company(world)
    sent = message(world, owner, "a")
    commit(world, owner, sent)
    first = bookkeeping.claim(world.store, sent, later(world, minutes=-1))
    assert first is not None
    second = bookkeeping.claim(world.store, first.record, later(world, minutes=5))
    assert second is not None
    assert (first.attempt, second.attempt) == (1, 2)
    assert not bookkeeping.postpone(world.store, first, later(world, days=9))
    assert not bookkeeping.release(world.store, first)
    assert not bookkeeping.dead_letter(world.store, first)
    assert bookkeeping.claim(world.store, sent, later(world, minutes=5)) is None, "as it was found, it is gone"
    assert bookkeeping.release(world.store, second)
    given_back = current(world, sent)
    assert isinstance(given_back, Message)
    assert (given_back.due_at, given_back.attempts) == (second.was, 1)


def test_a_throttled_claim_is_tried_again_and_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(world, "a", "b")
    sweep = Sweep()
    real, throttled = bookkeeping.claim, []

    def claim(store: object, record: Message, until: object) -> object:
        if record.about == ("a",):
            throttled.append(record)
            raise Busy
        return real(store, record, until)  # type: ignore[arg-type]

    monkeypatch.setattr(bookkeeping, "claim", claim)
    report = go(world, sweep)
    assert [(f.error, f.attempt) for f in report.failures] == [("busy", 0)]
    assert sorted(sweep.applied) == parts("b")
    assert throttled
    monkeypatch.undo()
    assert go(world, sweep).applied == STEPS + 1


def test_killed_at_any_call_of_a_run_in_two_parts_it_ends_the_same(world: World) -> None:
    def prepare() -> Sweep:
        rows(world, "a", "b")
        sweep = Sweep(page=1)
        sweep.budget = 4
        return sweep

    def finish(sweep: Sweep) -> None:
        sweep.budget = None
        assert run(world, sweep.job, now=later(world, hours=1), left=within(60)).outcome == "done"

    def state(sweep: Sweep) -> object:
        finish(sweep)
        left = bookkeeping.page(world.store, "journal", "outbox", later(world, days=9)).records
        return sorted(set(sweep.applied)), left, kept(world)

    crashes = prove([world.store.connection.client], Work(prepare, lambda s: go(world, s), finish, state))
    assert crashes > 10
