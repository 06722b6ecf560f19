"""The rows of an export, a page at a time, as the API shows them to a reader of today."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, NamedTuple

import msgspec

from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record
from chalicelib.domain.exports.model import DRAFTED, ISSUED, PAPERS, ExportRequest
from chalicelib.services.documents.document_query import DocumentQuery
from chalicelib.services.documents.listing import documents
from chalicelib.services.documents.payments import redact_references
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.documents import present_document
from chalicelib.services.representation.payments import present_credit_entry, present_payment, present_refund
from chalicelib.services.representation.records import present_party, present_record
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT

ROWS: Final = 200
DOCUMENTS: Final = 100
PRINTED: Final = 20
"""Rows of a page: records, documents, documents of which each is printed."""


class RowsPage(NamedTuple):
    """Rows, and the cursor of the next page (None after the last one)."""

    bodies: list[Body]
    next: str | None


Present = Callable[..., Body]
_RECORDS: Final[Mapping[str, tuple[type[Record], Present]]] = {
    "customers": (Customer, present_party),
    "suppliers": (Supplier, present_party),
    "items": (Item, present_record),
    "payments": (Payment, present_payment),
    "credit_entries": (CreditEntry, present_credit_entry),
    "refunds": (Refund, present_refund),
}


def page(reader: Reader, request: ExportRequest, kind: str, after: str, day: date) -> RowsPage:
    """The next rows of a kind. `after` is the cursor, empty for the first page. `day` is today. Raises Busy."""
    if kind in ISSUED:
        return _issued(reader, request, ISSUED[kind], after, day)
    if kind in DRAFTED:
        return _drafts(reader, DRAFTED[kind], after)
    cls, present = _RECORDS[kind]
    found = reader.page(cls.TABLE, SORT.startswith(f"{cls.KIND}#"), after=after or None, limit=ROWS)
    rows = [row for row in found.records if isinstance(row, cls) and request.has(getattr(row, "date", None))]
    bodies = [present(row, reader.head) for row in redact_references(reader.store, reader.head, rows)]
    if cls is Payment and request.format != "json":
        bodies = _with_numbers(reader, bodies)
    return RowsPage(bodies, found.next["sort"]["S"] if found.next else None)


def _with_numbers(reader: Reader, payments: list[Body]) -> list[Body]:
    """Payments, each with the number of its document. The API shows the id alone."""
    ids = dict.fromkeys(each["invoice"] for each in payments)
    refs = [document_type.issued.ref(reader.company, id) for id in ids if (document_type := by_id(id))]
    numbers = {row.id: row.number for row in reader.store.batch(refs).values() if isinstance(row, Issued)}
    return [each | {"invoice_number": numbers.get(each["invoice"])} for each in payments]


def _issued(reader: Reader, request: ExportRequest, document_type: DocumentType, after: str, day: date) -> RowsPage:
    """Issued documents in the order of their days. A paper needs id and number alone."""
    query = DocumentQuery(
        limit=PRINTED if request.format in PAPERS else DOCUMENTS,
        today=day,
        after=after or None,
        issued_from=request.first,
        issued_to=request.last,
        sort="issue_date",
    )

    def present(state: DocumentState) -> Body:
        if request.format in PAPERS:
            return {"id": state.id, "number": getattr(state.document, "number", None)}
        return present_document(state, reader.head, day)

    found = documents(reader, document_type, query, present, _size)
    return RowsPage(list(found.items), found.next)


def _drafts(reader: Reader, document_type: DocumentType, after: str) -> RowsPage:
    assert document_type.draft is not None  # noqa: S101 — DRAFTED has no other kinds
    prefix = SORT.startswith(f"{document_type.kind}#")
    found = reader.page(document_type.draft.TABLE, prefix, after=after or None, limit=DOCUMENTS)
    drafts = [DocumentState(row) for row in found.records if isinstance(row, DraftDocument)]
    bodies = [present_document(state, reader.head) for state in drafts]
    return RowsPage(bodies, found.next["sort"]["S"] if found.next else None)


def _size(body: Body) -> int:
    return len(msgspec.json.encode(body))
