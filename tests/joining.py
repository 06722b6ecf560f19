"""Makes members as a person does: an owner invites an address, and the person accepts with the mailed code."""

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from chalicelib.domain.companies.invitation import Invitation, invitation_code, new_digest
from chalicelib.domain.companies.member import Member, Role
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.journal import Message
from chalicelib.policy.ends import expires_at
from chalicelib.store import bookkeeping
from chalicelib.store.decision import ACCOUNT, Decision, always
from chalicelib.store.transaction import transact
from tests.client import Client, Got

if TYPE_CHECKING:
    from chalicelib.wiring import World
    from local.issuer import Issuer

_NUMBERS = count(1)
CODE = re.compile(r"\b[0-7][0-9A-Z]{51}\b")
"""A code in the text of a mail, in any language."""


def address() -> str:
    """An address that no other test invites."""
    return f"member-{next(_NUMBERS)}@members.example"


def letters(world: "World", company: str, email: str) -> list[Letter]:
    """The invitations to an address that are not sent yet."""
    rows = world.store.all_of(Letter, company)
    return [row for row in rows if row.template == "invitation" and row.to == email]


def take_code(world: "World", company: str, email: str) -> str:
    """The code of the pending mail to an address. The mail is taken out of the outbox, as if it were sent."""
    (letter,) = letters(world, company, email)
    for message in _messages(world, company, letter.id):
        bookkeeping.finish(world.store, message.key)
    bookkeeping.finish(world.store, letter.key)
    code: str = json.loads(letter.values)["code"]
    return code


def _messages(world: "World", company: str, letter: str) -> Iterator[Message]:
    return (row for row in world.store.all_of(Message, company) if letter in row.about)


def accept(client: Client, code: str, /, **changes: Any) -> Got:
    """Accept an invitation, with every answer that it asks for."""
    from chalicelib.policy.load import policy_version

    body = {"code": code, "of_age": True, "policy_version": policy_version(), "join": True}
    return client.post("/v1/invitations/accept", body | changes)


def join(world: "World", issuer: "Issuer", owner: Client, user: str, role: str, email: str) -> dict[str, Any]:
    """Make a person a member of the owner's company; return the membership."""
    invited = owner.post("/v1/members", {"email": email, "role": role})
    assert (invited.status, invited.json["status"]) == (201, "invited"), invited.text
    code = take_code(world, owner.company or "", email)
    accepted = accept(Client(owner.gateway, issuer.token(user, email=email)), code)
    assert accepted.status == 201, accepted.text
    made: dict[str, Any] = accepted.json
    return made


def waiting(world: "World", company: str, email: str, inviter: str, role: Role = "viewer") -> str:
    """Store an invitation without its mail, because mails to one address are limited; return its code."""
    from chalicelib.services.codes import email_key

    at = world.now()
    call = world.call(company, inviter, "post_members", key=f"waiting:{email}", at=at)
    id, random = call.new_id(Invitation), call.random("invitation")
    invitation = call.make(
        Invitation,
        id=id,
        email=email,
        email_key=email_key(world.settings, email) or "",
        role=role,
        language="fr",
        digest=new_digest(id, random),
        created_by=inviter,
        mailed_at=at,
        expires_at=expires_at(Invitation, at),
    )
    transact(world.store, call, [], always(Decision(invitation, new=(invitation,))), ACCOUNT)
    return invitation_code(company, random)


def joined(world: "World", company: str, inviter: str, user: str, role: Role) -> Member:
    """Make a person a member without the API."""
    from chalicelib.policy.load import policy_version
    from chalicelib.services.codes import email_key
    from chalicelib.services.companies.joining import Invitee, Joining
    from chalicelib.services.companies.joining import accept as accept_invitation

    email = address()
    code = waiting(world, company, email, inviter, role)
    call = world.call("", user, "post_invitations_accept", key=f"joined:{user}", at=world.now())
    person = Invitee(user, email, email_key(world.settings, email))
    return accept_invitation(world, call, person, Joining(code, True, policy_version())).outcome


def former_member(
    world: "World", company: str, user: str, role: Role, email: str | None = None, *, proven: bool | None = False
) -> Member:
    """A member as an owner of before added them: by the subject of their tokens, without any acceptance."""
    from chalicelib.services.codes import email_key

    call = world.call(company, "test", "post_members", key=f"former:{user}")
    key = email_key(world.settings, email)
    member = call.make(Member, user=user, role=role, email=email, email_key=key, proven=proven)
    transact(world.store, call, [member.key], always(Decision(member, new=(member,))), ACCOUNT)
    return member
