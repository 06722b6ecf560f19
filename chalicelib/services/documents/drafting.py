"""Drafts of every kind: created, edited and deleted in the workspace until they are issued or recorded."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Customer, Party
from chalicelib.domain.documents.calculation import Calculation, Terms, calculate
from chalicelib.domain.documents.model import DraftDocument
from chalicelib.domain.documents.registry import PARTIES, DocumentType
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import AlreadyExists, AlreadyIssued, NotFound, invalid
from chalicelib.store.read import Reader
from chalicelib.store.transaction import Committed, Decision, Snapshot, transact
from chalicelib.store.wire import Store

Content = Mapping[str, Any]
"""A draft's attributes by name, as values of the domain: the whole of it on create, what changes on edit."""


def create(store: Store, call: Call, made: DocumentType, id: str | None, content: Content) -> Committed[DraftDocument]:
    """Make a draft, under the client's id or a new one. Raises InvalidContent, AlreadyExists."""
    draft_class = draft_class_of(made)
    id = id or call.new_id(draft_class)
    company, named = call.company, content.get(made.person)

    def decide_draft(snapshot: Snapshot) -> Decision[DraftDocument]:
        if snapshot.get(draft_class, id) or snapshot.get(made.issued, id):
            raise AlreadyExists(id=id)
        fields = {"company": company, "id": id, "created_at": call.at, "updated_at": call.at, **content}
        draft = _composed(made, fields, _company(snapshot), _party(snapshot, made, named), today(call.at))
        return Decision(draft, new=(draft,))

    reads = [draft_class.ref(company, id), made.issued.ref(company, id), *_context(made, company, named)]
    return transact(store, call, reads, decide_draft)


def edit(store: Store, call: Call, made: DocumentType, id: str, changes: Content) -> Committed[DraftDocument]:
    """Apply `changes` to a draft. Raises NotFound, AlreadyIssued, StaleVersion, InvalidContent."""
    draft_class = draft_class_of(made)

    def decide_edit(snapshot: Snapshot) -> Decision[DraftDocument]:
        draft = _draft(snapshot, call, made, id)
        named = changes.get(made.person, made.person_of(draft))
        if named and named != made.person_of(draft):
            party = _party(snapshot, made, named)
        else:
            party = snapshot.get(PARTIES[made.counterparty], named) if named else None
        fields = {name: getattr(draft, name) for name in draft_class.__slots__} | _inherited(draft)
        edited = _composed(
            made, {**fields, **changes, "updated_at": call.at}, _company(snapshot), party, today(call.at)
        )
        return Decision(edited, puts=(edited,))

    reads = [draft_class.ref(call.company, id), *_context(made, call.company, changes.get(made.person))]
    return transact(store, call, reads, decide_edit)


def delete(store: Store, call: Call, made: DocumentType, id: str) -> Committed[DraftDocument]:
    """Delete a draft; it had no number, so no gap remains. Raises NotFound, AlreadyIssued, StaleVersion."""

    def decide_delete(snapshot: Snapshot) -> Decision[DraftDocument]:
        draft = _draft(snapshot, call, made, id)
        return Decision(draft, deletes=(draft,))

    return transact(store, call, [draft_class_of(made).ref(call.company, id)], decide_delete)


def preview(reader: Reader, made: DocumentType, day: date, content: Content) -> DraftDocument:
    """What a draft of this content would amount to; nothing is kept. Raises InvalidContent."""
    named = content.get(made.person)
    found = reader.of(_context(made, reader.company, named))
    company, party = found[0], found[1] if len(found) > 1 else None
    if not isinstance(company, Company):
        raise NotFound
    if named and not isinstance(party, Party):
        raise _unknown(made, named)
    stamps = {"company": reader.company, "id": "", "created_at": company.created_at, "updated_at": company.updated_at}
    return _composed(made, {**stamps, **content}, company, party if isinstance(party, Party) else None, day)


def draft_class_of(made: DocumentType) -> type[DraftDocument]:
    """The class of the kind's drafts. Raises NotFound for a kind that is issued at once."""
    if made.draft is None:
        raise NotFound
    return made.draft


def _composed(
    made: DocumentType, fields: dict[str, Any], company: Company, party: Party | None, day: date
) -> DraftDocument:
    calculated = _calculated(made, fields, company, party, day)
    kept = {name: value for name, value in fields.items() if name not in ("lines", "totals", "notices")}
    draft_class = draft_class_of(made)
    return draft_class(**kept, lines=calculated.lines, totals=calculated.totals, notices=calculated.notices)


def _calculated(
    made: DocumentType, fields: dict[str, Any], company: Company, party: Party | None, day: date
) -> Calculation:
    terms = Terms(
        discount=fields.get("discount"),
        settlement=fields.get("settlement", "other"),
        reverse_charge=fields.get("reverse_charge", False),
        day=fields.get("operation_date") or day,
    )
    customer = party if isinstance(party, Customer) else None
    return calculate(fields.get("lines", ()), terms, company, customer, ours=made.party == "buyer")


def _inherited(draft: DraftDocument) -> dict[str, Any]:
    """The attributes of the base classes, which slots of the draft's own class do not name."""
    shared = {name: getattr(draft, name) for name in DraftDocument.__slots__}
    return shared | {
        "company": draft.company,
        "id": draft.id,
        "version": draft.version + 1,
        "created_at": draft.created_at,
    }


def _context(made: DocumentType, company: str, party: str | None) -> list[Ref]:
    return [Company.ref(company), *([PARTIES[made.counterparty].ref(company, party)] if party else [])]


def _company(snapshot: Snapshot) -> Company:
    company = snapshot.get(Company)
    if company is None:
        raise NotFound
    return company


def _party(snapshot: Snapshot, made: DocumentType, id: str | None) -> Party | None:
    if id is None:
        return None
    if (party := snapshot.get(PARTIES[made.counterparty], id)) is None:
        raise _unknown(made, id)
    return party


def _unknown(made: DocumentType, id: str) -> Exception:
    return invalid(f"/{made.person}", f"unknown_{made.counterparty}", id=id)


def _draft(snapshot: Snapshot, call: Call, made: DocumentType, id: str) -> DraftDocument:
    """The draft, if it is the version that the caller has read. Raises StaleVersion, AlreadyIssued, NotFound."""
    if draft := snapshot.get(draft_class_of(made), id):
        call.require_current(draft, snapshot.head)
        return draft
    raise AlreadyIssued if snapshot.get(made.issued, id) else NotFound
