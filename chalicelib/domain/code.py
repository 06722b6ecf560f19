"""One-time codes and counts of requests from nobody in particular: digests only, never a code or an address."""

import hmac
import unicodedata
from hashlib import sha256

from chalicelib.domain.entity import Record, entity, kept

PUBLIC = "public"
"""The partition of rows that come from public pages and are no company's. No company's id can be it."""
TRIES = 5
LIFE_SECONDS = 600
DIGITS = 6


@entity("code", room="transient", prefix="cod")
class Code(Record):
    """The live code for one purpose and address; its id is their keyed digest, so there is one at a time. `digest` is
    the code's own."""

    digest: str = kept("transient.code")
    tries: int = kept("transient.code", default=0)
    used: bool = kept("transient.code", default=False)
    expires_at: int = kept("transient.code")


@entity("tally", room="transient", prefix="tly")
class Tally(Record):
    """How often something was asked in the current window; its id is a keyed digest of what is counted by."""

    count: int = kept("transient.code")
    expires_at: int = kept("transient.code")


def keyed(pepper: str, purpose: str, *parts: str) -> str:
    """HMAC-SHA-256 (hex) of `parts` under the pepper, different for each purpose."""
    return hmac.new(pepper.encode(), "\x1f".join((purpose, *parts)).encode(), sha256).hexdigest()


def address_key(pepper: str, address: str) -> str:
    """The keyed digest by which an e-mail address is found: the same for every spelling that reaches one mailbox in
    practice (the case of Latin letters, outer white space). Nothing else is folded: ß and ss are two domains."""
    plain = "".join(letter.lower() if letter.isascii() else letter for letter in address.strip())
    return keyed(pepper, "email", plain)


def code_of(random: bytes) -> str:
    """A code of six digits; 16 random bytes leave no digit likelier than another that anybody could measure."""
    return str(int.from_bytes(random[:16], "big") % 10**DIGITS).zfill(DIGITS)


def typed(code: str) -> str:
    """A code as somebody typed it: Latin, Arabic or Persian digits, spaces and hyphens left out."""
    return "".join(str(unicodedata.digit(letter)) for letter in code if unicodedata.digit(letter, -1) >= 0)
