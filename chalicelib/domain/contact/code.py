"""One-time codes and request counters for unauthenticated callers.

Only digests are stored, never a code or an address.
"""

import hmac
import unicodedata
from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from chalicelib.domain.entity import Record, entity, kept

PUBLIC = "public"
"""The partition of rows that come from public pages and belong to no company. No company's id can equal it."""
TRIES = 5
LIFE = timedelta(minutes=10)
"""A mailed code is valid for at least this time, or for the term of `transient.code` if that is shorter."""
DIGITS, LONG_DIGITS = 8, 16
"""The digits of a short and of a long code. Wrong attempts at a short code are counted. Nobody guesses a long one: at
10,000 attempts a second it takes 30,000 years."""


@entity("code", table="transient", prefix="cod")
class Code(Record):
    """The valid code for one purpose and address. Its id is their keyed digest, so only one exists at a time.

    The code is derived from `nonce` and the secret. So it can be mailed again until `renewed_at` and is not stored. It
    is valid until `good_until`. `tries` counts the remaining wrong attempts, `mails` the remaining mails.
    """

    nonce: str = kept("transient.code")
    tries: int = kept("transient.code")
    mails: int = kept("transient.code")
    used: bool = kept("transient.code", default=False)
    renewed_at: int = kept("transient.code")
    good_until: int = kept("transient.code")
    expires_at: int = kept("transient.code")


@entity("tally", table="transient", prefix="tly")
class Tally(Record):
    """The number of requests in the current window. The id is a keyed digest of the subject that is counted."""

    count: int = kept("transient.code")
    expires_at: int = kept("transient.code")


def keyed(pepper: str, purpose: str, *parts: str) -> str:
    """HMAC-SHA-256 (hex) of `parts` under the pepper, different for each purpose."""
    return hmac.new(pepper.encode(), "\x1f".join((purpose, *parts)).encode(), sha256).hexdigest()


def address_key(pepper: str, address: str) -> str:
    """The keyed digest that finds an e-mail address. It is the same for every spelling that reaches one mailbox in
    practice (case of Latin letters, outer white space). Nothing else is folded: ß and ss are two domains."""
    plain = "".join(letter.lower() if letter.isascii() else letter for letter in address.strip())
    return keyed(pepper, "email", plain)


def network(source: str) -> str:
    """The unit that requests are counted by: an IPv4 address, or the /64 of an IPv6 address, because one subscriber has
    all of it."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


def code_of(random: bytes, digits: int = DIGITS) -> str:
    """A code of so many digits. It uses 16 random bytes, so no digit is measurably more likely than another."""
    return str(int.from_bytes(random[:16], "big") % 10**digits).zfill(digits)


def grouped(code: str) -> str:
    """A code in groups of four digits, as people read and type it."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def typed(code: str) -> str:
    """A typed code as Latin digits. Accepts Arabic and Persian digits; removes spaces and hyphens."""
    return "".join(str(unicodedata.digit(letter)) for letter in code if unicodedata.digit(letter, -1) >= 0)
