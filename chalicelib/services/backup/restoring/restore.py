"""The restore of a backup, into its company or a new one: a workflow of bounded, repeatable steps.

Everything is verified before the first write. Then the company is closed (`restoring`), rows return, registers are
verified, and erased persons are searched for. The company opens only when none is left. A failure after the closing
also leads to that search, so a restore never closes a company for good (ADR 0043).
"""

from dataclasses import replace
from typing import Any, Final

import msgspec

from chalicelib.domain.companies.company import Company, Head, RetentionSchedule, require_open
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.services.backup.format.archive import Archive
from chalicelib.services.backup.format.kinds import LEDGER
from chalicelib.services.backup.restoring import attachments, copy, preview, replay, steps
from chalicelib.services.backup.restoring.balances import balances
from chalicelib.services.backup.restoring.batches import RestoreProgress
from chalicelib.services.backup.restoring.context import RestoreContext, require_disclosed
from chalicelib.services.backup.restoring.steps import NotClosedByRestore
from chalicelib.store.conflicts import patiently
from chalicelib.store.decision import RESTORE_BEGIN, SYSTEM_STEP, Decision, always
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow

SHUT = ("rows", "logos", "attachments", "balances", "registers")
"""The steps in which the company is closed. After a failure in one of them, erased persons are searched for before it
opens."""


def _verify(context: RestoreContext, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    archive = context.archive()
    then = "compare" if context.inputs.dry_run else "begin"
    return progress.verified(archive, deadline, then, total=context.total(archive))


def _rows(context: RestoreContext, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    return steps.rows(context.into, context.selected_rows(context.archive()), progress, deadline)


def _registers(context: RestoreContext, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    return steps.registers(context.into, progress, deadline)


def _search(context: RestoreContext, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    return steps.search(context.into, replay.since(context.world, context.source, 0), progress, deadline)


def _open(context: RestoreContext, progress: RestoreProgress, _: Deadline) -> RestoreProgress:
    since = replay.since(context.world, context.source, 0)
    (head,) = patiently(lambda: context.world.store.records([Head.ref(context.source)]))
    return steps.reopen(context.into, since, progress, head.erased if isinstance(head, Head) else None)


def _failed(context: RestoreContext, progress: RestoreProgress, failure: Failure) -> RestoreProgress:
    """End a restore that wrote nothing. Otherwise search the company and open it first, with unlimited retries."""
    if isinstance(failure, NotClosedByRestore):
        return replace(progress, step=DONE, failure=failure.code)
    if progress.step in ("search", "open"):
        raise failure
    step = "search" if progress.step in SHUT or _shut(context, progress) else DONE
    return replace(progress, step=step, cursor=None, found=0, failure=failure.code)


def _shut(context: RestoreContext, progress: RestoreProgress) -> bool:
    """Whether a killed run had closed the company before it could save its progress."""
    if progress.step != "begin":
        return False
    (head,) = context.world.store.records([Head.ref(context.company)])
    return isinstance(head, Head) and head.restore == context.job.id


def _begin(context: RestoreContext, progress: RestoreProgress, _: Deadline) -> RestoreProgress:
    """Close the company, or create the new one closed. Raises CompanyBlocked (or Restoring), CloudStorageOff,
    Forbidden."""
    archive = context.archive()
    (head,) = patiently(lambda: context.world.store.records([Head.ref(context.source)]))
    if context.inputs.into == "new":
        _founding(context, archive, head if isinstance(head, Head) else None)
    else:
        _shut_source(context)
    return replace(progress, step="rows")


def _shut_source(context: RestoreContext) -> None:
    call = context.world.call(context.source, context.job.actor, "restore", key=f"{context.job.id}:begin")

    def decide_begin(snapshot: Snapshot) -> Decision:
        head = snapshot.head
        if head.restore == context.job.id:
            return Decision()
        # A restore without a job left it closed. The next restore opens it again.
        if head.state != "restoring" or not head.restore or snapshot.get(JobRow, head.restore) is not None:
            require_open(head)
        return Decision(head={"state": "restoring", "restore": context.job.id})

    transact(context.world.store, call, [], decide_begin, RESTORE_BEGIN)


def _founding(context: RestoreContext, archive: Archive, source: Head | None) -> None:
    gone = source is None or source.state != "active"
    if gone:
        require_disclosed(context.world, context.inputs, context.source)
    inputs, world = context.inputs, context.world
    if inputs.owner and not inputs.operator:
        raise Forbidden(scope="")
    owner = (
        copy.Owner(inputs.owner) if inputs.owner else copy.owner_of(world, context.source, source, context.job.actor)
    )
    call = world.call(context.company, context.job.actor, "restore", key=f"{context.job.id}:begin")
    schedule = _schedule(archive, context.source)
    mode = copy.mode_of(source, gone=source is not None and source.state == "closed" and _follows(context))
    copy.Founding(context.job.id, mode, owner, schedule).found(world.store, call)


def _follows(context: RestoreContext) -> bool:
    """Whether this copy continues the numbers of a closed company. A second copy would issue the same numbers again, so
    the head of the source records the copy."""
    call = context.world.call(context.source, context.job.actor, "restore", key=f"{context.job.id}:follow")

    def decide_follow(snapshot: Snapshot) -> Decision[str]:
        first = snapshot.head.restore or context.job.id
        known = snapshot.head.restore is not None
        return Decision(first, head=None if known else {"restore": first})

    done = transact(context.world.store, call, [], decide_follow, SYSTEM_STEP)
    return done.outcome == context.job.id


def _schedule(archive: Archive, company: str) -> RetentionSchedule | None:
    """The source's retention row. The copy's records are due on the same dates."""
    for line in archive.rows(("terms",)):
        record = line.record(company)
        return record if isinstance(record, RetentionSchedule) else None
    return None


def _logos(context: RestoreContext, progress: RestoreProgress, _: Deadline) -> RestoreProgress:
    """Store the missing logos. A logo is named after its content's hash, so an existing one is correct."""
    archive = context.archive()
    if "company" in context.kinds() or set(LEDGER) & set(context.kinds()):
        for blob in archive.manifest.blobs:
            own = prefixes.own_logo(context.company, blob.key)
            if own and archive.readable(blob.seal) and not context.world.files.exists(own):
                media = "image/png" if own.endswith(".png") else "image/jpeg"
                context.world.files.put(own, archive.blob(blob.key), media)
    if context.inputs.into == "new":
        _profile(context)
    return replace(progress, step="attachments", cursor=None)


def _balances(context: RestoreContext, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    return balances(context.into, progress, deadline)


def _profile(context: RestoreContext) -> None:
    """Create a profile for a company without one, when the working data cannot be decrypted."""
    into = context.into
    if into.store.records([Company.ref(into.company)])[0] is not None:
        return
    for document_type in (each for each in document_types() if each.fiscal and each.party == "buyer"):
        prefix = SORT.startswith(f"{document_type.kind}#")
        page = into.store.query(document_type.issued.TABLE, into.company, prefix, descending=True, limit=2)
        if last := next((row for row in page.records if isinstance(row, Issued)), None):
            profile = copy.profile_of(last, into.company, context.world.now())
            into.commit([], always(Decision(puts=(profile,))))
            return


def _row(context: RestoreContext, progress: RestoreProgress) -> JobRow:
    """The job's row with its progress, and at its end with the outcome."""
    over = progress.step == DONE
    return context.job.progressed(
        over=over,
        failed=progress.failure is not None,
        inputs=replace(context.inputs, progress=progress).encoded(),
        outcomes=msgspec.json.encode([_outcome(context, progress)] if over else []),
        done=progress.rows,
        total=progress.total,
    )


def _outcome(context: RestoreContext, progress: RestoreProgress) -> dict[str, Any]:
    counts = {kind: preview.shown(own) for kind, own in progress.counts.items()}
    if progress.failure:
        return {"outcome": "failed", "code": progress.failure, "kinds": counts}
    if context.inputs.dry_run:
        return {"would": counts}
    return {"company": context.company, "kinds": counts}


WORKFLOW: Final = Workflow(
    name="restore",
    context=RestoreContext.of,
    load=lambda context: context.inputs.progress,
    row=_row,
    steps={
        "verify": _verify,
        "compare": preview.compare,
        "census": preview.census,
        "begin": _begin,
        "rows": _rows,
        "logos": _logos,
        "attachments": attachments.files,
        "balances": _balances,
        "registers": _registers,
        "search": _search,
        "open": _open,
    },
    failed=_failed,
    alarm="RestoreFailed",
)
"""A restore or its preview. A dry run goes from "verify" to "compare" and "census"."""
