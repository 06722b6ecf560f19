"""Runs verbs without a bound on their work: queued job rows, one transaction's worth at a time."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.domain.journal import JobRow
from chalicelib.jobs.job import Job, Step, due_in
from chalicelib.services.outbox import UnknownTask
from chalicelib.store import due

if TYPE_CHECKING:
    from chalicelib.wiring import World

NAME = "bulk"
Advance = Callable[["World", JobRow], JobRow]
"""Does the next part of a job and returns the job as it is then. Repeated after a crash, it finds the part done."""
OVER = frozenset({"completed", "failed"})


class Overtaken(Exception):
    """Another runner works on this row: its claim lapsed while this one was still at it."""

    code = "overtaken"


def bulk(
    tasks: Mapping[str, Advance],
    *,
    name: str = NAME,
    summary: str = "Runs queued bulk work, a transaction at a time",
    step_seconds: float = 10.0,
    buried: "Callable[[World, Record], None] | None" = None,
    into: Callable[[Record], str] | None = None,
) -> Job:
    """The job `name` that runs queued rows by `tasks`. `buried` is told of a row before it is given up (default: it is
    shown as failed); `into` is as a job has it."""

    def apply(world: "World", step: Step) -> bool:
        (row,) = world.store.records([step.ref])
        if not isinstance(row, JobRow):
            return True
        if row.status in OVER:  # a runner was killed between ending it and burying it
            return due.save(world.store, row.edited(world.now(), due=None), row, world.random(16))
        advance = tasks.get(step.kind)
        if advance is None:
            raise UnknownTask(step.kind)
        after = advance(world, row)
        if not due.save(world.store, after, row, world.random(16)):
            raise Overtaken
        return after.status in OVER

    return Job(
        name=name,
        room=JobRow.ROOM,
        schedule="rate(1 minute)",
        cap=None,
        find=due_in(JobRow.ROOM, name),
        plan=plan,
        apply=apply,
        summary=summary,
        step_seconds=step_seconds,
        buried=buried or give_up,
        into=into,
    )


def plan(world: "World", work: Record) -> list[Step]:  # noqa: ARG001 — a plan's signature
    """One step a row, applied until the row is over."""
    if not isinstance(work, JobRow):
        raise TypeError(f"a {work.KIND} is due for bulk work")
    return [Step(work.task, work.key, f"{work.task}: {work.done} of {work.total} done")]


def give_up(world: "World", work: Record) -> None:
    """Show a row that is tried no more as failed to whoever asked for it; its outcomes say how far it got."""
    (row,) = world.store.records([work.key])
    if isinstance(row, JobRow) and row.status not in OVER:
        due.save(world.store, row.edited(world.now(), status="failed"), row, world.random(16))
