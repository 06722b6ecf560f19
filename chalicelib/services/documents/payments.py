"""Payments of an issued invoice: several, partial, never above the balance."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.balance import Balance, moved
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment import Method, Payment, PaymentId, check_payment, duty
from chalicelib.domain.documents.registry import by_id, person_of
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import AlreadyExists, NotFound, NotIssued
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.documents.crediting import invoice_of
from chalicelib.services.records.paging import Page
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, Store

R = TypeVar("R", bound=Record | None)


def pay(
    store: Store,
    call: Call,
    invoice_id: str,
    *,
    id: str | None,
    amount: Decimal,
    method: Method,
    day: date,
    reference: str | None,
) -> Committed[Payment]:
    """Record a payment. Raises NotFound, NotIssued, AlreadyExists. Raises InvalidContent above the balance or for a
    future date."""
    id = id or call.new_id(Payment)

    def decide_payment(snapshot: Snapshot) -> Decision[Payment]:
        invoice, balance = invoice_of(snapshot, invoice_id)
        if snapshot.get(PaymentId, id):
            raise AlreadyExists(id=id)
        payment_id = call.make(PaymentId, id=id, invoice=invoice_id)
        payment = call.make(
            Payment,
            id=id,
            invoice=invoice_id,
            amount=amount,
            method=method,
            date=day,
            reference=reference,
            stamp_duty=duty(invoice, amount, method, day),
        )
        check_payment(invoice, balance, payment, today(call.at))
        after = moved(invoice, balance, call.at, paid=balance.paid + amount)
        return Decision(payment, new=(payment, payment_id), puts=(after,))

    company = call.company
    reads = [Invoice.ref(company, invoice_id), Balance.ref(company, invoice_id), PaymentId.ref(company, id)]
    return transact(store, call, reads, decide_payment)


TOGETHER = 12
"""Invoices read in one transaction. It reads 4 MB at most, and an invoice may have 300 KB."""


def buyers(store: Store, company: str, rows: Iterable[Record | None]) -> dict[str, str]:
    """The other parties (opaque ids) of the documents that these payments pay, by document id. Raises Busy."""
    paid = dict.fromkeys(row.invoice for row in rows if isinstance(row, Payment))
    refs = [document_type.issued.ref(company, id) for id in paid if (document_type := by_id(id))]
    found = [row for at in range(0, len(refs), TOGETHER) for row in store.records(refs[at : at + TOGETHER])]
    return {row.id: person_of(row) for row in found if isinstance(row, Issued)}


def redact_references(store: Store, head: Head, rows: Sequence[R]) -> list[R]:
    """The rows as a client may see them. A payment of an erased buyer's invoice loses its reference, which often holds
    a name or an account. The ledger keeps the reference. Reads nothing if nobody was erased. Raises Busy."""
    noted = [row for row in rows if isinstance(row, Payment) and row.reference] if head.erased else []
    erased = {id for id, buyer in buyers(store, head.company, noted).items() if is_erased(head, buyer)}
    return [replace(row, reference=None) if isinstance(row, Payment) and row.invoice in erased else row for row in rows]


def payments(reader: Reader, invoice_id: str, *, limit: int, starting_after: str | None) -> Page[Payment]:
    """The payments of an issued invoice, oldest first. Raises NotFound, NotIssued."""
    draft, invoice = reader.of([Draft.ref(reader.company, invoice_id), Invoice.ref(reader.company, invoice_id)])
    if invoice is None:
        raise NotIssued if draft else NotFound
    prefix = f"payment#{invoice_id}#"
    after = prefix + starting_after if starting_after else None
    rows = reader.page("ledger", SORT.startswith(prefix), after=after, limit=limit + 1).records
    found = [row for row in redact_references(reader.store, reader.head, rows[:limit]) if isinstance(row, Payment)]
    return Page(tuple(found), found[-1].id if len(rows) > limit else None)
