"""One-time codes by mail, and limits on who may ask how often: ten minutes, five tries, digests only (ADR 0038)."""

import hmac
from typing import TYPE_CHECKING

from chalicelib.domain.code import LIFE_SECONDS, PUBLIC, TRIES, Code, Tally, address_key, code_of, keyed, typed
from chalicelib.settings import Settings, SettingsError
from chalicelib.store import due

if TYPE_CHECKING:
    from chalicelib.wiring import World

SHORTEST_PEPPER = 32
RACES = 5
"""How often a count is tried again when somebody else counted at the same time."""
KEPT_SECONDS = 86_400
"""A spent code stays so long: somebody who comes late is told the same as somebody with a wrong code."""


def pepper(settings: Settings) -> str:
    """The secret of keyed digests. Raises SettingsError without one worth the name."""
    if len(settings.pepper) < SHORTEST_PEPPER:
        raise SettingsError(f"FACTURE_PEPPER needs at least {SHORTEST_PEPPER} characters")
    return settings.pepper


def email_key(settings: Settings, email: str | None) -> str | None:
    """The keyed digest of an address, None for none."""
    return address_key(pepper(settings), email) if email else None


def begin(world: "World", purpose: str, *who: str) -> str:
    """A new code for a purpose and whoever is meant (an address key, a member's id); it takes the place of an earlier
    one. Raises Busy."""
    secret, at = pepper(world.settings), world.now()
    code, id = code_of(world.random(16)), keyed(secret, "code-of", purpose, *who)
    row = Code(
        company=PUBLIC, id=id, created_at=at, updated_at=at, digest=keyed(secret, "code", id, code),
        expires_at=int(at.timestamp()) + KEPT_SECONDS,
    )  # fmt: skip
    due.remember(world.store, row, world.random(16))
    return code


def prove(world: "World", purpose: str, *who: str, code: str) -> bool:
    """Whether this is the live code; it is then spent. A wrong one costs a try, and so does losing a race. Raises
    Busy."""
    secret, at = pepper(world.settings), world.now()
    id = keyed(secret, "code-of", purpose, *who)
    (row,) = world.store.records([Code.ref(PUBLIC, id)])
    told = keyed(secret, "code", id, typed(code))
    if not isinstance(row, Code) or row.used or row.tries >= TRIES:
        return False
    if (at - row.created_at).total_seconds() >= LIFE_SECONDS:
        return False
    right = hmac.compare_digest(row.digest, told)
    after = row.edited(at, used=True) if right else row.edited(at, tries=row.tries + 1)
    return due.swap(world.store, after, row, world.random(16)) and right


def allow(world: "World", what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one more of `what` by `who` (an address of either kind: only its keyed digest is kept), and say whether it
    is among the first `most` of its window. Fails closed when counting does not succeed. Raises Busy."""
    at = world.now()
    id = keyed(pepper(world.settings), "tally", what, who)
    for _ in range(RACES):
        (seen,) = world.store.records([Tally.ref(PUBLIC, id)])
        known = seen if isinstance(seen, Tally) else None
        if known is None or known.expires_at <= at.timestamp():
            fresh = Tally(
                company=PUBLIC, id=id, created_at=at, updated_at=at, count=1, expires_at=int(at.timestamp()) + seconds,
                version=known.version + 1 if known else 1,
            )  # fmt: skip
            if due.swap(world.store, fresh, known, world.random(16)):
                return True
        elif known.count >= most:
            return False
        elif due.swap(world.store, known.edited(at, count=known.count + 1), known, world.random(16)):
            return True
    return False
