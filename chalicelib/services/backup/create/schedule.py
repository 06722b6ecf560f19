"""Scheduled backups: begun by night, advanced part by part. The statutory archive follows each."""

from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.backups.backup import Backup, BackupPlan
from chalicelib.domain.backups.backup_errors import BackupKeyDestroyed, BackupOff
from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import CompanyBlocked, NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.services.archive import statutory
from chalicelib.services.backup.create import backup_run, plans
from chalicelib.services.backup.operations import NIGHTLY
from chalicelib.services.replies import remembering_id
from chalicelib.store import due

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
    except (BackupOff, BackupKeyDestroyed, CompanyBlocked):
        due.save(world.store, plan.edited(at, due_at=night, attempts=0), plan, world.random(16))


def advance(world: "World", job: JobRow) -> JobRow:
    """Do the next part of a backup, or of the archive after it; return the job's new row. Raises Busy."""
    id: str = msgspec.json.decode(job.inputs)["backup"]
    (backup,) = world.store.records([Backup.ref(job.company, id)])
    if not isinstance(backup, Backup):
        return _over(world, job, {"outcome": "failed", "code": NotFound.code, "backup": id})
    if backup.status == "running":
        backup = backup_run.advance(world, backup)
    if backup.status == "failed":
        return _over(world, job, {"outcome": "failed", "code": backup.failure, "backup": id})
    if backup.status == "running" or not statutory.advance(world, job.company):
        return job.edited(world.now(), status="running", done=sum(part.lines for part in backup.parts))
    rows = sum((backup.counts or {}).values())
    outcome: dict[str, object] = {"outcome": "complete", "backup": id, "counts": backup.counts}
    return _over(world, job.edited(world.now(), total=rows), outcome)


def _over(world: "World", job: JobRow, outcome: dict[str, object]) -> JobRow:
    status = "failed" if outcome["outcome"] == "failed" else "completed"
    if status == "completed":
        world.telemetry.figures({"BackupTaken": 1})
    return job.edited(world.now(), status=status, outcomes=msgspec.json.encode([outcome]), due=None, done=job.total)


def give_up(world: "World", work: Record) -> None:
    """Called before a job is dead-lettered: end its backup as failed, so that the next night can begin another."""
    (job,) = world.store.records([work.key])
    if not isinstance(job, JobRow) or job.status in ("completed", "failed"):
        return
    id: str = msgspec.json.decode(job.inputs)["backup"]
    (backup,) = world.store.records([Backup.ref(job.company, id)])
    if isinstance(backup, Backup) and backup.status == "running":
        backup_run.fail(world, backup, "given_up")
    after = _over(world, job, {"outcome": "failed", "code": "given_up", "backup": id})
    due.save(world.store, after.edited(world.now(), due=job.due), job, world.random(16))
