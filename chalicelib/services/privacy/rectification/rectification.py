"""Rectification (law 09-08 art. 8): ask for missing details, count affected documents, finish with a receipt.

A person with permission corrects the live record in a commit (`correcting`). Issued documents stay as they are. The job
counts those that state old values, and `affected` lists them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.call import Call
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.errors import NotFound, RequestSettled
from chalicelib.domain.journal import Message
from chalicelib.domain.privacy.request import UNANSWERED, WARNED, PrivacyRequest, moved, waiting
from chalicelib.policy.ends import first_day_gone
from chalicelib.services.mail import notifications
from chalicelib.services.privacy import receipts, transitions
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.rectification import affected, correcting
from chalicelib.services.privacy.requester import Requester, open_request
from chalicelib.services.privacy.subjects import members_of, subject_row
from chalicelib.services.privacy.transitions import watch_over
from chalicelib.store.decision import ACCOUNT, SYSTEM_STEP, Committed, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Workflow, Written

if TYPE_CHECKING:
    from chalicelib.wiring import World

PAGES = 20
"""Pages of the ledger that one piece of the count reads."""
LATER = timedelta(minutes=2)
"""The delay before the next check whether the owners were notified."""
LAPSED = "details_not_given"


def ask_details(world: "World", company: str, id: str, missing: Sequence[str], by: str) -> PrivacyRequest:
    """As the operator, ask for details that a rectification lacks. Its deadline pauses, and the owners are notified.
    Raises NotFound. Raises RequestSettled for a request that is carried out, already waits or is no rectification.
    Raises InvalidContent for an attribute that is not stored about the subject."""
    call = world.call(company, by, "privacy_details", key=f"details-{world.random(12).hex()}")
    members = members_of(world.store, company)

    def decide_details(snapshot: Snapshot) -> Decision[PrivacyRequest]:
        request = snapshot.get(PrivacyRequest, id)
        if request is None:
            raise NotFound
        if request.kind != "rectification" or request.status != "verified" or request.awaiting_since:
            raise RequestSettled(status=request.status)
        own = subject_row(snapshot, request.subject, members)
        after = waiting(request, correcting.checked(type(own), missing), call.at)
        message = notifications.notice(call, "details_missing", id)
        return Decision(after, puts=(after,), deletes=(watch_over(request),), messages=(message,))

    return transact(world.store, call, [PrivacyRequest.ref(company, id)], decide_details, ACCOUNT).outcome


def give_values(
    world: "World", call: Call, requester: Requester, id: str, corrections: Mapping[str, Any]
) -> Committed[PrivacyRequest]:
    """Give the corrected values. The record is corrected at once, and the deadline continues. Raises NotFound,
    Forbidden, ProofNeeded for a member, RequestSettled, InvalidContent."""
    correction = correcting.correction_input(world, call.company, corrections)
    members = members_of(world.store, call.company)

    def decide_correction(snapshot: Snapshot) -> Decision[PrivacyRequest]:
        request = open_request(snapshot, requester, id)
        requester.require(request.subject)
        correcting.require(requester, request.affects)
        if request.kind != "rectification":
            raise RequestSettled(status=request.status)
        own = subject_row(snapshot, request.subject, members)
        return correcting.decide_rectification(request, own, correction, call, snapshot.clock + 1, new=False)

    done = transact(world.store, call, [PrivacyRequest.ref(call.company, id)], decide_correction, ACCOUNT)
    world.wake("requests")
    return done


@dataclass(frozen=True)
class _RectificationContext:
    world: "World"
    request: PrivacyRequest


def _step_of(_: _RectificationContext, request: PrivacyRequest) -> str:
    if request.status == "verified":
        return "wait"
    return "count" if any(measure.found is None for measure in request.measures) else "finish"


def _wait(
    context: _RectificationContext, request: PrivacyRequest, _: Deadline
) -> PrivacyRequest | Written[PrivacyRequest]:
    """Wait for an operator if there are no corrections. Lapse if the missing details never arrive."""
    since = request.awaiting_since
    if since is None:  # An operator carries it out; the watch job checks its deadline.
        return replace(request, due=None)
    if since + UNANSWERED <= context.world.now():
        lapsed = transitions.close(context.world, request, "cancelled", reason=LAPSED, notice="cancelled")
        return Written(lapsed)
    return replace(request, due_at=since + UNANSWERED)


def _count(context: _RectificationContext, request: PrivacyRequest, _: Deadline) -> PrivacyRequest:
    return _counted(context.world, request)


def _finish(
    context: _RectificationContext, request: PrivacyRequest, _: Deadline
) -> PrivacyRequest | Written[PrivacyRequest]:
    """Close the request once its owners are notified, or once its deadline is near."""
    world = context.world
    notified = not any(world.store.records([Message.ref(request.company, correcting.message_id(request.id))]))
    if not notified and world.now() < request.deadline - WARNED:
        return replace(request, due_at=world.now() + LATER)
    disclosures.note_hidden(world, request)
    return Written(_close(world, request if notified else replace(request, recipients=())))


def _counted(world: "World", request: PrivacyRequest) -> PrivacyRequest:
    """The request with the next pages of frozen documents counted. Its cursor holds a count for each kind, in the order
    of the registry, and a sort key. If the record was deleted, no document counts as stale."""
    own = affected.subject_row(world.store, request)
    tally, _, after = (request.cursor or ":").partition(":")
    kinds = [document_type.kind for document_type in document_types()]
    found = Counter(dict(zip(kinds, (int(count) for count in tally.split(",") if count), strict=False)))
    where: str | None = after
    for _ in range(PAGES):
        rows, where = affected.page(world.store, request.company, where or "")
        found.update(row.KIND for row in rows if own and affected.stale(row, request, own))
        if where is None:
            counts = {kind: found[kind] for kind in kinds}
            measures = (replace(m, found=counts.get(m.kinds[0], m.found), done=True) for m in request.measures)
            return replace(request, measures=tuple(measures), cursor=None)
    return replace(request, cursor=f"{','.join(str(found[kind]) for kind in kinds)}:{where}")


def _close(world: "World", request: PrivacyRequest) -> PrivacyRequest | None:
    """Sign the receipt and close the request with it in one commit. Raises Busy."""
    call = world.call(request.company, request.asked_by, "privacy_complete", key=f"{request.id}:complete")
    receipt = receipts.make(world, call, request)

    def decide_completion(snapshot: Snapshot) -> Decision[PrivacyRequest | None]:
        now = snapshot.get(PrivacyRequest, request.id)
        if now is None or now.status != "running":
            return Decision(now)
        ends = first_day_gone("request.proof", call.at)
        closed = moved(now, "completed", call.at, receipt=True, recipients=request.recipients, due_at=ends)
        return Decision(closed, puts=(closed,), new=(receipt,), deletes=(watch_over(now),))

    return transact(world.store, call, [request.key], decide_completion, SYSTEM_STEP).outcome


WORKFLOW: Final = Workflow(
    name="rectification",
    context=_RectificationContext,
    load=lambda context: context.request,
    row=lambda _, request: request,
    step_of=_step_of,
    steps={"wait": _wait, "count": _count, "finish": _finish},
)
"""A rectification. Its own row is the state. No refusal ends it: an alarm tells an operator when its deadline is
near."""
