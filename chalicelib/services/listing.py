"""Reading invoices and credit notes: drafts lie in one room and issued documents in another, a client sees one list."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from typing import Any

import msgspec

from chalicelib.domain.call import Answer
from chalicelib.domain.company import Head
from chalicelib.domain.document import Balance, CreditNote, Draft, Invoice, Issued
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.domain.party import Customer
from chalicelib.services.documents import present_credit_note, present_draft, present_invoice
from chalicelib.services.present import present_list
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, Page, start_after

Body = dict[str, Any]
FILTERED_PAGE, MOST_EXAMINED = 200, 1_000
ANSWER_BYTES = 3_600_000
"""A function answers 6 MB at most: a list of documents of a thousand lines each ends sooner and says where to go on."""


@dataclass(frozen=True)
class Wanted:
    """Which documents, from where, how many. `ascending` walks towards newer ids (`ending_before`)."""

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


def invoice(reader: Reader, id: str) -> Answer:
    """A draft or an issued invoice, in one round trip. Raises NotFound."""
    company = reader.company
    draft, issued, balance = reader.of([Draft.ref(company, id), Invoice.ref(company, id), Balance.ref(company, id)])
    if isinstance(draft, Draft):
        return Answer(present_draft(draft))
    if isinstance(issued, Invoice):
        return Answer(present_invoice(issued, balance if isinstance(balance, Balance) else None, reader.head))
    raise NotFound


def credit_note(reader: Reader, id: str) -> Answer:
    """An issued credit note. Raises NotFound."""
    return Answer(present_credit_note(reader.get(CreditNote, id), reader.head))


def invoices(reader: Reader, wanted: Wanted, url: str) -> Answer:
    """Drafts and issued invoices, newest first: one query a room, side by side; only the rooms that can answer."""
    rooms = {"draft": ["workspace"], None: ["workspace", "ledger"]}.get(wanted.status, ["ledger"])
    if wanted.issued_from or wanted.issued_to:
        rooms = [room for room in rooms if room == "ledger"]
    streams = _streams(reader, rooms, "invoice#", wanted)
    both = merge(*streams, key=lambda body: body["id"], reverse=not wanted.ascending)
    return _listed(both, wanted, url)


def credit_notes(reader: Reader, wanted: Wanted, url: str) -> Answer:
    """Credit notes, newest first."""
    (stream,) = _streams(reader, ["ledger"], "credit_note#", wanted)
    return _listed(stream, wanted, url)


def expand_customers(reader: Reader, bodies: Sequence[Body], present: Callable[[Customer], Body]) -> None:
    """Replace customers' ids by the customers, where they still exist; one round trip for all."""
    ids = list(dict.fromkeys(body["customer"] for body in bodies if body["customer"]))
    found = dict(zip(ids, reader.many(Customer, ids), strict=True)) if ids else {}
    for body in bodies:
        if customer := found.get(body["customer"]):
            body["customer"] = present(customer)


def _listed(stream: Iterator[Body], wanted: Wanted, url: str) -> Answer:
    """The part of the list that was asked for, of ANSWER_BYTES at most. A filtered list examines at most MOST_EXAMINED
    documents; `next` is the id to go on from, and `data` may then be short or empty although there is more."""
    found: list[Body] = []
    last, size = None, 0
    for examined, body in enumerate(stream, 1):
        if _matches(body, wanted):
            size += len(msgspec.json.encode(body))
            if len(found) == wanted.limit or (found and size > ANSWER_BYTES):
                last = found[-1]["id"]
                break
            found.append(body)
        if examined == MOST_EXAMINED:
            last = body["id"]
            break
    shown = found[::-1] if wanted.ascending else found
    return Answer(present_list(url, shown, more=last is not None, next=last))


def _streams(reader: Reader, rooms: Sequence[str], prefix: str, wanted: Wanted) -> list[Iterator[Body]]:
    """A stream a room; the first pages of all are asked for at once."""
    # A document and its balance are two rows of the ledger; one document more says whether there are more.
    sizes = {
        room: FILTERED_PAGE if wanted.filtered else (wanted.limit + 1) * (2 if room == "ledger" else 1)
        for room in rooms
    }

    def page(room: str, after: dict[str, Any] | None) -> Page:
        return reader.store.query(
            room,
            reader.company,
            SORT.startswith(prefix),
            after=after,
            descending=not wanted.ascending,
            limit=sizes[room],
        )

    begin = _begin(reader.company, prefix, wanted)
    firsts = [reader.store.pool.submit(page, room, begin) for room in rooms[1:]]
    here: Future[Page] = Future()
    here.set_result(page(rooms[0], begin))
    return [
        _paired(_rows(first, page, room), reader.head, ascending=wanted.ascending)
        for room, first in zip(rooms, [here, *firsts], strict=True)
    ]


def _begin(company: str, prefix: str, wanted: Wanted) -> dict[str, Any] | None:
    """Where the walk starts: strictly after the document that the client names, and after its balance."""
    if wanted.after is None:
        return None
    return start_after(company, f"{prefix}{wanted.after}" + ("~" if wanted.ascending else ""))


def _rows(first: Future[Page], page: Callable[[str, dict[str, Any] | None], Page], room: str) -> Iterator[Record]:
    current = first.result()
    while True:
        yield from current.records
        if current.next is None:
            return
        current = page(room, current.next)


def _paired(rows: Iterator[Record], head: Head, *, ascending: bool) -> Iterator[Body]:
    """Bodies of documents, each with the balance that stands beside it: after it ascending, before it descending."""
    waiting: Issued | None = None
    balance: Balance | None = None
    for row in rows:
        if isinstance(row, Balance):
            if ascending and isinstance(waiting, Invoice):
                yield present_invoice(waiting, row, head)
                waiting = None
            else:
                balance = row
            continue
        if isinstance(waiting, Invoice):
            yield present_invoice(waiting, None, head)
            waiting = None
        if isinstance(row, Draft):
            yield present_draft(row)
        elif isinstance(row, CreditNote):
            yield present_credit_note(row, head)
        elif isinstance(row, Invoice) and ascending:
            waiting = row
        elif isinstance(row, Invoice):
            yield present_invoice(row, balance if balance and balance.id == row.id else None, head)
            balance = None
    if isinstance(waiting, Invoice):
        yield present_invoice(waiting, None, head)


def _matches(body: Body, wanted: Wanted) -> bool:
    day = body["issue_date"]
    return (
        (wanted.status is None or body["status"] == wanted.status)
        and (wanted.customer is None or body["customer"] == wanted.customer)
        and (wanted.issued_from is None or (day is not None and day >= wanted.issued_from.isoformat()))
        and (wanted.issued_to is None or (day is not None and day <= wanted.issued_to.isoformat()))
        and (
            wanted.updated_since is None
            or datetime.fromisoformat(body["updated_at"].replace("Z", "+00:00")) >= wanted.updated_since
        )
    )
