"""Requests of devices to issue drafts. The server alone gives numbers, once for a request, in one order.

A push stores its requests and adds their ids to the company's queue in the same commit. The queue is the row of a job.
The push itself serves the queue while time allows, and the job `bulk` serves the rest. Each request ends with one
commit, which also takes it from the queue. So a killed function loses no request, and none is served twice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import (
    AlreadyIssued,
    Busy,
    ClockTooOld,
    CloudStorageOff,
    CompanyBlocked,
    NotFound,
    Refusal,
    TooLarge,
)
from chalicelib.domain.ids import derived_id
from chalicelib.domain.journal import JobRow, JournalEntry
from chalicelib.domain.sync.outcomes import IssueRequest
from chalicelib.domain.sync.push_errors import DraftChanged
from chalicelib.policy.ends import expires_at
from chalicelib.services.commits import entries_after
from chalicelib.services.documents.drafting import draft_class_of
from chalicelib.services.documents.issuing import issued
from chalicelib.store.decision import DEVICE, Decision
from chalicelib.store.read import open_company
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.wiring import World

TASK: Final = "issue_requests"
SERVED_BY_PUSH: Final = timedelta(seconds=5)
"""The time in which a push serves the queue itself. The job comes after it."""
TOGETHER: Final = 12
"""Requests whose drafts are read at once. A transaction reads 4 MB at most, and a draft may have 300 KB."""
MOST_ENTRIES: Final = 2_000
"""Journal entries that are examined for changes of a draft. A request from before them is refused."""
SYSTEM: Final = "system"
"""The actor of the queue. Each request names its own."""


class _DraftMoved(Exception):
    """The draft changed after it was examined."""


def queue_ref(company: str) -> Ref:
    """The address of the company's queue."""
    return JobRow.ref(company, queue_id(company))


def queue_id(company: str) -> str:
    """The id of the company's queue."""
    return derived_id(JobRow.PREFIX, company, TASK)


def queued(queue: JobRow | None, call: Call, requests: Iterable[IssueRequest]) -> JobRow:
    """The queue with new requests at its end, in the order in which people asked."""
    new = sorted(requests, key=lambda each: (each.requested_at, each.id))
    return with_ids(queue, call, [*pending(queue), *(each.id for each in new)])


def pending(queue: JobRow | None) -> list[str]:
    """The ids of the requests in the queue, the next one first."""
    return list(json.loads(queue.inputs)["ids"]) if queue else []


def with_ids(queue: JobRow | None, call: Call, ids: Sequence[str], wait: timedelta = SERVED_BY_PUSH) -> JobRow:
    """The queue with these requests. It is due for the job after `wait`, while it holds one."""
    state: dict[str, Any] = {
        "due": "bulk" if ids else None,
        "due_at": call.at + wait,
        "status": "queued" if ids else "completed",
        "inputs": json.dumps({"ids": list(ids)}).encode(),
        "total": len(ids),
        "expires_at": expires_at(JobRow, call.at),
    }
    if queue is not None:
        return queue.edited(call.at, **state)
    return call.make(JobRow, id=queue_id(call.company), task=TASK, actor=SYSTEM, outcomes=b"[]", **state)


@dataclass(frozen=True)
class _Seen:
    """A request as it was examined: its draft, and whether the draft changed elsewhere after the device saw it."""

    request: IssueRequest
    draft: Record | None
    changed: bool


def serve(world: "World", company: str, deadline: Deadline) -> bool:
    """Serve the requests of the queue in its order. False if the deadline passed before its end. Raises Busy,
    CompanyBlocked, CloudStorageOff."""
    while True:
        (queue,) = world.store.records([queue_ref(company)])
        ids = pending(queue if isinstance(queue, JobRow) else None)[:TOGETHER]
        if not ids:
            return True
        seen = _examined(world, company, ids)
        for id in ids:
            if deadline.passed:
                return False
            try:
                _serve_one(world, company, id, seen.get(id))
            except _DraftMoved:
                break


def _examined(world: "World", company: str, ids: Sequence[str]) -> dict[str, _Seen]:
    """The requests and their drafts, read before the journal: a change that precedes the read is in the journal."""
    rows = world.store.records([IssueRequest.ref(company, id) for id in ids])
    requests = [row for row in rows if isinstance(row, IssueRequest)]
    drafts = {request.id: _draft_ref(company, request.document_id) for request in requests}
    refs = list(dict.fromkeys(drafts.values()))
    found = dict(zip(refs, world.store.records(refs), strict=True))
    changes = _changes(world, company, min((request.seen_clock for request in requests), default=0))
    return {
        request.id: _Seen(request, found.get(drafts[request.id]), _is_changed(request, changes)) for request in requests
    }


@dataclass(frozen=True)
class _Changes:
    """The commits after the clock `after` up to `until`, by the id of each row that they changed."""

    after: int
    until: int
    by_id: Mapping[str, list[JournalEntry]]


def _changes(world: "World", company: str, seen_clock: int) -> _Changes:
    reader = open_company(world.store, company)
    after = min(max(seen_clock, reader.head.clock - MOST_ENTRIES), reader.head.clock)
    found: dict[str, list[JournalEntry]] = {}
    try:
        for entry in entries_after(reader, after, 100):
            for change in entry.changes:
                found.setdefault(change.id, []).append(entry)
    except ClockTooOld:
        return _Changes(reader.head.clock, reader.head.clock, {})
    return _Changes(after, reader.head.clock, found)


def _is_changed(request: IssueRequest, changes: _Changes) -> bool:
    """Whether anything but the device changed the draft after the device saw it, or nobody can tell. A request of an
    earlier version does not state its device: there, every change by its actor is an own one."""
    if not changes.after <= request.seen_clock <= changes.until:
        return True
    later = (each for each in changes.by_id.get(request.document_id, ()) if each.clock > request.seen_clock)
    if request.device is None:
        return any(each.actor != request.actor for each in later)
    return any(each.device != request.device for each in later)


def _serve_one(world: "World", company: str, id: str, seen: _Seen | None) -> None:
    """Issue the draft of a request, or refuse it, in one commit. Raises _DraftMoved."""
    try:
        _commit(world, company, id, seen, None)
    except TooLarge as refusal:
        _commit(world, company, id, seen, refusal)


def _commit(world: "World", company: str, id: str, seen: _Seen | None, refusal: Refusal | None) -> None:
    actor, device = (seen.request.actor, seen.request.device) if seen else (SYSTEM, None)
    call = replace(world.call(company, actor, "issue_request", key=f"issue-request:{id}"), device=device)

    def decide_request(snapshot: Snapshot) -> Decision[None]:
        queue = snapshot.get(JobRow, queue_id(company))
        if queue is None or id not in pending(queue):
            return Decision()
        rest = with_ids(queue, call, [other for other in pending(queue) if other != id])
        request = snapshot.get(IssueRequest, id)
        if request is None or request.state != "pending" or seen is None:
            return Decision(puts=(rest,))
        decision, ended = _outcome(snapshot, call, seen, refusal)
        return replace(decision, value=None, puts=(*decision.puts, ended, rest))

    reads = [queue_ref(company), IssueRequest.ref(company, id), Company.ref(company)]
    if seen:
        reads.append(_draft_ref(company, seen.request.document_id))
    transact(world.store, call, reads, decide_request, DEVICE)


def _outcome(
    snapshot: Snapshot, call: Call, seen: _Seen, refusal: Refusal | None
) -> tuple[Decision[Any], IssueRequest]:
    """The decision to issue, and the ended request; without a number, an empty decision."""
    request = seen.request
    try:
        if refusal is not None:
            raise refusal
        if (known := _number_of(snapshot, request)) is not None:
            if seen.changed:
                raise AlreadyIssued
            return Decision(), _ended(request, call, state="issued", number=known)
        document_type = by_id(request.document_id)
        if document_type is None:
            raise NotFound
        if snapshot.get(draft_class_of(document_type), request.document_id) != seen.draft:
            raise _DraftMoved
        if seen.changed:
            raise DraftChanged
        day = _day(request, call)
        decision = issued(snapshot, call, document_type, [request.document_id], None, operation_date=day)
        return decision, _ended(request, call, state="issued", number=decision.value[0].number)
    except (Busy, CompanyBlocked, CloudStorageOff):
        raise
    except Refusal as found:
        faults = found.faults
        reason = faults[0].code if faults else found.code
        return Decision(), _ended(request, call, state="refused", reason=reason)


def _day(request: IssueRequest, call: Call) -> date:
    """The day on which the person asked, in Casablanca; no day of the future. A request of an earlier version may
    state a year that no calendar has in Casablanca."""
    try:
        return min(today(request.requested_at), today(call.at))
    except OverflowError:
        return today(call.at)


def _ended(request: IssueRequest, call: Call, **outcome: Any) -> IssueRequest:
    """The request with its outcome. Nothing needs its device any more."""
    return request.edited(call.at, device=None, **outcome)


def _number_of(snapshot: Snapshot, request: IssueRequest) -> str | None:
    """The number of the document, if it is issued."""
    document_type = by_id(request.document_id)
    document = snapshot.get(document_type.issued, request.document_id) if document_type else None
    return document.number if document else None


def _draft_ref(company: str, id: str) -> Ref:
    document_type = by_id(id)
    assert document_type is not None  # noqa: S101 — the push refuses a request about anything else
    return draft_class_of(document_type).ref(company, id)
