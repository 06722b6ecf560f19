"""Read documents. Drafts and frozen documents of a kind lie in two tables and appear as one list."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from heapq import merge
from typing import Any, TypeVar

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.document_type import DRAFT, DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.services.documents import listing_search
from chalicelib.services.documents.document_query import DocumentQuery
from chalicelib.services.documents.listing_index import Documents, IndexSearch
from chalicelib.services.records.paging import Page, page_of, page_of_found
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, RowPage, start_after

P = TypeVar("P")
FILTERED_PAGE = 200


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
    """Drafts and frozen documents of a kind, newest first unless the query has another order. The most selective filter
    is walked, and the others filter. `present` builds the representation of each; `size` returns its bytes.

    Raises SortNotWithFilter, QueryTooBroad, and InvalidContent for a cursor that has no place in the order.
    """
    index_search = IndexSearch(reader, document_type, query, lambda state: query.matches(state, reader.head))
    _ = query.is_descending  # Refuses a sort that the filters do not have, before anything is read.
    found = _found(index_search)
    page = page_of_found(found, query.limit, present, size) if found else _examined(index_search, present, size)
    return Page(page.items[::-1], page.next) if query.backwards else page


def _found(index_search: IndexSearch) -> Documents | None:
    """The documents that an index finds; None for a list that is read one by one."""
    query = index_search.query
    match query.plan:
        case "number" if index_search.document_type.registered or index_search.document_type.imported:
            return listing_search.by_number(index_search)
        case "search" if query.words is not None:
            return listing_search.by_words(index_search, query.words)
        case "person":
            return index_search.by_person()
        case "open":
            return index_search.open()
        case "dates":
            return index_search.dates()
    return None


def _examined(index_search: IndexSearch, present: Callable[[DocumentState], P], size: Callable[[P], int]) -> Page[P]:
    """The documents by id, one by one. Queries run in parallel, one per table that can match."""
    query = index_search.query
    streams = _streams(index_search) if index_search.tables else []
    both = merge(*streams, key=lambda state: state.id, reverse=query.is_descending)
    examined = ((state.id, state if index_search.matches(state) else None) for state in both)
    return page_of(examined, query.limit, present, size)


def _streams(index_search: IndexSearch) -> list[Iterator[DocumentState]]:
    """One stream per table. The first pages are requested in parallel."""
    reader, document_type, query, tables = (
        index_search.reader,
        index_search.document_type,
        index_search.query,
        index_search.tables,
    )
    # A document and its balance are two rows of the ledger. One extra document shows whether there are more.
    rows = {table: 2 if table == "ledger" and document_type.balance else 1 for table in tables}
    filtered = query.filters and not (query.filters == {"status"} and query.status == DRAFT)
    sizes = {table: FILTERED_PAGE if filtered else (query.limit + 1) * rows[table] for table in tables}
    prefix, descending = f"{document_type.kind}#", query.is_descending

    def page(table: str, after: dict[str, Any] | None) -> RowPage:
        return reader.store.query(
            table, reader.company, SORT.startswith(prefix), after=after, descending=descending, limit=sizes[table]
        )

    begin = _begin(reader.company, prefix, query)
    firsts = [reader.store.pool.submit(page, table, begin) for table in tables[1:]]
    here: Future[RowPage] = Future()
    here.set_result(page(tables[0], begin))
    return [
        _paired(_rows(first, page, table), ascending=not descending)
        for table, first in zip(tables, [here, *firsts], strict=True)
    ]


def _begin(company: str, prefix: str, query: DocumentQuery) -> dict[str, Any] | None:
    """The start key of the query: strictly after the client's cursor, and after that document's balance."""
    if query.after is None:
        return None
    return start_after(company, f"{prefix}{query.after}" + ("" if query.is_descending else "~"))


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
