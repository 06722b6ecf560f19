"""The journal's commits after a clock: the objects that clients see and that a commit touched, and their present rows.

The change feed and the synchronisation of devices both read it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

from chalicelib.domain.attachments.attachment import Attached, Attachment, DocumentAttachment
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record, Ref, RowKind
from chalicelib.domain.errors import ClockTooOld
from chalicelib.domain.journal import JournalEntry
from chalicelib.services.attachments.owners import is_thread
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT

R = TypeVar("R", bound=Record)
DOCUMENT_BYTES, OTHER_BYTES = 300_000, 30_000
"""The largest row of a document, and of any other kind that clients see."""

FEW_ENTRIES: Final = 25
"""Journal entries that a caller reads by their keys. Each costs a unit: a query costs less, and a round trip more."""

KnownRows = Mapping[Ref, Record]
NO_ROWS: Final[KnownRows] = MappingProxyType({})
FoundRows = Sequence[Record | None]


@dataclass(frozen=True)
class Source:
    """A builder of the object that a client sees for a row of one table and kind. `refs` takes the company, the id and
    the ids of the balances that the same commit changed. `read` builds the object from those rows."""

    object: str
    refs: Callable[[str, str, Sequence[str]], list[Ref]]
    read: Callable[[FoundRows], Any]
    heaviest: int = DOCUMENT_BYTES


def _first(rows: FoundRows) -> Any:
    return rows[0]


def simple(cls: type[Record], heaviest: int = OTHER_BYTES) -> Source:
    def refs(company: str, id: str, _: Sequence[str]) -> list[Ref]:
        return [cls.ref(company, id)]

    return Source(cls.KIND, refs, _first, heaviest)


def _payment_refs(company: str, id: str, balances: Sequence[str]) -> list[Ref]:
    """A payment lies under its document, whose balance changes in the same commit."""
    return [Payment.ref(company, id, invoice=invoice) for invoice in balances]


def _payment(rows: FoundRows) -> Payment:
    return next(row for row in rows if isinstance(row, Payment))


def _draft(cls: type[DraftDocument]) -> Source:
    return replace(simple(cls, DOCUMENT_BYTES), read=_state)


def _frozen(document_type: DocumentType) -> Source:
    """The source of a kind's frozen documents, each with its balance."""
    classes = [document_type.issued, *([document_type.balance] if document_type.balance else [])]

    def refs(company: str, id: str, _: Sequence[str]) -> list[Ref]:
        return [cls.ref(company, id) for cls in classes]

    return Source(document_type.kind, refs, _state)


def _state(rows: FoundRows) -> DocumentState:
    document, balance = rows[0], rows[-1]
    assert isinstance(document, (DraftDocument, Issued))  # noqa: S101 — the first row is there, and of the class asked for
    return DocumentState(document, balance if isinstance(balance, Balance) else None)


def _documents(document_type: DocumentType) -> dict[RowKind, Source]:
    """The sources of a document kind, by table and kind of row: drafts, frozen documents and balances."""
    source = _frozen(document_type)
    found = {(cls.TABLE, cls.KIND): source for cls in (document_type.issued, document_type.balance) if cls}
    if document_type.draft:
        found[document_type.draft.TABLE, document_type.kind] = _draft(document_type.draft)
    return found


def _company_refs(company: str, id: str, _: Sequence[str]) -> list[Ref]:  # noqa: ARG001 — one row, whatever its id
    return [Company.ref(company)]


BALANCES = frozenset(
    (document_type.balance.TABLE, document_type.balance.KIND)
    for document_type in document_types()
    if document_type.balance
)
SOURCES: Mapping[RowKind, Source] = {
    ("workspace", "company"): Source(Company.KIND, _company_refs, _first),
    ("workspace", "customer"): simple(Customer),
    ("workspace", "supplier"): simple(Supplier),
    ("workspace", "item"): simple(Item),
    **{
        place: source
        for document_type in document_types()
        if document_type.on_devices
        for place, source in _documents(document_type).items()
    },
    ("workspace", "attachment"): simple(Attachment),
    ("ledger", "attachment"): simple(DocumentAttachment),
    ("ledger", "payment"): Source(Payment.KIND, _payment_refs, _payment, OTHER_BYTES),
    ("ledger", "credit_entry"): simple(CreditEntry),
    ("ledger", "refund"): simple(Refund),
}
"""The kinds that clients see."""


def private(found: Any) -> bool:
    """Whether an object belongs to one member: the attachment of a support thread. No walk of the journal shows it."""
    return isinstance(found, Attached) and is_thread(found.owner)


@dataclass(frozen=True)
class Touched:
    """An object that a commit put or deleted, and the rows needed to show it. `tables` are those in which commits
    touched it; `at` is the commit's instant."""

    clock: int
    at: datetime
    id: str
    op: Literal["put", "delete"]
    source: Source
    refs: list[Ref]
    tables: frozenset[str]


LatestChanges = dict[tuple[str, str], Touched]


def few_entries(company: str, after: int, head: int) -> list[Ref]:
    """The addresses of the entries after a clock, if they are few. A caller reads them with other rows, in one call."""
    few = 0 < head - after <= FEW_ENTRIES
    return [JournalEntry.ref(company, clock=clock) for clock in range(after + 1, head + 1)] if few else []


def entries_after(reader: Reader, after: int, together: int, known: KnownRows = NO_ROWS) -> Iterator[JournalEntry]:
    """The journal's entries after a clock up to the reader's head, `together` in one read. `known` are the rows that
    the caller read at `few_entries`. Raises ClockTooOld when the journal no longer holds, or does not yet hold, the
    clock."""
    head = reader.head.clock
    if after > head:
        raise ClockTooOld(clock=head)
    clock = after
    while clock < head:
        records = [row for ref in few_entries(reader.company, clock, head) if (row := known.get(ref))]
        if not records:
            start = JournalEntry.ref("", clock=clock).sort
            records = reader.page("journal", SORT.startswith("entry#"), after=start, limit=together).records
        if not records:
            raise ClockTooOld(clock=head)
        for entry in records:
            # Clocks increase by one. A gap means that entries were purged, or that the tables were recovered.
            if not isinstance(entry, JournalEntry) or entry.clock != clock + 1:
                raise ClockTooOld(clock=head)
            if entry.clock > head:
                return
            yield entry
            clock = entry.clock


def add(found: LatestChanges, touched: LatestChanges) -> None:
    """Add what a later commit touched. `found` stays in the order of clocks, with each object once."""
    for key, latest in touched.items():
        known = found.pop(key, None)
        found[key] = replace(latest, tables=latest.tables | known.tables) if known else latest


def touched_by(entry: JournalEntry, sources: Mapping[RowKind, Source] = SOURCES) -> LatestChanges:
    """The changes of one commit that clients see. Issue deletes the draft and puts the document with the same id: one
    put."""
    balances = [change.id for change in entry.changes if (change.room, change.kind) in BALANCES]
    found: LatestChanges = {}
    for change in entry.changes:
        source = sources.get((change.room, change.kind))
        if source is None:
            continue
        key = (source.object, change.id)
        known = found.get(key)
        tables = frozenset({change.room}) | (known.tables if known else frozenset())
        if known is None or (known.op, change.op) == ("delete", "put"):
            refs = source.refs(entry.company, change.id, balances)
            found[key] = Touched(entry.clock, entry.created_at, change.id, change.op, source, refs, tables)
        else:
            found[key] = replace(known, tables=tables)
    return found
