"""Runs verbs with unbounded work: each queued job row, one step of its workflow at a time."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.domain.entity import Record
from chalicelib.domain.journal import JobRow
from chalicelib.jobs.job import Job, JobStep, due_in
from chalicelib.services.mail.outbox import UnknownTask
from chalicelib.store import bookkeeping
from chalicelib.workflow import engine
from chalicelib.workflow.engine import Workflow

if TYPE_CHECKING:
    from chalicelib.wiring import World

NAME = "bulk"
LoadTaskWorkflow = Callable[[], Workflow[JobRow, Any, Any]]
"""Imports a task's workflow. A run loads only the workflows that it needs."""
OVER = frozenset({"completed", "failed"})


def bulk(
    workflows: Mapping[str, LoadTaskWorkflow],
    *,
    name: str = NAME,
    summary: str = "Runs queued bulk work, one transaction at a time",
    step_seconds: float = 10.0,
    into: Callable[[Record], str] | None = None,
) -> Job:
    """The job `name`, which runs queued rows by the workflow of their task. `into` is that of `Job`."""
    return Job(
        name=name,
        table=JobRow.TABLE,
        schedule="rate(1 minute)",
        cap=None,
        find=due_in(JobRow.TABLE, name),
        plan=plan,
        apply=partial(_apply, workflows),
        summary=summary,
        step_seconds=step_seconds,
        before_dead_letter=partial(_give_up, workflows),
        into=into,
    )


def plan(world: "World", work: Record) -> list[JobStep]:  # noqa: ARG001 — a plan's signature
    """One step per row, applied until the row's work is done."""
    if not isinstance(work, JobRow):
        raise TypeError(f"a {work.KIND} is due for bulk work")
    return [JobStep(work.task, work.key, f"{work.task}: {work.done} of {work.total} done")]


def _apply(workflows: Mapping[str, LoadTaskWorkflow], world: "World", step: JobStep) -> bool:
    (row,) = world.store.records([step.ref])
    if not isinstance(row, JobRow):
        return True
    if row.status in OVER:  # A runner was killed before it dead-lettered this row.
        return bookkeeping.save(world.store, row.edited(world.now(), due=None), row, world.random(16))
    if row.task not in workflows:
        raise UnknownTask(row.task)
    return engine.run(world, workflows[row.task](), row)


def _give_up(workflows: Mapping[str, LoadTaskWorkflow], world: "World", work: Record) -> None:
    (row,) = world.store.records([work.key])
    if not isinstance(row, JobRow) or row.status in OVER:
        return
    if row.task in workflows:
        engine.give_up(world, workflows[row.task](), row)
    else:
        bookkeeping.save(world.store, row.edited(world.now(), status="failed"), row, world.random(16))
