"""The end of sign-in accounts (ADR 0121).

A membership's end writes a row. The account is deleted once the person has no company, no open request, no right to
cancel a deletion, and no mail that may still be sent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.companies.member import FormerOwner, Member, owner_digest
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.privacy.request import OPEN, PrivacyRequest, digest
from chalicelib.domain.privacy.sign_in import EndingSignIn, holder_of, unconfirmed
from chalicelib.policy.ends import end
from chalicelib.services.companies.sign_ins import MAIL, left
from chalicelib.services.privacy.legal.holds import held
from chalicelib.store import bookkeeping
from chalicelib.store.read import companies_of
from chalicelib.store.wire import SORT, Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

UNUSED = "sign_in.unconfirmed"
LATER = "transient.code"
"""The rule whose term, one day, is the delay before the next look at an account that must stay."""


def note_all(world: "World", company: str) -> None:
    """Write the rows of all members of an account before it is erased. They may be written again. Raises Busy."""
    for member in world.store.all_of(Member, company):
        for row in left(member, world.now()):
            bookkeeping.remember(world.store, row, world.random(16))


def note_unconfirmed(world: "World", at: datetime) -> None:
    """Write a row, due at `at`, for each sign-up that nobody confirmed within the term. Raises Busy."""
    if world.sign_ins is not None:
        for user, signed_up in world.sign_ins.unconfirmed():
            if end(UNUSED, signed_up) <= at:
                bookkeeping.swap(world.store, unconfirmed(user, at), None, world.random(16))


def finish(world: "World", row: EndingSignIn) -> None:
    """Delete the account if nothing keeps it. Otherwise look again later, or drop the row of a person who has a company
    again. Raises Busy."""
    rows = [each for each in _rows(world.store, row.account) if each.left]
    if until := max((until for each in rows if (until := _kept_until(world, each))), default=None):
        bookkeeping.defer(world.store, row, until)
        return
    accounts = world.sign_ins
    alone = accounts is not None and not companies_of(world.store, row.account)
    if accounts and alone and (row.left or (not rows and accounts.is_unconfirmed(row.account))):
        accounts.delete(row.account)
    bookkeeping.finish(world.store, row.key)


def _rows(store: Store, user: str) -> Sequence[EndingSignIn]:
    found = store.all(EndingSignIn.TABLE, PUBLIC, SORT.startswith(f"{EndingSignIn.KIND}#{holder_of(user)}#"))
    return [row for row in found if isinstance(row, EndingSignIn)]


def _kept_until(world: "World", row: EndingSignIn) -> datetime | None:
    """The instant up to which a company that the person left needs their account; None if it does not."""
    at = world.now()
    if held(world, [row.left]):
        return end(LATER, at)
    ends = [until for each in _concerned(world.store, row) if (until := _ends(each, at))]
    (former,) = world.store.records([FormerOwner.ref(row.left, owner_digest(row.left, row.account))])
    if isinstance(former, FormerOwner):
        ends.append(datetime.fromtimestamp(former.expires_at, at.tzinfo))
    return max((until for until in ends if until > at), default=None)


def _concerned(store: Store, row: EndingSignIn) -> list[PrivacyRequest]:
    """The requests of the person, about them, or that they may stop; the deletion of the company concerns them too."""
    owner = owner_digest(row.left, row.account)
    return [
        request
        for request in store.all_of(PrivacyRequest, row.left)
        if request.asker == digest(request.id, row.account)
        or row.member in (request.subject, request.asked_by)
        or owner in request.owners
        or (request.kind == "deletion" and request.subject is None)
    ]


def _ends(request: PrivacyRequest, at: datetime) -> datetime | None:
    """The instant at which a request's last mail was sent or has expired. An open request has none yet."""
    if request.status in OPEN:
        return end(LATER, at)
    return end(MAIL, request.closed_at) if request.closed_at else None
