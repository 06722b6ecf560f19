"""Reversals of payments, advances and refunds. Each is one commit with a counter-entry, and opens again what the money
paid."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.documents.balance import surplus, with_stamp_duty
from chalicelib.domain.documents.credit_entry import CreditEntry, CreditUse, Refund, to_undo, waits_for
from chalicelib.domain.documents.money_errors import AlreadyReversed, CreditUsed, NotReversible
from chalicelib.domain.documents.payment import (
    Payment,
    PaymentId,
    Reversal,
    ReversalReason,
    check_between,
    counter_entry,
    taken_back,
)
from chalicelib.domain.documents.registry import by_id, payable_refs
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import NotFound
from chalicelib.domain.money import ZERO
from chalicelib.services.documents.movements import Movements
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store


def reverse_advance(
    store: Store, call: Call, customer: str, id: str, reason: ReversalReason, day: date | None
) -> Committed[CreditEntry]:
    """Reverse an advance by a counter-entry; what it paid is open again. Money of a payment or of a credit note leaves
    with that. Raises NotFound, AlreadyReversed, NotReversible, CreditUsed, InvalidContent."""

    def decide_reversal(snapshot: Snapshot) -> Decision[CreditEntry]:
        moves = Movements(snapshot, call)
        entry = moves.get(CreditEntry, id)
        if not entry.is_advance:
            raise NotReversible
        reversal = _reversal(call, entry, customer, reason, day)
        return moves.decision(take_back_advance(moves, entry, reversal))

    return transact(store, call, [CreditEntry.ref(call.company, id)], decide_reversal)


def reverse_refund(
    store: Store, call: Call, customer: str, id: str, reason: ReversalReason, day: date | None
) -> Committed[Refund]:
    """Reverse a refund by a counter-entry; its money is unapplied credit again. Raises NotFound, AlreadyReversed,
    NotReversible, InvalidContent."""

    def decide_refund_reversal(snapshot: Snapshot) -> Decision[Refund]:
        moves = Movements(snapshot, call)
        refund = moves.get(Refund, id)
        reversal = _reversal(call, refund, customer, reason, day)
        moves.snapshot.need(*(CreditEntry.ref(call.company, entry) for entry in refund.entries))
        return moves.decision(take_back_refund(moves, refund, reversal))

    return transact(store, call, [Refund.ref(call.company, id)], decide_refund_reversal)


def _reversal(
    call: Call, row: CreditEntry | Refund, customer: str, reason: ReversalReason, day: date | None
) -> Reversal:
    """The reversal of a row. Raises NotFound, AlreadyReversed, NotReversible, InvalidContent."""
    if row.customer != customer:
        raise NotFound
    if row.reverses:
        raise NotReversible
    if row.reversed_by:
        raise AlreadyReversed
    on = day or today(call.at)
    check_between(row.date, on, today(call.at))
    return Reversal(call.new_id(type(row), "reversal"), on, reason)


def take_back(moves: Movements, payment: Payment, reversal: Reversal) -> Payment:
    """Reverse a payment by a counter-entry: its money leaves the invoice, the entry that holds its rest, and the
    documents that took from that entry. Returns the counter-entry. Raises CreditUsed."""
    counter = _undo(moves, payment, reversal.id, reversal.date, reversal.reason)
    if payment.excess_entry and not payment.pending:
        entry = moves.get(CreditEntry, payment.excess_entry).without(payment.id)
        moves.move(entry)
        _reclaim(moves, entry, entry.amount - entry.taken_back, reversal)
    _complete(moves, reversal)
    return counter


def take_back_advance(moves: Movements, entry: CreditEntry, reversal: Reversal) -> CreditEntry:
    """Reverse an advance by a counter-entry: its money leaves the documents that took it, and the draft that waits for
    it. Returns the counter-entry. Raises CreditUsed."""
    counter = moves.call.make(
        CreditEntry,
        id=reversal.id,
        customer=entry.customer,
        source=entry.source,
        amount=-entry.amount,
        method=entry.method,
        date=reversal.date,
        reverses=entry.id,
        reversal_reason=reversal.reason,
    )
    moves.add(counter)
    _reclaim(moves, entry, entry.amount, reversal)
    entry = moves.get(CreditEntry, entry.id)
    moves.move(replace(entry, reversed_by=counter.id, reversed_on=counter.date))
    _release(moves, entry)
    _complete(moves, reversal)
    return counter


def _release(moves: Movements, advance: CreditEntry) -> None:
    """Take an advance off the draft that waits for it."""
    id = waits_for(advance) or ""
    document_type = by_id(id)
    if document_type and document_type.draft and (draft := moves.find(document_type.draft, id)):
        moves.move(replace(draft, advances=tuple(each for each in draft.advances if each != advance.id)))


def take_back_refund(moves: Movements, refund: Refund, reversal: Reversal) -> Refund:
    """Reverse a refund by a counter-entry: its money is in its entries again. Returns the counter-entry."""
    counter = moves.call.make(
        Refund,
        id=reversal.id,
        customer=refund.customer,
        document=refund.document,
        amount=-refund.amount,
        method=refund.method,
        date=reversal.date,
        entries=refund.entries,
        reverses=refund.id,
        reversal_reason=reversal.reason,
    )
    moves.add(counter)
    moves.move(replace(refund, reversed_by=counter.id, reversed_on=counter.date))
    for id in refund.entries:
        moves.move(moves.get(CreditEntry, id).not_refunded(refund.id))
    return counter


def _undo(moves: Movements, payment: Payment, id: str, day: date, reason: ReversalReason) -> Payment:
    """Add the counter-entry of a payment. Take its money off its invoice, back to the entry that it came from."""
    blank = moves.call.make(
        Payment, id=id, invoice=payment.invoice, amount=ZERO, method=payment.method, date=day, reversal_reason=reason
    )
    counter = counter_entry(payment, blank)
    moves.add_payment(counter)
    invoice, balance = moves.payable(payment.invoice)
    if payment.pending:
        moves.move(replace(payment, reversed_by=counter.id, pending=False, applied_part=ZERO))
        moves.move(balance.with_pending(-payment.amount))
        return counter
    moves.move(replace(payment, reversed_by=counter.id))
    moves.move(taken_back(invoice, balance, payment))
    if payment.credit_entry:
        moves.move(moves.get(CreditEntry, payment.credit_entry).without(payment.id))
    moves.reopened.append(invoice.id)
    return counter


def _reclaim(moves: Movements, entry: CreditEntry, amount: Decimal, reversal: Reversal) -> None:
    """Take `amount` of an entry back. What was applied of it is open again where it was applied, on the day of the
    reversal or on the later day of the application."""
    undone = to_undo(entry, amount)
    _read_together(moves, undone)
    for use in undone:
        payment = moves.payment(use.payment or "")
        id = moves.call.new_id(Payment, f"{reversal.id}:{payment.id}")
        _undo(moves, payment, id, max(reversal.date, payment.counts_on), reversal.reason)
    moves.move(moves.get(CreditEntry, entry.id).less(amount))


def _read_together(moves: Movements, uses: Iterable[CreditUse]) -> None:
    """Read what the reversal of these applications moves in one round trip. One each would take seconds."""
    company, refs = moves.call.company, list[Ref]()
    for use in uses:
        if use.payment and use.document:
            refs += [PaymentId.ref(company, use.payment), Payment.ref(company, use.payment, invoice=use.document)]
            refs += payable_refs(company, use.document)
    moves.snapshot.need(*refs)


def _complete(moves: Movements, reversal: Reversal) -> None:
    """Bring freed money back to each document that lost a payment. That may take payments off further documents.
    Raises CreditUsed if a document still lacks money: a credit note freed it, and it was refunded."""
    for id in moves.reopened:  # It grows meanwhile.
        _return_freed(moves, id, reversal)
    if overdrawn := moves.overdrawn():
        raise CreditUsed(id=overdrawn)


def _return_freed(moves: Movements, id: str, reversal: Reversal) -> None:
    """Bring the money that credit notes freed back to an invoice, as far as it is missing: first what is not used, then
    what was applied elsewhere, if the invoice lacks it."""
    for must in (False, True):
        for freed in reversed(moves.payable(id)[1].freed_entries):
            invoice, balance = moves.payable(id)
            missing = -balance.money if must else min(balance.freed, -surplus(invoice, balance))
            entry = moves.get(CreditEntry, freed)
            part = min(missing, entry.amount - entry.taken_back if must else entry.rest)
            if part > 0:
                _reclaim(moves, entry, part, reversal)
                invoice, balance = moves.payable(id)
                moves.move(with_stamp_duty(invoice, balance.freeing(-part)))
