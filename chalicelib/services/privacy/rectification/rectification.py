"""Rectification (law 09-08 art. 8): ask for missing details, count affected documents, finish with a receipt.

A person with permission corrects the live record in a commit (`correcting`). Issued documents stay as they are. The job
counts those that state old values, and `affected` lists them.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.errors import NotFound, RequestSettled
from chalicelib.domain.journal import Message
from chalicelib.domain.privacy.disclosure import may_be_seen
from chalicelib.domain.privacy.request import UNANSWERED, WARNED, Request, moved, waiting
from chalicelib.policy.ends import first_day_gone
from chalicelib.services.privacy.erasure.deletion import Overtaken, notice
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.rectification import affected, correcting
from chalicelib.services.privacy.requests import receipts, transitions
from chalicelib.services.privacy.requests.requester import Asker
from chalicelib.services.privacy.requests.requests import members_of, own_row, seen
from chalicelib.services.privacy.requests.transitions import watch_over
from chalicelib.store import due
from chalicelib.store.decision import ACCOUNT, SYSTEM_STEP, Committed, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.privacy")
PAGES = 20
"""Pages of the ledger that one piece of the count reads."""
LATER = timedelta(minutes=2)
"""The delay before the next check whether the owners were notified."""
LAPSED = "details_not_given"


def ask_details(world: "World", company: str, id: str, missing: Sequence[str], by: str) -> Request:
    """As the operator, ask for details that a rectification lacks. Its deadline pauses, and the owners are notified.
    Raises NotFound. Raises RequestSettled for a request that is carried out, already waits or is no rectification.
    Raises InvalidContent for an attribute that is not stored about the subject."""
    call = world.call(company, by, "privacy_details", key=f"details-{world.random(12).hex()}")
    members = members_of(world.store, company)

    def decide_details(snapshot: Snapshot) -> Decision[Request]:
        request = snapshot.get(Request, id)
        if request is None:
            raise NotFound
        if request.kind != "rectification" or request.status != "verified" or request.awaiting_since:
            raise RequestSettled(status=request.status)
        own = own_row(snapshot, request.subject, members)
        after = waiting(request, correcting.checked(type(own), missing), call.at)
        told = notice(call, "details_missing", id)
        return Decision(after, puts=(after,), deletes=(watch_over(request),), messages=(told,))

    return transact(world.store, call, [Request.ref(company, id)], decide_details, ACCOUNT).outcome


def answer(world: "World", call: Call, asker: Asker, id: str, corrections: Mapping[str, Any]) -> Committed[Request]:
    """Give the corrected values. The record is corrected at once, and the deadline continues. Raises NotFound,
    Forbidden, ProofNeeded for a member, RequestSettled, InvalidContent."""
    wanted = correcting.put(world, call.company, corrections)
    members = members_of(world.store, call.company)

    def decide_correction(snapshot: Snapshot) -> Decision[Request]:
        request = seen(snapshot, asker, id)
        asker.require(request.subject)
        correcting.require(asker, request.affects)
        if request.kind != "rectification":
            raise RequestSettled(status=request.status)
        own = own_row(snapshot, request.subject, members)
        return correcting.decided(request, own, wanted, call, snapshot.clock + 1, new=False)

    done = transact(world.store, call, [Request.ref(call.company, id)], decide_correction, ACCOUNT)
    world.wake("requests")
    return done


def carry(world: "World", request: Request) -> bool:
    """Do the next bounded piece; True once nothing remains to do now. A request without corrections waits for an
    operator. A request without its missing details lapses. Raises Busy, Overtaken."""
    if request.status == "verified":
        _wait(world, request)
        return True
    at = next((i for i, measure in enumerate(request.measures) if measure.found is None), None)
    if at is not None:
        _keep(world, request, _counted(world, request))
        return False
    told = not any(world.store.records([Message.ref(request.company, correcting.message_id(request.id))]))
    if not told and world.now() < request.deadline - WARNED:
        _keep(world, request, replace(request, due_at=world.now() + LATER))
        return True
    _name_hidden(world, request)
    _finish(world, request if told else replace(request, recipients=()))
    return True


def _wait(world: "World", request: Request) -> None:
    since = request.awaiting_since
    if since is None:  # An operator carries it out; the watch job checks its deadline.
        _keep(world, request, replace(request, due=None))
    elif since + UNANSWERED <= world.now():
        transitions.settle(world, request, "cancelled", reason=LAPSED, notice="cancelled")
    else:
        _keep(world, request, replace(request, due_at=since + UNANSWERED))


def _keep(world: "World", request: Request, after: Request) -> None:
    if not due.save(world.store, after.edited(world.now(), attempts=0), request, world.random(16)):
        raise Overtaken


def _counted(world: "World", request: Request) -> Request:
    """The request with the next pages of frozen documents counted. Its cursor holds a count for each kind, in the order
    of the registry, and a sort key. If the record was deleted, no document counts as stale."""
    own = affected.own_record(world.store, request)
    tally, _, after = (request.cursor or ":").partition(":")
    kinds = [made.kind for made in document_types()]
    found = Counter(dict(zip(kinds, (int(count) for count in tally.split(",") if count), strict=False)))
    where: str | None = after
    for _ in range(PAGES):
        rows, where = affected.page(world.store, request.company, where or "")
        found.update(row.KIND for row in rows if own and affected.stale(row, request, own))
        if where is None:
            told = {kind: found[kind] for kind in kinds}
            measures = (replace(m, found=told.get(m.kinds[0], m.found), done=True) for m in request.measures)
            return replace(request, measures=tuple(measures), cursor=None)
    return replace(request, cursor=f"{','.join(str(found[kind]) for kind in kinds)}:{where}")


def _name_hidden(world: "World", request: Request) -> None:
    """Record the recipients whose disclosure is still hidden. The operator must inform them."""
    for row in disclosures.of_company(world.store, request.company):
        if row.subject in (None, request.subject) and not may_be_seen(row, today(world.now())):
            log.warning("a recipient of what was corrected", extra={"request": request.id, "disclosure": row.id})


def _finish(world: "World", request: Request) -> None:
    """Sign the receipt and close the request with it in one commit. Raises Busy."""
    call = world.call(request.company, request.asked_by, "privacy_complete", key=f"{request.id}:complete")
    receipt = receipts.make(world, request, call.at)

    def decide(snapshot: Snapshot) -> Decision:
        now = snapshot.get(Request, request.id)
        if now is None or now.status != "running":
            return Decision()
        ends = first_day_gone("request.proof", call.at)
        closed = moved(now, "completed", call.at, receipt=True, recipients=request.recipients, due_at=ends)
        return Decision(puts=(closed,), new=(receipt,), deletes=(watch_over(now),))

    transact(world.store, call, [request.key], decide, SYSTEM_STEP)
