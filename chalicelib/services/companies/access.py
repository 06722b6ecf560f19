"""Who may come in: a company's members and their roles, and its API keys.

A change among the owners is noted on the head and told to whoever is no owner any more, and to the others when one
comes: for a while nobody waives the grace of a deletion, and the one who left may stop it (ADR 0034).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import ApiKey, FormerOwner, Member, Role, owner_mark
from chalicelib.domain.errors import AlreadyExists, Fault, InvalidContent, LastOwner, NotFound, invalid
from chalicelib.domain.privacy.consent import Consent
from chalicelib.outside.tokens import make_api_key
from chalicelib.policy.ends import expires_at
from chalicelib.services.mail import writing
from chalicelib.services.records.editing import Resource, current
from chalicelib.store.read import Reader, companies_of
from chalicelib.store.transaction import ACCOUNT, Committed, Decision, Snapshot, transact
from chalicelib.store.wire import SORT, Store

KEYS = Resource(ApiKey, policy=ACCOUNT)
T = TypeVar("T")
MOST_KEYS_SHUT = 80
"""Keys that one transaction marks as revoked with their maker, for the list of keys. The rest are worth as little: the
admission of a key reads its maker's membership."""
MAX_MEMBERS = 50
"""All owners are read in the transaction that removes one, and a transaction reads 100 rows at most."""


def roster(reader: Reader) -> list[Member]:
    """Everybody, by the order in which they came."""
    found = [row for row in reader.all("identity", "member#") if isinstance(row, Member)]
    return sorted(found, key=lambda member: member.id)


def member(reader: Reader, id: str) -> Member:
    """One member. Raises NotFound."""
    return _named(roster(reader), id)


def add_member(
    reader: Reader, call: Call, user: str, email: str | None, role: Role, email_key: str | None = None
) -> Committed[Member]:
    """Let a person in. Raises AlreadyExists for one who is in, InvalidContent above MAX_MEMBERS."""
    everybody = roster(reader)
    full = len(everybody) >= MAX_MEMBERS
    joined = call.make(
        Member,
        user=user,
        email=email,
        role=role,
        invited=bool(companies_of(reader.store, user)),
        email_key=email_key,
    )

    def decide_add(snapshot: Snapshot) -> Decision[Member]:
        if already := snapshot.get(Member, user=user):
            raise AlreadyExists(id=already.id)
        if full:
            raise invalid("", "too_many", max=MAX_MEMBERS)
        decision = Decision(joined, new=(joined,))
        return _came(snapshot, call, everybody, decision) if role == "owner" else decision

    return transact(reader.store, call, [joined.key], decide_add, ACCOUNT)


def change_role(reader: Reader, call: Call, id: str, role: Role) -> Committed[Member]:
    """Give a member another role, at once. Raises NotFound, StaleVersion, LastOwner."""
    everybody = roster(reader)
    user = _user(everybody, id)
    owners = _other_owners(everybody, user)

    def decide_role(snapshot: Snapshot) -> Decision[Member]:
        before = _seen(snapshot, call, user, id)
        if role != "owner":
            _require_owner_beside(snapshot, before, owners)
        after = before.edited(call.at, role=role)
        decision = Decision(after, puts=(after,))
        if role == before.role:
            return decision
        if role == "owner":
            return _came(snapshot, call, everybody, decision)
        return owners_changed(snapshot, call, before, decision)

    reads = [Member.ref(call.company, user=name) for name in (user, *owners)]
    return transact(reader.store, call, reads, decide_role, ACCOUNT)


def remove_member(reader: Reader, call: Call, id: str) -> Committed[Member]:
    """Remove a member, whose keys are worth nothing from then on. Raises NotFound, StaleVersion, LastOwner."""
    everybody = roster(reader)
    keys = keys_made_by(reader.store, reader.company, id)
    user = _user(everybody, id)
    owners = _other_owners(everybody, user)

    def decide_removal(snapshot: Snapshot) -> Decision[Member]:
        gone = _seen(snapshot, call, user, id)
        _require_owner_beside(snapshot, gone, owners)
        chosen = snapshot.get(Consent, id)
        shut = tuple(key.edited(call.at, revoked_at=call.at) for key in keys)
        decision = Decision(gone, puts=shut, deletes=(gone, chosen) if chosen else (gone,))
        return owners_changed(snapshot, call, gone, decision)

    reads = [Consent.ref(call.company, id), *(Member.ref(call.company, user=name) for name in (user, *owners))]
    return transact(reader.store, call, reads, decide_removal, ACCOUNT)


def _came(snapshot: Snapshot, call: Call, everybody: Iterable[Member], decision: Decision[T]) -> Decision[T]:
    """The decision, with what it takes when an owner comes: the head says when, and whoever owned the company before is
    told, since a token that was stolen can make its thief one."""
    profile = snapshot.get(Company)
    language = profile.language if profile else "fr"
    addresses = dict.fromkeys(member.email for member in everybody if member.role == "owner" and member.email)
    told = [writing.write(call, to, language, "owner_came", company=call.company) for to in addresses]
    letters = tuple(each.letter for each in told)
    messages = (replace(told[0].message, about=tuple(letter.id for letter in letters)),) if told else ()
    return replace(
        decision,
        head={**(decision.head or {}), "owners_changed": call.at},
        new=(*decision.new, *letters),
        messages=(*decision.messages, *messages),
    )


def owners_changed(snapshot: Snapshot, call: Call, before: Member, decision: Decision[T]) -> Decision[T]:
    """The decision, with what it takes when an owner leaves: the head says when, and who leaves stays known by a digest
    for a while and is told. Of anybody else, the decision as it is."""
    if before.role != "owner":
        return decision
    told = _farewell(snapshot, call, before)
    former = call.make(
        FormerOwner, id=owner_mark(before.company, before.user), expires_at=expires_at(FormerOwner, call.at)
    )
    return replace(
        decision,
        head={**(decision.head or {}), "owners_changed": call.at},
        puts=(*decision.puts, former),
        new=(*decision.new, *(each.letter for each in told)),
        messages=(*decision.messages, *(each.message for each in told)),
    )


def _farewell(snapshot: Snapshot, call: Call, owner: Member) -> list[writing.Written]:
    """What an owner who leaves is told, as the address may be known for the last time."""
    if owner.email is None:
        return []
    profile = snapshot.get(Company)
    language = profile.language if profile else "fr"
    return [writing.write(call, owner.email, language, "owner_left", company=call.company)]


def keys_made_by(store: Store, company: str, member: str) -> list[ApiKey]:
    """The live keys that a member made, to be marked as revoked with the member; at most MOST_KEYS_SHUT."""
    found: list[ApiKey] = []
    after = None
    while True:
        page = store.query("identity", company, SORT.startswith("api_key#"), after=after)
        rows = (row for row in page.records if isinstance(row, ApiKey))
        found += [key for key in rows if key.created_by == member and key.revoked_at is None]
        if (after := page.next) is None:
            return found[:MOST_KEYS_SHUT]


def _named(everybody: Iterable[Member], id: str) -> Member:
    found = next((member for member in everybody if member.id == id), None)
    if found is None:
        raise NotFound
    return found


def _user(everybody: Iterable[Member], id: str) -> str:
    """The subject of the member of this id, or "": a repeated request is answered before anybody is looked for."""
    return next((member.user for member in everybody if member.id == id), "")


def _other_owners(everybody: Iterable[Member], user: str) -> list[str]:
    return [member.user for member in everybody if member.role == "owner" and member.user != user]


def _seen(snapshot: Snapshot, call: Call, user: str, id: str) -> Member:
    found = snapshot.get(Member, user=user)
    if found is None or found.id != id:
        raise NotFound
    call.require_current(found, snapshot.head)
    return found


def _require_owner_beside(snapshot: Snapshot, leaving: Member, owners: Iterable[str]) -> None:
    """The others are read again in the transaction: two owners who remove each other at once cannot both succeed."""
    if leaving.role != "owner":
        return
    others = [snapshot.get(Member, user=name) for name in owners]
    if not any(other is not None and other.role == "owner" for other in others):
        raise LastOwner


@dataclass(frozen=True)
class MadeKey:
    """A new API key and its clear text, which is stored nowhere."""

    key: ApiKey
    token: str = field(repr=False)


def create_key(
    store: Store, call: Call, name: str, scopes: tuple[str, ...], held: frozenset[str]
) -> Committed[MadeKey]:
    """Make a key. Raises InvalidContent for a scope that its maker does not hold."""
    if beyond := [(index, scope) for index, scope in enumerate(scopes) if scope not in held]:
        raise InvalidContent(*(Fault(f"/scopes/{i}", "scope_not_held", {"scope": scope}) for i, scope in beyond))

    def decide_key(snapshot: Snapshot) -> Decision[MadeKey]:
        made = make_api_key(call.company, snapshot.head.mode, call.random("api_key"))
        key = call.make(
            ApiKey,
            id=made.id,
            name=name,
            digest=made.digest,
            hint=made.hint,
            scopes=tuple(dict.fromkeys(scopes)),
            created_by=call.actor,
        )
        return Decision(MadeKey(key, made.token), new=(key,))

    return transact(store, call, [], decide_key, ACCOUNT)


def revoke_key(store: Store, call: Call, id: str) -> Committed[ApiKey]:
    """The key opens nothing from now on; its row stays, so that the journal's actor keeps a name. Revoking it again
    changes nothing. Raises NotFound, StaleVersion."""

    def decide_revocation(snapshot: Snapshot) -> Decision[ApiKey]:
        key = current(snapshot, call, ApiKey, id)
        if key.revoked_at is not None:
            return Decision(key)
        revoked = key.edited(call.at, revoked_at=call.at)
        return Decision(revoked, puts=(revoked,))

    return transact(store, call, [ApiKey.ref(call.company, id)], decide_revocation, ACCOUNT)
