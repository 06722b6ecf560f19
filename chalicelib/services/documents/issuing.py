"""Issue documents, one or 20 per transaction, each under the next number of its series."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company, Series
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents import issuing
from chalicelib.domain.documents.balance import Balance, fresh
from chalicelib.domain.documents.document_type import PARTIES, DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.numbering import current, current_day, numbered, numbering_after, opened, series_name
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import (
    AlreadyIssued,
    Fault,
    InvalidContent,
    NotFound,
    TransactionTooLarge,
    invalid,
)
from chalicelib.domain.journal import JobRow, Message
from chalicelib.services.documents.drafting import draft_class_of
from chalicelib.services.documents.movements import Movements, take_advances
from chalicelib.services.job_rows import new_job
from chalicelib.store.decision import Committed, Decision, always
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

BULK = 20
"""Documents per transaction. Each takes four of its 100 items: delete the draft, put the document, its register entry
and its balance."""
MAX_BULK = 1_000


@dataclass(frozen=True)
class IssueOutcome:
    """The outcome of issuing one of several documents: `issued` with its `number`, `failed` with a `code`, or
    `not_attempted`."""

    id: str
    outcome: Literal["issued", "failed", "not_attempted"]
    number: str | None = None
    code: str | None = None

    def row(self) -> dict[str, str]:
        """The outcome as plain values, without the attributes that are None."""
        named = {"id": self.id, "outcome": self.outcome, "number": self.number, "code": self.code}
        return {name: value for name, value in named.items() if value is not None}


Issue = list[IssueOutcome] | JobRow
"""The outcomes of documents issued together, or the job that will issue them."""


def issue(
    store: Store, call: Call, document_type: DocumentType, id: str, day: date | None = None
) -> Committed[DocumentState]:
    """Number, freeze and register a draft in one transaction. Raises NotFound, AlreadyIssued, InvalidContent."""

    def decide_issue(snapshot: Snapshot) -> Decision[DocumentState]:
        decision = issued(snapshot, call, document_type, [id], day)
        return replace(decision, value=decision.value[0])  # type: ignore[return-value, arg-type]

    return transact(
        store, call, [draft_class_of(document_type).ref(call.company, id), Company.ref(call.company)], decide_issue
    )


def record(store: Store, call: Call, document_type: DocumentType, id: str, number: str, day: date) -> Committed[Issued]:
    """Freeze a draft under the other party's number and date. Raises NotFound, AlreadyIssued, InvalidContent."""

    def decide_record(snapshot: Snapshot) -> Decision[Issued]:
        (draft,), company = _drafts(snapshot, document_type, [id], ""), snapshot.get(Company)
        if company is None:
            raise NotFound
        party = snapshot.get(PARTIES[document_type.counterparty], document_type.person_of(draft) or "")
        received = issuing.Received(
            number=number,
            day=day,
            today=today(call.at),
            at=call.at,
            salt=call.random("document", id)[:16],
            specimen=snapshot.head.mode == "test",
        )
        document = issuing.record(document_type, draft, company, party, received)
        balance = _balance(document_type, document)
        new = (document, balance) if balance else (document,)
        return Decision(document, new=new, deletes=(draft,), messages=(render_later(call, [id]),))

    return transact(
        store, call, [draft_class_of(document_type).ref(call.company, id), Company.ref(call.company)], decide_record
    )


def issue_many(
    store: Store, call: Call, document_type: DocumentType, ids: Sequence[str], day: date | None = None
) -> Committed[Issue]:
    """Issue up to 20 drafts in order, all or none. More drafts become a job. Raises InvalidContent with a pointer to
    the failing id."""
    if len(ids) > MAX_BULK:
        raise invalid("/ids", "too_many", max=MAX_BULK)
    if twice := next((index for index, id in enumerate(ids) if id in ids[:index]), None):
        raise invalid(f"/ids/{twice}", "repeated")
    if len(ids) > BULK:
        return _queued(store, call, ids, day)
    try:
        return issue_together(store, call, document_type, ids, day)
    except TransactionTooLarge:
        if len(ids) == 1:
            raise
        return _queued(store, call, ids, day)


def issue_together(
    store: Store, call: Call, document_type: DocumentType, ids: Sequence[str], day: date | None
) -> Committed[Issue]:
    """Issue all drafts or none, in one transaction. Raises TransactionTooLarge above 4 MB or 100 items."""

    def decide_together(snapshot: Snapshot) -> Decision[Issue]:
        decision = issued(snapshot, call, document_type, ids, day, pointer="/ids/{index}")
        outcomes = [IssueOutcome(state.id, "issued", number=state.number) for state in decision.value]
        return replace(decision, value=outcomes)  # type: ignore[return-value, arg-type]

    reads = [Company.ref(call.company), *(draft_class_of(document_type).ref(call.company, id) for id in ids)]
    return transact(store, call, reads, decide_together)


def issued(
    snapshot: Snapshot,
    call: Call,
    document_type: DocumentType,
    ids: Sequence[str],
    day: date | None,
    pointer: str = "",
    operation_date: date | None = None,
) -> Decision[list[DocumentState]]:
    """The decision to issue these drafts in order, under consecutive numbers. `operation_date` is that of a draft that
    states none; by default the day of issue. Raises NotFound, AlreadyIssued, InvalidContent."""
    drafts, company = _drafts(snapshot, document_type, ids, pointer, operation_date), snapshot.get(Company)
    if company is None:
        raise NotFound
    numbering = current(company, document_type.kind)
    day = day or current_day(snapshot.head, document_type.kind, call.at)
    name = series_name(numbering, day)
    parties = _parties(snapshot, document_type, drafts, Series.ref(call.company, name))
    series = snapshot.get(Series, name) or opened(company, numbering, day, call.at)
    moves, documents = Movements(snapshot, call), list[Issued]()
    for index, draft in enumerate(drafts):
        slot = _slot(snapshot, call, document_type, series, day, draft.id)
        try:
            party = parties.get(document_type.person_of(draft) or "")
            document, entry, series = issuing.issue(document_type, draft, company, party, slot)
        except InvalidContent as refusal:
            raise _pointing(refusal, pointer.format(index=index)) from refusal
        documents.append(document)
        moves.add(document, *(row for row in (entry, _balance(document_type, document)) if row))
    _take_advances(moves, document_type, drafts)
    decision = moves.decision(None)
    return Decision(
        _states(documents, decision.new),
        new=decision.new,
        puts=(series, *decision.puts),
        deletes=tuple(drafts),
        messages=(render_later(call, [document.id for document in documents]),),
        head=numbering_after(snapshot.head, document_type.kind, day),
    )


def _take_advances(moves: Movements, document_type: DocumentType, drafts: Sequence[DraftDocument]) -> None:
    if document_type.payable == "we_receive":
        for draft in drafts:
            if draft.advances:
                take_advances(moves, draft, draft.id)


def _states(documents: Sequence[Issued], new: Sequence[Record]) -> list[DocumentState]:
    balances = {row.id: row for row in new if isinstance(row, Balance)}
    return [DocumentState(document, balances.get(document.id)) for document in documents]


def _parties(
    snapshot: Snapshot, document_type: DocumentType, drafts: Sequence[DraftDocument], series: Ref
) -> dict[str, Party | None]:
    """The other parties of these drafts, by id. They are read together with the series, in one round trip."""
    cls = PARTIES[document_type.counterparty]
    named = list(dict.fromkeys(person for draft in drafts if (person := document_type.person_of(draft))))
    snapshot.need(series, *(cls.ref(snapshot.company, person) for person in named))
    return dict(zip(named, snapshot.find(cls, *named), strict=True))


def _balance(document_type: DocumentType, document: Issued) -> Balance | None:
    """The balance of a document that is frozen now; None for a kind without payments."""
    return fresh(document, document_type.balance) if document_type.balance else None


def _slot(
    snapshot: Snapshot, call: Call, document_type: DocumentType, series: Series, day: date, id: str
) -> issuing.SeriesSlot:
    return issuing.SeriesSlot(
        series=series,
        day=day,
        today=current_day(snapshot.head, document_type.kind, call.at),
        at=call.at,
        salt=call.random("document", id)[:16],
        specimen=snapshot.head.mode == "test",
        last=numbered(snapshot.head, document_type.kind).last,
        issued_before=any(known.last for known in snapshot.head.numbered),
    )


def render_later(call: Call, ids: Sequence[str]) -> Message:
    """Build the outbox message that renders the pages after the commit, before anybody requests them."""
    return call.make(Message, purpose="render", due_at=call.at, task="render", about=tuple(ids))


def _drafts(
    snapshot: Snapshot,
    document_type: DocumentType,
    ids: Sequence[str],
    pointer: str,
    operation_date: date | None = None,
) -> list[DraftDocument]:
    """The drafts in this order. Those that state no day of the operation get this one."""
    drafts = snapshot.find(draft_class_of(document_type), *ids)
    if missing := [id for id, draft in zip(ids, drafts, strict=True) if draft is None]:
        issued = dict(zip(missing, snapshot.find(document_type.issued, *missing), strict=True))
        if not pointer:
            raise AlreadyIssued if issued[ids[0]] else NotFound
        faults = [
            Fault(pointer.format(index=ids.index(id)), "already_issued" if issued[id] else "not_found")
            for id in missing
        ]
        raise InvalidContent(*faults)
    return [replace(draft, operation_date=draft.operation_date or operation_date) for draft in drafts if draft]


def _pointing(refusal: InvalidContent, prefix: str) -> InvalidContent:
    return InvalidContent(*(replace(fault, pointer=prefix + fault.pointer) for fault in refusal.faults))


def _queued(store: Store, call: Call, ids: Sequence[str], day: date | None) -> Committed[Issue]:
    inputs = json.dumps({"ids": list(ids), "day": day.isoformat() if day else None}).encode()
    job = new_job(call, "bulk", "issue", inputs, total=len(ids))
    return transact(store, call, [], always(Decision(job, new=(job,))))
