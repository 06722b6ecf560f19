"""The change feed: each object that changed since a clock, once, in its present state, read from the journal.

A page holds complete commits. An object that changed again after the page's last clock appears in its newer state, and
again on a later page. An object deleted since then does not appear, because a later page holds its deletion. A client
that applies every page ends with the present state.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

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
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import ClockTooOld, SynchronisationOff
from chalicelib.domain.journal import JournalEntry
from chalicelib.services.documents.payments import redact_references
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT

R = TypeVar("R", bound=Record)
MOST_ENTRIES = 500
"""Journal entries that one page examines at most. Many of them may concern kinds that clients do not see."""
READ_BYTES, DOCUMENT_BYTES, OTHER_BYTES = 3_600_000, 300_000, 30_000
"""A transaction reads 4 MB at most. The other two are the largest row of a document, and of any other visible kind."""
ANSWER_BYTES = 4_000_000
"""Bytes of objects in one answer (a function may answer 6 MB). Further objects are named without content."""

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


def _simple(cls: type[Record], heaviest: int = OTHER_BYTES) -> Source:
    def refs(company: str, id: str, _: Sequence[str]) -> list[Ref]:
        return [cls.ref(company, id)]

    return Source(cls.KIND, refs, _first, heaviest)


def _payment_refs(company: str, id: str, balances: Sequence[str]) -> list[Ref]:
    """A payment lies under its document, whose balance changes in the same commit."""
    return [Payment.ref(company, id, invoice=invoice) for invoice in balances]


def _payment(rows: FoundRows) -> Payment:
    return next(row for row in rows if isinstance(row, Payment))


def _draft(cls: type[DraftDocument]) -> Source:
    return replace(_simple(cls, DOCUMENT_BYTES), read=_state)


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


def _documents(document_type: DocumentType) -> dict[tuple[str, str], Source]:
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
SOURCES: Mapping[tuple[str, str], Source] = {
    ("workspace", "company"): Source(Company.KIND, _company_refs, _first),
    ("workspace", "customer"): _simple(Customer),
    ("workspace", "supplier"): _simple(Supplier),
    ("workspace", "item"): _simple(Item),
    **{
        place: source
        for document_type in document_types()
        if document_type.on_devices
        for place, source in _documents(document_type).items()
    },
    ("ledger", "payment"): Source(Payment.KIND, _payment_refs, _payment, OTHER_BYTES),
    ("ledger", "credit_entry"): _simple(CreditEntry),
    ("ledger", "refund"): _simple(Refund),
}
"""The kinds that clients see. Other kinds do not appear in the feed."""


@dataclass(frozen=True)
class Touched:
    """An object that a commit put or deleted, and the rows needed to show it."""

    clock: int
    id: str
    op: Literal["put", "delete"]
    source: Source
    refs: list[Ref]


LatestChanges = dict[tuple[str, str], Touched]


P = TypeVar("P")


@dataclass(frozen=True)
class Changed(Generic[P]):
    """An object that changed at a clock. `object` is None for a deletion, and beyond ANSWER_BYTES."""

    clock: int
    kind: str
    id: str
    op: Literal["put", "delete"]
    object: P | None


@dataclass(frozen=True)
class ChangePage(Generic[P]):
    """The changes up to `clock`. The client continues from that clock."""

    changes: tuple[Changed[P], ...]
    clock: int
    more: bool


def changes(
    reader: Reader, present: Callable[[Any], P], size: Callable[[P], int], *, after: int, limit: int
) -> ChangePage[P]:
    """Read about `limit` changes after the clock `after`, in complete commits. `present` builds the representation of
    each object; `size` returns its bytes.

    Raises SynchronisationOff, and ClockTooOld when the journal no longer holds, or does not yet hold, the clock
    `after`.
    """
    head = reader.head
    if not head.cloud_sync:
        raise SynchronisationOff
    if after > head.clock:
        raise ClockTooOld(clock=head.clock)
    found, clock = _collect(reader, after, limit)
    shown = tuple(_shown(reader, list(found.values()), present, size))
    return ChangePage(shown, clock, more=clock < head.clock)


def _collect(reader: Reader, after: int, limit: int) -> tuple[LatestChanges, int]:
    """The latest change of each object in order of clock, and the last clock covered."""
    found: LatestChanges = {}
    clock = after
    while clock < reader.head.clock and clock - after < MOST_ENTRIES:
        start = JournalEntry.ref("", clock=clock).sort
        page = reader.page("journal", SORT.startswith("entry#"), after=start, limit=min(limit, 100))
        if not page.records:
            raise ClockTooOld(clock=reader.head.clock)
        for entry in page.records:
            # Clocks increase by one. A gap means that earlier entries were purged.
            if not isinstance(entry, JournalEntry) or entry.clock != clock + 1:
                raise ClockTooOld(clock=reader.head.clock)
            touched = _touched(entry)
            if found and len(found.keys() | touched.keys()) > limit:
                return found, clock
            found = {key: known for key, known in found.items() if key not in touched} | touched
            clock = entry.clock
    return found, clock


def _touched(entry: JournalEntry) -> LatestChanges:
    """The changes that clients see of one commit. Issue deletes the draft and puts the document with the same id: one
    put."""
    balances = [change.id for change in entry.changes if (change.room, change.kind) in BALANCES]
    found: LatestChanges = {}
    for change in entry.changes:
        source = SOURCES.get((change.room, change.kind))
        if source is None:
            continue
        known = found.get((source.object, change.id))
        if known is None or (known.op, change.op) == ("delete", "put"):
            refs = source.refs(entry.company, change.id, balances)
            found[source.object, change.id] = Touched(entry.clock, change.id, change.op, source, refs)
    return found


def _shown(
    reader: Reader, found: Sequence[Touched], present: Callable[[Any], P], size: Callable[[P], int]
) -> Iterator[Changed[P]]:
    rows = _rows(reader, [touched for touched in found if touched.op == "put"])
    left = ANSWER_BYTES
    for touched in found:
        shown = None
        if touched.op == "put" and left > 0:
            current = next(rows)
            if not any(current):
                continue
            shown = present(touched.source.read(current))
            left -= size(shown)
        yield Changed(touched.clock, touched.source.object, touched.id, touched.op, shown)


def _rows(reader: Reader, found: Sequence[Touched]) -> Iterator[FoundRows]:
    """The rows of each change, read lazily in few transactions of at most 100 rows and 4 MB."""
    batch: list[Touched] = []
    for touched in found:
        refs = sum(len(known.refs) for known in batch) + len(touched.refs)
        size = sum(known.source.heaviest for known in batch) + touched.source.heaviest
        if batch and (refs > 100 or size > READ_BYTES):
            yield from _read(reader, batch)
            batch = []
        batch.append(touched)
    yield from _read(reader, batch)


def _read(reader: Reader, batch: Sequence[Touched]) -> Iterator[FoundRows]:
    rows = iter(
        redact_references(reader.store, reader.head, reader.of([ref for touched in batch for ref in touched.refs]))
    )
    for touched in batch:
        yield [next(rows) for _ in touched.refs]
