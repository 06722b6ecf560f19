"""Delivers the outbox: every due message to its task's handler."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.domain.journal import Message
from chalicelib.jobs.job import Job, Step, due_in
from chalicelib.services.outbox import Handler, deliver

if TYPE_CHECKING:
    from chalicelib.wiring import World

NAME = "outbox"


def outbox(tasks: Mapping[str, Handler]) -> Job:
    """The job that delivers messages to `tasks`."""

    def apply(world: "World", step: Step) -> bool:
        deliver(world, tasks, step.ref, step.kind, step.about)
        return True

    return Job(
        name=NAME,
        room=Message.ROOM,
        schedule="rate(1 minute)",
        cap=None,
        find=due_in(Message.ROOM, NAME),
        plan=plan,
        apply=apply,
        summary="Delivers what commits left to be done: pages to render, mails to send",
    )


def plan(world: "World", work: Record) -> list[Step]:  # noqa: ARG001 — a plan's signature
    """One step a message."""
    if not isinstance(work, Message):
        raise TypeError(f"a {work.KIND} is due in the outbox")
    return [Step(work.task, work.key, f"{work.task} about {len(work.about)}", work.about)]
