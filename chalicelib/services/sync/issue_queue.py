"""The job that serves what pushes left in a company's queue of issue requests.

A company that is blocked or that stores nothing in the cloud gets no number. Its queue stays, and the job looks again
after `LOOK_AGAIN`: a deletion may be cancelled, a restore ends, and a switch may be turned on again. The queue ends
with its last request, which is kept for the term of `sync.outcome`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import CloudStorageOff, CompanyBlocked, NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.domain.sync.outcomes import IssueRequest
from chalicelib.services.sync.issue_requests import SYSTEM, TASK, pending, serve, with_ids
from chalicelib.store import bookkeeping
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Workflow, Written

if TYPE_CHECKING:
    from chalicelib.wiring import World

LOOK_AGAIN: Final = timedelta(minutes=15)
TOGETHER: Final = 90
"""Requests read at once."""


@dataclass(frozen=True)
class _Queue:
    world: "World"
    job: JobRow


@dataclass(frozen=True)
class _Serving:
    step: str = "serve"


def _serve_step(context: _Queue, _: _Serving, deadline: Deadline) -> Written[JobRow]:
    """Serve the queue until the deadline. Its commits change the row themselves."""
    try:
        serve(context.world, context.job.company, deadline)
    except (CompanyBlocked, CloudStorageOff, NotFound):
        _wait(context)
    (row,) = context.world.store.records([context.job.key])
    return Written(row if isinstance(row, JobRow) else None)


def _wait(context: _Queue) -> None:
    """Keep the requests that are still pending, and look at them later. A closed account has none: it is closed for
    good."""
    world, company = context.world, context.job.company
    head, row = world.store.records([Head.ref(company), context.job.key])
    if not isinstance(row, JobRow):
        return
    closed = not isinstance(head, Head) or head.state == "closed"
    ids = [] if closed else _still_pending(world, company, pending(row))
    call = world.call(company, SYSTEM, TASK, key=TASK)
    bookkeeping.save(world.store, with_ids(row, call, ids, LOOK_AGAIN), row, world.random(16))


def _still_pending(world: "World", company: str, ids: Sequence[str]) -> list[str]:
    found = []
    for at in range(0, len(ids), TOGETHER):
        rows = world.store.records([IssueRequest.ref(company, id) for id in ids[at : at + TOGETHER]])
        found += [row.id for row in rows if isinstance(row, IssueRequest) and row.state == "pending"]
    return found


WORKFLOW: Final = Workflow(
    name="issue requests",
    context=_Queue,
    load=lambda _: _Serving(),
    row=lambda context, _: context.job,
    steps={"serve": _serve_step},
)
