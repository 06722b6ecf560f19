"""Delivers each due outbox message to its task's handler. Deletes messages past their term."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.domain.journal import Message
from chalicelib.jobs.job import DuePage, Job, JobStep, due_in
from chalicelib.services.mail.outbox import TaskHandler, deliver
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.jobs")

NAME, EXPIRE = "outbox", "expire"


def outbox(tasks: Mapping[str, TaskHandler]) -> Job:
    """The job that delivers messages to `tasks`."""

    def apply(world: "World", step: JobStep) -> bool:
        if step.kind == EXPIRE:
            log.warning("a message was past its term", extra={"company": step.ref.company})
            bookkeeping.finish(world.store, step.ref)
            return True
        deliver(world, tasks, step.ref, step.kind, step.about)
        return True

    return Job(
        name=NAME,
        table=Message.TABLE,
        schedule="rate(1 minute)",
        cap=None,
        find=find,
        plan=plan,
        apply=apply,
        summary="Delivers the outbox messages of commits: pages to render, mails to send",
    )


_due = due_in(Message.TABLE, NAME)


def find(world: "World", cursor: str | None, at: datetime) -> DuePage:
    """The next page of due messages. The last page adds the dead-lettered messages past their term. An idle run does
    not query them."""
    found = _due(world, cursor, at)
    if found.next is not None or not found.work:
        return found
    dead = bookkeeping.page(world.store, Message.TABLE, NAME + bookkeeping.DEAD, at).records
    return DuePage((*found.work, *(row for row in dead if _past_term(row, at))), None)


def _past_term(work: Record, at: datetime) -> bool:
    from chalicelib.policy.ends import end  # An idle run does not load the policy.

    return end("journal.outbox", work.created_at) <= at


def plan(world: "World", work: Record) -> list[JobStep]:
    """One step per message."""
    if not isinstance(work, Message):
        raise TypeError(f"a {work.KIND} is due in the outbox")
    if _past_term(work, world.now()):
        return [JobStep(EXPIRE, work.key, f"{work.task} past its term")]
    return [JobStep(work.task, work.key, f"{work.task} about {len(work.about)}", work.about)]
