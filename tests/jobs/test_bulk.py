"""Bulk work makes progress a transaction at a time, and goes on from there after a crash."""

import json
from dataclasses import replace

import pytest

from chalicelib.domain.journal import JobRow
from chalicelib.jobs.bulk import bulk
from chalicelib.jobs.job import Left, within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import MOST_ATTEMPTS, run
from chalicelib.store import bookkeeping
from chalicelib.wiring import World
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Workflow
from tests.crash import Work, prove
from tests.jobs.worlds import commit, company, current, job_row, later
from tests.workflow.toy import Context, Count, Step, row_of


def queued(world: World, total: int = 5) -> JobRow:
    owner = company(world)
    row = job_row(world, owner, total)
    commit(world, owner, new=(row,))
    return row


def counted(context: Context, state: Count, _: Deadline) -> Count:
    """Count two further, in the way of a transaction that answers a repeated key with its first answer."""
    done = min(state.done + 2, context.row.total)
    return replace(state, done=done, step=DONE if done == context.row.total else "count")


def go(world: World, step: Step = counted, *, left: Left | None = None, **after: float) -> Report:
    counting = Workflow(
        name="counting",
        context=Context,
        load=lambda context: Count("count", done=context.row.done),
        row=row_of,
        steps={"count": step},
        failed=lambda _, state, failure: replace(state, step=DONE, failure=failure.code),
    )
    return run(world, bulk({"count": lambda: counting}), now=later(world, **after), left=left or within(60))


def stored(world: World, row: JobRow) -> JobRow:
    found = current(world, row)
    assert isinstance(found, JobRow)
    return found


def test_it_runs_to_the_end_in_one_run(world: World) -> None:
    row = queued(world)
    report = go(world)
    assert (report.outcome, report.found, report.planned, report.applied) == ("done", 1, 1, 3)
    done = stored(world, row)
    assert (done.status, done.done, done.due, done.version) == ("completed", 5, None, 4)
    assert json.loads(done.outcomes) == [0, 1, 2, 3, 4]
    assert go(world, days=1).found == 0


def test_out_of_time_it_keeps_its_progress(world: World) -> None:
    row = queued(world)
    times = iter([60.0] * 4)  # when the run begins, before the row, before two of its parts; then the time is up
    assert go(world, left=lambda: next(times, 0.0)).outcome == "continues"
    half = stored(world, row)
    assert (half.status, half.done, half.due_at) == ("running", 2, row.due_at)
    assert go(world).outcome == "done"
    assert stored(world, row).status == "completed"


def test_a_job_that_fails_each_time_is_shown_as_failed(world: World) -> None:
    row = queued(world)

    def broken(context: Context, state: Count, deadline: Deadline) -> Count:
        raise RuntimeError

    for day in range(MOST_ATTEMPTS):
        assert len(go(world, broken, days=day).failures) == 1
    assert stored(world, row).status == "failed"
    assert go(world, broken, days=99).found == 0
    (dead_letter,) = bookkeeping.page(
        world.store, "transient", "bulk" + bookkeeping.DEAD, later(world, days=99)
    ).records
    assert dead_letter.id == row.id


def test_progress_begins_the_count_of_attempts_anew(world: World) -> None:
    total = 4 * MOST_ATTEMPTS
    row = queued(world, total)

    def limping(context: Context, state: Count, deadline: Deadline) -> Count:
        if state.done % 4 == 2:
            limping_failed.append(state.done)
            if limping_failed.count(state.done) == 1:
                raise RuntimeError
        return counted(context, state, deadline)

    limping_failed: list[int] = []
    for day in range(MOST_ATTEMPTS + 1):
        go(world, limping, days=day)
    assert len(set(limping_failed)) == MOST_ATTEMPTS
    assert stored(world, row).status == "completed"


def test_a_row_ended_but_still_due_leaves_the_index(world: World) -> None:
    row = queued(world)
    ended = row.edited(world.now(), status="failed")
    assert bookkeeping.save(world.store, ended, row, world.random(16))
    assert go(world).failures == []
    after = stored(world, row)
    assert (after.due, after.status, after.done) == (None, "failed", 0)


def test_progress_of_a_lapsed_claim_is_refused(world: World) -> None:
    row = queued(world)

    def slow(context: Context, state: Count, deadline: Deadline) -> Count:
        assert bookkeeping.claim(world.store, context.row, later(world, days=1)), (
            "another runner, after the claim lapsed"
        )
        return counted(context, state, deadline)

    assert [f.error for f in go(world, slow).failures] == ["overtaken"]
    assert stored(world, row).done == 0


def test_an_unknown_task_waits_for_a_build_that_knows_it(world: World) -> None:
    owner = company(world)
    row = job_row(world, owner, 2, task="of-tomorrow")
    commit(world, owner, new=(row,))
    assert [f.error for f in go(world).failures] == ["unknown_task"]
    assert stored(world, row).status == "queued"


@pytest.mark.parametrize("total", [1, 5])
def test_killed_at_any_call_it_ends_the_same(world: World, total: int) -> None:
    def state(row: JobRow) -> object:
        found = stored(world, row)
        return found.status, found.done, found.due, found.version, found.outcomes

    crashes = prove(
        [world.store.connection.client],
        Work(lambda: queued(world, total), lambda _: go(world), lambda _: go(world, hours=1), state),
    )
    assert crashes >= 10
