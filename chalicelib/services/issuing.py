"""Issuing: one document, or thirty to a transaction, each under the next number of its series."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

import msgspec

from chalicelib.domain.call import SYSTEM_KEY, Call, Reply
from chalicelib.domain.clock import today
from chalicelib.domain.company import Company, Head, Series
from chalicelib.domain.documents import issuing
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.numbering import current, current_day, floor, opened, reached, series_name
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.documents.registry import PARTIES, DocumentType, by_id
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import (
    AlreadyIssued,
    Fault,
    InvalidContent,
    NotFound,
    Refusal,
    TooLarge,
    TransactionTooLarge,
    invalid,
)
from chalicelib.domain.ids import new_id
from chalicelib.domain.journal import JobRow, Message
from chalicelib.domain.party import Party
from chalicelib.policy.ends import expires_at
from chalicelib.services.drafting import draft_class_of
from chalicelib.store.door import Committed, Decision, Snapshot, transact
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

BULK = 30
"""Documents to a transaction: each is three of its 100 items (draft out, document and register entry in)."""
MAX_BULK = 1_000


@dataclass(frozen=True)
class Outcome:
    """The outcome of issuing one of several documents: `issued` with its `number`, `failed` with a `code`, or
    `not_attempted`."""

    id: str
    outcome: Literal["issued", "failed", "not_attempted"]
    number: str | None = None
    code: str | None = None

    def row(self) -> dict[str, str]:
        """The outcome as plain values, without what it has not got."""
        named = {"id": self.id, "outcome": self.outcome, "number": self.number, "code": self.code}
        return {name: value for name, value in named.items() if value is not None}


Issue = list[Outcome] | JobRow
"""The outcomes of documents issued together, or the job that issues them."""


def issue(store: Store, call: Call, made: DocumentType, id: str, day: date | None = None) -> Committed[Issued]:
    """Number, freeze and register a draft in one transaction. Raises NotFound, AlreadyIssued, InvalidContent."""

    def decide_issue(snapshot: Snapshot) -> Decision[Issued]:
        decision = _issued(snapshot, call, made, [id], day)
        return replace(decision, value=decision.value[0])  # type: ignore[return-value, arg-type]

    return transact(store, call, [draft_class_of(made).ref(call.company, id), Company.ref(call.company)], decide_issue)


def record(store: Store, call: Call, made: DocumentType, id: str, number: str, day: date) -> Committed[Issued]:
    """Freeze a draft under the number and the day that the other party gave it. Raises NotFound, AlreadyIssued,
    InvalidContent."""

    def decide_record(snapshot: Snapshot) -> Decision[Issued]:
        (draft,), company = _drafts(snapshot, made, [id], ""), snapshot.get(Company)
        if company is None:
            raise NotFound
        party = snapshot.get(PARTIES[made.counterparty], made.person_of(draft) or "")
        received = issuing.Received(
            number=number,
            day=day,
            today=today(call.at),
            at=call.at,
            salt=call.random("document", id)[:16],
            specimen=snapshot.head.mode == "test",
        )
        document = issuing.record(made, draft, company, party, received)
        return Decision(document, new=(document,), deletes=(draft,), messages=(render_later(call, [id]),))

    return transact(store, call, [draft_class_of(made).ref(call.company, id), Company.ref(call.company)], decide_record)


def issue_many(
    store: Store, call: Call, made: DocumentType, ids: Sequence[str], day: date | None = None
) -> Committed[Issue]:
    """Issue up to 30 drafts in order, all or none; more in a job. Raises InvalidContent with a pointer to the id at
    fault."""
    if len(ids) > MAX_BULK:
        raise invalid("/ids", "too_many", max=MAX_BULK)
    if twice := next((index for index, id in enumerate(ids) if id in ids[:index]), None):
        raise invalid(f"/ids/{twice}", "repeated")
    if len(ids) > BULK:
        return _queued(store, call, ids, day)
    try:
        return _issue_together(store, call, made, ids, day)
    except TransactionTooLarge:
        if len(ids) == 1:
            raise
        return _queued(store, call, ids, day)


def _issue_together(
    store: Store, call: Call, made: DocumentType, ids: Sequence[str], day: date | None
) -> Committed[Issue]:
    """All or none, in one transaction. Raises TransactionTooLarge above 4 MB."""

    def decide_together(snapshot: Snapshot) -> Decision[Issue]:
        decision = _issued(snapshot, call, made, ids, day, pointer="/ids/{index}")
        outcomes = [Outcome(document.id, "issued", number=document.number) for document in decision.value]
        return replace(decision, value=outcomes)  # type: ignore[return-value, arg-type]

    reads = [Company.ref(call.company), *(draft_class_of(made).ref(call.company, id) for id in ids)]
    return transact(store, call, reads, decide_together)


def _issued(
    snapshot: Snapshot, call: Call, made: DocumentType, ids: Sequence[str], day: date | None, pointer: str = ""
) -> Decision[list[Issued]]:
    """The documents and all that their issue writes, in order under consecutive numbers."""
    drafts, company = _drafts(snapshot, made, ids, pointer), snapshot.get(Company)
    if company is None:
        raise NotFound
    now = current_day(snapshot.head, made.kind, call.at)
    day, numbering = day or now, current(company, made.kind)
    name, party_class = series_name(numbering, day), PARTIES[made.counterparty]
    named = list(dict.fromkeys(person for draft in drafts if (person := made.person_of(draft))))
    snapshot.need(Series.ref(call.company, name), *(party_class.ref(call.company, person) for person in named))
    parties: dict[str, Party | None] = dict(zip(named, snapshot.find(party_class, *named), strict=True))
    series = snapshot.get(Series, name) or opened(company, numbering, day, call.at)
    documents: list[Issued] = []
    entries: list[RegisterEntry] = []
    for index, draft in enumerate(drafts):
        place = issuing.Place(
            series=series,
            day=day,
            today=now,
            at=call.at,
            salt=call.random("document", draft.id)[:16],
            specimen=snapshot.head.mode == "test",
            floor=floor(snapshot.head, made.kind),
        )
        try:
            party = parties.get(made.person_of(draft) or "")
            document, entry, series = issuing.issue(made, draft, company, party, place)
        except InvalidContent as refusal:
            raise _pointing(refusal, pointer.format(index=index)) from refusal
        documents.append(document)
        entries += [entry] if entry else []
    new: tuple[Record, ...] = (*documents, *entries)
    return Decision(
        documents,
        new=new,
        puts=(series,),
        deletes=tuple(drafts),
        messages=(render_later(call, [document.id for document in documents]),),
        head=reached(snapshot.head, made.kind, day),
    )


def render_later(call: Call, ids: Sequence[str]) -> Message:
    """The page is rendered after the commit, so that it is ready when it is asked for."""
    return Message(
        company=call.company,
        id=new_id("out", call.at, call.random("render")),
        created_at=call.at,
        updated_at=call.at,
        due_at=call.at,
        task="render",
        about=tuple(ids),
    )


def _drafts(snapshot: Snapshot, made: DocumentType, ids: Sequence[str], pointer: str) -> list[DraftDocument]:
    drafts = snapshot.find(draft_class_of(made), *ids)
    if missing := [id for id, draft in zip(ids, drafts, strict=True) if draft is None]:
        issued = dict(zip(missing, snapshot.find(made.issued, *missing), strict=True))
        if not pointer:
            raise AlreadyIssued if issued[ids[0]] else NotFound
        faults = [
            Fault(pointer.format(index=ids.index(id)), "already_issued" if issued[id] else "not_found")
            for id in missing
        ]
        raise InvalidContent(*faults)
    return [draft for draft in drafts if draft]


def _pointing(refusal: InvalidContent, prefix: str) -> InvalidContent:
    return InvalidContent(*(replace(fault, pointer=prefix + fault.pointer) for fault in refusal.faults))


def _queued(store: Store, call: Call, ids: Sequence[str], day: date | None) -> Committed[Issue]:
    job = call.make(
        JobRow,
        due="bulk",
        due_at=call.at,
        task="issue",
        actor=call.actor,
        total=len(ids),
        inputs=json.dumps({"ids": list(ids), "day": day.isoformat() if day else None}).encode(),
        outcomes=b"[]",
        expires_at=expires_at(JobRow, call.at),
    )
    return transact(store, call, [], lambda _: Decision(job, new=(job,)))


def run_bulk(world: "World", job: JobRow) -> JobRow:
    """One transaction's worth of a bulk issue; the job as it is after it. A crash between the commit and the saving of
    the job repeats the transaction's key and gets its first reply."""
    inputs = json.loads(job.inputs)
    ids: list[str] = inputs["ids"]
    outcomes: list[dict[str, str]] = msgspec.json.decode(job.outcomes)
    day = date.fromisoformat(inputs["day"]) if inputs["day"] else None
    try:
        issued = _next_chunk(world, job, ids[job.done : job.done + BULK], day)
        outcomes += issued
        done = job.done + len(issued)
        status = "completed" if done == len(ids) else "running"
    except Refusal as refusal:
        if refusal.passing:  # the runner comes back
            raise
        chunk = ids[job.done : job.done + BULK]
        rest = [Outcome(id, "not_attempted") for id in ids[job.done + len(chunk) :]]
        outcomes += [outcome.row() for outcome in (*_failed(refusal, chunk), *rest)]
        done, status = job.done, "failed"
    return job.edited(
        world.now(),
        outcomes=msgspec.json.encode(outcomes),
        done=done,
        status=status,
        due="bulk" if status == "running" else None,
    )


def _next_chunk(world: "World", job: JobRow, chunk: Sequence[str], day: date | None) -> list[dict[str, str]]:
    """Issue the chunk, or the half of it that fits into a transaction."""
    step = f"{job.id}:{job.done}"
    call = world.call(job.company, job.actor, "issue_many", key=step, request=SYSTEM_KEY + step)
    call = replace(call, present=_chunk_reply)
    try:
        committed = _issue_together(world.store, call, _type_of(chunk), chunk, day)
    except TransactionTooLarge:
        if len(chunk) == 1:
            raise
        return _next_chunk(world, job, chunk[: len(chunk) // 2], day)
    issued: list[dict[str, str]] = msgspec.json.decode(committed.reply.body or b"{}")["data"]
    return issued


def _type_of(ids: Sequence[str]) -> DocumentType:
    made = by_id(ids[0])
    assert made is not None  # noqa: S101 — the endpoint that queued the job took ids of documents only
    return made


def _chunk_reply(outcomes: Sequence[Outcome], _: Head) -> Reply:
    """The reply of a chunk, from which a repeated call reads what was issued."""
    return Reply(body=msgspec.json.encode({"data": [outcome.row() for outcome in outcomes]}))


def _failed(refusal: Refusal, chunk: Sequence[str]) -> list[Outcome]:
    """The documents at fault failed; the others of their transaction were not attempted."""
    faults: dict[int, str] = {}
    for fault in refusal.faults:
        faults.setdefault(int(fault.pointer.split("/")[2]), fault.code)
    if not faults or isinstance(refusal, TooLarge):
        return [Outcome(id, "failed", code=refusal.code) for id in chunk]
    return [
        Outcome(id, "failed", code=faults[index]) if index in faults else Outcome(id, "not_attempted")
        for index, id in enumerate(chunk)
    ]
