"""The objects that devices see, and where the rows of each are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from chalicelib.domain.attachments.attachment import Attachment, DocumentAttachment
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, advance_id
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.documents.registry import document_types, types_about
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import ENTITIES, Record, Ref, RowKind
from chalicelib.domain.errors import ClockTooOld
from chalicelib.domain.sync.outcomes import IssueRequest, SyncNotice
from chalicelib.services.attachments.rows import has_any, of_owner
from chalicelib.services.commits import SOURCES, Source, Touched, simple
from chalicelib.services.documents.payments import redact_references
from chalicelib.services.sync.rows import CLASSES, shows
from chalicelib.store.read import Reader, rows_of_party
from chalicelib.store.wire import SORT, start_after

_OUTCOMES: Final = {(cls.TABLE, cls.KIND): simple(cls) for cls in (IssueRequest, SyncNotice)}
_ON_DEVICES: Final = tuple(document_type for document_type in document_types() if document_type.on_devices)
DEVICE_SOURCES: Final[Mapping[RowKind, Source]] = {
    **{
        place: source
        for place, source in SOURCES.items()
        if ENTITIES[place] in CLASSES or issubclass(ENTITIES[place], (DraftDocument, Issued, Balance))
    },
    **_OUTCOMES,
}
"""The kinds of rows that belong to a device's tables."""
_ROWS_TOGETHER: Final = 100
MOST_DOCUMENTS: Final = 500
"""Documents of an erased person that a page shows again."""
_BY_KIND: Final = {cls.KIND: name for cls, name in CLASSES.items()}
_DOCUMENT_TABLES: Final = {"workspace": "drafts", "ledger": "documents"}
"""The table of a device for a document, by the table that its row lies in."""


def present(reader: Reader, touched: Iterable[Touched]) -> Iterator[tuple[Touched, Any | None]]:
    """Each object with its present state; None for one that is gone. Rows are read lazily, in few batches. A row that
    another commit changes meanwhile comes again with that commit."""
    batch: list[Touched] = []
    for each in touched:
        if batch and sum(len(known.refs) for known in batch) + len(each.refs) > _ROWS_TOGETHER:
            yield from _batch(reader, batch)
            batch = []
        batch.append(each)
    yield from _batch(reader, batch)


def _batch(reader: Reader, batch: Sequence[Touched]) -> Iterator[tuple[Touched, Any | None]]:
    refs = [ref for each in batch if each.op == "put" for ref in each.refs]
    found = reader.batch(refs)
    rows = redact_references(reader.store, reader.head, [found.get(ref) for ref in refs])
    by_ref = dict(zip(refs, rows, strict=True))
    for each in batch:
        own = [by_ref.get(ref) for ref in each.refs]
        yield each, each.source.read(own) if any(own) and each.op == "put" else None


@dataclass(frozen=True)
class Position:
    """A place among all objects: the number of a section, and the sort key of the last row that was read in it."""

    section: int = 0
    after: str = ""


Section = Callable[[str], Iterator[tuple[str, Any]]]
"""The objects of one kind behind a sort key, each with its own sort key."""
START: Final = Position()


def everything(reader: Reader) -> Iterator[Any]:
    """Every object that devices see, table by table, in the order of the tables. Raises Busy."""
    return (found for _, found in positioned(reader))


def positioned(reader: Reader, start: Position = START) -> Iterator[tuple[Position, Any]]:
    """`everything` behind a position: each object with its position. Raises Busy."""
    for number, section in enumerate(_sections(reader)):
        if number >= start.section:
            after = start.after if number == start.section else ""
            yield from ((Position(number, sort), found) for sort, found in section(after))


def _sections(reader: Reader) -> Iterator[Section]:
    yield lambda after: iter(() if after else [("company", reader.get(Company, reader.company))])
    for cls in (Customer, Supplier, Item):
        yield partial(_rows, reader, cls)
    for document_type in _ON_DEVICES:
        if document_type.draft:
            yield partial(_drafts, reader, document_type.draft)
    for document_type in _ON_DEVICES:
        yield partial(_issued, reader, document_type)
    for money in (Payment, CreditEntry):
        yield partial(_redacted, reader, money)
    for attached in (Attachment, DocumentAttachment):
        yield partial(_rows, reader, attached)
    for outcome in (IssueRequest, SyncNotice):
        yield partial(_rows, reader, outcome)


def _behind(reader: Reader, table: str, prefix: str, after: str) -> Iterator[Record]:
    key = start_after(reader.company, after) if after else None
    return reader.store.all(table, reader.company, SORT.startswith(prefix), after=key)


def _rows(reader: Reader, cls: type[Record], after: str) -> Iterator[tuple[str, Any]]:
    found = _behind(reader, cls.TABLE, cls.SORT.partition("{")[0], after)
    return ((row.key.sort, row) for row in found if isinstance(row, cls))


def _drafts(reader: Reader, cls: type[DraftDocument], after: str) -> Iterator[tuple[str, Any]]:
    return ((sort, DocumentState(draft)) for sort, draft in _rows(reader, cls, after))


def _issued(reader: Reader, document_type: DocumentType, after: str) -> Iterator[tuple[str, Any]]:
    """The frozen documents of a kind. A balance follows its document."""
    last: Issued | None = None
    for row in _behind(reader, document_type.issued.TABLE, f"{document_type.issued.KIND}#", after):
        if isinstance(row, Issued):
            if last:
                yield last.key.sort, DocumentState(last)
            last = row
        elif isinstance(row, Balance) and last and row.id == last.id:
            yield row.key.sort, DocumentState(last, row)
            last = None
    if last:
        yield last.key.sort, DocumentState(last)


def _redacted(reader: Reader, cls: type[Record], after: str) -> Iterator[tuple[str, Any]]:
    return ((row.key.sort, row) for row in _without_references(reader, (row for _, row in _rows(reader, cls, after))))


def _without_references(reader: Reader, rows: Iterable[Record]) -> Iterator[Record]:
    batch: list[Record] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS_TOGETHER:
            yield from redact_references(reader.store, reader.head, batch)
            batch = []
    yield from redact_references(reader.store, reader.head, batch)


def named(company: str, table: str, id: str) -> list[Ref]:
    """The addresses at which the object of a device's row may be: a draft has the id of its document."""
    if table in ("drafts", "documents"):
        return [
            cls.ref(company, id)
            for each in _ON_DEVICES
            if id.startswith(f"{each.prefix}_")
            for cls in (each.issued, each.balance, each.draft)
            if cls is not None
        ]
    return [cls.ref(company, id) for cls, name in CLASSES.items() if name == table]


def find(reader: Reader, table: str, ids: Sequence[str]) -> Iterator[tuple[str, Any | None]]:
    """The objects of a table's rows in their present state; None for one that does not exist. Raises Busy."""
    refs = _payments(reader, ids) if table == "payments" else {id: named(reader.company, table, id) for id in ids}
    found = reader.batch([ref for own in refs.values() for ref in own])
    for id in ids:
        rows = [row for ref in refs.get(id, ()) if (row := found.get(ref))]
        yield id, _object(redact_references(reader.store, reader.head, rows))


def _payments(reader: Reader, ids: Sequence[str]) -> dict[str, list[Ref]]:
    """The addresses of payments, which lie under their documents, and of the advances that wait in their place."""
    company = reader.company
    places = reader.batch([PaymentId.ref(company, id) for id in ids]).values()
    found = (place for place in places if isinstance(place, PaymentId))
    return {
        place.id: [
            Payment.ref(company, place.id, invoice=place.invoice),
            CreditEntry.ref(company, advance_id(place.id)),
        ]
        for place in found
    }


def _object(rows: Sequence[Record]) -> Any | None:
    if rows and isinstance(rows[0], (DraftDocument, Issued)):
        return DocumentState(rows[0], next((row for row in rows if isinstance(row, Balance)), None))
    return rows[0] if rows else None


def about_erased(reader: Reader, id: str) -> Iterator[Any]:
    """The documents of an erased person, their payments and attachments, as a client may still see them: without the
    person. Raises ClockTooOld above MOST_DOCUMENTS: the device then reads everything anew."""
    read = 0
    attached = has_any(reader.store, reader.company)
    for document_type in types_about(id):
        for document in rows_of_party(reader.store, document_type.issued, reader.company, id):
            read += 1
            if read > MOST_DOCUMENTS:
                raise ClockTooOld(clock=reader.head.clock)
            balance = document_type.balance.ref(reader.company, document.id) if document_type.balance else None
            found = reader.batch([balance]).get(balance) if balance else None
            yield DocumentState(document, found if isinstance(found, Balance) else None)
            if balance:
                yield from _without_references(reader, reader.all(Payment.TABLE, f"payment#{document.id}#"))
            if attached:
                yield from of_owner(reader.store, reader.company, document.id, (DocumentAttachment,))
    advances = (entry for entry in rows_of_party(reader.store, CreditEntry, reader.company, id) if shows(entry, ""))
    yield from _without_references(reader, advances)


def changed_at(found: Any) -> datetime:
    """The instant of the last change of an object."""
    at: datetime = found.updated_at
    return at


def tables_of(touched: Touched) -> tuple[str, ...]:
    """The tables of a device in which a commit touched an object."""
    if name := _BY_KIND.get(touched.source.object):
        return (name,)
    return tuple(_DOCUMENT_TABLES[table] for table in sorted(touched.tables))
