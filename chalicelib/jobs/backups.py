"""Jobs on backups: nightly backups, manual backups, verification, download, restore, drill and expiry."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.domain.backups.backup import Backup, BackupPlan, DrillPlan
from chalicelib.domain.entity import Record
from chalicelib.domain.journal import JobRow
from chalicelib.jobs.bulk import Load, bulk
from chalicelib.jobs.job import Job, Step, due_in
from chalicelib.services.mail.outbox import UnknownTask
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Failure, Workflow
from chalicelib.workflow.failure import GivenUp

if TYPE_CHECKING:
    from chalicelib.wiring import World

NIGHTLY, BACKUPS, RESTORES, DRILL, EXPIRY = "nightly", "backups", "restores", "drill", "expiry"
PART_SECONDS = 25.0
"""Seconds that a part of a backup, a verification or a restore may take. The function's limit is far higher."""
MOST_BEGUN, MOST_EXPIRED, MOST_DRILLED = 5_000, 5_000, 1_000
"""Companies or backups of one run, far more than a run's time allows."""


def back_up(world: "World", job: JobRow) -> JobRow:
    """Do the next part of a backup, then of the company's statutory archive."""
    from chalicelib.services.backup.create import schedule

    return schedule.advance(world, job)


def verify(world: "World", job: JobRow) -> JobRow:
    """Verify a backup."""
    from chalicelib.services.backup import verify

    return verify.advance(world, job)


def download(world: "World", job: JobRow) -> JobRow:
    """Write the next part of a backup's plain archive."""
    from chalicelib.services.backup import download

    return download.advance(world, job)


def restore(world: "World", job: JobRow) -> JobRow:
    """Do the next part of a restore, or of its preview."""
    from chalicelib.services.backup.restoring import restore

    return restore.advance(world, job)


def _restored_into(work: Record) -> str:
    """The company that a restore writes to. The restore's id determines a new company; any other work, also unknown
    work, stays in the row's company."""
    from chalicelib.services.backup.restoring import restore

    if isinstance(work, JobRow) and work.task == "restore":
        with suppress(msgspec.MsgspecError):
            return restore.asked_of(work).company(work)
    return work.key.company


def _restore_buried(world: "World", work: Record) -> None:
    from chalicelib.services.backup import download
    from chalicelib.services.backup.restoring import restore

    if isinstance(work, JobRow) and work.task == "download":
        download.give_up(world, work)
    restore.give_up(world, work)


def _backup_buried(world: "World", work: Record) -> None:
    from chalicelib.services.backup.create import schedule

    schedule.give_up(world, work)


def _adapted(name: str, advance: Any, buried: Any) -> Load:
    """Wrap a process that does not use the engine's states yet."""

    def step(context: Any, _: JobRow, __: Deadline) -> Any:
        return advance(*context)

    def failed(context: Any, _: JobRow, failure: Failure) -> Any:
        if isinstance(failure, GivenUp):
            buried(*context)
        raise failure

    workflow: Workflow[JobRow, Any, JobRow] = Workflow(
        name=name,
        context=lambda world, job: (world, job),
        load=lambda context: context[1],
        row=lambda _, job: job,
        steps={"step": step},
        step_of=lambda *_: "step",
        failed=failed,
    )
    return lambda: workflow


def _begin(world: "World", step: Step) -> bool:
    from chalicelib.services.backup.create import schedule

    schedule.begin_night(world, step.ref.company)
    return True


def _drill(world: "World", step: Step) -> bool:
    from chalicelib.services.backup import drill

    (plan,) = world.store.records([step.ref])
    return drill.advance(world, plan) if isinstance(plan, DrillPlan) else True


def _drill_buried(world: "World", work: Record) -> None:
    from chalicelib.services.backup import drill

    if isinstance(work, DrillPlan):
        drill.give_up(world, work)


def _expire(world: "World", step: Step) -> bool:
    from chalicelib.services.backup import disable_cloud, expiry

    if step.kind != "leave":
        return expiry.expire(world, step.ref)
    (row,) = world.store.records([step.ref])
    return disable_cloud.advance(world, row) if isinstance(row, JobRow) and row.due == EXPIRY else True


def plan_of(world: "World", work: Record) -> list[Step]:  # noqa: ARG001 — a plan's signature
    """One step per row."""
    if isinstance(work, BackupPlan):
        return [Step("begin", work.key, "a nightly backup")]
    if isinstance(work, DrillPlan):
        return [Step("drill", work.key, "the drill of its latest backup")]
    if isinstance(work, JobRow):
        return [Step("leave", work.key, "business data of a company that left the cloud")]
    if isinstance(work, Backup):
        return [Step("expire", work.key, f"a {work.tier} backup, {work.status}", (work.id,))]
    raise UnknownTask(work.KIND)


NIGHTLY_JOB = Job(
    name=NIGHTLY,
    room=BackupPlan.ROOM,
    schedule="rate(5 minutes)",
    cap=MOST_BEGUN,
    find=due_in(BackupPlan.ROOM, NIGHTLY),
    plan=plan_of,
    apply=_begin,
    summary="Begins the backups whose hour of the night has come",
)
BACKUPS_JOB = bulk(
    {"backup": _adapted("backup", back_up, _backup_buried)},
    name=BACKUPS,
    summary="Makes backups, a part at a time, and archives what was issued",
    step_seconds=PART_SECONDS,
)
RESTORES_JOB = bulk(
    {
        "verify": _adapted("verify", verify, _restore_buried),
        "download": _adapted("download", download, _restore_buried),
        "restore": _adapted("restore", restore, _restore_buried),
    },
    name=RESTORES,
    step_seconds=PART_SECONDS,
    summary="Verifies, hands out and restores backups, a part at a time",
    into=_restored_into,
)
DRILL_JOB = Job(
    name=DRILL,
    room=DrillPlan.ROOM,
    schedule="rate(5 minutes)",
    cap=MOST_DRILLED,
    find=due_in(DrillPlan.ROOM, DRILL),
    plan=plan_of,
    apply=_drill,
    step_seconds=PART_SECONDS,
    buried=_drill_buried,
    summary="Restores each company's latest backup aside once a week, and compares",
)
EXPIRY_JOB = Job(
    name=EXPIRY,
    room=Backup.ROOM,
    schedule="rate(1 hour)",
    cap=MOST_EXPIRED,
    find=due_in(Backup.ROOM, EXPIRY),
    plan=plan_of,
    apply=_expire,
    destroys=True,
    summary="Removes backups past their term, and those that never ended",
)
JOBS = (NIGHTLY_JOB, BACKUPS_JOB, RESTORES_JOB, DRILL_JOB, EXPIRY_JOB)
