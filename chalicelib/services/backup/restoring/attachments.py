"""Restored attachments: copy the files of the backup's company to the new company, and count all for the quotas."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.attachments.attachment import Attached, AttachmentUsage
from chalicelib.domain.entity import new_row
from chalicelib.files import uploads
from chalicelib.services.attachments.rows import copies, counted
from chalicelib.services.backup.restoring.batches import RestoreProgress
from chalicelib.services.backup.restoring.context import RestoreContext
from chalicelib.store.conflicts import patiently
from chalicelib.store.decision import Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import SORT, RowPage, start_after
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.store.wire import Store

PREFIX: Final = "attachment#"
TABLES: Final = ("ledger", "workspace")
PAGE: Final = 20
"""Attachments whose files one page copies."""


def files(context: RestoreContext, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    """Copy the files of the next attachments, and count the attachments after the last. A file that is gone stays away,
    and its link finds nothing. In its own company a restore copies nothing. The cursor is a table and a sort key."""
    if context.source != context.company and (further := _copied(context, progress, deadline)):
        return further
    _count(context)
    return replace(progress, step="balances", cursor=None)


def _copied(context: RestoreContext, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress | None:
    """The progress at the deadline; None after the last attachment."""
    table, _, after = (progress.cursor or f"{TABLES[0]}:").partition(":")
    for place in TABLES[TABLES.index(table) :]:
        while True:
            page = _page(context.into.store, context.company, place, after if place == table else "")
            for row in page.records:
                if isinstance(row, Attached) and row.state == "ready":
                    _copy(context, row)
            if page.next is None:
                break
            table, after = place, page.next["sort"]["S"]
            if deadline.passed:
                return replace(progress, cursor=f"{place}:{after}")
    return None


def _count(context: RestoreContext) -> None:
    """Replace the restored counts. They are of the backup, and the company may have other attachments now."""
    found = counted(context.into.store, context.company)

    def decide_counts(snapshot: Snapshot) -> Decision[None]:
        row, at = snapshot.get(AttachmentUsage), context.world.now()
        if row is not None:
            now = row.edited(at, files=found.files, bytes=found.bytes)
            return Decision(puts=(now,) if (row.files, row.bytes) != (found.files, found.bytes) else ())
        made = AttachmentUsage(**new_row(context.company, context.company, at), files=found.files, bytes=found.bytes)
        return Decision(new=(made,) if found.files else ())

    context.into.commit([AttachmentUsage.ref(context.company)], decide_counts)


def _page(store: "Store", company: str, table: str, after: str) -> RowPage:
    start = start_after(company, after) if after else None
    return patiently(lambda: store.query(table, company, SORT.startswith(PREFIX), after=start, limit=PAGE))


def _copy(context: RestoreContext, attachment: Attached) -> None:
    bucket = context.world.files
    for source, target in zip(copies(replace(attachment, company=context.source)), copies(attachment), strict=True):
        if not bucket.exists(target):
            uploads.copy(bucket, source, target)
