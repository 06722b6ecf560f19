"""Drafts: created, edited and deleted in the workspace until they are issued."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from chalicelib.domain.call import Answer, Call
from chalicelib.domain.clock import today
from chalicelib.domain.company import Company
from chalicelib.domain.document import Draft, Invoice
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import AlreadyExists, AlreadyIssued, NotFound, invalid
from chalicelib.domain.etag import require_match
from chalicelib.domain.ids import new_id
from chalicelib.domain.party import Customer
from chalicelib.domain.reckoning import Reckoned, Terms, reckon
from chalicelib.services.documents import present_draft
from chalicelib.store.door import Decision, Snapshot, transact
from chalicelib.store.read import Reader
from chalicelib.store.wire import Store

Content = Mapping[str, Any]
"""A draft's attributes by name, as values of the domain: the whole of it on create, what changes on edit."""


def create(store: Store, call: Call, id: str | None, content: Content) -> Answer:
    """A new draft, under the client's id or a new one. Raises InvalidContent, AlreadyExists."""
    id = id or new_id(Draft.PREFIX, call.at, call.random("id"))
    company, customer = call.company, content.get("customer")

    def decide(snapshot: Snapshot) -> Decision:
        if snapshot.get(Draft, id) or snapshot.get(Invoice, id):
            raise AlreadyExists(id=id)
        draft = _composed(
            {"company": company, "id": id, "created_at": call.at, "updated_at": call.at, **content},
            _company(snapshot),
            _customer(snapshot, customer),
            today(call.at),
        )
        return Decision(Answer(present_draft(draft), status=201, location=f"/v1/invoices/{id}"), new=(draft,))

    reads = [Draft.ref(company, id), Invoice.ref(company, id), *_context(company, customer)]
    return transact(store, call, reads, decide).answer


def edit(store: Store, call: Call, id: str, if_match: str, changes: Content) -> Answer:
    """The draft with `changes`. Raises NotFound, AlreadyIssued, StaleVersion, InvalidContent."""
    customer = changes.get("customer")

    def decide(snapshot: Snapshot) -> Decision:
        draft = _draft(snapshot, id)
        require_match(if_match, present_draft(draft))
        if changes.get("customer") and changes["customer"] != draft.customer:
            buyer = _customer(snapshot, changes["customer"])
        else:
            kept = changes.get("customer", draft.customer) if "customer" in changes else draft.customer
            buyer = snapshot.get(Customer, kept) if kept else None
        fields = {name: getattr(draft, name) for name in Draft.__slots__} | _stamp(draft)
        edited = _composed({**fields, **changes, "updated_at": call.at}, _company(snapshot), buyer, today(call.at))
        return Decision(Answer(present_draft(edited)), puts=(edited,))

    reads = [Draft.ref(call.company, id), *_context(call.company, customer)]
    return transact(store, call, reads, decide).answer


def delete(store: Store, call: Call, id: str, if_match: str) -> Answer:
    """Away with a draft; it had no number, so no gap remains. Raises NotFound, AlreadyIssued, StaleVersion."""

    def decide(snapshot: Snapshot) -> Decision:
        draft = _draft(snapshot, id)
        require_match(if_match, present_draft(draft))
        return Decision(Answer({"id": id, "object": "invoice", "deleted": True}), deletes=(draft,))

    return transact(store, call, [Draft.ref(call.company, id)], decide).answer


def preview(reader: Reader, call_day: date, content: Content) -> Answer:
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
    body = present_draft(_composed({**stamps, **content}, company, buyer, call_day))
    return Answer({**body, "id": None, "version": None, "created_at": None, "updated_at": None})


def _composed(fields: dict[str, Any], company: Company, customer: Customer | None, day: date) -> Draft:
    reckoned = _reckon(fields, company, customer, day)
    kept = {name: value for name, value in fields.items() if name not in ("lines", "totals", "notices")}
    return Draft(**kept, lines=reckoned.lines, totals=reckoned.totals, notices=reckoned.notices)


def _reckon(fields: dict[str, Any], company: Company, customer: Customer | None, day: date) -> Reckoned:
    terms = Terms(
        discount=fields.get("discount"),
        settlement=fields.get("settlement", "other"),
        reverse_charge=fields.get("reverse_charge", False),
        day=fields.get("operation_date") or day,
    )
    return reckon(fields.get("lines", ()), terms, company, customer)


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


def _draft(snapshot: Snapshot, id: str) -> Draft:
    """The draft, or the reason why there is none."""
    if draft := snapshot.get(Draft, id):
        return draft
    raise AlreadyIssued if snapshot.get(Invoice, id) else NotFound
