"""The job on evidence: each company's daily pass by night, then the day's anchor."""

from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.domain.evidence import AnchorPlan, Evidence
from chalicelib.domain.jobs import SYSTEM
from chalicelib.jobs.job import DuePage, Job, JobStep, due_in
from chalicelib.services.mail.outbox import UnknownTask
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

NAME = "evidence"
MOST = 50_000
"""Companies of one run, far more than a run's time allows."""
_due = due_in(Evidence.TABLE, NAME)


def find(world: "World", cursor: str | None, at: datetime) -> DuePage:
    """The rows that are due. The first run of an installation with such rows plans the daily anchor."""
    page = _due(world, cursor, at)
    if page.work and world.store.records([AnchorPlan.ref(SYSTEM)]) == [None]:
        from chalicelib.services.evidence.anchors import new_plan

        bookkeeping.swap(world.store, new_plan(at), None, world.random(16))
    return page


def plan(world: "World", work: Record) -> list[JobStep]:  # noqa: ARG001 — a plan's signature
    """One step per row."""
    if isinstance(work, AnchorPlan):
        return [JobStep("anchor", work.key, "the day's anchor of all companies")]
    if isinstance(work, Evidence):
        return [JobStep("night", work.key, "the daily pass over its journal")]
    raise UnknownTask(work.KIND)


def apply(world: "World", step: JobStep) -> bool:
    """Make the pass, or write the anchor."""
    from chalicelib.services.evidence import anchors, nightly

    (row,) = world.store.records([step.ref])
    if isinstance(row, AnchorPlan):
        anchors.write(world, row)
    elif isinstance(row, Evidence):
        return nightly.night(world, row)
    return True


EVIDENCE = Job(
    name=NAME,
    table=Evidence.TABLE,
    schedule="rate(5 minutes)",
    cap=MOST,
    find=find,
    plan=plan,
    apply=apply,
    summary="Verifies what changed in each company's journal by night, and anchors it in the locked archive",
)
