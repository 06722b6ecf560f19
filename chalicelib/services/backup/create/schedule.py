"""Scheduled backups: begun by night, advanced part by part. The statutory archive follows each."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.backups.backup import NIGHTLY, Backup, BackupPlan
from chalicelib.domain.backups.backup_errors import BackupKeyDestroyed, BackupOff
from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import CloudStorageOff, CompanyBlocked, NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.services.archive import statutory
from chalicelib.services.backup.create import backup_run, plans
from chalicelib.services.replies import remembering_id
from chalicelib.store import bookkeeping
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow
from chalicelib.workflow.failure import GivenUp

if TYPE_CHECKING:
    from chalicelib.wiring import World


def begin_night(world: "World", company: str) -> None:
    """Begin a company's nightly backup and schedule the next one, in one commit. Skips a blocked or restoring company
    until the next night. Raises Busy."""
    plan, head = world.store.records([BackupPlan.ref(company), Head.ref(company)])
    if not isinstance(plan, BackupPlan) or not isinstance(head, Head):
        return
    at = world.now()
    night = plans.next_night(company, at)
    key = f"night:{night.date().isoformat()}"
    call = remembering_id(world.call(company, NIGHTLY, "backup", key=key, at=at))
    try:
        backup_run.begin(world, call, plans.tier_of(plan, at), next_at=night)
    except (BackupOff, CloudStorageOff, BackupKeyDestroyed, CompanyBlocked):
        bookkeeping.save(world.store, plan.edited(at, due_at=night, attempts=0), plan, world.random(16))


@dataclass(frozen=True)
class BackupJob:
    """The job of a backup: the backup's row, and at the end the outcome."""

    backup: Backup | None
    step: str
    outcome: dict[str, Any] | None = None
    failure: str | None = None


class _BackupJobContext:
    def __init__(self, world: "World", job: JobRow) -> None:
        self.world, self.job = world, job
        self.id: str = msgspec.json.decode(job.inputs)["backup"]


def _load(context: _BackupJobContext) -> BackupJob:
    (backup,) = context.world.store.records([Backup.ref(context.job.company, context.id)])
    if not isinstance(backup, Backup):
        return BackupJob(None, "make")
    return BackupJob(backup, "archive" if backup.status == "complete" else "make")


def _make(context: _BackupJobContext, state: BackupJob, _: Deadline) -> BackupJob:
    """Do the next step of the backup."""
    if state.backup is None:
        raise NotFound
    after = backup_run.advance(context.world, state.backup)
    if after.status == "failed":
        return _over(context, state, after.failure or "failed")
    return replace(state, backup=after)


def _archive(context: _BackupJobContext, state: BackupJob, deadline: Deadline) -> BackupJob:
    """Archive issued documents once the backup is complete."""
    if not statutory.advance(context.world, context.job.company, deadline):
        return replace(state)  # A new object, so that the engine saves the archive's progress as progress of the job.
    counts = state.backup.counts if state.backup else None
    return replace(state, step=DONE, outcome={"outcome": "complete", "backup": context.id, "counts": counts})


def _failed(context: _BackupJobContext, state: BackupJob, failure: Failure) -> BackupJob:
    """End the backup with its job, so that the next night can begin another. The archive is tried again."""
    given_up = isinstance(failure, GivenUp)
    if state.step == "archive" and not given_up:
        raise failure
    if given_up and state.backup is not None and state.backup.status == "running":
        backup_run.fail(context.world, state.backup, failure.code)
    return _over(context, state, failure.code)


def _over(context: _BackupJobContext, state: BackupJob, code: str) -> BackupJob:
    outcome = {"outcome": "failed", "code": code, "backup": context.id}
    return replace(state, step=DONE, outcome=outcome, failure=code)


def _row(context: _BackupJobContext, state: BackupJob) -> JobRow:
    job, backup, over = context.job, state.backup, state.outcome is not None
    complete = over and state.failure is None
    total = sum((backup.counts or {}).values()) if backup and complete else job.total
    return job.progressed(
        over=over,
        failed=state.failure is not None,
        outcomes=msgspec.json.encode([state.outcome] if over else []),
        done=total if over else sum(part.lines for part in backup.parts) if backup else 0,
        total=total,
    )


def _ended(context: _BackupJobContext, state: BackupJob) -> None:
    if state.failure is None:
        context.world.telemetry.figures({"BackupTaken": 1})


WORKFLOW: Final = Workflow(
    name="backup job",
    context=_BackupJobContext,
    load=_load,
    row=_row,
    steps={"make": _make, "archive": _archive},
    failed=_failed,
    ended=_ended,
)
