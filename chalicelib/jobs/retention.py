"""Purges statutory records and proofs past their term."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import OrphanedPayments, RetentionSchedule
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.privacy.correction import Correction
from chalicelib.domain.privacy.request import AFTERWARDS, PrivacyRequest, Receipt, Tombstone
from chalicelib.jobs.job import Job, JobStep, due_in
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

CAP = 2_000
"""Commits of twelve documents per run without an operator's permission."""
AGAIN = timedelta(days=1)
"""The delay before the next check of a proof that a backup still needs."""


def retention_job() -> Job:
    """The job that purges statutory records."""
    return Job(
        name="retention",
        table=RetentionSchedule.TABLE,
        schedule="cron(0 4 * * ? *)",
        cap=CAP,
        find=due_in(RetentionSchedule.TABLE, "retention"),
        plan=plan,
        apply=_purge,
        summary="Removes statutory records past their term; the register stays verifiable",
        destroys=True,
    )


def plan(world: "World", work: Record) -> list[JobStep]:
    """One step for each commit of documents, and one for the rest of a company's journal."""
    from chalicelib.policy import schedules
    from chalicelib.services.retention import selection

    if isinstance(work, OrphanedPayments):
        return [JobStep("leftover", work.key, "late payments of a purged document", (work.id,))]
    if not isinstance(work, RetentionSchedule):
        raise TypeError(f"a {work.KIND} is due for the purge")
    through = schedules.retention_of(work).through(today(world.now()))
    batches = list(selection.due_entries(world.store, work.company, through))
    steps = [
        JobStep(
            "documents", work.key, f"{len(entries)} documents of {series.id} dated to {through}", (entries[0].number,)
        )
        for series, entries in batches
    ]
    others = selection.due_documents(world.store, work.company, through)
    steps += [
        JobStep("documents", work.key, f"{len(batch)} {document_type.plural} dated to {through}", (batch[0].number,))
        for document_type, batch in others
    ]
    return [*steps, JobStep("close", work.key, f"journal entries dated to {through}")]


def _purge(world: "World", step: JobStep) -> bool:
    from chalicelib.services.retention import purge

    ref = RetentionSchedule.ref(step.ref.company)
    row, *others = world.store.records([step.ref, ref] if step.ref != ref else [ref])
    schedule = others[0] if others else row
    if not isinstance(schedule, RetentionSchedule) or row is None:
        return True
    if isinstance(row, OrphanedPayments):
        return purge.purge_orphaned_payments(world, row, schedule)
    # A step is one commit. The last one repeats until nothing remains, because batches may be uneven.
    return purge.purge(world, schedule) or step.kind == "documents"


def proofs_job() -> Job:
    """The job that purges closed requests and released holds."""
    return Job(
        name="proofs",
        table=PrivacyRequest.TABLE,
        schedule="cron(30 4 * * ? *)",
        cap=CAP,
        find=due_in(PrivacyRequest.TABLE, "proofs"),
        plan=lambda _, work: [JobStep("proof", work.key, f"{work.KIND} past its term")],
        apply=_delete_proof,
        summary="Removes the proofs of requests and holds past their term",
        destroys=True,
    )


def _delete_proof(world: "World", step: JobStep) -> bool:
    """Delete a proof with its rows. A proof whose rule has a longer term now is due again at its new end.

    A restore applies an erasure or a correction to the backup's rows, so the proof stays while such a backup exists.
    Without its tombstone, an erased person would return.
    """
    from chalicelib.services.backup import expiry
    from chalicelib.services.privacy import proofs
    from chalicelib.services.retention import key_destruction

    (row,) = world.store.records([step.ref])
    if row is not None and (term_end := proofs.end_of(row)) and term_end > world.now():
        return bookkeeping.defer(world.store, row, term_end)
    tombstone = _tombstone(world, row) if isinstance(row, PrivacyRequest) else None
    changed_at = _changed_at(row, tombstone)
    if row is not None and changed_at and (end := expiry.last_end(world, row.company, changed_at)):
        return bookkeeping.defer(world.store, row, max(end, world.now()) + AGAIN)
    if isinstance(row, PrivacyRequest):
        keys = [end.key for end in key_destruction.destroyed_by(world, row.company, row.id)]
        related: list[Ref] = [Receipt.ref(row.company, row.id), *([tombstone.key] if tombstone else []), *keys]
        for ref in related:
            bookkeeping.finish(world.store, ref)
    bookkeeping.finish(world.store, step.ref)
    return True


def _tombstone(world: "World", request: PrivacyRequest) -> Tombstone | None:
    """The tombstone that this request made. Another request about the same person has none."""
    if request.subject is None:
        return None
    (tombstone,) = world.store.records([Tombstone.ref(request.company, subject=request.subject)])
    return tombstone if isinstance(tombstone, Tombstone) and tombstone.id == request.id else None


def _changed_at(row: Record | None, tombstone: Tombstone | None) -> datetime | None:
    """The instant of an erasure or a correction: older backups hold the data. None for any other proof."""
    if isinstance(row, Correction):
        return row.created_at
    if isinstance(row, PrivacyRequest) and tombstone is not None:
        return (row.closed_at or tombstone.created_at) + AFTERWARDS
    return None
