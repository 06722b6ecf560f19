"""The full pass as a job: on request, and once a month for a company without backups."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.call import Call
from chalicelib.domain.clock import instant
from chalicelib.domain.errors import Quota, TooManyRequests
from chalicelib.domain.journal import JobRow
from chalicelib.services import codes
from chalicelib.services.evidence import anchors, live
from chalicelib.services.evidence.pieces import advanced
from chalicelib.services.evidence.presenting import present_verdict
from chalicelib.services.evidence.recording import note_full
from chalicelib.services.job_rows import new_job
from chalicelib.services.tallies import DAY
from chalicelib.store.decision import ACCOUNT, Committed, Decision, always
from chalicelib.store.read import Reader
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow
from chalicelib.workflow.failure import GivenUp

if TYPE_CHECKING:
    from chalicelib.wiring import World

TASK: Final = "evidence"
JOB: Final = "bulk"
"""The job that runs the rows queued here."""
A_DAY: Final = 20
"""Full passes that a company may request in 24 hours."""
CHECKS: Final = 60
MINUTE: Final = 60
"""Parts of a series that requests of a company may verify in a minute. One of 600 long documents takes 12 s of a
processor."""


def count_check(world: "World", company: str) -> None:
    """Count a part of a series that a request verifies. Raises TooManyRequests, Busy."""
    codes.limit(world, "register checks", company, most=CHECKS, seconds=MINUTE)


def request(world: "World", reader: Reader, call: Call) -> Committed[JobRow]:
    """Queue a full pass. Raises TooManyRequests, Busy."""
    since = call.at - timedelta(days=1)
    page = reader.page("transient", SORT.startswith("job#"), descending=True, limit=100)
    recent = [row for row in page.records if isinstance(row, JobRow) and row.task == TASK and row.created_at > since]
    if len(recent) >= A_DAY:
        left = int((recent[A_DAY - 1].created_at - since).total_seconds()) + 1
        raise TooManyRequests(retry_after=left, quota=Quota("full-passes", A_DAY, DAY))
    job = row_of(call)
    committed = transact(world.store, call, [], always(Decision(job, new=(job,))), ACCOUNT)
    world.wake(JOB)
    return committed


def row_of(call: Call, id: str | None = None) -> JobRow:
    """An unsaved job that makes a full pass; `id` replaces a new id."""
    return new_job(call, JOB, TASK, id=id)


@dataclass(frozen=True)
class FullPass:
    """A full pass: at its end the outcome."""

    outcome: dict[str, Any] | None = None
    rows: int = 0
    step: str = "check"
    failure: str | None = None


@dataclass(frozen=True)
class _FullPassContext:
    world: "World"
    job: JobRow


def _check(context: _FullPassContext, state: FullPass, deadline: Deadline) -> FullPass:
    """Do the next pieces of the pass; at its end note the result."""
    world, company = context.world, context.job.company
    proof = advanced(context.job.id, lambda: live.full(world, company, anchors.known(world, company)), deadline)
    if proof is None:
        return state
    found, at = proof.verdict, world.now()
    note_full(world, company, found, at, since=context.job.created_at)
    outcome = {"outcome": "checked", "at": instant(at), **present_verdict(found)}
    return replace(state, outcome=outcome, rows=found.rows, step=DONE)


def _row(context: _FullPassContext, state: FullPass) -> JobRow:
    over = state.outcome is not None
    return context.job.progressed(
        over=over,
        failed=state.failure is not None,
        outcomes=msgspec.json.encode([state.outcome] if over else []),
        done=state.rows,
        total=state.rows,
    )


def _failed(_: _FullPassContext, state: FullPass, failure: Failure) -> FullPass:
    if not isinstance(failure, GivenUp):
        raise failure
    return replace(state, outcome={"outcome": "failed", "code": failure.code}, step=DONE, failure=failure.code)


WORKFLOW: Final = Workflow(
    name="full pass",
    context=_FullPassContext,
    load=lambda _: FullPass(),
    row=_row,
    steps={"check": _check},
    failed=_failed,
)
