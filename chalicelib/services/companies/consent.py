"""Consents: the policy version that a member accepted, and their yes or no to each optional use."""

from dataclasses import dataclass

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.member import Member
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import invalid
from chalicelib.domain.privacy.consent import Acceptance, Choosable, Consent, chosen, with_choice
from chalicelib.policy.ends import first_day_gone
from chalicelib.policy.load import current
from chalicelib.store.decision import ACCOUNT, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store


def of_member(reader: Reader, member: str) -> Consent | None:
    """A member's consents; None if they never chose."""
    (found,) = reader.many(Consent, [member])
    return found


def accepting(
    call: Call,
    member: str,
    version: str,
    before: Consent | None,
    *,
    old_enough: bool | None = None,
    joined: bool | None = None,
) -> tuple[Consent, Acceptance]:
    """The member's consents after accepting this version, and the proof of acceptance. A new member also states that
    they are `old_enough`, and an invited one that they `joined`."""
    own = before or call.make(Consent, id=member)
    values = {"policy_version": version, "accepted_at": call.at}
    ends = first_day_gone("consent.proof", call.at)
    proof = call.make(
        Acceptance, member=member, policy_version=version, due_at=ends, old_enough=old_enough, joined=joined
    )
    return own.edited(call.at, **values), proof


@dataclass(frozen=True)
class Chosen:
    """A member's consents, and whether this call changed them."""

    consent: Consent | None
    changed: bool = True


@dataclass(frozen=True)
class Holder:
    """The person who accepts: the token's subject, and the keyed digest of the address that the token proves."""

    user: str
    email_key: str | None = None


def accept(store: Store, call: Call, member: str, version: str, holder: Holder | None = None) -> Committed[Chosen]:
    """Record that a member accepts a version. A repeated acceptance keeps its first instant. If the holder's token
    proves the membership's address, it is proven from now on. Raises InvalidContent for a version that cannot be
    accepted today."""
    on = today(call.at)
    if version not in (known := current().accepted_on(on)):
        raise invalid("/version", "policy_version_unknown", version=version, known=list(known))

    def decide_acceptance(snapshot: Snapshot) -> Decision[Chosen]:
        before = snapshot.get(Consent, member)
        proven = snapshot.get(Acceptance, member=member, policy_version=version)
        now_proven = _newly_proven(snapshot, call, holder)
        if before and before.policy_version == version and proven:
            return Decision(Chosen(before, changed=False), puts=now_proven)
        after, proof = accepting(call, member, version, before)
        new: tuple[Record, ...] = () if proven else (proof,)
        return Decision(Chosen(after), puts=(after, *now_proven), new=new)

    reads = [Consent.ref(call.company, member), Acceptance.ref(call.company, member=member, policy_version=version)]
    return transact(store, call, reads, decide_acceptance, ACCOUNT)


def _newly_proven(snapshot: Snapshot, call: Call, holder: Holder | None) -> tuple[Member, ...]:
    """The membership with its address proven, if the holder's token proves it and nothing did before."""
    if holder is None or holder.email_key is None:
        return ()
    own = snapshot.get(Member, user=holder.user)
    if own is None or own.proven or own.email_key != holder.email_key:
        return ()
    return (own.edited(call.at, proven=True),)


def choose(store: Store, call: Call, member: str, kind: Choosable, yes: bool) -> Committed[Chosen]:
    """Record a member's yes or no, effective at once."""

    def decide_choice(snapshot: Snapshot) -> Decision[Chosen]:
        before = snapshot.get(Consent, member)
        own = chosen(before, kind)
        if own and own.granted == yes:
            return Decision(Chosen(before, changed=False))
        start = before or call.make(Consent, id=member)
        after = start.edited(call.at, choices=with_choice(start, kind, yes, call.at))
        return Decision(Chosen(after), puts=(after,))

    return transact(store, call, [Consent.ref(call.company, member)], decide_choice, ACCOUNT)
