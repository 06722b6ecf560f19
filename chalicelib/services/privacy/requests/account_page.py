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
from chalicelib.domain.contact.code import DIGITS, LONG_DIGITS, PUBLIC, grouped, typed
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

PURPOSE: Final = "account_deletion_long"
EARLIER: Final = "account_deletion"
"""The purpose of codes that releases until 2026-12-01 mailed: eight digits, each valid for 70 minutes."""
VERB: Final = "post_account_deletion"
HOUR: Final = 3600
ASKED_AN_HOUR, TYPED_AN_HOUR, MOST_AT_ONCE = 20, 30, 20
"""Limits for one source: codes requested per hour, wrong codes typed per hour, deletions at once."""
ASKED_FOR_ONE, TYPED_FOR_ONE = 3, 10
"""Limits for one source and one address, per hour: codes requested, codes of eight digits typed."""
SAME: Final = 6 * HOUR
MAILS = 9
"""For so long an address gets the same code, in so many mails at most, from whatever sources. The page cannot flood a
mailbox, and strangers who use the mails up leave a valid code in it."""

DeletionStart = Literal["account", "own_data", "already", "last_owner"]


@dataclass(frozen=True)
class DeletionOutcome:
    """The outcome for one membership: its request's id, and the instant until which an account's deletion can be
    stopped."""

    what: DeletionStart
    request: str | None = None
    until: datetime | None = None


def send_code(world: "World", email: str, source: str, language: Language) -> None:
    """Mail a code to an address, the same code for `SAME`, so that a stranger's request does not invalidate it. Sends
    nothing above the mail limit. Raises TooManyRequests for a source above its limit, Busy."""
    codes.limit(world, "deletion by source", source, most=ASKED_AN_HOUR, seconds=HOUR)
    key = codes.email_key(world.settings, email) or ""
    if not codes.allow(world, "deletion for one", f"{source} {key}", most=ASKED_FOR_ONE, seconds=HOUR):
        return
    code = codes.begin(world, PURPOSE, key, again=SAME, mails=MAILS, digits=LONG_DIGITS)
    if code is None:
        return
    call = world.call(PUBLIC, "nobody", VERB, key="none")
    writing.write_without_company(
        world, writing.write(call, email, language, "deletion_code", only_members=True, code=grouped(code))
    )


def delete(
    world: "World", email: str, code: str, source: str, language: Language | None = None
) -> list[DeletionOutcome]:
    """Begin the deletion of every account that the address owns, and of its member's data in other companies. Only a
    membership whose holder has proven the address counts, because a company can enter another person's. Returns an
    empty list for a wrong code. The code is used up at the end: after an interruption, the same code begins the rest,
    by the same idempotency keys. `language` is the page's.

    A right code is never refused for the wrong ones of other people. Only wrong codes count, and only for their source.
    Raises TooManyRequests, Busy."""
    key = codes.email_key(world.settings, email) or ""
    purpose, digits = (PURPOSE, LONG_DIGITS) if len(typed(code)) > DIGITS else (EARLIER, DIGITS)
    if purpose == EARLIER:
        _limit_guesses(world, key, source)
    right = codes.live(world, purpose, key, code=code, digits=digits)
    if right is None:
        if purpose == PURPOSE:
            codes.limit(world, "deletion code by source", source, most=TYPED_AN_HOUR, seconds=HOUR)
        return []
    members = _in_order(proven_members_with(world.store, key))[:MOST_AT_ONCE]
    begun = [_begin(world, member, right.nonce, language) for member in members]
    codes.prove(world, purpose, key, code=code, digits=digits)
    return begun or [DeletionOutcome("already")]


def _limit_guesses(world: "World", key: str, source: str) -> None:
    """Count a code of eight digits before it is compared: somebody could guess it. Raises TooManyRequests, Busy."""
    codes.limit(world, "deletion code by source", source, most=TYPED_AN_HOUR, seconds=HOUR)
    codes.limit(world, "deletion code for one", f"{source} {key}", most=TYPED_FOR_ONE, seconds=HOUR)


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
