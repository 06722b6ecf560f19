"""Watches support: late first answers, closed threads past their term, uploads without a message."""

import logging
from typing import TYPE_CHECKING

from chalicelib.domain.contact.support import JOB, Thread, Upload
from chalicelib.domain.entity import Record
from chalicelib.jobs.job import Job, JobStep, due_in
from chalicelib.services.attachments import expiry, settling
from chalicelib.services.support import desk
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.support")

END, LATE, ORPHAN = "end", "late", "orphan"
UPLOADS = "uploads"


def plan(world: "World", work: Record) -> list[JobStep]:  # noqa: ARG001 — a plan's signature
    """One step: delete a closed thread, or mark a late first answer."""
    if not isinstance(work, Thread):
        raise TypeError(f"a {work.KIND} is due for support")
    if work.status == "closed":
        return [JobStep(END, work.key, f"a thread of {work.messages} messages ends", (work.id,))]
    return [JobStep(LATE, work.key, "a first answer is late", (work.id,))]


def apply(world: "World", step: JobStep) -> bool:
    """Do the step, unless the thread's state no longer requires it."""
    (id,) = step.about
    if step.kind == END:
        desk.end(world, step.ref.company, id)
    else:
        desk.note_late(world, step.ref.company, id)
        log.warning("a first answer is late", extra={"ref": id, "company": step.ref.company})
    return True


def plan_uploads(world: "World", work: Record) -> list[JobStep]:  # noqa: ARG001 — a plan's signature
    """One step for files that no row needs any more, or that were never completed."""
    if not isinstance(work, Upload):
        raise TypeError(f"a {work.KIND} is due as an upload")
    return [JobStep(ORPHAN, work.key, f"{len(work.keys)} files that no row needs")]


def apply_uploads(world: "World", step: JobStep) -> bool:
    """Delete the files, then the row of the upload. An attachment ends first, unless it may still be completed."""
    (upload,) = world.store.records([step.ref])
    if isinstance(upload, Upload) and upload.due is not None:
        if upload.attachment is not None and not expiry.over(world, upload):
            return True
        if upload.owner is not None:
            settling.settle(world, upload.company, upload.owner)
        for key in (*upload.keys, *expiry.remains(world, upload)):
            for each in list(world.files.list(key)) if key.endswith("/") else [key]:
                world.files.delete(each)
        bookkeeping.finish(world.store, upload.key)
    return True


SUPPORT = Job(
    name=JOB,
    table=Thread.TABLE,
    schedule="rate(1 hour)",
    cap=500,
    find=due_in(Thread.TABLE, JOB),
    plan=plan,
    apply=apply,
    destroys=True,
    summary="Notes late first answers, and deletes closed threads past their term",
)
ORPHANS = Job(
    name=UPLOADS,
    table=Upload.TABLE,
    schedule="rate(1 hour)",
    cap=1000,
    find=due_in(Upload.TABLE, UPLOADS),
    plan=plan_uploads,
    apply=apply_uploads,
    destroys=True,
    summary="Deletes uploaded files that no row needs, and attachments that nobody completed",
)
