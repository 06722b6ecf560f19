"""Issued documents that go on saying what was corrected: why they stay, and how each is put right.

An issued document is never edited (CGI art. 145-III): it is corrected by a credit note in its own series, and issued
anew. Both are the merchant's to decide, so that they are offered as the requests that do them, ready to be sent.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from pynamodb.expressions.condition import Condition

from chalicelib.domain.call import Answer
from chalicelib.domain.company import Company
from chalicelib.domain.correction import differs
from chalicelib.domain.document import Balance, CreditNote, Invoice, Issued, Language
from chalicelib.domain.entity import Record
from chalicelib.domain.member import Member
from chalicelib.domain.party import Customer
from chalicelib.domain.paying import status
from chalicelib.domain.request import Request
from chalicelib.domain.support import SupportMessage, Thread
from chalicelib.services.documents import present_invoice
from chalicelib.services.listing import ANSWER_BYTES, MOST_EXAMINED
from chalicelib.services.present import Body, present_list
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT, Store, start_after

ISSUED: Final = SORT.between("credit_note#", "invoice#~")
"""Issued documents and their balances, and nothing else of the ledger."""
REASONS: Final[Mapping[Language, str]] = {
    "fr": "Rectification des mentions d'identité",
    "ar": "تصحيح بيانات الهوية",
    "en": "Correction of identity details",
}
"""What the credit note gives as its reason, in the invoice's language."""
NAMING = ("customer", "opened_by", "by")
"""The attributes by which what is kept goes on naming whose own record is gone."""
CONTENT = ("operation_date", "language", "settlement", "reverse_charge", "discount", "notes")
LINE = ("description", "quantity", "unit", "unit_price", "discount", "vat_rate", "exemption", "nature", "item")


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
    if not isinstance(row, Issued) or request.subject not in (None, row.customer):
        return ()
    copied = frozenset(name for m in request.measures if m.action == "keep" for name in m.attributes)
    return differs(row, own, copied)


def listing(reader: Reader, request: Request, *, limit: int, after: str | None) -> Answer:
    """Such documents, credit notes before invoices, each in order of id. At most MOST_EXAMINED documents are examined;
    `next` is the id to go on from."""
    url = f"/v1/privacy/requests/{request.id}/documents"
    own = own_record(reader.store, request)
    data: list[Body] = []
    last, size = None, 0
    for examined, (document, balance) in enumerate(_issued(reader, after) if own else (), 1):
        names = stale(document, request, own) if own else ()
        if names:
            shown = _shown(reader, document, balance, names)
            size += len(msgspec.json.encode(shown))
            if len(data) == limit or (data and size > ANSWER_BYTES):
                last = data[-1]["id"]
                break
            data.append(shown)
        if examined == MOST_EXAMINED:
            last = document.id
            break
    return Answer(present_list(url, data, more=last is not None, next=last))


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


def _shown(reader: Reader, document: Issued, balance: Balance | None, names: tuple[str, ...]) -> Body:
    state = status(document, balance) if isinstance(document, Invoice) else "issued"
    open_ = isinstance(document, Invoice) and state != "credited"
    return {
        "id": document.id,
        "object": "affected_document",
        "kind": document.KIND,
        "number": document.number,
        "issue_date": document.issue_date.isoformat(),
        "status": state,
        "differs": list(names),
        "credit": _credit(document) if open_ else None,
        "reissue": _reissue(reader, document) if isinstance(document, Invoice) else None,
    }


def _credit(document: Issued) -> Body:
    body = {"reason": REASONS[document.language]}
    return {"method": "POST", "url": f"/v1/invoices/{document.id}/credit", "body": body}


def _reissue(reader: Reader, invoice: Invoice) -> Body:
    """A draft of the same content: when it is issued, it takes buyer and seller as they are by then."""
    shown = present_invoice(invoice, None, reader.head)
    lines: list[dict[str, Any]] = [{name: line[name] for name in LINE} for line in shown["lines"]]
    body = {"customer": shown["customer"], "lines": lines, **{name: shown[name] for name in CONTENT}}
    return {"method": "POST", "url": "/v1/invoices", "body": body}
