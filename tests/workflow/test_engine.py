"""The workflow engine, proven once for every process that it runs."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import session
from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import Busy, NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.jobs.bulk import bulk
from chalicelib.jobs.job import within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import MOST_ATTEMPTS
from chalicelib.jobs.runner import run as run_job
from chalicelib.store import bookkeeping
from chalicelib.wiring import World
from chalicelib.workflow import engine
from chalicelib.workflow.deadline import NEVER, Deadline
from chalicelib.workflow.engine import DONE, Workflow, Written
from chalicelib.workflow.failure import Overtaken, UnknownProgress
from tests.crash import Work, prove, watched
from tests.jobs.worlds import commit, company, current, job_row, later
from tests.workflow.toy import STEPS, TOY, Broken, Context, Count, Failing, begin, clear, count, with_step

Toy = Workflow[JobRow, Context, Count]


def queued(world: World, total: int = 5) -> JobRow:
    row = job_row(world, company(world), total, task="toy")
    commit(world, row.company, new=(row,))
    return row


def stored(world: World, row: JobRow) -> JobRow:
    found = current(world, row)
    assert isinstance(found, JobRow)
    return found


def marked(world: World, row: JobRow) -> bool:
    (head,) = world.store.records([Head.ref(row.company)])
    assert isinstance(head, Head)
    return head.restore == row.id


def job(world: World, toy: Toy = TOY, **after: float) -> Report:
    return run_job(world, bulk({"toy": lambda: toy}), now=later(world, **after), left=within(60))


@pytest.fixture
def figures(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the figures that are published."""
    found: list[str] = []

    def note(values: Mapping[str, float], job: str | None = None) -> None:
        found.extend(values)

    monkeypatch.setattr(world.telemetry, "figures", note)
    return found


def steps_of(world: World, toy: Toy, row: JobRow) -> list[str]:
    """Run a row to its end; the step that was stored before each part."""
    found = []
    while (now := stored(world, row)).status not in ("completed", "failed"):
        found.append(toy.load(Context(world, now)).step)
        engine.run(world, toy, now)
    return found


def test_it_runs_every_step_and_saves_after_each(world: World) -> None:
    row = queued(world)
    assert steps_of(world, TOY, row) == ["begin", "count", "count", "count", "clear"]
    ended = stored(world, row)
    assert (ended.status, ended.done, ended.due, ended.version) == ("completed", 5, None, row.version + 5)
    assert (ended.progress_version, marked(world, row)) == (1, False)


def test_killed_at_any_write_it_ends_the_same(world: World) -> None:
    """Between two saves, a step is repeated from the state that it began with."""

    def state(row: JobRow) -> object:
        found = stored(world, row)
        return found.status, found.done, found.due, found.version, found.outcomes, marked(world, row)

    work = Work(lambda: queued(world), lambda _: job(world), lambda _: job(world, hours=1), state)
    assert prove([world.store.connection.client], work) >= 20


def test_killed_at_any_write_on_its_way_to_a_failure_it_ends_the_same(world: World) -> None:
    def broken(context: Context, state: Count, deadline: Deadline) -> Count:
        after = count(context, state, deadline)
        if after.done > 2:
            raise Broken
        return after

    toy = with_step("count", broken)

    def state(row: JobRow) -> object:
        found = stored(world, row)
        return found.status, found.done, found.due, found.version, marked(world, row)

    work = Work(lambda: queued(world), lambda _: job(world, toy), lambda _: job(world, toy, hours=1), state)
    assert prove([world.store.connection.client], work) >= 20


def test_a_step_has_its_time_and_does_one_piece_at_least(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = queued(world)
    monkeypatch.setattr("chalicelib.workflow.deadline.STEP_SECONDS", 60.0)
    assert steps_of(world, TOY, row) == ["begin", "count", "clear"]
    assert not NEVER.passed
    assert Deadline.within(0.0).passed


def yielding(context: Context, state: Count, _: Deadline) -> Generator[Count, None, Count]:
    """Count to the end in one step, and yield each number."""
    for done in range(state.done + 1, context.row.total + 1):
        state = replace(state, done=done)
        yield state
    return replace(state, step="clear")


def test_what_a_step_yields_is_saved_on_the_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.workflow.deadline.SAVE_SECONDS", 0.0)
    row, seen = queued(world), []

    def watching(context: Context, state: Count, deadline: Deadline) -> Generator[Count, None, Count]:
        for after in yielding(context, state, deadline):
            yield after
            seen.append((stored(world, row).done, stored(world, row).version))
        return replace(after, step="clear")

    assert steps_of(world, with_step("count", watching), row) == ["begin", "count", "clear"]
    assert seen == [(done, row.version + 1 + done) for done in range(1, 6)]
    assert stored(world, row).status == "completed"


def test_what_a_step_yields_is_saved_once_in_a_while(world: World) -> None:
    row = queued(world)
    steps_of(world, with_step("count", yielding), row)
    assert stored(world, row).version == row.version + 3


def test_a_killed_step_continues_after_what_it_yielded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.workflow.deadline.SAVE_SECONDS", 0.0)
    toy = with_step("count", yielding)

    def state(row: JobRow) -> object:
        found = stored(world, row)
        return found.status, found.done, found.due, found.version, found.outcomes, marked(world, row)

    work = Work(lambda: queued(world), lambda _: job(world, toy), lambda _: job(world, toy, hours=1), state)
    assert prove([world.store.connection.client], work) >= 20


def test_a_failure_after_a_yielded_state_leads_on_from_it(world: World, figures: list[str]) -> None:
    def broken(_: Context, state: Count, __: Deadline) -> Generator[Count, None, Count]:
        yield replace(state, done=3)
        raise Broken

    row = queued(world)
    job(world, with_step("count", broken))
    ended = stored(world, row)
    assert (ended.status, ended.done, marked(world, row), figures[0]) == ("failed", 3, False, "ToyFailed")


def test_another_runner_overtakes_and_nothing_of_the_step_is_saved(world: World) -> None:
    def slow(context: Context, state: Count, deadline: Deadline) -> Count:
        assert bookkeeping.claim(world.store, context.row, later(world, days=1)), (
            "another runner, after the claim lapsed"
        )
        return begin(context, state, deadline)

    row = queued(world)
    with pytest.raises(Overtaken):
        engine.run(world, with_step("begin", slow), row)
    assert stored(world, row).inputs == row.inputs


def test_an_overtaken_process_is_finished_by_the_run_that_has_it(world: World) -> None:
    """The slower run names the row as overtaken, and leaves its dates and its attempts to the faster one."""

    def meanwhile(context: Context, state: Count, deadline: Deadline) -> Count:
        if state.done == 2:
            with session.under(None):  # another process, which is not confined to this row's company
                job(world, minutes=10)
        return count(context, state, deadline)

    row = queued(world)
    assert [failure.error for failure in job(world, with_step("count", meanwhile)).failures] == ["overtaken"]
    ended = stored(world, row)
    assert (ended.status, ended.due, ended.done) == ("completed", None, 5)


def test_a_refusal_that_passes_is_tried_again_later(world: World) -> None:
    row, busy = queued(world), Failing(count)
    with pytest.raises(Busy):
        engine.run(world, with_step("begin", Failing(begin)), row)
    assert stored(world, row) == row
    toy = with_step("count", busy)
    assert [failure.error for failure in job(world, toy).failures] == ["busy"]
    assert job(world, toy, hours=1).failures == []
    assert (stored(world, row).status, busy.calls) == ("completed", 4)


def test_a_refusal_that_does_not_pass_ends_the_process_with_its_code(world: World, figures: list[str]) -> None:
    row = queued(world)
    assert engine.run(world, with_step("begin", Failing(begin, NotFound())), row)
    ended = stored(world, row)
    assert (ended.status, ended.due, b'"failure":"not_found"' in ended.inputs) == ("failed", None, True)
    assert figures == ["ToyFailed"]


def test_a_failure_leads_to_the_recovery_step(world: World, figures: list[str]) -> None:
    row = queued(world)
    toy = with_step("count", Failing(count, Broken()))
    assert steps_of(world, toy, row) == ["begin", "count", "clear"]
    ended = stored(world, row)
    assert (ended.status, b'"failure":"broken"' in ended.inputs, marked(world, row)) == ("failed", True, False)
    assert figures == ["ToyFailed"]


def test_a_failure_of_the_recovery_step_is_raised(world: World) -> None:
    row = queued(world)
    toy = with_step("clear", Failing(clear, NotFound()))
    assert [failure.error for failure in job(world, toy).failures] == ["not_found"]
    assert stored(world, row).status == "running"


def test_after_the_last_attempt_a_process_is_led_to_its_recovery_step(world: World, figures: list[str]) -> None:
    """It has all its attempts anew, and ends with the code `given_up`."""
    row = queued(world)
    toy = with_step("count", Failing(count, RuntimeError(), times=99))
    for day in range(MOST_ATTEMPTS + 1):  # in the first run, a step ends
        assert len(job(world, toy, days=day).failures) == 1
    led = stored(world, row)
    assert (led.status, led.due, b'"step":"clear"' in led.inputs) == ("running", "bulk", True)
    assert job(world, toy, days=MOST_ATTEMPTS + 1).failures == []
    ended = stored(world, row)
    assert (ended.status, b'"failure":"given_up"' in ended.inputs, marked(world, row)) == ("failed", True, False)
    assert figures.count("ToyFailed") == 2


def test_after_the_last_attempt_a_process_without_recovery_is_a_dead_letter(world: World, figures: list[str]) -> None:
    row = queued(world)
    toy = with_step("begin", Failing(begin, RuntimeError(), times=99))
    for day in range(MOST_ATTEMPTS):
        job(world, toy, days=day)
    ended = stored(world, row)
    assert (ended.status, ended.due) == ("failed", "bulk" + bookkeeping.DEAD)
    assert figures.count("ToyFailed") == 1


def test_a_process_that_no_failure_ends_is_a_dead_letter_as_it_is(world: World, figures: list[str]) -> None:
    row = queued(world)
    toy = with_step("clear", Failing(clear, RuntimeError(), times=99))
    for day in range(MOST_ATTEMPTS + 1):
        job(world, toy, days=day)
    left = stored(world, row)
    assert (left.status, left.due, b'"step":"clear"' in left.inputs) == ("running", "bulk" + bookkeeping.DEAD, True)
    assert figures.count("ToyFailed") == 1


def test_a_step_that_returns_its_state_saves_nothing_and_does_not_rest(world: World) -> None:
    row = queued(world)
    toy = with_step("begin", lambda _context, state, _deadline: state)
    with watched([world.store.connection.client]) as calls:
        assert engine.run(world, toy, row) is False
    assert calls.writes == []


def test_a_step_that_moves_the_due_date_rests(world: World) -> None:
    row = queued(world)
    date = row.due_at + timedelta(days=3)
    toy = replace(TOY, row=lambda context, _: replace(context.row, due_at=date))
    assert engine.run(world, toy, row) is True
    assert stored(world, row).due_at == date


def test_a_row_that_a_steps_own_commit_wrote_is_not_saved_again(world: World) -> None:
    row = queued(world)
    ended = row.progressed(over=True)
    cases = ((ended, True), (row, False), (None, True))
    for written, rests in cases:
        toy = with_step("begin", lambda *_, written=written: Written(written))
        with watched([world.store.connection.client]) as calls:
            assert engine.run(world, toy, row) is rests
        assert calls.writes == []


def test_a_row_of_the_first_version_names_none(world: World) -> None:
    row = queued(world)
    assert row.progress_version is None
    engine.run(world, TOY, row)
    assert stored(world, row).progress_version == 1


def test_a_row_of_an_older_version_begins_its_current_step_anew(world: World) -> None:
    row = queued(world)
    for _ in range(2):
        engine.run(world, TOY, stored(world, row))
    half = stored(world, row)
    assert TOY.load(Context(world, half)) == Count("count", done=2)
    later_toy = replace(TOY, version=2, restarted=lambda context: Count(TOY.load(context).step))
    engine.run(world, later_toy, half)
    anew = stored(world, row)
    assert (anew.progress_version, anew.done) == (2, 2), "counted from nothing, and saved by the later version"
    engine.run(world, later_toy, anew)
    assert stored(world, row).done == 4, "its own rows go on where they are"


def test_a_row_of_a_later_version_waits_for_it(world: World) -> None:
    row = queued(world)
    engine.run(world, replace(TOY, version=2, restarted=TOY.load), row)
    of_tomorrow = stored(world, row)
    with pytest.raises(UnknownProgress):
        engine.run(world, TOY, of_tomorrow)
    with pytest.raises(UnknownProgress):
        engine.give_up(world, TOY, of_tomorrow)
    assert stored(world, row) == of_tomorrow


def test_a_step_that_this_version_does_not_have_waits(world: World) -> None:
    row = queued(world)
    toy = replace(TOY, load=lambda _: Count("of_tomorrow"))
    with pytest.raises(UnknownProgress):
        engine.run(world, toy, row)
    assert stored(world, row) == row


def test_a_later_version_must_say_how_it_restarts() -> None:
    with pytest.raises(TypeError, match="restarted"):
        replace(TOY, version=2)


def test_the_end_is_announced_before_it_is_saved(world: World) -> None:
    """So it is announced at least once, whenever the process is killed."""
    row = queued(world)
    announced: list[tuple[str, str]] = []

    def ended(context: Context, state: Count) -> None:
        announced.append((state.step, stored(world, context.row).status))

    steps_of(world, replace(TOY, ended=ended), row)
    assert announced == [(DONE, "running")]
    assert set(STEPS) == {"begin", "count", "clear"}
