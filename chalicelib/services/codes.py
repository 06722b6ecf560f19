"""One-time codes by mail, and rate limits. Only digests are stored (ADR 0038)."""

import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.contact.code import (
    DIGITS,
    LIFE,
    LONG_DIGITS,
    PUBLIC,
    TRIES,
    Code,
    Tally,
    address_key,
    code_of,
    keyed,
    typed,
)
from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import Quota, TooManyRequests
from chalicelib.policy.ends import expires_at, row_end
from chalicelib.settings import Settings, SettingsError
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

SHORTEST_PEPPER = 32
RACES = 5
"""Retries of a counter after a concurrent update."""


def pepper(settings: Settings) -> str:
    """The secret of keyed digests. Raises SettingsError if it is missing or too short, Busy if it cannot be read."""
    known = settings.pepper
    if not known and settings.pepper_secret:
        from chalicelib.outside.secret import pepper as kept

        known = kept(settings)
    if len(known) < SHORTEST_PEPPER:
        raise SettingsError(f"FACTURE_PEPPER needs at least {SHORTEST_PEPPER} characters")
    return known


def email_key(settings: Settings, email: str | None) -> str | None:
    """The keyed digest of an address; None for None."""
    return address_key(pepper(settings), email) if email else None


def begin(
    world: "World",
    purpose: str,
    *who: str,
    again: int = 0,
    mails: int = 1,
    tries: int = TRIES,
    digits: int = DIGITS,
) -> str | None:
    """Return the code to mail for a purpose and a recipient (an address key, a member's id).

    For `again` seconds it is the same code, so that a stranger's request does not invalidate a code already mailed.
    Then a new code replaces it. Returns None after `mails` mails, after `tries` wrong codes unless the code is long, or
    if many requests compete. Raises Busy.
    """
    secret, at = pepper(world.settings), world.now()
    id, now = keyed(secret, "code-of", purpose, *who), int(at.timestamp())
    for _ in range(RACES):
        (seen,) = world.store.records([Code.ref(PUBLIC, id)])
        known = seen if isinstance(seen, Code) else None
        if known is None or known.used or now >= known.renewed_at:
            row = Code(
                **new_row(PUBLIC, id, at),
                nonce=world.random(16).hex(),
                tries=tries,
                mails=mails - 1,
                renewed_at=now + again,
                good_until=now + again + int(LIFE.total_seconds()),
                # A used code stays: a late attempt gets the same reply as a wrong code.
                expires_at=expires_at(Code, at),
                version=known.version + 1 if known else 1,
            )
        elif known.mails <= 0 or known.tries <= 0:
            return None
        else:
            row = known.edited(at, mails=known.mails - 1)
        if bookkeeping.swap(world.store, row, known, world.random(16)):
            return _code(secret, row, digits)
    return None


def _code(secret: str, row: Code, digits: int) -> str:
    return code_of(bytes.fromhex(keyed(secret, "code", row.id, row.nonce)), digits)


def life() -> timedelta:
    """The time for which a new code is valid: `LIFE`, or the term of its row if that is shorter."""
    start = datetime.fromtimestamp(0, UTC)
    return min(LIFE, row_end(Code, start) - start)


def live(world: "World", purpose: str, *who: str, code: str, digits: int = DIGITS) -> Code | None:
    """The row of the live code, if `code` matches; the code stays valid. A wrong code costs one try, unless the code is
    long: then strangers cannot use the tries up. Raises Busy."""
    secret, at = pepper(world.settings), world.now()
    id, entered = keyed(secret, "code-of", purpose, *who), typed(code)
    for _ in range(RACES):
        (row,) = world.store.records([Code.ref(PUBLIC, id)])
        if (
            not isinstance(row, Code)
            or row.used
            or row.tries <= 0
            or at.timestamp() >= min(row.good_until, row.expires_at)
        ):
            return None
        if hmac.compare_digest(_code(secret, row, digits), entered):
            return row
        if digits >= LONG_DIGITS:
            return None
        if bookkeeping.swap(world.store, row.edited(at, tries=row.tries - 1), row, world.random(16)):
            return None
    return None


def prove(world: "World", purpose: str, *who: str, code: str, digits: int = DIGITS) -> bool:
    """Use up the live code if `code` matches; return whether it matched. A wrong code costs one try, as with `live`.
    Raises Busy."""
    for _ in range(RACES):
        row = live(world, purpose, *who, code=code, digits=digits)
        if row is None:
            return False
        if bookkeeping.swap(world.store, row.edited(world.now(), used=True), row, world.random(16)):
            return True
    return False


def allow(world: "World", what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one `what` by `who`; return whether it is among the first `most` of its window. Raises Busy."""
    return wait(world, what, who, most=most, seconds=seconds) == 0


def limit(world: "World", what: str, who: str, *, most: int, seconds: int) -> None:
    """Count one `what` by `who`. Raises TooManyRequests with the quota beyond the first `most` of the window, Busy."""
    if left := wait(world, what, who, most=most, seconds=seconds):
        raise TooManyRequests(retry_after=left, quota=Quota(what.replace(" ", "-").replace("_", "-"), most, seconds))


def wait(world: "World", what: str, who: str, *, most: int, seconds: int, partition: str = PUBLIC) -> int:
    """Count one `what` by `who` (an e-mail or network address, stored as a keyed digest). Returns 0 within the first
    `most` of the window, otherwise the seconds to wait. Denies if the count fails. The count lies in the `partition` of
    a company, if a job of that company counts. Raises Busy."""
    at = world.now()
    id, now = keyed(pepper(world.settings), "tally", what, who), int(at.timestamp())
    for _ in range(RACES):
        (seen,) = world.store.records([Tally.ref(partition, id)])
        known = seen if isinstance(seen, Tally) else None
        if known is None or known.expires_at <= now:
            after = Tally(
                **new_row(partition, id, at),
                count=1,
                expires_at=min(now + seconds, expires_at(Tally, at)),
                version=known.version + 1 if known else 1,
            )
        elif known.count >= most:
            return known.expires_at - now
        else:
            after = known.edited(at, count=known.count + 1)
        if bookkeeping.swap(world.store, after, known, world.random(16)):
            return 0
    return seconds
