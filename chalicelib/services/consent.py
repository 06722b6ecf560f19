"""Consents: which version of the policy a member accepted and must accept, and what they agree to or oppose."""

from datetime import date, datetime
from typing import Any

from chalicelib.domain.call import Answer, Call
from chalicelib.domain.clock import today
from chalicelib.domain.consent import DEFAULTS, Acceptance, Choosable, Consent, chosen, granted, with_choice
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import invalid
from chalicelib.domain.ids import new_id
from chalicelib.domain.request import proof_ends
from chalicelib.policy.load import current
from chalicelib.policy.model import Language
from chalicelib.services.documents import instant
from chalicelib.services.present import Body
from chalicelib.store.door import ACCOUNT, Decision, Snapshot, transact
from chalicelib.store.read import Reader
from chalicelib.store.wire import Store

URL = "/v1/consents"


def of_member(reader: Reader, member: str) -> Consent | None:
    """A member's consents, None for one who never chose."""
    (found,) = reader.many(Consent, [member])
    return found


def show(reader: Reader, member: str, at: datetime, language: Language) -> Answer:
    """A member's consents, and what is asked of them today."""
    return Answer(present(member, of_member(reader, member), today(at), language))


def present(member: str, consent: Consent | None, on: date, language: Language) -> Body:
    """Consents as the API shows them."""
    return {
        "id": member,
        "object": "consents",
        "policy": present_policy(consent, on, language),
        **{kind: _choice(consent, kind) for kind in DEFAULTS},
    }


def present_policy(consent: Consent | None, on: date, language: Language) -> Body:
    """Which version is in force, which one must have been accepted and since when, and what is announced."""
    policy = current()
    required, accepted = policy.required(on), consent.policy_version if consent else None
    return {
        "accepted": accepted,
        "accepted_at": instant(consent.accepted_at) if consent and consent.accepted_at else None,
        "in_force": policy.in_force(on).version,
        "required": required.version,
        "required_since": required.date.isoformat(),
        "must_accept": accepted not in policy.accepted_on(on),
        "announced": [
            {
                "version": version.version,
                "from": version.date.isoformat(),
                "material": version.material,
                "changes": version.changes[language],
            }
            for version in policy.announced(on)
        ],
        "url": "/privacy",
    }


def _choice(consent: Consent | None, kind: Choosable) -> dict[str, Any]:
    own = chosen(consent, kind)
    return {"granted": granted(consent, kind), "chosen_at": instant(own.chosen_at) if own else None}


def accepting(call: Call, member: str, version: str, before: Consent | None) -> tuple[Consent, Acceptance]:
    """A member's consents with this version accepted, and the proof of it."""
    stamps: dict[str, Any] = {"company": call.company, "created_at": call.at, "updated_at": call.at}
    own = before or Consent(id=member, **stamps)
    values = {"policy_version": version, "accepted_at": call.at}
    id = new_id(Acceptance.PREFIX, call.at, call.random("id", Acceptance.PREFIX))
    proof = Acceptance(id=id, **stamps, member=member, policy_version=version, due_at=proof_ends(call.at))
    return own.edited(call.at, **values), proof


def accept(store: Store, call: Call, member: str, version: str, language: Language) -> Answer:
    """Record that a member accepts a version; one accepted before keeps its first instant. Raises InvalidContent for a
    version that cannot be accepted today."""
    on = today(call.at)
    if version not in (known := current().accepted_on(on)):
        raise invalid("/version", "policy_version_unknown", version=version, known=list(known))

    def decide(snapshot: Snapshot) -> Decision:
        before = snapshot.get(Consent, member)
        proven = snapshot.get(Acceptance, member=member, policy_version=version)
        if before and before.policy_version == version and proven:
            return Decision(Answer(present(member, before, on, language)))
        after, proof = accepting(call, member, version, before)
        new: tuple[Record, ...] = () if proven else (proof,)
        return Decision(Answer(present(member, after, on, language), status=201, location=URL), puts=(after,), new=new)

    reads = [Consent.ref(call.company, member), Acceptance.ref(call.company, member=member, policy_version=version)]
    return transact(store, call, reads, decide, ACCOUNT).answer


def choose(store: Store, call: Call, member: str, kind: Choosable, yes: bool, language: Language) -> Answer:
    """Record a member's yes or no; it counts at once."""
    on = today(call.at)

    def decide(snapshot: Snapshot) -> Decision:
        before = snapshot.get(Consent, member)
        own = chosen(before, kind)
        if own and own.granted == yes:
            return Decision(Answer(present(member, before, on, language)))
        stamps: dict[str, Any] = {"company": call.company, "created_at": call.at, "updated_at": call.at}
        start = before or Consent(id=member, **stamps)
        after = start.edited(call.at, choices=with_choice(start, kind, yes, call.at))
        return Decision(Answer(present(member, after, on, language), status=201, location=URL), puts=(after,))

    return transact(store, call, [Consent.ref(call.company, member)], decide, ACCOUNT).answer
