"""The purge at the end of the statutory term (CGI art. 211), which begins at the end of the financial year.

The register stays verifiable: a series keeps the last purged number and its chain hash. One row per company holds the
date of its next purge, so that the cost of a run depends on what is due and not on what is stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.domain.attachments.attachment import DocumentAttachment
from chalicelib.domain.clock import midnight, today
from chalicelib.domain.companies.company import OrphanedPayments, RetentionSchedule, Series
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.documents.registry import by_id, by_kind
from chalicelib.domain.entity import Record, new_row
from chalicelib.domain.journal import JournalEntry
from chalicelib.policy.load import current
from chalicelib.policy.schedules import DAY, CompanyRetention, dated, oldest, retention_of, statutory, year_of
from chalicelib.policy.terms import Period
from chalicelib.services.archive import removal
from chalicelib.services.attachments.rows import copies
from chalicelib.services.retention import last_end
from chalicelib.services.retention.last_end import SWEEP
from chalicelib.services.retention.selection import due_credit, due_documents, due_entries
from chalicelib.store.decision import SYSTEM_STEP, Decision, always
from chalicelib.store.read import rows_of_party
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

MOST_ROWS = 80
"""Rows that one commit deletes. The commit's bookkeeping and the series come on top; a transaction takes 100."""


def purge(world: "World", schedule: RetentionSchedule) -> bool:
    """Purge the next batch. Returns True once nothing more is due; the row is then due for the next date. Raises
    Busy."""
    through = retention_of(schedule).through(today(world.now()))
    for series, entries in due_entries(world.store, schedule.company, through):
        _documents(world, schedule, series, entries, through)
        return False
    for document_type, documents in due_documents(world.store, schedule.company, through):
        _unregistered(world, schedule, document_type, documents, through)
        return False
    if credit := list(islice(due_credit(world.store, schedule.company, through), MOST_ROWS)):
        _commit(world, schedule, tuple(credit))
        return False
    if _journal(world, schedule, through):
        return False
    _end_key(world, schedule)
    if (progress := last_end.end(world, schedule)) != "stays":
        return progress == "gone"
    at = world.now()
    _move(world, schedule, lambda now: dated(now.edited(at, swept=through, attempts=0), through + DAY))
    return True


@dataclass(frozen=True)
class Due:
    """A document past its term: its hash, and its register entry if it has one."""

    document_type: DocumentType
    id: str
    hash: str
    entry: RegisterEntry | None = None


def _documents(
    world: "World", schedule: RetentionSchedule, series: Series, entries: Sequence[RegisterEntry], through: date
) -> None:
    """Purge the next documents of a series. The series keeps the last purged number and its chain hash."""
    due = [Due(by_kind(entry.document_kind), entry.document, entry.hash, entry) for entry in entries]
    gone, left, purged = _rows_to_purge(world, schedule, due, through)
    _remove_files(world, schedule.company, due[:purged], gone)

    def decide_purge(snapshot: Snapshot) -> Decision:
        now = snapshot.get(Series, series.id)
        last = entries[purged - 1] if purged else None
        moved = (now.edited(call.at, swept=last.position, anchor=last.chain),) if now and last else ()
        return Decision(puts=(*moved, *left), deletes=tuple(gone))

    call = world.call(schedule.company, *SWEEP, key=f"sweep:{series.id}")
    transact(world.store, call, [series.key], decide_purge, SYSTEM_STEP)


def _unregistered(
    world: "World", schedule: RetentionSchedule, document_type: DocumentType, documents: Sequence[Issued], through: date
) -> None:
    """Purge the next documents of a kind outside the register."""
    due = [Due(document_type, document.id, document.hash) for document in documents]
    gone, left, purged = _rows_to_purge(world, schedule, due, through)
    _remove_files(world, schedule.company, due[:purged], gone)
    _commit(world, schedule, tuple(gone), tuple(left))


def _remove_files(world: "World", company: str, due: Sequence[Due], gone: Sequence[Record]) -> None:
    """Delete the archived originals of documents, and the files of their attachments, before their rows go. Raises
    Busy."""
    papers = [row for row in gone if isinstance(row, DocumentAttachment)]
    removal.remove(world, company, [*(each.hash for each in due), *map(removal.archived_name, papers)])
    for paper in papers:
        for key in copies(paper):
            world.files.delete(key)


def _rows_to_purge(
    world: "World", schedule: RetentionSchedule, due: Sequence[Due], through: date
) -> tuple[list[Record], list[OrphanedPayments], int]:
    """The rows to delete in one commit, the late payments that outlive their document, and the number of complete
    documents."""
    gone: list[Record] = []
    left: list[OrphanedPayments] = []
    purged = 0
    for each in due:
        rows, later = _with_document(world, schedule.company, each, through)
        if gone and len(gone) + len(rows) > MOST_ROWS:
            break
        # A document with very many payments: delete payments first. The number goes with the last of them.
        if len(rows) > MOST_ROWS:
            gone += [row for row in rows if isinstance(row, Payment | PaymentId)][:MOST_ROWS]
            break
        gone += rows
        purged += 1
        if later is not None:
            at, now = midnight(retention_of(schedule).kept_until(later) + DAY), world.now()
            left.append(OrphanedPayments(**new_row(schedule.company, each.id, now), due_at=at))
    return gone, left, purged


def _with_document(world: "World", company: str, due: Due, through: date) -> tuple[list[Record], date | None]:
    """The rows to delete with a document, and the latest date of the payments that must stay."""
    document_type = due.document_type
    balances = [document_type.balance.ref(company, due.id)] if document_type.balance else []
    document, *balance = world.store.records([document_type.issued.ref(company, due.id), *balances])
    rows = world.store.all("ledger", company, SORT.startswith(f"payment#{due.id}#"))
    payments = [row for row in rows if isinstance(row, Payment)]
    later = max((payment.date for payment in payments if payment.date > through), default=None)
    papers = rows_of_party(world.store, DocumentAttachment, company, due.id)
    gone = [row for row in (*papers, due.entry, document, *(balance if later is None else ())) if row is not None]
    return [*gone, *_with_ids(world, [payment for payment in payments if payment.date <= through])], later


def _with_ids(world: "World", payments: Sequence[Payment]) -> list[Record]:
    """Payments, each after the row that reserves its id. A batch that ends between them leaves no id behind."""
    found: list[Record] = []
    for start in range(0, len(payments), MOST_ROWS):
        some = payments[start : start + MOST_ROWS]
        ids = world.store.records([PaymentId.ref(payment.company, payment.id) for payment in some])
        found += [row for pair in zip(ids, some, strict=True) for row in pair if row is not None]
    return found


def purge_orphaned_payments(world: "World", row: OrphanedPayments, schedule: RetentionSchedule) -> bool:
    """Purge the late payments of a purged document; return True when done."""
    through = retention_of(schedule).through(today(world.now()))
    found = list(world.store.all("ledger", row.company, SORT.startswith(f"payment#{row.id}#")))
    going = [payment for payment in found if isinstance(payment, Payment) and payment.date <= through]
    going = going[: MOST_ROWS // 2]
    staying = len(found) - len(going)
    document_type, gone = by_id(row.id), _with_ids(world, going)
    balances = (
        [document_type.balance.ref(row.company, row.id)]
        if document_type and document_type.balance and not staying
        else []
    )
    ended = [balance for balance in world.store.records(balances) if balance] if balances else []
    gone += [*ended, *([] if staying else [row])]
    _commit(world, schedule, tuple(gone))
    if not staying:
        _end_key(world, schedule)
        if last_end.is_closed(world, row.company):  # Without this record, the rest of the company may end.
            at = world.now()
            _move(world, schedule, lambda now: replace(now.edited(at), due_at=min(at, now.due_at)))
    return not staying


def _journal(world: "World", schedule: RetentionSchedule, through: date) -> bool:
    """Purge a batch of journal entries; return whether there was one."""
    rows = world.store.all("journal", schedule.company, SORT.startswith("entry#"))
    old: list[Record] = []
    for row in rows:
        if not isinstance(row, JournalEntry) or today(row.created_at) > through or len(old) == MOST_ROWS:
            break
        old.append(row)
    if old:
        _commit(world, schedule, tuple(old))
    return bool(old)


def _end_key(world: "World", schedule: RetentionSchedule) -> None:
    """Destroy the statutory key of a closed company together with the last record that needs it."""
    if keys := removal.last_key(world, schedule.company):
        _commit(world, schedule, keys)


def _commit(
    world: "World", schedule: RetentionSchedule, deletes: tuple[Record, ...], puts: tuple[Record, ...] = ()
) -> None:
    call = world.call(schedule.company, *SWEEP, key="sweep")
    transact(world.store, call, [], always(Decision(puts=puts, deletes=deletes)), SYSTEM_STEP)


def _move(
    world: "World", schedule: RetentionSchedule, change: Callable[[RetentionSchedule], RetentionSchedule]
) -> None:
    """Change a company's row from its present state. A concurrent edit of the profile may have added a financial
    year."""

    def decide_schedule(snapshot: Snapshot) -> Decision:
        now = snapshot.get(RetentionSchedule)
        return Decision(puts=(change(now),) if now else ())

    call = world.call(schedule.company, *SWEEP, key="sweep")
    transact(world.store, call, [schedule.key], decide_schedule, SYSTEM_STEP)


def adopt(world: "World", schedule: RetentionSchedule) -> None:
    """Apply a term that the policy shortened to a company from now on. Raises Busy."""
    at, period = world.now(), str(statutory(current()))
    _move(world, schedule, lambda now: dated(now.edited(at, period=period), oldest(now)))


def preview(world: "World", schedule: RetentionSchedule, period: Period, on: date) -> int:
    """The number of additional documents that another period would purge on the day `on`."""
    years = tuple(year_of(end) for end in schedule.ends)
    through = CompanyRetention((period,), years).through(on)
    own = retention_of(schedule).through(on)
    entries = (entry for _, batch in due_entries(world.store, schedule.company, through) for entry in batch)
    others = (
        (document_type, each)
        for document_type, batch in due_documents(world.store, schedule.company, through)
        for each in batch
    )
    dates = [*(entry.issue_date for entry in entries), *(document_type.dated(each) for document_type, each in others)]
    return sum(day is not None and day > own for day in dates)
