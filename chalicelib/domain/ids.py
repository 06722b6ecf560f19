"""Prefixed, sortable identifiers: `inv_` and a ULID (48 bits of milliseconds, 80 random bits, Crockford's base 32)."""

import re
from datetime import datetime
from hashlib import sha256

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def _base32(number: int) -> str:
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_id(prefix: str, at: datetime, entropy: bytes) -> str:
    """An id that sorts by `at`; `entropy` is at least 10 random bytes."""
    return f"{prefix}_{_base32((int(at.timestamp() * 1000) << 80) | int.from_bytes(entropy[:10], 'big'))}"


def derived_id(prefix: str, *parts: str) -> str:
    """The same id for the same parts, so that a repeated sign-up finds the company of its first attempt."""
    digest = sha256("\x1f".join(parts).encode()).digest()
    return f"{prefix}_{_base32(int.from_bytes(digest[:16], 'big'))}"


def is_id(prefix: str, text: str) -> bool:
    """Whether `text` is a well-formed id of this prefix."""
    return text.startswith(prefix + "_") and _ULID.fullmatch(text, len(prefix) + 1) is not None
