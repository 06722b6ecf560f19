"""The records whose statutory term is over, in batches of one commit."""

from collections.abc import Iterator
from datetime import date
from itertools import islice

from chalicelib.domain.companies.company import Series
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import Record
from chalicelib.store.wire import SORT, Store

BATCH = 12
"""Documents purged in one commit, each with its register entry, its balance and its payments."""


def due_entries(store: Store, company: str, through: date) -> Iterator[tuple[Series, list[RegisterEntry]]]:
    """The register entries of each series that may be purged, in order, in batches. Dates never decrease along a
    series, so the first later date ends it. A page is a batch and the entry after it: a larger page would read more of
    what stays at each sweep."""
    for series in store.all_of(Series, company):
        rows = store.all("ledger", company, SORT.startswith(f"register#{series.id}#"), limit=BATCH + 1)
        going = _until(rows, through)
        while batch := list(islice(going, BATCH)):
            yield series, batch


def due_documents(store: Store, company: str, through: date) -> Iterator[tuple[DocumentType, list[Issued]]]:
    """The fiscal documents outside the register that may be purged, in batches of one kind. They have no order by date,
    so all rows of a kind are read, once per due day."""
    for document_type in document_types():
        if document_type.fiscal and not document_type.registered:
            rows = store.all(document_type.issued.TABLE, company, SORT.startswith(f"{document_type.kind}#"))
            going = (
                row for row in rows if isinstance(row, Issued) and (document_type.dated(row) or date.max) <= through
            )
            while batch := list(islice(going, BATCH)):
                yield document_type, batch


def due_credit(store: Store, company: str, through: date) -> Iterator[CreditEntry | Refund]:
    """The unapplied credit and the refunds whose last event is past its term. They have no order by date."""
    for cls in (CreditEntry, Refund):
        for row in store.all("ledger", company, SORT.startswith(f"{cls.KIND}#")):
            if isinstance(row, cls) and row.last_date <= through:
                yield row


def _until(rows: Iterator[Record], through: date) -> Iterator[RegisterEntry]:
    for row in rows:
        if isinstance(row, RegisterEntry):
            if row.issue_date > through:
                return
            yield row
