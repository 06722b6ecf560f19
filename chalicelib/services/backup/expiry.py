"""The expiry of a backup, past its term or never completed: delete its objects with every version, then its row.

The bucket's lifecycle rules are a fallback only. The row is deleted last, so that a crash loses time only. A backup is
kept while a restore reads it.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.domain.backups.backup import Backup, BackupPlan
from chalicelib.domain.entity import Ref
from chalicelib.domain.journal import JobRow
from chalicelib.files import erase, prefixes
from chalicelib.services.backup.create.backup_run import ends
from chalicelib.services.backup.operations import NAME
from chalicelib.store import bookkeeping
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World

WAIT: Final = timedelta(hours=1)
"""The delay before the next check of an expired backup that a job reads."""


def last_end(world: "World", company: str, before: datetime) -> datetime | None:
    """The latest end among the company's backups begun before an instant; None once all are gone.

    A backup counts until its row is deleted, after its objects. Its end may be past, if its expiry was delayed. Raises
    Busy.
    """
    rows = world.store.all_of(Backup, company)
    return max((row.due_at for row in rows if row.created_at <= before), default=None)


def expire(world: "World", ref: Ref) -> bool:
    """Delete the next objects of an expired backup. Returns True once nothing remains to do now: all is deleted, or a
    job created within the term still reads it. Raises Busy."""
    (row,) = world.store.records([ref])
    if not isinstance(row, Backup):
        return True
    if row.status == "complete" and _read(world, row):
        now = world.now()
        bookkeeping.save(
            world.store, row.edited(now, due_at=max(now, row.due_at) + WAIT, attempts=0), row, world.random(16)
        )
        return True
    own = prefixes.of_company(prefixes.BACKUPS[row.tier], row.company)
    if not erase.erase(world.files, own, row.id):
        return False
    if row.status == "running":
        _let_go(world, row)
    bookkeeping.finish(world.store, row.key)
    return True


def _read(world: "World", row: Backup) -> bool:
    """Whether a job created within the backup's term reads it. Deleting the backup would leave a partial restore."""
    term, jobs = ends(row, row.cut_at or row.created_at), world.store.all_of(JobRow, row.company)
    return any(row.id.encode() in job.inputs for job in jobs if job.due == NAME and job.created_at < term)


def _let_go(world: "World", row: Backup) -> None:
    """Remove an unfinished backup from its company's plan, so that the next one can begin."""
    call = world.call(row.company, "expiry", "backup_expire", key=f"expire:{row.id}")

    def decide_release(snapshot: Snapshot) -> Decision:
        plan = snapshot.get(BackupPlan)
        if plan is None or plan.running != row.id:
            return Decision()
        return Decision(puts=(plan.edited(call.at, running=None),))

    transact(world.store, call, [BackupPlan.ref(row.company)], decide_release, SYSTEM_STEP)
