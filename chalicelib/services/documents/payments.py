"""Payments of an issued document, and what becomes of them: cashed, reversed. Money in excess is unapplied credit."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.money_errors import AlreadyReversed, NotPending, NotReversible
from chalicelib.domain.documents.payment import (
    Payment,
    PaymentId,
    ReceivedPayment,
    Reversal,
    ReversalReason,
    additional_stamp_duty,
    check_between,
    check_payment,
)
from chalicelib.domain.documents.registry import by_id, payable_by_id, payable_refs, person_of
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import AlreadyExists, NotFound, NotIssued, invalid
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.documents.cash_sums import cash_of_customer
from chalicelib.services.documents.movements import Movements, receive
from chalicelib.services.documents.reversals import take_back
from chalicelib.services.records.paging import Page
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, Store

R = TypeVar("R", bound=Record | None)


def pay(store: Store, call: Call, invoice_id: str, received: ReceivedPayment, id: str | None) -> Committed[Payment]:
    """Record a payment. A cheque or a bill that matures later is pending. Raises NotFound, NotIssued, AlreadyExists.
    Raises InvalidContent for a future date, and for a withholding above what is owed."""
    id = id or call.new_id(Payment)

    def decide_payment(snapshot: Snapshot) -> Decision[Payment]:
        moves = Movements(snapshot, call)
        return moves.decision(paid(moves, invoice_id, received, id))

    return transact(store, call, reads_of_payment(call.company, invoice_id, id), decide_payment)


def reads_of_payment(company: str, invoice_id: str, id: str) -> list[Ref]:
    """The rows that a new payment needs."""
    return [*payable_refs(company, invoice_id), PaymentId.ref(company, id)]


def paid(moves: Movements, invoice_id: str, received: ReceivedPayment, id: str) -> Payment:
    """Add a payment of an invoice, and move its balance. Raises what `pay` raises. An archived invoice whose buyer is
    no customer has none, because nobody would own what it does not need."""
    call = moves.call
    invoice, balance = moves.payable(invoice_id)
    if not (customer := person_of(invoice)):
        raise invalid("", "payment_without_customer")
    if moves.find(PaymentId, id):
        raise AlreadyExists(id=id)
    day = today(call.at)
    before = cash_of_customer(moves.snapshot, customer, received.method, received.date, moves.added)
    payment = call.make(
        Payment,
        id=id,
        invoice=invoice_id,
        customer=customer,
        pending=received.matures_on is not None and received.matures_on > day,
        stamp_duty=additional_stamp_duty(invoice, received.amount, received.method, received.date),
        cash_before=before.day,
        cash_before_in_month=before.month,
        **vars(received),
    )
    check_payment(invoice, balance, payment, day)
    if payment.pending:
        moves.move(balance.with_pending(payment.amount))
    else:
        payment = receive(moves, invoice, balance, payment)
    moves.add_payment(payment)
    return payment


def cash(
    store: Store,
    call: Call,
    id: str,
    day: date,
    withheld_vat: Decimal | None = None,
    withheld_fees: Decimal | None = None,
) -> Committed[Payment]:
    """Cash a pending cheque or bill: it counts from this day. A withholding that is given corrects the recorded one.
    Raises NotFound, NotPending, InvalidContent."""

    def decide_cash(snapshot: Snapshot) -> Decision[Payment]:
        moves = Movements(snapshot, call)
        payment = moves.payment(id)
        if not payment.pending:
            raise NotPending
        check_between(payment.date, day, today(call.at))
        invoice, balance = moves.payable(payment.invoice)
        cashed = replace(
            payment,
            customer=person_of(invoice),
            pending=False,
            cashed_on=day,
            withheld_vat=payment.withheld_vat if withheld_vat is None else withheld_vat,
            withheld_fees=payment.withheld_fees if withheld_fees is None else withheld_fees,
        )
        check_payment(invoice, balance, cashed, today(call.at))
        received = receive(moves, invoice, balance.with_pending(-payment.amount), cashed).edited(call.at)
        decision = moves.decision(received)
        return replace(decision, puts=(*decision.puts, received))

    return transact(store, call, [PaymentId.ref(call.company, id)], decide_cash)


def reverse(store: Store, call: Call, id: str, reason: ReversalReason, day: date | None) -> Committed[Payment]:
    """Reverse a payment by a counter-entry. Raises NotFound, AlreadyReversed, NotReversible, CreditUsed,
    InvalidContent."""

    def decide_reversal(snapshot: Snapshot) -> Decision[Payment]:
        moves = Movements(snapshot, call)
        payment = moves.payment(id)
        if payment.reverses:
            raise NotReversible
        if payment.reversed_by:
            raise AlreadyReversed
        on = day or today(call.at)
        check_between(payment.counts_on, on, today(call.at))
        return moves.decision(take_back(moves, payment, Reversal(call.new_id(Payment), on, reason)))

    return transact(store, call, [PaymentId.ref(call.company, id)], decide_reversal)


TOGETHER = 12
"""Invoices read in one transaction. It reads 4 MB at most, and an invoice may have 300 KB."""


def buyers(store: Store, company: str, rows: Iterable[Record | None]) -> dict[str, str]:
    """The other parties (opaque ids) of the documents that these payments pay, by document id. Raises Busy."""
    paid = dict.fromkeys(row.invoice for row in rows if isinstance(row, Payment))
    refs = [document_type.issued.ref(company, id) for id in paid if (document_type := by_id(id))]
    found = [row for at in range(0, len(refs), TOGETHER) for row in store.records(refs[at : at + TOGETHER])]
    return {row.id: person_of(row) for row in found if isinstance(row, Issued)}


def redact_references(store: Store, head: Head, rows: Sequence[R]) -> list[R]:
    """The rows as a client may see them. What an erased buyer paid or was credited loses its references, which often
    hold a name or an account. The ledger keeps them. Reads nothing if nobody was erased. Raises Busy."""
    if not head.erased:
        return list(rows)
    noted = [
        row for row in rows if isinstance(row, Payment) and not row.customer and (row.reference or row.certificate)
    ]
    erased = {id for id, buyer in buyers(store, head.company, noted).items() if is_erased(head, buyer)}
    return [_redacted(row, head, erased) for row in rows]


def _redacted(row: R, head: Head, erased: Collection[str]) -> R:
    if isinstance(row, Payment) and (row.invoice in erased or is_erased(head, row.customer or "")):
        return replace(row, reference=None, certificate=None)
    if isinstance(row, CreditEntry | Refund) and is_erased(head, row.customer):
        return replace(row, reference=None)
    return row


def payments(reader: Reader, invoice_id: str, *, limit: int, starting_after: str | None) -> Page[Payment]:
    """The payments of an issued invoice, oldest first. Raises NotFound, NotIssued."""
    document_type = payable_by_id(invoice_id)
    if document_type is None:
        raise NotFound
    classes = [cls for cls in (document_type.issued, document_type.draft) if cls is not None]
    invoice, *draft = reader.of([cls.ref(reader.company, invoice_id) for cls in classes])
    if invoice is None:
        raise NotIssued if any(draft) else NotFound
    prefix = f"payment#{invoice_id}#"
    after = prefix + starting_after if starting_after else None
    rows = reader.page("ledger", SORT.startswith(prefix), after=after, limit=limit + 1).records
    found = [row for row in redact_references(reader.store, reader.head, rows[:limit]) if isinstance(row, Payment)]
    return Page(tuple(found), found[-1].id if len(rows) > limit else None)


def payment_of(reader: Reader, id: str) -> Payment:
    """A payment by its id. Raises NotFound."""
    place = reader.get(PaymentId, id)
    (found,) = redact_references(reader.store, reader.head, [reader.get(Payment, id, invoice=place.invoice)])
    return found


def all_payments(reader: Reader, *, limit: int, starting_after: str | None) -> Page[Payment]:
    """The payments of the company, in the order of their invoices. Raises NotFound for an unknown cursor."""
    after = payment_of(reader, starting_after).key.sort if starting_after else None
    rows = reader.page("ledger", SORT.startswith("payment#"), after=after, limit=limit + 1).records
    found = [row for row in redact_references(reader.store, reader.head, rows[:limit]) if isinstance(row, Payment)]
    return Page(tuple(found), found[-1].id if len(rows) > limit else None)
