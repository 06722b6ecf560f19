"""Deleting an account from the public page, without the application: a mailed code stands for the sign-in.

Nothing that the page answers, nor how long it takes to, depends on whether an address is a member's: the code is made
and the mail is left for any address, and whether it is sent is decided later, out of sight.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from chalicelib.domain.call import Call
from chalicelib.domain.companies.member import Member
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.errors import (
    AlreadyBlocked,
    CompanyBlocked,
    LastOwner,
    NotFound,
    RequestSettled,
    TooManyRequests,
    UnderHold,
)
from chalicelib.domain.privacy.request import Request
from chalicelib.policy.model import Language
from chalicelib.services.companies import codes
from chalicelib.services.mail import writing
from chalicelib.services.privacy.requests import requests
from chalicelib.services.privacy.requests.requester import Asker
from chalicelib.services.replies import id_of, remembering_id
from chalicelib.store.read import members_with

if TYPE_CHECKING:
    from chalicelib.wiring import World

PURPOSE: Final = "account_deletion"
VERB: Final = "post_account_deletion"
HOUR: Final = 3600
ASKED_AN_HOUR, TYPED_AN_HOUR, MOST_AT_ONCE = 20, 30, 20
"""From one source."""
ASKED_FOR_ONE, TYPED_FOR_ONE = 3, 10
"""From one source for one address, in an hour."""
MAILS_AN_HOUR, TRIES_AN_HOUR = 9, 200
"""For one address, whoever asks: no mailbox is filled from this page, and nobody guesses eight digits."""

Begun = Literal["account", "own_data", "already", "last_owner"]


@dataclass(frozen=True)
class Outcome:
    """What became of one membership: its request's id, and until when an account's deletion can be stopped."""

    what: Begun
    request: str | None = None
    until: datetime | None = None


def send_code(world: "World", email: str, source: str, language: Language) -> None:
    """Leave a code for an address, the same for an hour: whatever strangers ask, what was mailed counts. Nothing is
    left when it was mailed often enough. Raises TooManyRequests for a source that asks too often, Busy."""
    if not codes.allow(world, "deletion by source", source, most=ASKED_AN_HOUR, seconds=HOUR):
        raise TooManyRequests(retry_after=HOUR)
    key = codes.email_key(world.settings, email) or ""
    if not codes.allow(world, "deletion for one", f"{source} {key}", most=ASKED_FOR_ONE, seconds=HOUR):
        return
    code = codes.begin(world, PURPOSE, key, again=HOUR, mails=MAILS_AN_HOUR, tries=TRIES_AN_HOUR)
    if code is None:
        return
    call = world.call(PUBLIC, "nobody", VERB, key="none")
    writing.post(world, writing.write(call, email, language, "deletion_code", only_members=True, code=code))


def delete(world: "World", email: str, code: str, source: str) -> list[Outcome]:
    """Begin the deletion of every account that the address owns, and of its member's data elsewhere; empty for a code
    that is not the live one. The code is spent at the end: whoever was cut off sends it again, and it begins what is
    left, by the same keys. Raises TooManyRequests, Busy."""
    if not codes.allow(world, "deletion code by source", source, most=TYPED_AN_HOUR, seconds=HOUR):
        raise TooManyRequests(retry_after=HOUR)
    key = codes.email_key(world.settings, email) or ""
    if not codes.allow(world, "deletion code for one", f"{source} {key}", most=TYPED_FOR_ONE, seconds=HOUR):
        raise TooManyRequests(retry_after=HOUR)
    right = codes.live(world, PURPOSE, key, code=code)
    if right is None:
        return []
    members = _in_order(members_with(world.store, key))[:MOST_AT_ONCE]
    begun = [_begin(world, member, right.nonce) for member in members]
    codes.prove(world, PURPOSE, key, code=code)
    return begun or [Outcome("already")]


def _in_order(found: Iterable[Member]) -> list[Member]:
    """Companies that somebody signed up come first, then those whose row has stood longest as it is: strangers can
    enter an address among their own members, or as their own."""
    return sorted(found, key=lambda member: (member.invited, member.role != "owner", member.updated_at))


def _begin(world: "World", member: Member, nonce: str) -> Outcome:
    asker = Asker(id=member.id, role=member.role, subject=member.user, proven=True)
    subject = None if member.role == "owner" else member.id
    try:
        made = requests.ask(world, _call(world, member, f"ask-{nonce}"), asker, "deletion", subject, capped=False)
        id = id_of(made)
        confirmed = requests.confirm(world, _call(world, member, f"confirm-{nonce}"), asker, id)
    except (CompanyBlocked, AlreadyBlocked, NotFound, RequestSettled, UnderHold):
        return Outcome("already")
    except LastOwner:
        return Outcome("last_owner")
    request = confirmed.value or world.store.records([Request.ref(member.company, id)])[0]
    until = request.grace_until if isinstance(request, Request) else None
    return Outcome("own_data" if subject else "account", id, until)


def _call(world: "World", member: Member, key: str) -> Call:
    """A call that the same code makes once for a member, however often it is sent."""
    own = f"page-{key}-{member.id}"
    # Releases before SYSTEM_KEY kept the reply under the bare key: a page that was cut off then repeats the call now.
    return remembering_id(world.call(member.company, member.id, VERB, key=own, former_key=own))
