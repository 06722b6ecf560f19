"""One-time codes and counts of requests from nobody in particular: digests only, never a code or an address."""

import hmac
import unicodedata
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from chalicelib.domain.entity import Record, entity, kept

PUBLIC = "public"
"""The partition of rows that come from public pages and are no company's. No company's id can be it."""
TRIES = 5
LIFE_SECONDS = 600
DIGITS = 8


@entity("code", room="transient", prefix="cod")
class Code(Record):
    """The live code for one purpose and address; its id is their keyed digest, so there is one at a time.

    The code itself follows from `nonce` and the secret, so that it can be mailed again until `renewed_at` without being
    kept; it counts until `good_until`. `tries` is how many wrong ones are left, `mails` how often it may still be
    mailed.
    """

    nonce: str = kept("transient.code")
    tries: int = kept("transient.code")
    mails: int = kept("transient.code")
    used: bool = kept("transient.code", default=False)
    renewed_at: int = kept("transient.code")
    good_until: int = kept("transient.code")
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


def network(source: str) -> str:
    """What a source is counted by: an IPv4 address, or the /64 of an IPv6 one, since one subscriber has all of it."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


def code_of(random: bytes) -> str:
    """A code of eight digits; 16 random bytes leave no digit likelier than another that anybody could measure."""
    return str(int.from_bytes(random[:16], "big") % 10**DIGITS).zfill(DIGITS)


def typed(code: str) -> str:
    """A code as somebody typed it: Latin, Arabic or Persian digits, spaces and hyphens left out."""
    return "".join(str(unicodedata.digit(letter)) for letter in code if unicodedata.digit(letter, -1) >= 0)
