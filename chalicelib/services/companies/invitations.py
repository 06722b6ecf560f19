"""Invitations: the only way to become a member of a company that exists (ADR 0130).

An invitation is no membership: no read of a member finds it, so it gives no power. The invited person accepts it with
the mailed code (`joining`), signed in with the address that the code was sent to.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.invitation import (
    MAILED_EVERY,
    Invitation,
    invitation_code,
    new_digest,
)
from chalicelib.domain.companies.member import Member, Role
from chalicelib.domain.contact.code import Tally
from chalicelib.domain.errors import (
    AlreadyExists,
    NotFound,
    Quota,
    invalid,
)
from chalicelib.domain.language import Language
from chalicelib.policy.ends import expires_at
from chalicelib.services import codes, tallies
from chalicelib.services.companies import access
from chalicelib.services.mail import writing
from chalicelib.store.decision import ACCOUNT, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

INVITED_BY_COMPANY, INVITED_TO_ADDRESS = 50, 10
"""Invitation mails a day of one company, and to one address from all companies."""
NAME_SHOWN: Final = 60
"""Characters of a company's name in the mail. A longer name could carry a message to a stranger."""
_LINKING: Final = re.compile(r"[.:/@]+(?=[^\s.:/@])")


@dataclass(frozen=True)
class InvitationInput:
    """The person to invite. Without a language, the mail has the company's."""

    email: str | None
    role: Role
    language: Language | None = None
    user: str | None = None
    """The subject of a token, which earlier releases took. It is refused."""


@dataclass(frozen=True)
class Invited:
    """An invitation, and whether this call made it."""

    invitation: Invitation
    new: bool


@dataclass
class _Roster:
    """The members and the open invitations, as of the clock of the transaction's snapshot."""

    members: Sequence[Member] = ()
    invitations: Sequence[Invitation] = ()
    counted: bool = False

    def to(self, email_key: str | None) -> Invitation | None:
        """The open invitation of an address."""
        return next((each for each in self.invitations if each.email_key == email_key), None)

    def require_room(self, email_key: str | None) -> None:
        """Refuse an address that a member has, and a new invitation above MAX_MEMBERS."""
        if already := next((each for each in self.members if each.email_key == email_key), None):
            raise AlreadyExists(id=already.id)
        if self.to(email_key) is None and len(self.members) + len(self.invitations) >= access.MAX_MEMBERS:
            raise invalid("", "too_many", max=access.MAX_MEMBERS)


def open_invitations(store: Store, company: str, members: Sequence[Member], at: datetime) -> list[Invitation]:
    """The invitations of a company that may still be accepted. Raises Busy."""
    return [row for row in store.all_of(Invitation, company) if row.is_open(members, at)]


def find(reader: Reader, id: str, at: datetime) -> Invitation | None:
    """The open invitation with this id, or None."""
    (row,) = reader.many(Invitation, [id])
    return row if row and row.is_open(access.roster(reader), at) else None


def invite(world: "World", reader: Reader, call: Call, sent: InvitationInput) -> Committed[Invited]:
    """Invite an address, or renew its invitation. The mail is sent once a day at most. Raises InvalidContent,
    AlreadyExists for the address of a member, TooManyRequests."""
    seen, key = _Roster(), codes.email_key(world.settings, sent.email)

    def observe(snapshot: Snapshot) -> None:
        """Read after each snapshot. A repeated request gets its first reply before, so it counts nothing."""
        call.require_current(snapshot)
        if sent.user is not None:
            raise invalid("/user", "invite_by_email")
        if key is None:
            raise invalid("/email", "missing")
        seen.members = access.roster(reader)
        seen.invitations = open_invitations(reader.store, call.company, seen.members, call.at)
        seen.require_room(key)
        if not seen.counted and _mails(seen.to(key), call.at):
            codes.limit(world, "invitations of address", key, most=INVITED_TO_ADDRESS, seconds=tallies.DAY)
            seen.counted = True

    def decide_invitation(snapshot: Snapshot) -> Decision[Invited]:
        profile = snapshot.get(Company)
        language: Language = sent.language or (profile.language if profile else "fr")
        known = seen.to(key)
        decision = _invited(call, sent, key or "", language, profile, known)
        counts = _counts(snapshot, call, key or "") if _mails(known, call.at) else ()
        return replace(decision, puts=(*decision.puts, *counts))

    return transact(reader.store, replace(call, require_current=observe), [], decide_invitation, ACCOUNT)


def _mails(known: Invitation | None, at: datetime) -> bool:
    return known is None or at - known.mailed_at >= MAILED_EVERY


def _counts(snapshot: Snapshot, call: Call, key: str) -> tuple[Tally, Tally]:
    """The counts of the company's mails to this address and to all, for the commit of one more. A withdrawn invitation
    counts too, and a request that was cut before its commit does not. Raises TooManyRequests."""
    to_one = Quota("invitations-to-one", 1, int(MAILED_EVERY.total_seconds()))
    return (
        tallies.counted(snapshot, call, "invitations to one", key, to_one),
        tallies.by_company(snapshot, call, "invitations-by-company", INVITED_BY_COMPANY),
    )


def _invited(
    call: Call,
    sent: InvitationInput,
    key: str,
    language: Language,
    profile: Company | None,
    known: Invitation | None,
) -> Decision[Invited]:
    """The new or renewed invitation with its mail, or the present one with the new role and language."""
    changes: dict[str, Any] = {"role": sent.role, "language": language, "created_by": call.actor}
    if known is not None and not _mails(known, call.at):
        same = all(getattr(known, name) == value for name, value in changes.items())
        after = known if same else known.edited(call.at, **changes)
        return Decision(Invited(after, new=False), puts=() if same else (after,))
    random = call.random("invitation")
    id = known.id if known else call.new_id(Invitation)
    changes |= {
        "digest": new_digest(id, random),
        "mailed_at": call.at,
        "expires_at": expires_at(Invitation, call.at),
    }
    code, name = invitation_code(call.company, random), plain_name(profile.name if profile else call.company)
    mail = writing.write(call, sent.email or "", language, "invitation", code=code, name=name)
    if known:
        after = known.edited(call.at, **changes)
        return Decision(Invited(after, new=False), puts=(after,), new=(mail.letter,), messages=(mail.message,))
    after = call.make(Invitation, id=id, email=sent.email, email_key=key, **changes)
    return Decision(Invited(after, new=True), new=(after, mail.letter), messages=(mail.message,))


def plain_name(name: str) -> str:
    """A company's name as the mail shows it: short, and without anything that a mail program turns into a link."""
    return _LINKING.sub(r"\g<0> ", name)[:NAME_SHOWN]


def change_role(store: Store, call: Call, id: str, role: Role) -> Committed[Invitation]:
    """Change the role of an invitation. Raises NotFound, StaleVersion."""

    def decide_role(snapshot: Snapshot) -> Decision[Invitation]:
        after = _present(snapshot, id).edited(call.at, role=role, created_by=call.actor)
        return Decision(after, puts=(after,))

    return transact(store, call, [Invitation.ref(call.company, id)], decide_role, ACCOUNT)


def withdraw(store: Store, call: Call, id: str) -> Committed[Invitation]:
    """Delete an invitation: its code opens nothing any more. Raises NotFound, StaleVersion."""

    def decide_withdrawal(snapshot: Snapshot) -> Decision[Invitation]:
        gone = _present(snapshot, id)
        return Decision(gone, deletes=(gone,))

    return transact(store, call, [Invitation.ref(call.company, id)], decide_withdrawal, ACCOUNT)


def _present(snapshot: Snapshot, id: str) -> Invitation:
    found = snapshot.get(Invitation, id)
    if found is None:
        raise NotFound
    return found
