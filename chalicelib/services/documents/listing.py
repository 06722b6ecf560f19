"""Read documents. Drafts and frozen documents of a kind lie in two tables and appear as one list."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from typing import Any, TypeVar

from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.document_type import DRAFT, DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.records.paging import Page, page_of
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, RowPage, start_after

P = TypeVar("P")
FILTERED_PAGE = 200


@dataclass(frozen=True)
class DocumentQuery:
    """Filters, length and cursor of a list. `after` is an id; `ascending` lists from older to newer ids."""

    limit: int
    after: str | None = None
    ascending: bool = False
    status: str | None = None
    person: str | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    updated_since: datetime | None = None

    @property
    def filtered(self) -> bool:
        """Whether the list reads rows that it may then filter out."""
        return any((self.status, self.person, self.issued_from, self.issued_to, self.updated_since))


def document(reader: Reader, document_type: DocumentType, id: str) -> DocumentState:
    """A draft or a frozen document, in one round trip. Raises NotFound."""
    classes = [cls for cls in (document_type.issued, document_type.draft, document_type.balance) if cls is not None]
    found = reader.of([cls.ref(reader.company, id) for cls in classes])
    balance = next((row for row in found if isinstance(row, Balance)), None)
    for row in found:
        if isinstance(row, (DraftDocument, Issued)):
            return DocumentState(row, balance)
    raise NotFound


def documents(
    reader: Reader,
    document_type: DocumentType,
    query: DocumentQuery,
    present: Callable[[DocumentState], P],
    size: Callable[[P], int],
) -> Page[P]:
    """Drafts and frozen documents of a kind, newest first. Queries run in parallel, one per table that can match.
    `present` builds the representation of each; `size` returns its bytes."""
    tables = ["workspace", "ledger"] if document_type.draft is not None else ["ledger"]
    if query.status is not None:
        tables = [table for table in tables if table == ("workspace" if query.status == DRAFT else "ledger")]
    if query.issued_from or query.issued_to:
        tables = [table for table in tables if table == "ledger"]
    streams = _streams(reader, tables, document_type, query) if tables else []
    both = merge(*streams, key=lambda state: state.id, reverse=not query.ascending)
    return _part(both, reader.head, query, present, size)


def _part(
    stream: Iterator[DocumentState],
    head: Head,
    query: DocumentQuery,
    present: Callable[[DocumentState], P],
    size: Callable[[P], int],
) -> Page[P]:
    examined = ((state.id, state if _matches(state, query, head) else None) for state in stream)
    page = page_of(examined, query.limit, present, size)
    return Page(page.items[::-1], page.next) if query.ascending else page


def _streams(
    reader: Reader, tables: Sequence[str], document_type: DocumentType, query: DocumentQuery
) -> list[Iterator[DocumentState]]:
    """One stream per table. The first pages are requested in parallel."""
    # A document and its balance are two rows of the ledger. One extra document shows whether there are more.
    rows = {table: 2 if table == "ledger" and document_type.balance else 1 for table in tables}
    sizes = {table: FILTERED_PAGE if query.filtered else (query.limit + 1) * rows[table] for table in tables}
    prefix = f"{document_type.kind}#"

    def page(table: str, after: dict[str, Any] | None) -> RowPage:
        return reader.store.query(
            table,
            reader.company,
            SORT.startswith(prefix),
            after=after,
            descending=not query.ascending,
            limit=sizes[table],
        )

    begin = _begin(reader.company, prefix, query)
    firsts = [reader.store.pool.submit(page, table, begin) for table in tables[1:]]
    here: Future[RowPage] = Future()
    here.set_result(page(tables[0], begin))
    return [
        _paired(_rows(first, page, table), ascending=query.ascending)
        for table, first in zip(tables, [here, *firsts], strict=True)
    ]


def _begin(company: str, prefix: str, query: DocumentQuery) -> dict[str, Any] | None:
    """The start key of the query: strictly after the client's cursor, and after that document's balance."""
    if query.after is None:
        return None
    return start_after(company, f"{prefix}{query.after}" + ("~" if query.ascending else ""))


def _rows(
    first: Future[RowPage], page: Callable[[str, dict[str, Any] | None], RowPage], table: str
) -> Iterator[Record]:
    current = first.result()
    while True:
        yield from current.records
        if current.next is None:
            return
        current = page(table, current.next)


def _paired(rows: Iterator[Record], *, ascending: bool) -> Iterator[DocumentState]:
    """Pair each document with its balance. The balance follows the document in ascending order and precedes it
    otherwise."""
    waiting: Issued | None = None
    balance: Balance | None = None
    for row in rows:
        if isinstance(row, Balance):
            if ascending and waiting is not None:
                yield DocumentState(waiting, row)
                waiting = None
            else:
                balance = row
            continue
        if waiting is not None:
            yield DocumentState(waiting)
            waiting = None
        if isinstance(row, Issued) and ascending:
            waiting = row
        elif isinstance(row, (DraftDocument, Issued)):
            yield DocumentState(row, balance if balance and balance.id == row.id else None)
            balance = None
    if waiting is not None:
        yield DocumentState(waiting)


def _matches(state: DocumentState, query: DocumentQuery, head: Head) -> bool:
    day, person = state.issue_date, state.person
    return (
        (query.status is None or state.status == query.status)
        and (query.person is None or (person == query.person and not is_erased(head, query.person)))
        and (query.issued_from is None or (day is not None and day >= query.issued_from))
        and (query.issued_to is None or (day is not None and day <= query.issued_to))
        and (query.updated_since is None or state.updated_at >= query.updated_since)
    )
