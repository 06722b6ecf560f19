"""Unapplied credit of a customer: money in advance, its application to invoices, and refunds of it.

An advance that names a draft is taken by that document alone, at its issue. Nothing else is applied by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.balance import left
from chalicelib.domain.documents.credit_entry import CreditEntry, CreditUse, Refund, oldest_first, parts_of, waits_for
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.payment import Payment, check_between, check_not_later
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.documents.registry import payable_refs, person_of
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import AlreadyExists, InvalidContent, NotFound, NotIssued, invalid
from chalicelib.domain.money import amount_text
from chalicelib.services.documents.cash_sums import cash_of_customer
from chalicelib.services.documents.movements import Movements, take
from chalicelib.services.records.paging import Page
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.read import Reader, index_entries, rows_of_party
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

R = TypeVar("R", CreditEntry, Refund)
MOST_READ = 50
"""Open entries read at once, and the drafts that they name. A transaction reads 4 MB at most."""
MOST_OPEN_ENTRIES = 20
"""Open entries that one call takes from, the oldest first. A transaction takes 100 rows."""
MOST_TARGETS = 10
"""Documents that one call applies credit to."""
MOST_PARTS = 20
"""Payments that one call makes: one for each entry and document."""
MOST_ADVANCES = 20
"""Advances that name one draft. Its issue takes all of them in one transaction."""


@dataclass(frozen=True)
class Money:
    """Money that came or went, in dirhams."""

    amount: Decimal
    method: Method
    date: date
    reference: str | None = None


@dataclass(frozen=True)
class CreditTarget:
    """A document that takes a part of the credit, in dirhams."""

    document: str
    amount: Decimal


def advance(
    store: Store, call: Call, customer: str, money: Money, document: str | None, id: str | None
) -> Committed[CreditEntry]:
    """Record money in advance. `document` is the draft that alone takes it, at its issue. Raises NotFound,
    AlreadyExists, InvalidContent."""
    id = id or call.new_id(CreditEntry)

    def decide_advance(snapshot: Snapshot) -> Decision[CreditEntry]:
        moves = Movements(snapshot, call)
        return moves.decision(advanced(moves, customer, money, document, id))

    reads = [Customer.ref(call.company, customer), CreditEntry.ref(call.company, id)]
    return transact(store, call, reads, decide_advance)


def advanced(
    moves: Movements, customer: str, money: Money, document: str | None, id: str, payment_id: str | None = None
) -> CreditEntry:
    """Add money in advance. Raises what `advance` raises. `payment_id` is the id under which a device recorded it."""
    call = moves.call
    moves.get(Customer, customer)
    if moves.find(CreditEntry, id):
        raise AlreadyExists(id=id)
    check_not_later(money.date, today(call.at))
    if document:
        _name(moves, document, customer, id)
    before = cash_of_customer(moves.snapshot, customer, money.method, money.date, moves.added)
    entry = call.make(
        CreditEntry,
        id=id,
        customer=customer,
        source="advance",
        document=document,
        payment_id=payment_id,
        cash_before=before.day,
        cash_before_in_month=before.month,
        **vars(money),
    )
    moves.add(entry)
    return entry


def _name(moves: Movements, document: str, customer: str, entry: str) -> None:
    draft = moves.find(Draft, document)
    if draft is None or draft.customer != customer:
        raise invalid("/document", "no_draft_of_customer", id=document)
    if len(draft.advances) == MOST_ADVANCES:
        raise invalid("/document", "too_many_advances", max=MOST_ADVANCES)
    moves.move(replace(draft, advances=(*draft.advances, entry)))


def apply(store: Store, call: Call, customer: str, targets: Sequence[CreditTarget]) -> Committed[tuple[Payment, ...]]:
    """Apply unapplied credit to invoices of the customer, the oldest entries first. Each part is a payment. Raises
    NotFound, NotIssued, InvalidContent."""
    if len(targets) > MOST_TARGETS:
        raise invalid("/to", "too_many", max=MOST_TARGETS)
    open_ids = open_entries(store, call.company, customer)

    def decide_application(snapshot: Snapshot) -> Decision[tuple[Payment, ...]]:
        moves = Movements(snapshot, call)
        if not open_ids:
            moves.get(Customer, customer)
        entries = _free_entries(moves, open_ids)
        made: list[Payment] = []
        for index, target in enumerate(targets):
            try:
                made += _applied(moves, customer, target, entries, len(made))
            except InvalidContent as refusal:
                faults = (replace(fault, pointer=f"/to/{index}{fault.pointer}") for fault in refusal.faults)
                raise InvalidContent(*faults) from refusal
            if len(made) > MOST_PARTS:
                raise invalid("/to", "too_many_parts", max=MOST_PARTS)
            entries = [moves.get(CreditEntry, entry.id) for entry in entries]
        return moves.decision(tuple(made))

    reads = [CreditEntry.ref(call.company, id) for id in open_ids]
    for target in targets:
        reads += payable_refs(call.company, target.document)
    return transact(store, call, reads, decide_application)


def _applied(
    moves: Movements, customer: str, target: CreditTarget, entries: Sequence[CreditEntry], made: int
) -> Iterator[Payment]:
    """The payments by which a document takes its part of the entries."""
    invoice, balance = moves.payable(target.document)
    if person_of(invoice) != customer:
        raise invalid("/document", "document_of_another_customer", id=target.document)
    if target.amount > (rest := left(invoice, balance)):
        raise invalid("/amount", "payment_above_balance", balance=amount_text(rest))
    for number, (entry, part) in enumerate(parts_of(entries, target.amount)):
        if payment := take(moves, invoice, entry, part, today(moves.call.at), f"{made + number}"):
            yield payment


def refund(
    store: Store, call: Call, customer: str, money: Money, document: str | None = None, id: str | None = None
) -> Committed[Refund]:
    """Give money back to a customer: from the oldest entries, or from those that `document` freed. Raises NotFound,
    AlreadyExists, InvalidContent."""
    id = id or call.new_id(Refund)
    open_ids = open_entries(store, call.company, customer, document)

    def decide_refund(snapshot: Snapshot) -> Decision[Refund]:
        moves = Movements(snapshot, call)
        if not open_ids:
            moves.get(Customer, customer)
        if moves.find(Refund, id):
            raise AlreadyExists(id=id)
        check_not_later(money.date, today(call.at))
        parts = parts_of(_free_entries(moves, open_ids), money.amount)
        check_between(max(entry.date for entry, _ in parts), money.date, today(call.at))
        for entry, part in parts:
            moves.move(entry.used(CreditUse(amount=part, date=money.date, refund=id)))
        given = call.make(
            Refund,
            id=id,
            customer=customer,
            document=document,
            entries=tuple(entry.id for entry, _ in parts),
            **vars(money),
        )
        moves.add(given)
        return moves.decision(given)

    return transact(store, call, [Refund.ref(call.company, id)], decide_refund)


def refund_of_invoice(
    store: Store, call: Call, invoice_id: str, money: Money, id: str | None = None
) -> Committed[Refund]:
    """Give back money that an invoice freed. Raises NotFound, NotIssued, AlreadyExists, InvalidContent."""
    invoice, draft = store.records([Invoice.ref(call.company, invoice_id), Draft.ref(call.company, invoice_id)])
    if not isinstance(invoice, Invoice):
        raise NotIssued if draft else NotFound
    return refund(store, call, invoice.customer, money, invoice_id, id)


def open_entries(store: Store, company: str, customer: str, document: str | None = None) -> list[str]:
    """The ids of the oldest entries of a customer that may be used; only those of `document` if one is named. Reads
    entries with a rest until there are enough."""
    prefix = f"{CreditEntry.KIND}#{customer}#"
    keys = index_entries(store, CreditEntry, "open", company, prefix, limit=MOST_READ)
    found: list[str] = []
    while len(found) < MOST_OPEN_ENTRIES and (batch := list(islice(keys, MOST_READ))):
        rows = store.batch([Ref(CreditEntry.TABLE, company, key.sort) for key in batch]).values()
        entries = oldest_first(row for row in rows if isinstance(row, CreditEntry))
        named = dict.fromkeys(Draft.ref(company, id) for entry in entries if (id := waits_for(entry)))
        drafts = store.records([*named]) if named else []
        waited = {draft.id for draft in drafts if isinstance(draft, Draft) and draft.customer == customer}
        found += [
            entry.id for entry in entries if waits_for(entry) not in waited and document in (None, entry.document)
        ]
    return found[:MOST_OPEN_ENTRIES]


def _free_entries(moves: Movements, ids: Sequence[str]) -> list[CreditEntry]:
    """The entries with a rest that no draft waits for, the oldest first."""
    moves.snapshot.need(*(CreditEntry.ref(moves.call.company, id) for id in ids))
    found = oldest_first(row for id in ids if (row := moves.find(CreditEntry, id)))
    named = dict.fromkeys(id for entry in found if (id := waits_for(entry)))
    moves.snapshot.need(*(Draft.ref(moves.call.company, id) for id in named))
    drafts = {id: moves.find(Draft, id) for id in named}
    waiting = {id: draft.customer for id, draft in drafts.items() if draft}
    # An advance is not held by a draft of another customer, nor of one who was erased.
    return [entry for entry in found if waiting.get(waits_for(entry) or "") != entry.customer]


def _of_customer(reader: Reader, cls: type[R], customer: str, limit: int, after: str | None) -> Page[R]:
    """Rows of a customer, the oldest id first, also of a customer who was deleted. Raises NotFound."""
    found = list(islice(rows_of_party(reader.store, cls, reader.company, customer, after), limit + 1))
    if not found:
        reader.get(Customer, customer)
    return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def entries(reader: Reader, customer: str, *, limit: int, starting_after: str | None) -> Page[CreditEntry]:
    """The unapplied credit of a customer, entry by entry, the oldest id first. Raises NotFound."""
    return _of_customer(reader, CreditEntry, customer, limit, starting_after)


def refunds(reader: Reader, customer: str, *, limit: int, starting_after: str | None) -> Page[Refund]:
    """The refunds of a customer, the oldest id first. Raises NotFound."""
    return _of_customer(reader, Refund, customer, limit, starting_after)


def entry_of(reader: Reader, customer: str, id: str) -> CreditEntry:
    """An entry of a customer's unapplied credit. Raises NotFound."""
    return _one(reader, CreditEntry, customer, id)


def refund_of(reader: Reader, customer: str, id: str) -> Refund:
    """A refund of a customer. Raises NotFound."""
    return _one(reader, Refund, customer, id)


def _one(reader: Reader, cls: type[R], customer: str, id: str) -> R:
    found = reader.get(cls, id)
    if found.customer != customer:
        raise NotFound
    return found
