"""Jobs on backups: nightly backups, manual backups, verification, download, restore, drill and expiry."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.domain.backups.backup import Backup, BackupPlan, DrillPlan
from chalicelib.domain.entity import Record
from chalicelib.domain.journal import JobRow
from chalicelib.jobs.bulk import bulk
from chalicelib.jobs.job import Job, JobStep, due_in
from chalicelib.services.mail.outbox import UnknownTask
from chalicelib.workflow import engine
from chalicelib.workflow.engine import Workflow

if TYPE_CHECKING:
    from chalicelib.wiring import World

NIGHTLY, BACKUPS, RESTORES, DRILL, EXPIRY = "nightly", "backups", "restores", "drill", "expiry"
RESERVED_SECONDS = 25.0
"""Seconds that a run reserves for one step of a backup, a verification or a restore (`workflow.deadline`)."""
MOST_BEGUN, MOST_EXPIRED, MOST_DRILLED = 5_000, 5_000, 1_000
"""Companies or backups of one run, far more than a run's time allows."""


def back_up() -> Workflow[JobRow, Any, Any]:
    """A backup, then the company's statutory archive."""
    from chalicelib.services.backup.create.schedule import WORKFLOW

    return WORKFLOW


def verify() -> Workflow[JobRow, Any, Any]:
    """The verification of a backup."""
    from chalicelib.services.backup.verify import WORKFLOW

    return WORKFLOW


def download() -> Workflow[JobRow, Any, Any]:
    """A backup's plain archive."""
    from chalicelib.services.backup.download import WORKFLOW

    return WORKFLOW


def restore() -> Workflow[JobRow, Any, Any]:
    """A restore, or its preview."""
    from chalicelib.services.backup.restoring.restore import WORKFLOW

    return WORKFLOW


def _restored_into(work: Record) -> str:
    """The company that a restore writes to. The restore's id determines a new company; any other work, also unknown
    work, stays in the row's company."""
    from chalicelib.services.backup.restoring.context import input_of

    if isinstance(work, JobRow) and work.task == "restore":
        with suppress(msgspec.MsgspecError):
            return input_of(work).company(work)
    return work.key.company


def _begin(world: "World", step: JobStep) -> bool:
    from chalicelib.services.backup.create import schedule

    schedule.begin_night(world, step.ref.company)
    return True


def _drill(world: "World", step: JobStep) -> bool:
    from chalicelib.services.backup.drill import WORKFLOW

    (plan,) = world.store.records([step.ref])
    return engine.run(world, WORKFLOW, plan) if isinstance(plan, DrillPlan) else True


def _give_up_drill(world: "World", work: Record) -> None:
    from chalicelib.services.backup.drill import WORKFLOW

    (plan,) = world.store.records([work.key])
    if isinstance(plan, DrillPlan):
        engine.give_up(world, WORKFLOW, plan)


def _expire(world: "World", step: JobStep) -> bool:
    from chalicelib.services.backup import disable_cloud, expiry

    if step.kind != "leave":
        return expiry.expire(world, step.ref)
    (row,) = world.store.records([step.ref])
    if not isinstance(row, JobRow) or row.due != EXPIRY:
        return True
    return engine.run(world, disable_cloud.WORKFLOW, row)


def plan_of(world: "World", work: Record) -> list[JobStep]:  # noqa: ARG001 — a plan's signature
    """One step per row."""
    if isinstance(work, BackupPlan):
        return [JobStep("begin", work.key, "a nightly backup")]
    if isinstance(work, DrillPlan):
        return [JobStep("drill", work.key, "the drill of its latest backup")]
    if isinstance(work, JobRow):
        return [JobStep("leave", work.key, "business data of a company that turned the cloud off")]
    if isinstance(work, Backup):
        return [JobStep("expire", work.key, f"a {work.tier} backup, {work.status}", (work.id,))]
    raise UnknownTask(work.KIND)


NIGHTLY_JOB = Job(
    name=NIGHTLY,
    table=BackupPlan.TABLE,
    schedule="rate(5 minutes)",
    cap=MOST_BEGUN,
    find=due_in(BackupPlan.TABLE, NIGHTLY),
    plan=plan_of,
    apply=_begin,
    summary="Begins the nightly backups that are due",
)
BACKUPS_JOB = bulk(
    {"backup": back_up},
    name=BACKUPS,
    summary="Makes backups, a part at a time, and archives issued documents",
    step_seconds=RESERVED_SECONDS,
)
RESTORES_JOB = bulk(
    {
        "verify": verify,
        "download": download,
        "restore": restore,
    },
    name=RESTORES,
    step_seconds=RESERVED_SECONDS,
    summary="Verifies, downloads and restores backups, a part at a time",
    into=_restored_into,
)
DRILL_JOB = Job(
    name=DRILL,
    table=DrillPlan.TABLE,
    schedule="rate(5 minutes)",
    cap=MOST_DRILLED,
    find=due_in(DrillPlan.TABLE, DRILL),
    plan=plan_of,
    apply=_drill,
    step_seconds=RESERVED_SECONDS,
    before_dead_letter=_give_up_drill,
    summary="Restores each company's latest backup into the drill tables once a week, and compares",
)
EXPIRY_JOB = Job(
    name=EXPIRY,
    table=Backup.TABLE,
    schedule="rate(1 minute)",
    cap=MOST_EXPIRED,
    find=due_in(Backup.TABLE, EXPIRY),
    plan=plan_of,
    apply=_expire,
    destroys=True,
    summary="Deletes backups past their term and unfinished ones, and the data of a company that turned the cloud off",
)
JOBS = (NIGHTLY_JOB, BACKUPS_JOB, RESTORES_JOB, DRILL_JOB, EXPIRY_JOB)
