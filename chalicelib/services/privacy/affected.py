"""Issued documents that go on saying what was corrected: why they stay, and how each is put right.

An issued document is never edited (CGI art. 145-III): it is corrected by a credit note in its own series, and issued
anew. Both are the merchant's to decide, so that they are offered as the requests that do them, ready to be sent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from pynamodb.expressions.condition import Condition

from chalicelib.domain.company import Company
from chalicelib.domain.correction import differs
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import person_of
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record
from chalicelib.domain.member import Member
from chalicelib.domain.party import Customer
from chalicelib.domain.request import Request
from chalicelib.domain.support import SupportMessage, Thread
from chalicelib.services.paging import MOST_EXAMINED, Page, page_of
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, Store, start_after

ISSUED: Final = SORT.between("credit_note#", "invoice#~")
"""Issued documents and their balances, and nothing else of the ledger."""
NAMING = ("customer", "opened_by", "by")
"""The attributes by which what is kept goes on naming whose own record is gone."""
P = TypeVar("P")


def named(store: Store, company: str, subject: str) -> bool:
    """Whether an issued document names a customer whose record is gone, or a request for help a member who is none any
    more. At most MOST_EXAMINED rows are read: where there are more, somebody may be named, which carrying a request
    out then shows. Raises Busy."""
    if subject.startswith(f"{Customer.PREFIX}_"):
        return _found(store, company, subject, "ledger", ISSUED)
    if not subject.startswith(f"{Member.PREFIX}_"):
        return False
    kinds = (Thread.KIND, SupportMessage.KIND)
    return any(_found(store, company, subject, "workspace", SORT.startswith(f"{kind}#")) for kind in kinds)


def _found(store: Store, company: str, subject: str, room: str, where: Condition) -> bool:
    after, examined = None, 0
    while examined < MOST_EXAMINED:
        page = store.query(room, company, where, after=after, descending=True)
        for row in page.records:
            if subject in (getattr(row, name, None) for name in NAMING):
                return True
        examined += len(page.records)
        if (after := page.next) is None:
            return False
    return True


def own_record(store: Store, request: Request) -> Record | None:
    """The record that was corrected and that documents copy, as it is now; None when it is gone."""
    subject = request.subject
    ref = Customer.ref(request.company, subject) if subject else Company.ref(request.company)
    (found,) = store.records([ref])
    return found


def stale(row: Record, request: Request, own: Record) -> tuple[str, ...]:
    """Which of the corrected attributes an issued document states otherwise; none for any other row."""
    if not isinstance(row, Issued) or request.subject not in (None, person_of(row)):
        return ()
    copied = frozenset(name for m in request.measures if m.action == "keep" for name in m.attributes)
    return differs(row, own, copied)


@dataclass(frozen=True)
class AffectedDocument:
    """An issued document that states corrected attributes otherwise."""

    state: DocumentState
    differs: tuple[str, ...]


def listing(
    reader: Reader,
    request: Request,
    present: Callable[[AffectedDocument], P],
    size: Callable[[P], int],
    *,
    limit: int,
    after: str | None,
) -> Page[P]:
    """Such documents, credit notes before invoices, each in order of id. At most MOST_EXAMINED documents are examined.
    `present` turns each into what its reader needs, `size` says how many bytes that has."""
    own = own_record(reader.store, request)
    if own is None:
        return Page(())

    def examined() -> Iterator[tuple[str, AffectedDocument | None]]:
        for document, balance in _issued(reader, after):
            names = stale(document, request, own)
            yield document.id, AffectedDocument(DocumentState(document, balance), names) if names else None

    return page_of(examined(), limit, present, size)


def _issued(reader: Reader, after: str | None) -> Iterator[tuple[Issued, Balance | None]]:
    """Issued documents in the order of their keys, each with the balance that follows it."""
    begin = None
    if after:
        kind = CreditNote.KIND if after.startswith(CreditNote.PREFIX) else Invoice.KIND
        begin = start_after(reader.company, f"{kind}#{after}~")
    waiting: Issued | None = None
    while True:
        page = reader.store.query("ledger", reader.company, ISSUED, after=begin)
        for row in page.records:
            if isinstance(row, Balance) and waiting is not None and waiting.id == row.id:
                yield waiting, row
                waiting = None
            elif isinstance(row, Issued):
                if waiting is not None:
                    yield waiting, None
                waiting = row
        if (begin := page.next) is None:
            break
    if waiting is not None:
        yield waiting, None
