"""Access to a company: its members, their roles and its API keys.

The head records the time of each change of owners. The other owners, and an owner who lost the role, get a mail. For a
while nobody can waive the delay of a deletion, and a former owner can stop it (ADR 0034).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import ApiKey, FormerOwner, Member, Role, owner_digest, proven_address
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import (
    Fault,
    InvalidContent,
    LastOwner,
    NotFound,
    TooManyApiKeys,
    invalid,
)
from chalicelib.domain.privacy.consent import Consent
from chalicelib.domain.sync.device import Device
from chalicelib.outside.tokens import make_api_key
from chalicelib.policy.ends import expires_at
from chalicelib.services.companies import sign_ins
from chalicelib.services.companies.open_requests import open_requests, with_codes
from chalicelib.services.mail import limits, writing
from chalicelib.services.records.editing import Resource, current
from chalicelib.services.sync import devices
from chalicelib.store.decision import ACCOUNT, SYSTEM_WHILE_OPEN, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

KEYS = Resource(ApiKey, policy=ACCOUNT)
T = TypeVar("T")
MOST_KEYS_SHUT = 80
"""Keys that one transaction marks as revoked together with their maker. Further keys are refused all the same:
admitting a key reads its maker's membership."""
MAX_KEYS = 50
"""API keys of a company that are neither revoked nor expired. A company that had more keeps them."""
MAX_MEMBERS = 50
"""Members and open invitations. Removing a member reads all owners in one transaction, which reads 100 rows at
most."""


def roster(reader: Reader) -> list[Member]:
    """All members, in the order in which they joined."""
    found = [row for row in reader.all("identity", "member#") if isinstance(row, Member)]
    return sorted(found, key=lambda member: member.id)


def member(reader: Reader, id: str) -> Member:
    """One member. Raises NotFound."""
    return _named(roster(reader), id)


def change_role(reader: Reader, call: Call, id: str, role: Role) -> Committed[Member]:
    """Change a member's role. Raises NotFound, StaleVersion, LastOwner."""
    everybody = roster(reader)
    user = _user(everybody, id)
    owners = _other_owners(everybody, user)

    def decide_role(snapshot: Snapshot) -> Decision[Member]:
        before = _seen(snapshot, user, id)
        if role != "owner":
            _require_other_owner(snapshot, before, owners)
        after = before.edited(call.at, role=role)
        decision = Decision(after, puts=(after,))
        if role == before.role:
            return decision
        if role == "owner":
            return owner_added(snapshot, call, everybody, decision)
        return owners_changed(snapshot, call, before, decision)

    reads = [Member.ref(call.company, user=name) for name in (user, *owners)]
    return transact(reader.store, call, reads, decide_role, ACCOUNT)


def remove_member(reader: Reader, call: Call, id: str) -> Committed[Member]:
    """Remove a member, and revoke their keys and their devices. A mail brings them a code for each open request of
    theirs. Raises NotFound, StaleVersion, LastOwner."""
    everybody = roster(reader)
    held = access_of(reader.store, reader.company, id)
    asked = open_requests(reader.store, reader.company, id)
    user = _user(everybody, id)
    owners = _other_owners(everybody, user)

    def decide_removal(snapshot: Snapshot) -> Decision[Member]:
        gone = _seen(snapshot, user, id)
        _require_other_owner(snapshot, gone, owners)
        chosen = snapshot.get(Consent, id)
        puts = (*held.shut(call.at), *sign_ins.left(gone, call.at))
        decision = Decision(gone, puts=puts, deletes=(gone, chosen) if chosen else (gone,))
        return owners_changed(snapshot, call, gone, with_codes(snapshot, call, gone, asked, decision))

    reads = [Consent.ref(call.company, id), *(Member.ref(call.company, user=name) for name in (user, *owners)), *asked]
    return transact(reader.store, call, reads, decide_removal, ACCOUNT)


def owner_added(snapshot: Snapshot, call: Call, everybody: Iterable[Member], decision: Decision[T]) -> Decision[T]:
    """Add to the decision what a new owner requires: the time on the head, and a mail to the earlier owners. A thief
    with a stolen token could make themselves an owner."""
    profile = snapshot.get(Company)
    language = profile.language if profile else "fr"
    owners = (proven_address(member, profile) for member in everybody if member.role == "owner")
    addresses = dict.fromkeys(to for to in owners if to)
    mails = [writing.write(call, to, language, "owner_came", company=call.company) for to in addresses]
    letters = tuple(each.letter for each in mails)
    messages = (replace(mails[0].message, about=tuple(letter.id for letter in letters)),) if mails else ()
    return replace(
        decision,
        head={**(decision.head or {}), "owners_changed": call.at},
        puts=(*decision.puts, *limits.counted(snapshot, call)),
        new=(*decision.new, *letters),
        messages=(*decision.messages, *messages),
    )


def owners_changed(snapshot: Snapshot, call: Call, before: Member, decision: Decision[T]) -> Decision[T]:
    """Add to the decision what the departure of an owner requires. The head records the time and, for a while, a digest
    of the owner, who gets a mail. For any other member, returns the decision unchanged."""
    if before.role != "owner":
        return decision
    mails = _departure_mail(snapshot, call, before)
    former = call.make(
        FormerOwner, id=owner_digest(before.company, before.user), expires_at=expires_at(FormerOwner, call.at)
    )
    return replace(
        decision,
        head={**(decision.head or {}), "owners_changed": call.at},
        puts=(*decision.puts, former),
        new=(*decision.new, *(each.letter for each in mails)),
        messages=(*decision.messages, *(each.message for each in mails)),
    )


def _departure_mail(snapshot: Snapshot, call: Call, owner: Member) -> list[writing.Mail]:
    """The mail to an owner who leaves. Their address may be unknown after this commit."""
    profile = snapshot.get(Company)
    if (to := proven_address(owner, profile)) is None:
        return []
    language = profile.language if profile else "fr"
    return [writing.write(call, to, language, "owner_left", company=call.company)]


@dataclass(frozen=True)
class HeldAccess:
    """The live keys that a member made, at most MOST_KEYS_SHUT, and their devices."""

    keys: Sequence[ApiKey]
    devices: Sequence[Device]

    def shut(self, at: datetime) -> tuple[Record, ...]:
        """The rows as they are once the member has left: revoked. The devices no longer name the member."""
        revoked = tuple(key.edited(at, revoked_at=at) for key in self.keys)
        return (*revoked, *devices.left(self.devices, at))


def access_of(store: Store, company: str, member: str) -> HeldAccess:
    """The keys and devices that are revoked together with a member. Raises Busy."""
    found = [key for key in store.all_of(ApiKey, company) if key.created_by == member and key.revoked_at is None]
    return HeldAccess(found[:MOST_KEYS_SHUT], devices.of_member(store, company, member))


def _named(everybody: Iterable[Member], id: str) -> Member:
    found = next((member for member in everybody if member.id == id), None)
    if found is None:
        raise NotFound
    return found


def _user(everybody: Iterable[Member], id: str) -> str:
    """The subject of the member with this id, or "". A repeated request gets its first reply before any lookup."""
    return next((member.user for member in everybody if member.id == id), "")


def _other_owners(everybody: Iterable[Member], user: str) -> list[str]:
    return [member.user for member in everybody if member.role == "owner" and member.user != user]


def _seen(snapshot: Snapshot, user: str, id: str) -> Member:
    found = snapshot.get(Member, user=user)
    if found is None or found.id != id:
        raise NotFound
    return found


def _require_other_owner(snapshot: Snapshot, removed: Member, owners: Iterable[str]) -> None:
    """Read the other owners again in the transaction. Otherwise two owners could remove each other at the same time."""
    if removed.role != "owner":
        return
    others = [snapshot.get(Member, user=name) for name in owners]
    if not any(other is not None and other.role == "owner" for other in others):
        raise LastOwner


@dataclass(frozen=True)
class MadeKey:
    """A new API key and its clear text. The clear text is stored nowhere."""

    key: ApiKey
    token: str = field(repr=False)


def create_key(
    store: Store,
    call: Call,
    name: str,
    scopes: tuple[str, ...],
    held: frozenset[str],
    expires: datetime | None = None,
) -> Committed[MadeKey]:
    """Create a key, until `expires` if there is an end. Raises InvalidContent for a scope that its maker does not hold
    and for an end in the past, TooManyApiKeys."""
    if expires is not None and expires <= call.at:
        raise invalid("/expires_at", "expiry_in_past")
    if beyond := [(index, scope) for index, scope in enumerate(scopes) if scope not in held]:
        raise InvalidContent(*(Fault(f"/scopes/{i}", "scope_not_held", {"scope": scope}) for i, scope in beyond))

    def decide_key(snapshot: Snapshot) -> Decision[MadeKey]:
        new_key = make_api_key(call.company, snapshot.head.mode, call.random("api_key"))
        key = call.make(
            ApiKey,
            id=new_key.id,
            name=name,
            digest=new_key.digest,
            hint=new_key.hint,
            scopes=tuple(dict.fromkeys(scopes)),
            created_by=call.actor,
            expires_at=expires,
        )
        return Decision(MadeKey(key, new_key.token), new=(key,))

    def require_room(_: Snapshot) -> None:
        """Count the keys after each snapshot. The write fails if another key was committed since the snapshot."""
        if sum(key.opens(call.at) for key in store.all_of(ApiKey, call.company)) >= MAX_KEYS:
            raise TooManyApiKeys(max=MAX_KEYS)

    return transact(store, replace(call, require_current=require_room), [], decide_key, ACCOUNT)


def note_use(store: Store, call: Call, id: str) -> None:
    """Note the day on which a key opened something. Writes nothing if the day is noted, or the key is revoked."""
    day = today(call.at)

    def decide_use(snapshot: Snapshot) -> Decision[ApiKey]:
        key = snapshot.get(ApiKey, id)
        if key is None or not key.opens(call.at) or key.last_used_on == day:
            return Decision()
        used = replace(key, last_used_on=day)
        return Decision(used, puts=(used,))

    transact(store, call, [ApiKey.ref(call.company, id)], decide_use, SYSTEM_WHILE_OPEN)


def revoke_key(store: Store, call: Call, id: str) -> Committed[ApiKey]:
    """Revoke a key. Its row stays, so that the journal can still name its actor. A second revocation changes nothing.
    Raises NotFound, StaleVersion."""

    def decide_revocation(snapshot: Snapshot) -> Decision[ApiKey]:
        key = current(snapshot, ApiKey, id)
        if key.revoked_at is not None:
            return Decision(key)
        revoked = key.edited(call.at, revoked_at=call.at)
        return Decision(revoked, puts=(revoked,))

    return transact(store, call, [ApiKey.ref(call.company, id)], decide_revocation, ACCOUNT)
