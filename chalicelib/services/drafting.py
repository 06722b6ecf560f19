"""Drafts: created, edited and deleted in the workspace until they are issued."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.company import Company
from chalicelib.domain.documents.calculation import Calculation, Terms, calculate
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import AlreadyExists, AlreadyIssued, NotFound, invalid
from chalicelib.domain.party import Customer
from chalicelib.store.door import Committed, Decision, Snapshot, transact
from chalicelib.store.read import Reader
from chalicelib.store.wire import Store

Content = Mapping[str, Any]
"""A draft's attributes by name, as values of the domain: the whole of it on create, what changes on edit."""


def create(store: Store, call: Call, id: str | None, content: Content) -> Committed[Draft]:
    """A new draft, under the client's id or a new one. Raises InvalidContent, AlreadyExists."""
    id = id or call.new_id(Draft)
    company, customer = call.company, content.get("customer")

    def decide_draft(snapshot: Snapshot) -> Decision[Draft]:
        if snapshot.get(Draft, id) or snapshot.get(Invoice, id):
            raise AlreadyExists(id=id)
        draft = _composed(
            {"company": company, "id": id, "created_at": call.at, "updated_at": call.at, **content},
            _company(snapshot),
            _customer(snapshot, customer),
            today(call.at),
        )
        return Decision(draft, new=(draft,))

    reads = [Draft.ref(company, id), Invoice.ref(company, id), *_context(company, customer)]
    return transact(store, call, reads, decide_draft)


def edit(store: Store, call: Call, id: str, changes: Content) -> Committed[Draft]:
    """The draft with `changes`. Raises NotFound, AlreadyIssued, StaleVersion, InvalidContent."""
    customer = changes.get("customer")

    def decide_edit(snapshot: Snapshot) -> Decision[Draft]:
        draft = _draft(snapshot, call, id)
        if changes.get("customer") and changes["customer"] != draft.customer:
            buyer = _customer(snapshot, changes["customer"])
        else:
            kept = changes.get("customer", draft.customer) if "customer" in changes else draft.customer
            buyer = snapshot.get(Customer, kept) if kept else None
        fields = {name: getattr(draft, name) for name in Draft.__slots__} | _stamp(draft)
        edited = _composed({**fields, **changes, "updated_at": call.at}, _company(snapshot), buyer, today(call.at))
        return Decision(edited, puts=(edited,))

    reads = [Draft.ref(call.company, id), *_context(call.company, customer)]
    return transact(store, call, reads, decide_edit)


def delete(store: Store, call: Call, id: str) -> Committed[Draft]:
    """Delete a draft; it had no number, so no gap remains. Raises NotFound, AlreadyIssued, StaleVersion."""

    def decide_delete(snapshot: Snapshot) -> Decision[Draft]:
        draft = _draft(snapshot, call, id)
        return Decision(draft, deletes=(draft,))

    return transact(store, call, [Draft.ref(call.company, id)], decide_delete)


def preview(reader: Reader, call_day: date, content: Content) -> Draft:
    """What a draft of this content would amount to; nothing is kept. Raises InvalidContent."""
    refs = _context(reader.company, content.get("customer"))
    found = reader.of(refs)
    company, customer = found[0], found[1] if len(refs) > 1 else None
    if not isinstance(company, Company):
        raise NotFound
    if content.get("customer") and not isinstance(customer, Customer):
        raise invalid("/customer", "unknown_customer", id=content["customer"])
    stamps = {"company": reader.company, "id": "", "created_at": company.created_at, "updated_at": company.updated_at}
    buyer = customer if isinstance(customer, Customer) else None
    return _composed({**stamps, **content}, company, buyer, call_day)


def _composed(fields: dict[str, Any], company: Company, customer: Customer | None, day: date) -> Draft:
    reckoned = _reckon(fields, company, customer, day)
    kept = {name: value for name, value in fields.items() if name not in ("lines", "totals", "notices")}
    return Draft(**kept, lines=reckoned.lines, totals=reckoned.totals, notices=reckoned.notices)


def _reckon(fields: dict[str, Any], company: Company, customer: Customer | None, day: date) -> Calculation:
    terms = Terms(
        discount=fields.get("discount"),
        settlement=fields.get("settlement", "other"),
        reverse_charge=fields.get("reverse_charge", False),
        day=fields.get("operation_date") or day,
    )
    return calculate(fields.get("lines", ()), terms, company, customer)


def _stamp(draft: Draft) -> dict[str, Any]:
    return {"company": draft.company, "id": draft.id, "version": draft.version + 1, "created_at": draft.created_at}


def _context(company: str, customer: str | None) -> list[Ref]:
    return [Company.ref(company), *([Customer.ref(company, customer)] if customer else [])]


def _company(snapshot: Snapshot) -> Company:
    company = snapshot.get(Company)
    if company is None:
        raise NotFound
    return company


def _customer(snapshot: Snapshot, id: str | None) -> Customer | None:
    if id is None:
        return None
    if (customer := snapshot.get(Customer, id)) is None:
        raise invalid("/customer", "unknown_customer", id=id)
    return customer


def _draft(snapshot: Snapshot, call: Call, id: str) -> Draft:
    """The draft, if it is the version that the caller has read. Raises StaleVersion, AlreadyIssued, NotFound."""
    if draft := snapshot.get(Draft, id):
        call.require_current(draft, snapshot.head)
        return draft
    raise AlreadyIssued if snapshot.get(Invoice, id) else NotFound
