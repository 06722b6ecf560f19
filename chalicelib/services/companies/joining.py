"""Joining a company: an invited person accepts with the mailed code, and becomes a member (ADR 0130)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.invitation import Invitation, TypedCode, typed_code
from chalicelib.domain.companies.member import Member
from chalicelib.domain.errors import AgeRefused, AlreadyExists, CompanyBlocked, InvitationNotFound, NotFound, invalid
from chalicelib.domain.privacy.consent import Consent
from chalicelib.policy.load import accepted_versions
from chalicelib.services import codes
from chalicelib.services.companies import access
from chalicelib.services.companies.consent import accepting
from chalicelib.store.decision import ACCOUNT, Committed, Decision
from chalicelib.store.read import companies_of
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

HOUR: Final = 3600
TYPED_BY_PERSON = 30
"""Wrong codes of one person in an hour."""


@dataclass(frozen=True)
class Invitee:
    """The signed-in person who accepts: the token's subject, and the address that the token proves with its digest."""

    user: str
    email: str | None
    email_key: str | None


@dataclass(frozen=True)
class Joining:
    """The answers of an invited person: the code, their age, and the version of the policy that they accept."""

    code: str
    of_age: bool
    policy_version: str


def accept(world: "World", call: Call, person: Invitee, sent: Joining) -> Committed[Member]:
    """Make the invited person a member, with the proof of what they accepted. Raises InvitationNotFound alike for an
    unknown or ended code, and for a person whose proven address is another; AgeRefused, InvalidContent, AlreadyExists
    for a member, TooManyRequests. Only wrong codes count: a right one, and a repeated request, are never refused."""
    typed = typed_code(sent.code)
    if typed is None:
        _limit_codes(world, person)
        raise InvitationNotFound
    store = world.store
    known = _matching(store, typed, person)
    everybody = [*store.all_of(Member, typed.company)] if known else []
    before = bool(companies_of(store, person.user))

    def observe(_: Snapshot) -> None:
        """Read after the search for a first reply, so that a repeated request counts nothing."""
        if known is None:
            _limit_codes(world, person)

    actor = known.id if known else call.actor
    call = replace(call, company=typed.company, actor=actor, require_current=observe)

    def decide_joining(snapshot: Snapshot) -> Decision[Member]:
        invitation = snapshot.get(Invitation, known.id) if known else None
        if invitation is None or not typed.opens(invitation):
            raise InvitationNotFound
        users = (each.user for each in everybody if each.id == invitation.created_by)
        inviters = [row for user in users if (row := snapshot.get(Member, user=user))]
        if not invitation.is_open(inviters, call.at):
            raise InvitationNotFound
        return _joined(snapshot, call, person, sent, invitation, everybody, had_company=before)

    try:
        return transact(store, call, [], decide_joining, ACCOUNT)
    except (NotFound, CompanyBlocked):
        if known is None:  # The state of a company is not for a stranger.
            _limit_codes(world, person)
            raise InvitationNotFound from None
        raise


def _limit_codes(world: "World", person: Invitee) -> None:
    """Count a wrong code. Raises TooManyRequests, Busy."""
    codes.limit(world, "invitation codes by person", person.user, most=TYPED_BY_PERSON, seconds=HOUR)


def _matching(store: Store, typed: TypedCode, person: Invitee) -> Invitation | None:
    """The invitation of this person that the code opens."""
    if person.email_key is None:
        return None
    rows = store.all_of(Invitation, typed.company)
    return next((row for row in rows if row.email_key == person.email_key and typed.opens(row)), None)


def _joined(
    snapshot: Snapshot,
    call: Call,
    person: Invitee,
    sent: Joining,
    invitation: Invitation,
    everybody: Sequence[Member],
    *,
    had_company: bool,
) -> Decision[Member]:
    if already := snapshot.get(Member, user=person.user):
        raise AlreadyExists(id=already.id)
    if not sent.of_age:
        raise AgeRefused
    if (version := sent.policy_version) not in (known := accepted_versions(today(call.at))):
        raise invalid("/policy_version", "policy_version_unknown", version=version, known=list(known))
    member = call.make(
        Member,
        id=invitation.id,
        user=person.user,
        email=person.email,
        role=invitation.role,
        invited=had_company,
        email_key=person.email_key,
        proven=True,
    )
    # An opposition may have made the row of the choices already.
    choices, proof = accepting(call, member.id, version, snapshot.get(Consent, member.id), old_enough=True, joined=True)
    decision = Decision(member, puts=(choices,), new=(member, proof), deletes=(invitation,))
    return access.owner_added(snapshot, call, everybody, decision) if member.role == "owner" else decision
