"""Drafts of every kind: create, edit, delete and preview, before issue or recording."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from chalicelib.domain.attachments.message import owner_changed
from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Customer, Party
from chalicelib.domain.documents.calculation import Calculation, calculate
from chalicelib.domain.documents.document_type import PARTIES, DocumentType
from chalicelib.domain.documents.model import DraftDocument, Notice
from chalicelib.domain.documents.notices import few
from chalicelib.domain.documents.payment_mode import stated_mode, with_both_names
from chalicelib.domain.documents.terms import terms_of
from chalicelib.domain.documents.text_notices import text_notices
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import AlreadyExists, AlreadyIssued, NotFound, invalid
from chalicelib.domain.metadata import merged
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

Content = Mapping[str, Any]
"""A draft's attributes by name, as domain values: all of them on create, the changed ones on edit."""


def create(
    store: Store, call: Call, document_type: DocumentType, id: str | None, content: Content
) -> Committed[DraftDocument]:
    """Create a draft, under the client's id or a new one. Raises InvalidContent, AlreadyExists."""
    draft_class = draft_class_of(document_type)
    id = id or call.new_id(draft_class)
    company = call.company

    def decide_draft(snapshot: Snapshot) -> Decision[DraftDocument]:
        if snapshot.get(draft_class, id) or snapshot.get(document_type.issued, id):
            raise AlreadyExists(id=id)
        draft = created(snapshot, call, document_type, id, content)
        return Decision(draft, new=(draft,))

    reads = [
        draft_class.ref(company, id),
        document_type.issued.ref(company, id),
        *context_of(document_type, company, content.get(document_type.person)),
    ]
    return transact(store, call, reads, decide_draft)


def created(snapshot: Snapshot, call: Call, document_type: DocumentType, id: str, content: Content) -> DraftDocument:
    """A new draft of this content. Raises InvalidContent."""
    party = _party(snapshot, document_type, content.get(document_type.person))
    values = completed(document_type, entered(content), _company(snapshot), party, today(call.at))
    return call.make(draft_class_of(document_type), id=id, **values)


def edit(store: Store, call: Call, document_type: DocumentType, id: str, changes: Content) -> Committed[DraftDocument]:
    """Apply `changes` to a draft. Raises NotFound, AlreadyIssued, StaleVersion, InvalidContent."""
    draft_class = draft_class_of(document_type)

    def decide_edit(snapshot: Snapshot) -> Decision[DraftDocument]:
        draft = _draft(snapshot, document_type, id)
        edited = changed(snapshot, call, document_type, draft, changes)
        moved = document_type.person_of(edited) != document_type.person_of(draft)
        return Decision(edited, puts=(edited,), messages=(owner_changed(call, id),) if moved else ())

    reads = [
        draft_class.ref(call.company, id),
        *context_of(document_type, call.company, changes.get(document_type.person)),
    ]
    return transact(store, call, reads, decide_edit)


def changed(
    snapshot: Snapshot, call: Call, document_type: DocumentType, draft: DraftDocument, changes: Content
) -> DraftDocument:
    """The draft after these changes. Another party than before must exist. Raises InvalidContent."""
    named = changes.get(document_type.person, document_type.person_of(draft))
    if named and named != document_type.person_of(draft):
        party = _party(snapshot, document_type, named)
    else:
        party = snapshot.get(PARTIES[document_type.counterparty], named) if named else None
    content = {**content_of(draft), **entered(changes, draft)}
    return draft.edited(call.at, **completed(document_type, content, _company(snapshot), party, today(call.at)))


def delete(store: Store, call: Call, document_type: DocumentType, id: str) -> Committed[DraftDocument]:
    """Delete a draft. A draft has no number, so no gap remains. Raises NotFound, AlreadyIssued, StaleVersion."""

    def decide_delete(snapshot: Snapshot) -> Decision[DraftDocument]:
        draft = _draft(snapshot, document_type, id)
        return Decision(draft, deletes=(draft,), messages=(owner_changed(call, id),))

    return transact(store, call, [draft_class_of(document_type).ref(call.company, id)], decide_delete)


def preview(reader: Reader, document_type: DocumentType, day: date, content: Content) -> DraftDocument:
    """Calculate a draft of this content without storing it. Raises InvalidContent."""
    named = content.get(document_type.person)
    found = reader.of(context_of(document_type, reader.company, named))
    company, party = found[0], found[1] if len(found) > 1 else None
    if not isinstance(company, Company):
        raise NotFound
    if named and not isinstance(party, Party):
        raise _unknown(document_type, named)
    stamps: dict[str, Any] = {
        "company": reader.company,
        "id": "",
        "created_at": company.created_at,
        "updated_at": company.updated_at,
    }
    content = entered(content)
    values = completed(document_type, content, company, party if isinstance(party, Party) else None, day)
    return draft_class_of(document_type)(**stamps, **values)


def entered(changes: Content, before: DraftDocument | None = None) -> dict[str, Any]:
    """The changes of a draft as they are stored: the mode of payment under both names, and all pairs of the
    metadata. Raises InvalidContent."""
    entered = with_both_names(changes, stated_mode(before) if before else None)
    if "metadata" in entered:
        entered["metadata"] = merged(before.metadata if before else None, entered["metadata"])
    return entered


def draft_class_of(document_type: DocumentType) -> type[DraftDocument]:
    """The class of the kind's drafts. Raises NotFound for a kind without drafts."""
    if document_type.draft is None:
        raise NotFound
    return document_type.draft


def completed(
    document_type: DocumentType, content: Content, company: Company, party: Party | None, day: date
) -> dict[str, Any]:
    """The content with its calculated lines, totals and notices. `party` is None for content without another party, and
    for one that was deleted: a notice says so in the words in which the issue would refuse it."""
    calculated = _calculated(document_type, content, company, party, day)
    notices = calculated.notices
    if party is None and (named := content.get(document_type.person)):
        unknown = Notice(pointer=f"/{document_type.person}", code=_unknown_code(document_type), params={"id": named})
        notices = (unknown, *notices)
    shown = {
        "lines": calculated.lines,
        "totals": calculated.totals,
        "expected_withholding": calculated.expected_withholding,
        "notices": few((*notices, *text_notices(document_type, content, company, party))),
    }
    return {**content, **shown}


def _calculated(
    document_type: DocumentType, content: Content, company: Company, party: Party | None, day: date
) -> Calculation:
    customer, ours = party if isinstance(party, Customer) else None, document_type.party == "buyer"
    return calculate(content.get("lines", ()), terms_of(content, day), company, customer, ours=ours)


def content_of(draft: DraftDocument) -> dict[str, Any]:
    """A draft's attributes without the key, version and times of its row."""
    stamps = {field.name for field in fields(Record)}
    return {field.name: getattr(draft, field.name) for field in fields(draft) if field.name not in stamps}


def context_of(document_type: DocumentType, company: str, party: str | None) -> list[Ref]:
    """The rows from which a draft is calculated: the company, and the other party if one is named."""
    return [Company.ref(company), *([PARTIES[document_type.counterparty].ref(company, party)] if party else [])]


def _company(snapshot: Snapshot) -> Company:
    company = snapshot.get(Company)
    if company is None:
        raise NotFound
    return company


def _party(snapshot: Snapshot, document_type: DocumentType, id: str | None) -> Party | None:
    if id is None:
        return None
    if (party := snapshot.get(PARTIES[document_type.counterparty], id)) is None:
        raise _unknown(document_type, id)
    return party


def _unknown(document_type: DocumentType, id: str) -> Exception:
    return invalid(f"/{document_type.person}", _unknown_code(document_type), id=id)


def _unknown_code(document_type: DocumentType) -> str:
    return f"unknown_{document_type.counterparty}"


def _draft(snapshot: Snapshot, document_type: DocumentType, id: str) -> DraftDocument:
    """The draft. Raises AlreadyIssued, NotFound."""
    if draft := snapshot.get(draft_class_of(document_type), id):
        return draft
    raise AlreadyIssued if snapshot.get(document_type.issued, id) else NotFound
