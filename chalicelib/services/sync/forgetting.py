"""Deletes the notices to devices after synchronisation was turned off: nothing about devices is kept then.

A company may have more notices than a transaction deletes, so this is a job. It stops if the switch is on again.
"""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from chalicelib.domain.call import Call
from chalicelib.domain.ids import derived_id
from chalicelib.domain.journal import JobRow
from chalicelib.domain.sync.outcomes import SyncNotice
from chalicelib.services.job_rows import new_job
from chalicelib.store.decision import SYSTEM_WHILE_OPEN, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Workflow

if TYPE_CHECKING:
    from chalicelib.wiring import World

TASK: Final = "forget_notices"
TOGETHER: Final = 90
"""Notices deleted in one commit."""


def queued(call: Call) -> JobRow:
    """The job, for the commit that turns synchronisation off."""
    return new_job(call, "bulk", TASK, id=derived_id(JobRow.PREFIX, TASK, call.company, call.id))


@dataclass(frozen=True)
class _Forgetting:
    world: "World"
    job: JobRow


@dataclass(frozen=True)
class _Progress:
    step: str = "forget"


def _forget(context: _Forgetting, state: _Progress, _: Deadline) -> _Progress:
    """Delete the next notices."""
    world, company = context.world, context.job.company
    found = [*islice(world.store.all_of(SyncNotice, company), TOGETHER)]
    call = world.call(company, context.job.actor, TASK, key=f"forget-notices:{world.random(16).hex()}")

    def decide_forgetting(snapshot: Snapshot) -> Decision[bool]:
        if snapshot.head.cloud_sync:
            return Decision(False)
        left = snapshot.find(SyncNotice, *(notice.id for notice in found))
        return Decision(True, deletes=tuple(notice for notice in left if notice))

    refs = [notice.key for notice in found]
    going_on = bool(found) and transact(world.store, call, refs, decide_forgetting, SYSTEM_WHILE_OPEN).outcome
    return state if going_on else _Progress(DONE)


WORKFLOW: Final = Workflow(
    name="forget notices",
    context=_Forgetting,
    load=lambda _: _Progress(),
    row=lambda context, state: context.job.progressed(over=state.step == DONE),
    steps={"forget": _forget},
)
