"""A backup as a plain ZIP for a spreadsheet: JSON and CSV of each kind, as the API shows it.

Erasures and corrections since the backup apply here too: an erased person is not in it. The ZIP lies with the other
exports, is deleted at their term, and is handed out by a link valid for a few minutes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.attachments.attachment import Attachment, AttachmentUsage, DocumentAttachment
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Company, Head, Series
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.companies.template import EarlierTemplate
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.documents.registry import by_balance
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.domain.imports.model import ImportMapping
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.files.zips import Pieces, Sent
from chalicelib.services.backup.format.archive import Archive
from chalicelib.services.backup.format.contents import group_of
from chalicelib.services.backup.format.kinds import KINDS, LEDGER, NAMES, row_kinds
from chalicelib.services.backup.restoring import replay
from chalicelib.services.backup.restoring.batches import RestoreProgress, SelectedRows, batch_cursor
from chalicelib.services.backup.restoring.context import RestoreContext, require_disclosed
from chalicelib.services.documents.payments import redact_references
from chalicelib.services.exports.page import index
from chalicelib.services.exports.removal import schedule_removal
from chalicelib.services.exports.tables import ZipProgress, send
from chalicelib.services.exports.tables import advance as tabulated
from chalicelib.services.representation import attachments, documents, payments, records
from chalicelib.store.conflicts import patiently
from chalicelib.store.wire import Store
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow

if TYPE_CHECKING:
    pass

TABLES: Final = tuple(name for name in NAMES.values() if name != "payment_ids")
"""One table each. A payment names its invoice, so the reserved payment ids need no table."""


@dataclass(frozen=True)
class DownloadView:
    """The rows of a download and their representation: the reader's view, and the selected kinds."""

    store: Store
    selected: SelectedRows
    head: Head
    lawful: bool
    """Under a lawful demand, documents of erased buyers are shown as issued."""

    @property
    def digest(self) -> str:
        """A digest of the erasures and corrections that the download applies. A different digest makes it outdated."""
        return sha256(self.selected.replay.digest.encode() + (self.head.erased or b"")).hexdigest()[:32]

    def chunks(self, name: str, after: str) -> Iterator[tuple[list[str], str]]:
        """The rows of one table after a cursor, in order, as chunks of JSON lines, each with its cursor."""
        for rows, cursor in self._records(name, after):
            records = rows if self.lawful else redact_references(self.store, self.head, rows)
            yield [msgspec.json.encode(self._serialize(record)).decode() for record in records], cursor

    def profile(self) -> Company | None:
        """The company's profile, if the selection includes it."""
        if ("workspace", "company") not in self.selected.chosen:
            return None
        found = (row for records, _ in self._records("company", "") for row in records)
        return next((row for row in found if isinstance(row, Company)), None)

    def _records(self, name: str, after: str) -> Iterator[tuple[list[Record], str]]:
        row_kind = next(row_kind for row_kind in NAMES if NAMES[row_kind] == name)
        group = group_of(*row_kind)
        for batch in replace(self.selected, group=group.name if group else name).batches(after or None):
            yield [row for row in batch.records if row_kind == (row.TABLE, row.KIND)], batch_cursor(batch)

    def _serialize(self, record: Record) -> dict[str, Any]:
        head = replace(self.head, erased=None) if self.lawful else self.head
        if isinstance(record, Company):
            return records.present_company(record, head)
        if isinstance(record, Issued):
            return documents.present_issued(record, None, head)
        if isinstance(record, DraftDocument):
            return documents.present_draft(record)
        if isinstance(record, Balance):
            return _balance(record)
        return PLAIN[type(record)](record, head)


def _balance(record: Balance) -> dict[str, Any]:
    document = by_balance(record).kind
    return {document: record.id, "paid": format(record.paid, "f"), "credited": format(record.credited, "f")}


def _series(record: Series, _: Head) -> dict[str, Any]:
    return {
        "id": record.id,
        "document": record.document,
        "first": record.first,
        "next": record.next,
        "last_date": record.last_date.isoformat() if record.last_date else None,
        "chain": record.chain,
    }


def _entry(record: RegisterEntry, _: Head) -> dict[str, Any]:
    return {
        "series": record.series,
        "position": record.position,
        "number": record.number,
        "document": record.document,
        "kind": record.document_kind,
        "issue_date": record.issue_date.isoformat(),
        "gross": format(record.gross, "f"),
        "hash": record.hash,
        "chain": record.chain,
    }


PLAIN: Final[Mapping[type[Record], Callable[[Any, Head], dict[str, Any]]]] = {
    Customer: records.present_party,
    Supplier: records.present_party,
    Item: records.present_record,
    EarlierTemplate: records.stored_row,
    ImportMapping: records.present_record,
    Payment: payments.present_payment,
    CreditEntry: payments.present_credit_entry,
    Refund: payments.present_refund,
    Series: _series,
    RegisterEntry: _entry,
    Attachment: attachments.present_attachment,
    DocumentAttachment: attachments.present_attachment,
    AttachmentUsage: records.stored_row,
}


@dataclass(frozen=True)
class Download:
    """A download: its progress, and at its end the outcome."""

    progress: RestoreProgress
    outcome: dict[str, Any] | None = None

    @property
    def step(self) -> str:
        """The next step."""
        return self.progress.step

    @property
    def failure(self) -> str | None:
        """The code of the failure."""
        return self.progress.failure

    def at(self, step: str, **changes: Any) -> "Download":
        """The download in another step."""
        return replace(self, progress=replace(self.progress, step=step, **changes))


def _verify(context: RestoreContext, state: Download, deadline: Deadline) -> Download:
    archive = context.archive()
    total = sum(archive.manifest.counts.get(name, 0) for name in TABLES)
    return replace(state, progress=state.progress.verified(archive, deadline, "zip", total=total))


def _zip(context: RestoreContext, state: Download, deadline: Deadline) -> Download:
    """Write the next part of the tables, or send the next part of the ZIP. The ZIP begins again after an erasure or
    correction."""
    world, job, archive, progress = context.world, context.job, context.archive(), state.progress
    shown = _shown(context, archive)
    since = shown.digest
    key = prefixes.export(job.company, job.id)
    written = progress.written
    if written is None or progress.since != since:
        _remove_pieces(context)
        world.files.delete(key)
        schedule_removal(world, job)
        written = ZipProgress()
    pieces = Pieces(world.files, f"{prefixes.export_parts(job.company, job.id)}{since}/", archive.manifest.cut_at)
    if written.sent is None:
        own = {NAMES[row_kind] for row_kind in shown.selected.chosen}
        tables = [name for name in TABLES if name in own]
        written = tabulated(written, pieces, tables, shown.chunks, deadline)
        if written.table == len(tables):
            written = _ended(written, pieces, shown, archive, tables)
        return state.at("zip", written=written, since=since, rows=sum(written.counts.values()))
    after = send(written, pieces, key, deadline)
    return state.at("zip" if after else "clear", written=after)


def _shown(context: RestoreContext, archive: Archive) -> DownloadView:
    world, inputs, source = context.world, context.inputs, context.source
    (head,) = patiently(lambda: world.store.records([Head.ref(source)]))
    if not isinstance(head, Head):
        raise NotFound
    if head.state in ("blocked", "closed") or inputs.disclosure:
        require_disclosed(world, inputs, source)
    names = LEDGER if inputs.disclosure else tuple(KINDS)
    since = replay.since(world, source, archive.manifest.clock)
    return DownloadView(
        world.store, SelectedRows(archive, source, row_kinds(names), since), head, lawful=inputs.disclosure is not None
    )


def _ended(
    written: ZipProgress, pieces: Pieces, shown: DownloadView, archive: Archive, tables: Sequence[str]
) -> ZipProgress:
    """Add the index page. The ZIP is then ready to upload."""
    manifest, member, counts = archive.manifest, written.member, written.counts
    facts = {
        "backup": manifest.backup,
        "company": manifest.company,
        "cut_at": instant(manifest.cut_at),
        "clock": manifest.clock,
        "schema": manifest.schema,
        "policy_version": manifest.policy_version,
        "counts": {name: counts[name] for name in tables},
    }
    summary = msgspec.json.format(msgspec.json.encode(facts), indent=2)
    profile, listed = shown.profile(), [(table, counts[table]) for table in tables]
    name, language = (profile.name, profile.language) if profile else (shown.selected.source, "fr")
    page = index(name, listed, ("manifest.json",), (), manifest.cut_at, language)
    member = pieces.finish(member, {"manifest.json": summary, "index.html": page})
    return replace(written, member=member, sent=Sent())


def _clear(context: RestoreContext, state: Download, _: Deadline) -> Download:
    """Delete the pieces, and set the address of the ZIP."""
    _remove_pieces(context)
    job, backup = context.job, context.inputs.backup
    key = prefixes.export(job.company, job.id)
    ends = schedule_removal(context.world, job)
    outcome = {"backup": backup, "key": key, "filename": f"facture-{backup}.zip", "expires_at": instant(ends)}
    return replace(state, outcome=outcome).at(DONE)


def _remove_pieces(context: RestoreContext) -> None:
    """Delete the pieces of all unfinished archives."""
    files = context.world.files
    for key in list(files.list(prefixes.export_parts(context.job.company, context.job.id))):
        files.delete(key)


def _failed(context: RestoreContext, state: Download, failure: Failure) -> Download:
    _remove_pieces(context)
    outcome = {"outcome": "failed", "code": failure.code}
    return replace(state, outcome=outcome).at(DONE, failure=failure.code, written=None)


def _row(context: RestoreContext, state: Download) -> JobRow:
    progress, over = state.progress, state.outcome is not None
    return context.job.progressed(
        over=over,
        failed=progress.failure is not None,
        inputs=replace(context.inputs, progress=progress).encoded(),
        outcomes=msgspec.json.encode([state.outcome] if over else []),
        done=progress.total if over else progress.rows,
        total=progress.total,
    )


WORKFLOW: Final = Workflow(
    name="download",
    context=RestoreContext.of,
    load=lambda context: Download(context.inputs.progress),
    row=_row,
    steps={"verify": _verify, "zip": _zip, "clear": _clear},
    failed=_failed,
)
