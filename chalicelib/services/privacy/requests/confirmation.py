"""Decisions on confirming a deletion, of an account or of a person, and the people who may stop an account's (ADR
0034)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.member import OWNER_CHANGE_DELAY, FormerOwner, Member, owner_digest
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import AlreadyBlocked, AnotherOwnerNeeded, Forbidden, LastOwner, OwnersChanged
from chalicelib.domain.privacy.erased import marked
from chalicelib.domain.privacy.request import GRACE, PrivacyRequest, Tombstone, clear_days, moved, reminder
from chalicelib.services.companies.access import HeldAccess, owners_changed
from chalicelib.services.companies.sign_ins import left
from chalicelib.services.mail import notifications
from chalicelib.services.privacy.erasure import deletion
from chalicelib.services.privacy.erasure.completion_mail import letter_of_member
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.privacy.transitions import postponed, watch_over
from chalicelib.store.decision import Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import Store


def former_owners(store: Store, company: str, at: datetime) -> list[str]:
    """The digests of recent former owners. Raises Busy."""
    return [row.id for row in store.all_of(FormerOwner, company) if row.expires_at > at.timestamp()]


def owner_digests(members: Iterable[Member], former: Iterable[str], before: Iterable[str] = ()) -> tuple[str, ...]:
    """The digests of everybody who may stop an account's deletion: its owners, recent former owners, and those recorded
    before."""
    now = (owner_digest(member.company, member.user) for member in members if member.role == "owner")
    return tuple(dict.fromkeys((*before, *now, *former)))


def account(
    snapshot: Snapshot,
    call: Call,
    requester: Requester,
    request: PrivacyRequest,
    members: Sequence[Member],
    former: Sequence[str],
    *,
    waive: bool,
) -> Decision[PrivacyRequest]:
    """Block the account and begin its delay, or waive the delay. Raises Forbidden, AlreadyBlocked, AnotherOwnerNeeded,
    OwnersChanged."""
    if requester.role != "owner":
        raise Forbidden(scope="")
    first = request.confirmed_by
    seen = [row for member in members if (row := snapshot.get(Member, user=member.user)) and row.role == "owner"]
    if waive:
        if len(seen) > 1 and first in (None, requester.id):
            raise AnotherOwnerNeeded
        _require_settled_owners(snapshot.head, call.at)
    if request.status == "requested" and snapshot.head.state != "active":
        raise AlreadyBlocked
    begun: dict[str, Any] = {} if first else {"verified_at": call.at, "confirmed_by": requester.id}
    begun["owners"] = owner_digests(seen, former, request.owners)
    if waive:
        after = moved(request, "verified", call.at, **begun, deadline=clear_days(call.at), due_at=call.at)
    else:
        until = call.at + GRACE
        after = moved(request, "grace", call.at, **begun, grace_until=until, deadline=until + timedelta(days=1))
        after = postponed(after, reminder(after) or until)
    message = notifications.notice(call, "grace_waived" if waive else "account_blocked", request.id)
    return Decision(after, puts=(after, watch_over(after)), messages=(message,), head={"state": "blocked"})


def _require_settled_owners(head: Head, at: datetime) -> None:
    """Refuse a waiver soon after a change of owners. An attacker could first become the only owner, or add an
    accomplice."""
    if head.owners_changed is not None and at < (until := head.owners_changed + OWNER_CHANGE_DELAY):
        raise OwnersChanged(possible_from=instant(until))


def person(
    snapshot: Snapshot,
    call: Call,
    requester: Requester,
    request: PrivacyRequest,
    own: Record | None,
    others: Sequence[Member],
    held: HeldAccess | None,
) -> Decision[PrivacyRequest]:
    """Delete the person's own record, unless it was deleted earlier, and revoke the keys and devices of a member. A
    member's last mail is written now, because their address goes. Raises AlreadyBlocked, LastOwner."""
    if snapshot.head.state != "active":
        raise AlreadyBlocked  # Before closing an account, nobody may first remove an owner who could stop it.
    subject = request.subject or ""
    shut = held.shut(call.at) if held else ()
    after = moved(request, "verified", call.at, verified_at=call.at, confirmed_by=requester.id, due_at=call.at)
    if own is None:
        after = replace(after, measures=deletion.record_deleted_before(subject))
    if isinstance(own, Member) and own.role == "owner":
        remaining = [snapshot.get(Member, user=member.user) for member in others if member.user != own.user]
        if not any(other is not None and other.role == "owner" for other in remaining):
            raise LastOwner
    letter = letter_of_member(call, own, snapshot.get(Company), request) if isinstance(own, Member) else None
    last = (letter,) if letter else ()
    after = replace(after, letters=tuple(each.id for each in last))
    tombstone = call.make(Tombstone, id=request.id, subject=subject, clock=snapshot.clock + 1)
    message = notifications.notice(call, "person_erased", request.id)
    decision = Decision(
        after,
        puts=(after, tombstone, *shut, *left(own, call.at)),
        new=last,
        deletes=(own,) if own else (),
        messages=(message,),
        head={"erased": marked(snapshot.head.erased, subject)},
    )
    return owners_changed(snapshot, call, own, decision) if isinstance(own, Member) else decision
