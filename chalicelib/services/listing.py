"""Reading invoices and credit notes: drafts and issued documents lie in two tables and are read as one list."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from typing import Any, TypeVar

from chalicelib.domain.company import Head
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record
from chalicelib.domain.erased import is_erased
from chalicelib.domain.errors import NotFound
from chalicelib.services.paging import Page, page_of
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, start_after
from chalicelib.store.wire import Page as Rows

P = TypeVar("P")
FILTERED_PAGE = 200


@dataclass(frozen=True)
class DocumentQuery:
    """The filters of a list, its length, and the id that it begins after. `ascending` goes towards newer ids."""

    limit: int
    after: str | None = None
    ascending: bool = False
    status: str | None = None
    customer: str | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    updated_since: datetime | None = None

    @property
    def filtered(self) -> bool:
        """Whether rows will be read that are not shown."""
        return any((self.status, self.customer, self.issued_from, self.issued_to, self.updated_since))


def invoice(reader: Reader, id: str) -> DocumentState:
    """A draft or an issued invoice, in one round trip. Raises NotFound."""
    company = reader.company
    draft, issued, balance = reader.of([Draft.ref(company, id), Invoice.ref(company, id), Balance.ref(company, id)])
    if isinstance(draft, Draft):
        return DocumentState(draft)
    if isinstance(issued, Invoice):
        return DocumentState(issued, balance if isinstance(balance, Balance) else None)
    raise NotFound


def credit_note(reader: Reader, id: str) -> DocumentState:
    """An issued credit note. Raises NotFound."""
    return DocumentState(reader.get(CreditNote, id))


def invoices(
    reader: Reader, query: DocumentQuery, present: Callable[[DocumentState], P], size: Callable[[P], int]
) -> Page[P]:
    """Drafts and issued invoices, newest first: one query a table, side by side; only the tables that can answer.
    `present` turns each into what its reader needs, `size` says how many bytes that has."""
    rooms = {"draft": ["workspace"], None: ["workspace", "ledger"]}.get(query.status, ["ledger"])
    if query.issued_from or query.issued_to:
        rooms = [room for room in rooms if room == "ledger"]
    streams = _streams(reader, rooms, "invoice#", query)
    both = merge(*streams, key=lambda state: state.id, reverse=not query.ascending)
    return _part(both, reader.head, query, present, size)


def credit_notes(
    reader: Reader, query: DocumentQuery, present: Callable[[DocumentState], P], size: Callable[[P], int]
) -> Page[P]:
    """Credit notes, newest first; `present` and `size` as for invoices."""
    (stream,) = _streams(reader, ["ledger"], "credit_note#", query)
    return _part(stream, reader.head, query, present, size)


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


def _streams(reader: Reader, rooms: Sequence[str], prefix: str, query: DocumentQuery) -> list[Iterator[DocumentState]]:
    """A stream a room; the first pages of all are asked for at once."""
    # A document and its balance are two rows of the ledger; one document more says whether there are more.
    sizes = {
        room: FILTERED_PAGE if query.filtered else (query.limit + 1) * (2 if room == "ledger" else 1) for room in rooms
    }

    def page(room: str, after: dict[str, Any] | None) -> Rows:
        return reader.store.query(
            room,
            reader.company,
            SORT.startswith(prefix),
            after=after,
            descending=not query.ascending,
            limit=sizes[room],
        )

    begin = _begin(reader.company, prefix, query)
    firsts = [reader.store.pool.submit(page, room, begin) for room in rooms[1:]]
    here: Future[Rows] = Future()
    here.set_result(page(rooms[0], begin))
    return [
        _paired(_rows(first, page, room), ascending=query.ascending)
        for room, first in zip(rooms, [here, *firsts], strict=True)
    ]


def _begin(company: str, prefix: str, query: DocumentQuery) -> dict[str, Any] | None:
    """Where the walk starts: strictly after the document that the client names, and after its balance."""
    if query.after is None:
        return None
    return start_after(company, f"{prefix}{query.after}" + ("~" if query.ascending else ""))


def _rows(first: Future[Rows], page: Callable[[str, dict[str, Any] | None], Rows], room: str) -> Iterator[Record]:
    current = first.result()
    while True:
        yield from current.records
        if current.next is None:
            return
        current = page(room, current.next)


def _paired(rows: Iterator[Record], *, ascending: bool) -> Iterator[DocumentState]:
    """Documents, each with the balance that lies beside it: after it ascending, before it descending."""
    waiting: Invoice | None = None
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
        if isinstance(row, Invoice) and ascending:
            waiting = row
        elif isinstance(row, Invoice):
            yield DocumentState(row, balance if balance and balance.id == row.id else None)
            balance = None
        elif isinstance(row, (Draft, Issued)):
            yield DocumentState(row)
    if waiting is not None:
        yield DocumentState(waiting)


def _matches(state: DocumentState, query: DocumentQuery, head: Head) -> bool:
    day, customer = state.issue_date, state.person
    return (
        (query.status is None or state.status == query.status)
        and (query.customer is None or (customer == query.customer and not is_erased(head, query.customer)))
        and (query.issued_from is None or (day is not None and day >= query.issued_from))
        and (query.issued_to is None or (day is not None and day <= query.issued_to))
        and (query.updated_since is None or state.updated_at >= query.updated_since)
    )
