"""Delete an account from the public page, without the application: a mailed code replaces the sign-in.

Neither the answer nor its duration reveals whether an address belongs to a member. The page creates a code and a mail
for any address. The outbox decides later whether to send it.
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
    UnderHold,
)
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.services import codes
from chalicelib.services.mail import writing
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.privacy.requests import requests
from chalicelib.services.replies import id_of, remembering_id
from chalicelib.store.read import proven_members_with

if TYPE_CHECKING:
    from chalicelib.wiring import World

PURPOSE: Final = "account_deletion"
VERB: Final = "post_account_deletion"
HOUR: Final = 3600
ASKED_AN_HOUR, TYPED_AN_HOUR, MOST_AT_ONCE = 20, 30, 20
"""Limits for one source: codes requested per hour, codes typed per hour, deletions at once."""
ASKED_FOR_ONE, TYPED_FOR_ONE = 3, 10
"""Limits for one source and one address, per hour."""
MAILS_AN_HOUR, TRIES_AN_HOUR = 9, 200
"""Limits for one address from all sources: the page cannot flood a mailbox, and nobody can guess eight digits."""

DeletionStart = Literal["account", "own_data", "already", "last_owner"]


@dataclass(frozen=True)
class DeletionOutcome:
    """The outcome for one membership: its request's id, and the instant until which an account's deletion can be
    stopped."""

    what: DeletionStart
    request: str | None = None
    until: datetime | None = None


def send_code(world: "World", email: str, source: str, language: Language) -> None:
    """Mail a code to an address, the same code for an hour, so that a stranger's request does not invalidate it. Sends
    nothing above the mail limit. Raises TooManyRequests for a source above its limit, Busy."""
    codes.limit(world, "deletion by source", source, most=ASKED_AN_HOUR, seconds=HOUR)
    key = codes.email_key(world.settings, email) or ""
    if not codes.allow(world, "deletion for one", f"{source} {key}", most=ASKED_FOR_ONE, seconds=HOUR):
        return
    code = codes.begin(world, PURPOSE, key, again=HOUR, mails=MAILS_AN_HOUR, tries=TRIES_AN_HOUR)
    if code is None:
        return
    call = world.call(PUBLIC, "nobody", VERB, key="none")
    writing.write_without_company(
        world, writing.write(call, email, language, "deletion_code", only_members=True, code=code)
    )


def delete(
    world: "World", email: str, code: str, source: str, language: Language | None = None
) -> list[DeletionOutcome]:
    """Begin the deletion of every account that the address owns, and of its member's data in other companies. Only a
    membership whose holder has proven the address counts, because a company can enter another person's. Returns an
    empty list for a wrong code. The code is used up at the end: after an interruption, the same code begins the rest,
    by the same idempotency keys. `language` is the page's. Raises TooManyRequests, Busy."""
    codes.limit(world, "deletion code by source", source, most=TYPED_AN_HOUR, seconds=HOUR)
    key = codes.email_key(world.settings, email) or ""
    codes.limit(world, "deletion code for one", f"{source} {key}", most=TYPED_FOR_ONE, seconds=HOUR)
    right = codes.live(world, PURPOSE, key, code=code)
    if right is None:
        return []
    members = _in_order(proven_members_with(world.store, key))[:MOST_AT_ONCE]
    begun = [_begin(world, member, right.nonce, language) for member in members]
    codes.prove(world, PURPOSE, key, code=code)
    return begun or [DeletionOutcome("already")]


def _in_order(found: Iterable[Member]) -> list[Member]:
    """Sort the memberships: companies with a sign-up first, then by oldest change. Strangers can add an address to
    their own members, or enter it as theirs."""
    return sorted(found, key=lambda member: (member.invited, member.role != "owner", member.updated_at))


def _begin(world: "World", member: Member, nonce: str, language: Language | None) -> DeletionOutcome:
    requester = Requester(id=member.id, role=member.role, subject=member.user, proven=True)
    subject = None if member.role == "owner" else member.id
    try:
        call = _call(world, member, f"ask-{nonce}")
        asked = requests.ask(world, call, requester, "deletion", subject, language=language, capped=False)
        id = id_of(asked)
        confirmed = requests.confirm(world, _call(world, member, f"confirm-{nonce}"), requester, id)
    except (CompanyBlocked, AlreadyBlocked, NotFound, RequestSettled, UnderHold):
        return DeletionOutcome("already")
    except LastOwner:
        return DeletionOutcome("last_owner")
    request = confirmed.value or world.store.records([PrivacyRequest.ref(member.company, id)])[0]
    until = request.grace_until if isinstance(request, PrivacyRequest) else None
    return DeletionOutcome("own_data" if subject else "account", id, until)


def _call(world: "World", member: Member, key: str) -> Call:
    """The call of a code for a member, the same one however often the code is sent."""
    own = f"page-{key}-{member.id}"
    # Older releases stored the reply under the bare key. An interrupted page then repeats the call now.
    return remembering_id(world.call(member.company, member.id, VERB, key=own, former_key=own))
