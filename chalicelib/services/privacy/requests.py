"""Privacy requests, from asking to cancelling: who may ask what of whom, and the law's clock.

A person is named by an opaque id. Identity is proven again before anything is erased or handed out, the owners are
told, and until an erasure runs any of them may stop it. Running requests is the job's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.call import Answer, Call
from chalicelib.domain.consent import Consent
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import (
    AlreadyBlocked,
    AnotherOwnerNeeded,
    Forbidden,
    LastOwner,
    NotFound,
    ProofNeeded,
    RequestSettled,
    TooManyRequests,
    UnderHold,
    invalid,
)
from chalicelib.domain.ids import new_id
from chalicelib.domain.member import ApiKey, Member
from chalicelib.domain.party import Customer, Supplier
from chalicelib.domain.request import (
    GRACE,
    OVER,
    PROVEN,
    UNCONFIRMED,
    Receipt,
    Request,
    RequestKind,
    Tombstone,
    affected,
    clear_days,
    digest,
    moved,
    reminder,
)
from chalicelib.policy.model import Language
from chalicelib.services import codes, mail
from chalicelib.services.access import keys_made_by
from chalicelib.services.documents import instant
from chalicelib.services.privacy import deletion, opposition, receipts
from chalicelib.services.privacy.asking import URL, Asker, found, show
from chalicelib.services.privacy.holds import held
from chalicelib.services.privacy.settling import postponed, watch_over
from chalicelib.store.door import Decision, Snapshot, transact
from chalicelib.store.wire import SORT, Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

CODES_AN_HOUR = 5
PERSONS: dict[str, type[Record]] = {"cus": Customer, "sup": Supplier}


def ask(world: "World", call: Call, asker: Asker, kind: RequestKind, subject: str | None) -> Answer:
    """Record what somebody asks. Kinds whose identity needs no second proof are verified at once; a member's own
    opposition is carried out in the same commit. Raises Forbidden,
    NotFound for a subject that is not there, InvalidContent."""
    own = kind == "opposition" and asker.role is not None and subject in (None, asker.id)
    subject = asker.id if own else asker.about(subject)
    affects = _affected(subject)
    asker.require(subject)
    id = new_id(Request.PREFIX, call.at, call.random("id", Request.PREFIX))
    deadline = clear_days(call.at)
    verified = kind not in PROVEN
    request = Request(
        company=call.company, id=id, created_at=call.at, updated_at=call.at, kind=kind, affects=affects,
        subject=subject, status="verified" if verified else "requested", verified_at=call.at if verified else None,
        asked_by=asker.id, asker=digest(id, asker.subject) if asker.subject else None, deadline=deadline,
        due_at=call.at if verified else call.at + UNCONFIRMED,
    )  # fmt: skip

    def decide(snapshot: Snapshot) -> Decision:
        if kind == "deletion" and subject is not None:
            _own_row(snapshot, subject, members)
        if own:
            done, consent = opposition.settled(request, snapshot.get(Consent, asker.id), call)
            answer = Answer(show(done), status=201, location=f"{URL}/{id}")
            return Decision(answer, puts=(consent,), new=(done,))
        answer = Answer(show(request), status=201, location=f"{URL}/{id}")
        return Decision(answer, new=(request, watch_over(request)))

    members = _members(world.store, call.company) if subject and affects == "member" else []
    reads = [Consent.ref(call.company, asker.id)] if own else []
    answer = transact(world.store, call, reads, decide, business=False).answer
    if verified and not own:
        world.wake("requests")
    return answer


def preview(world: "World", company: str, asker: Asker, kind: RequestKind, subject: str | None, at: datetime) -> Answer:
    """The table of what a deletion would do, without storing anything. Raises Forbidden, InvalidContent."""
    subject = asker.about(subject)
    affects = _affected(subject)
    asker.require(subject)
    steps: Sequence[Any] = ()
    last = None
    if kind == "deletion":
        found = deletion.planned(world, company, affects, at)
        steps, last = deletion.measures(found.steps, subject), found.last_trace
    due = at + GRACE + timedelta(days=1) if kind == "deletion" and affects == "company" else clear_days(at)
    body = {
        "id": None, "object": "privacy_request", "kind": kind, "status": "requested", "affects": affects,
        "subject": subject, "due": instant(due), "grace_until": None, "verified_at": None, "closed_at": None,
        "reason": None, "steps": [receipts.told(step) | {"done": False} for step in steps],
        "last_trace": last.isoformat() if last else None, "receipt": None, "download": None, "dry_run": True,
        "version": 0, "created_at": instant(at), "updated_at": instant(at),
    }  # fmt: skip
    return Answer(body)


def confirm(world: "World", call: Call, asker: Asker, id: str, *, waive: bool = False) -> Answer:
    """Verify a request: an account is blocked at once and its grace begins; a person's own row goes at once. `waive`
    ends the grace, now or later. Raises NotFound, Forbidden, ProofNeeded, RequestSettled, AlreadyBlocked,
    AnotherOwnerNeeded, LastOwner."""
    members = _members(world.store, call.company)
    (asked,) = world.store.records([Request.ref(call.company, id)])
    person = asked.subject if isinstance(asked, Request) else None
    keys = keys_made_by(world.store, call.company, person) if person else []
    kept = held(world, [call.company])

    def decide(snapshot: Snapshot) -> Decision:
        request = _seen(snapshot, asker, id)
        asker.require(request.subject)
        if not asker.proven:
            raise ProofNeeded
        if request.kind == "deletion" and request.subject is not None:
            if kept:
                raise UnderHold
            return _person_confirmed(snapshot, call, asker, request, members, keys)
        if request.kind == "deletion":
            return _confirmed(snapshot, call, asker, request, members, waive=waive)
        after = moved(request, "verified", call.at, verified_at=call.at, confirmed_by=asker.id, due_at=call.at)
        return Decision(Answer(show(after)), puts=(after,), messages=(deletion.notice(call, "verified", id),))

    answer = transact(world.store, call, _refs(call, id, members), decide, business=False, while_blocked=True).answer
    if answer.body["status"] == "verified":
        world.wake("requests")
    return answer


def _confirmed(
    snapshot: Snapshot, call: Call, asker: Asker, request: Request, members: Sequence[Member], *, waive: bool
) -> Decision:
    if asker.role != "owner":
        raise Forbidden(scope="")
    first = request.confirmed_by
    owners = [m.id for m in members if (row := snapshot.get(Member, user=m.user)) and row.role == "owner"]
    if waive and len(owners) > 1 and first in (None, asker.id):
        raise AnotherOwnerNeeded
    if request.status == "requested" and snapshot.head.state != "active":
        raise AlreadyBlocked
    begun: dict[str, Any] = {} if first else {"verified_at": call.at, "confirmed_by": asker.id}
    if waive:
        after = moved(request, "verified", call.at, **begun, deadline=clear_days(call.at), due_at=call.at)
    else:
        until = call.at + GRACE
        after = moved(request, "grace", call.at, **begun, grace_until=until, deadline=until + timedelta(days=1))
        after = postponed(after, reminder(after) or until)
    told = deletion.notice(call, "grace_waived" if waive else "account_blocked", request.id)
    return Decision(Answer(show(after)), puts=(after, watch_over(after)), messages=(told,), head={"state": "blocked"})


def _person_confirmed(
    snapshot: Snapshot, call: Call, asker: Asker, request: Request, members: Sequence[Member], keys: Sequence[ApiKey]
) -> Decision:
    if snapshot.head.state != "active":
        raise AlreadyBlocked  # who is about to close an account does not first remove who could stop it
    subject = request.subject or ""
    shut = tuple(key.edited(call.at, revoked_at=call.at) for key in keys)
    after = moved(request, "verified", call.at, verified_at=call.at, confirmed_by=asker.id, due_at=call.at)
    own = _own_row(snapshot, subject, members)
    if isinstance(own, Member) and own.role == "owner":
        others = [snapshot.get(Member, user=m.user) for m in members if m.user != own.user]
        if not any(other is not None and other.role == "owner" for other in others):
            raise LastOwner
    stone = Tombstone(company=call.company, id=request.id, created_at=call.at, updated_at=call.at, subject=subject)
    told = deletion.notice(call, "person_erased", request.id)
    return Decision(Answer(show(after)), puts=(after, stone, *shut), deletes=(own,), messages=(told,))


def cancel(world: "World", call: Call, asker: Asker, id: str) -> Answer:
    """Stop a request that has not begun: any owner, or whoever asked until it is verified. A blocked account is open
    again. Raises NotFound, Forbidden, RequestSettled."""

    def decide(snapshot: Snapshot) -> Decision:
        request = _seen(snapshot, asker, id)
        asker.may_stop(request)
        if request.kind == "deletion" and (request.status == "running" or _gone(request)):
            raise RequestSettled(status=request.status)
        after = moved(request, "cancelled", call.at, reason="cancelled_by_company")
        blocked = request.kind == "deletion" and request.subject is None and request.verified_at is not None
        told = (deletion.notice(call, "cancelled", id),) if request.verified_at else ()
        return Decision(
            Answer(show(after)), puts=(after,), deletes=(watch_over(request),), messages=told,
            head={"state": "active"} if blocked else None,
        )  # fmt: skip

    return transact(
        world.store, call, [Request.ref(call.company, id)], decide, business=False, while_blocked=True
    ).answer


def mail_code(world: "World", call: Call, asker: Asker, id: str, language: Language) -> None:
    """Mail a code, for ten minutes, to the member who asks. Raises NotFound, RequestSettled, ProofNeeded for who has no
    address here, TooManyRequests."""
    request = found(world.store, call.company, asker, id)
    if request.status in OVER:
        raise RequestSettled(status=request.status)
    own = next((member for member in _members(world.store, call.company) if member.id == asker.id), None)
    if own is None or own.email is None:
        raise ProofNeeded
    if not codes.allow(world, "identity_code", own.id, most=CODES_AN_HOUR, seconds=3600):
        raise TooManyRequests
    code = codes.begin(world, "identity", own.id, id)
    mail.post(world, mail.write(call, own.email, language, "identity_code", code=code))


def _gone(request: Request) -> bool:
    """A person's own row goes when the request is verified: there is nothing left to stop."""
    return request.subject is not None and request.verified_at is not None


def one(world: "World", company: str, asker: Asker, id: str) -> Answer:
    """A request and how far it is. Raises NotFound."""
    return Answer(show(found(world.store, company, asker, id)))


def receipt(world: "World", company: str, asker: Asker, id: str) -> Answer:
    """The signed receipt of a request that was carried out. Raises NotFound, Busy."""
    found(world.store, company, asker, id)
    (row,) = world.store.records([Receipt.ref(company, id)])
    if not isinstance(row, Receipt):
        raise NotFound
    return Answer(receipts.present(row, world.keys.pem))


def listing(world: "World", company: str, asker: Asker, limit: int, after: str | None) -> tuple[list[Any], bool]:
    """Requests that the asker may see, newest first. Raises NotFound for who may see none of a closed account."""
    start = {"company": {"S": company}, "sort": {"S": f"request#{after}"}} if after else None
    shown: list[Any] = []
    while len(shown) <= limit:
        page = world.store.query("requests", company, SORT.startswith("request#"), after=start, descending=True)
        shown += [show(row) for row in page.records if isinstance(row, Request) and asker.follows(row)]
        if (start := page.next) is None:
            break
    if not shown and asker.role == "nobody":
        raise NotFound
    return shown[:limit], len(shown) > limit


def _seen(snapshot: Snapshot, asker: Asker, id: str) -> Request:
    request = snapshot.get(Request, id)
    if request is None or not asker.follows(request):
        raise NotFound
    if request.status in OVER:
        raise RequestSettled(status=request.status)
    return request


def _affected(subject: str | None) -> Any:
    affects = affected(subject)
    if affects is None:
        raise invalid("/subject", "subject_unknown")
    return affects


def _members(store: Store, company: str) -> list[Member]:
    rows = store.query("identity", company, SORT.startswith("member#")).records
    return [row for row in rows if isinstance(row, Member)]


def _refs(call: Call, id: str, members: Sequence[Member]) -> list[Any]:
    return [Request.ref(call.company, id), *(Member.ref(call.company, user=member.user) for member in members)]


def _own_row(snapshot: Snapshot, subject: str, members: Sequence[Member]) -> Record:
    """The row that is the person. Raises NotFound."""
    prefix = subject.partition("_")[0]
    found: Record | None
    if prefix in PERSONS:
        found = snapshot.get(PERSONS[prefix], subject)
    else:
        user = next((member.user for member in members if member.id == subject), None)
        found = snapshot.get(Member, user=user) if user else None
    if found is None or found.id != subject:
        raise NotFound
    return found
