"""Privacy requests, from creation to cancellation: permissions, subjects and legal deadlines.

An opaque id names a person. Before an erasure or a download the requester proves their identity again. The owners are
notified, and any owner can stop a request until its erasure runs. The job runs the requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member
from chalicelib.domain.errors import (
    NotFound,
    ProofNeeded,
    RequestSettled,
    UnderHold,
)
from chalicelib.domain.language import DEFAULT, Language
from chalicelib.domain.privacy.consent import Consent
from chalicelib.domain.privacy.download_code import download_digest
from chalicelib.domain.privacy.request import (
    PROVEN,
    UNCONFIRMED,
    PrivacyRequest,
    Receipt,
    RequestKind,
    clear_days,
    digest,
    moved,
)
from chalicelib.policy.ends import first_day_gone
from chalicelib.services.companies.access import access_of
from chalicelib.services.companies.open_requests import open_requests, with_codes
from chalicelib.services.mail import notifications
from chalicelib.services.privacy import limits
from chalicelib.services.privacy.legal.holds import held
from chalicelib.services.privacy.rectification import correcting
from chalicelib.services.privacy.requester import Requester, find_request, open_request
from chalicelib.services.privacy.requests import confirmation, download_codes, opposition
from chalicelib.services.privacy.subjects import (
    affected_by,
    deleted_but_named,
    erasable,
    members_of,
    subject_row,
)
from chalicelib.services.privacy.transitions import watch_over
from chalicelib.store.decision import ACCOUNT, ACCOUNT_WHILE_BLOCKED, Committed, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

STOPPED = ("cancelled_by_company", "cancelled_by_former_owner")


@dataclass(frozen=True)
class _NewRequest:
    """A request to store, and the facts that its decision needs. `members` are the company's, if the request concerns
    members. `named`: stored rows still name a subject whose record is gone. `own`: a member opposes for themselves."""

    request: PrivacyRequest
    members: Sequence[Member]
    correction: correcting.CorrectionInput | None
    named: bool
    own: bool


def ask(
    world: "World",
    call: Call,
    requester: Requester,
    kind: RequestKind,
    subject: str | None,
    corrections: Mapping[str, Any] | None = None,
    *,
    language: Language | None = None,
    capped: bool = True,
) -> Committed[PrivacyRequest]:
    """Create a request. `language` is the person's, by default the company's. Kinds without a second proof of identity
    are verified at once. An opposition, and a rectification with corrections, are carried out in the same commit.
    Raises Forbidden, NotFound for an unknown subject, InvalidContent, ProofNeeded to correct a member. Raises
    TooManyRequests if `capped`; the public page has its own limits."""
    own = kind == "opposition" and requester.role is not None and subject in (None, requester.id)
    subject = requester.id if own else requester.about(subject)
    request = _new_request(call, requester, kind, subject)
    requester.require(subject)
    (profile,) = world.store.records([Company.ref(call.company)])
    company = profile if isinstance(profile, Company) else None
    of_account = company.language if company else DEFAULT
    request = replace(request, language=language or of_account, account_language=of_account)
    if download_codes.needed(world, call, requester, subject, company):
        request = replace(request, download_digest=download_digest(request.id, download_codes.code_of(call)))
    correction = None if corrections is None else _correction(world, call, requester, request, corrections)
    new = _prepared(world, call, request, correction, own=own)

    def decide_request(snapshot: Snapshot) -> Decision[PrivacyRequest]:
        decision = _decide_by_kind(snapshot, call, new)
        counted = (limits.counted(snapshot, call, requester),) if capped else ()
        return replace(decision, puts=(*decision.puts, *counted))

    reads = [Consent.ref(call.company, requester.id)] if own else []
    committed = transact(world.store, call, reads, decide_request, ACCOUNT)
    if request.status == "verified" and kind != "opposition":
        world.wake("requests")
    return committed


def _decide_by_kind(snapshot: Snapshot, call: Call, new: _NewRequest) -> Decision[PrivacyRequest]:
    request, members = new.request, new.members
    if request.kind == "deletion" and request.subject is not None:
        erasable(snapshot, request.subject, members, named=new.named)
    if new.correction is not None:
        row = subject_row(snapshot, request.subject, members)
        return correcting.decide_rectification(request, row, new.correction, call, snapshot.clock + 1, new=True)
    if request.kind == "opposition":
        if not new.own:
            subject_row(snapshot, request.subject, members)
        done, choices = opposition.complete(snapshot, request, members, call)
        return Decision(done, puts=choices, new=(done,))
    notices = (notifications.notice(call, "asked", request.id),) if request.owners else ()
    return Decision(request, new=(request, watch_over(request)), messages=notices)


def _correction(
    world: "World", call: Call, requester: Requester, request: PrivacyRequest, corrections: Mapping[str, Any]
) -> correcting.CorrectionInput:
    correcting.require(requester, request.affects)
    return correcting.correction_input(world, call.company, corrections)


def _prepared(
    world: "World", call: Call, request: PrivacyRequest, correction: correcting.CorrectionInput | None, *, own: bool
) -> _NewRequest:
    """Read the members and the former owners that the decision needs, and whether documents name a missing subject."""
    account = request.subject is None
    ends = request.kind == "deletion" and account
    of_all = ends or (request.kind == "opposition" and account)
    of_one = request.affects == "member" and (request.kind, request.subject) != ("opposition", request.asked_by)
    members = members_of(world.store, call.company) if of_all or of_one else []
    if ends:
        former = confirmation.former_owners(world.store, call.company, call.at)
        request = replace(request, owners=confirmation.owner_digests(members, former))
    named = request.kind == "deletion" and not account
    named = named and deleted_but_named(world, call.company, request.subject or "", members)
    return _NewRequest(request, members, correction, named, own)


def _new_request(call: Call, requester: Requester, kind: RequestKind, subject: str | None) -> PrivacyRequest:
    """The new request. Raises InvalidContent for an unknown id."""
    verified = kind not in PROVEN
    id = call.new_id(PrivacyRequest)
    return call.make(
        PrivacyRequest,
        id=id,
        kind=kind,
        affects=affected_by(subject),
        subject=subject,
        status="verified" if verified else "requested",
        verified_at=call.at if verified else None,
        asked_by=requester.id,
        asker=digest(id, requester.subject) if requester.subject else None,
        deadline=clear_days(call.at),
        due_at=call.at if verified else call.at + UNCONFIRMED,
    )


def confirm(
    world: "World", call: Call, requester: Requester, id: str, *, waive: bool = False
) -> Committed[PrivacyRequest]:
    """Verify a request. An account is blocked at once and its delay begins. A person's own record is deleted at once.
    `waive` ends the delay, now or later. Raises NotFound, Forbidden, ProofNeeded, RequestSettled, AlreadyBlocked,
    AnotherOwnerNeeded, OwnersChanged, LastOwner."""
    members = members_of(world.store, call.company)
    (seen,) = world.store.records([PrivacyRequest.ref(call.company, id)])
    person = seen.subject if isinstance(seen, PrivacyRequest) else None
    own_access = access_of(world.store, call.company, person) if person else None
    asked = open_requests(world.store, call.company, person, but=id) if person else []
    former = confirmation.former_owners(world.store, call.company, call.at) if person is None else []
    kept = held(world, [call.company])

    def decide_confirmation(snapshot: Snapshot) -> Decision[PrivacyRequest]:
        request = open_request(snapshot, requester, id)
        requester.require(request.subject)
        if not requester.proven:
            raise ProofNeeded
        if request.kind == "deletion" and request.subject is not None:
            if kept:
                raise UnderHold
            own = erasable(snapshot, request.subject, members, named=True)
            decision = confirmation.person(snapshot, call, requester, request, own, members, own_access)
            return with_codes(snapshot, call, own, asked, decision) if isinstance(own, Member) else decision
        if request.kind == "deletion":
            return confirmation.account(snapshot, call, requester, request, members, former, waive=waive)
        after = moved(request, "verified", call.at, verified_at=call.at, confirmed_by=requester.id, due_at=call.at)
        return Decision(after, puts=(after,), messages=(notifications.notice(call, "verified", id),))

    committed = transact(
        world.store, call, [*_refs(call, id, members), *asked], decide_confirmation, ACCOUNT_WHILE_BLOCKED
    )
    if committed.value is None or committed.value.status == "verified":
        world.wake("requests")
    return committed


def cancel(world: "World", call: Call, requester: Requester, id: str) -> Committed[PrivacyRequest]:
    """Stop a request that has not begun. Any owner may, a recent former owner, and the author until it is verified. A
    blocked account opens again. Raises NotFound, Forbidden, RequestSettled."""

    def decide_cancel(snapshot: Snapshot) -> Decision[PrivacyRequest]:
        request = open_request(snapshot, requester, id)
        requester.may_stop(request)
        if request.kind == "deletion" and (request.status == "running" or _gone(request)):
            raise RequestSettled(status=request.status)
        ends = first_day_gone("request.proof", call.at)
        after = moved(request, "cancelled", call.at, reason=STOPPED[requester.role == "nobody"], due_at=ends)
        blocked = request.kind == "deletion" and request.subject is None and request.verified_at is not None
        notices = (notifications.notice(call, "cancelled", id),) if request.verified_at else ()
        return Decision(
            after,
            puts=(after,),
            deletes=(watch_over(request),),
            messages=notices,
            head={"state": "active"} if blocked else None,
        )

    return transact(world.store, call, [PrivacyRequest.ref(call.company, id)], decide_cancel, ACCOUNT_WHILE_BLOCKED)


def _gone(request: PrivacyRequest) -> bool:
    """Whether verification deleted the person's own record. Such a request can no longer be stopped."""
    return request.subject is not None and request.verified_at is not None


def receipt(world: "World", company: str, requester: Requester, id: str) -> Receipt:
    """The signed receipt of a completed request. Raises NotFound, Busy."""
    find_request(world.store, company, requester, id)
    (row,) = world.store.records([Receipt.ref(company, id)])
    if not isinstance(row, Receipt):
        raise NotFound
    return row


def listing(
    world: "World", company: str, requester: Requester, limit: int, after: str | None
) -> tuple[list[PrivacyRequest], bool]:
    """The requests that the requester may see, newest first. Raises NotFound for a requester who may see none of a
    closed account."""
    start = {"company": {"S": company}, "sort": {"S": f"request#{after}"}} if after else None
    rows = world.store.all("requests", company, SORT.startswith("request#"), after=start, descending=True)
    visible = (row for row in rows if isinstance(row, PrivacyRequest) and requester.follows(row))
    shown = [*islice(visible, limit + 1)]
    if not shown and requester.role == "nobody":
        raise NotFound
    return shown[:limit], len(shown) > limit


def _refs(call: Call, id: str, members: Sequence[Member]) -> list[Any]:
    return [PrivacyRequest.ref(call.company, id), *(Member.ref(call.company, user=member.user) for member in members)]
