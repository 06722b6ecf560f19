"""Download codes: a person without an e-mail address fetches the receipt of their request, and its answer, without an
account (ADR 0119)."""

import hmac
from base64 import b32encode
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from chalicelib.domain.privacy.request import PrivacyRequest

LIFE: Final = timedelta(days=365)
"""A code is valid until its request is closed, and for this time afterwards."""
BYTES: Final = 16
"""The random bytes of a code. Nobody can guess 128 bits, so wrong codes need no counter that a stranger could use
up."""


def download_code(random: bytes) -> str:
    """A code of 26 letters and digits (base 32) from at least `BYTES` random bytes."""
    return b32encode(random[:BYTES]).decode().rstrip("=")


def download_digest(request: str, code: str) -> str:
    """The stored digest of a code: SHA-256 (hex) over the request's id and the code. Letter case, spaces and hyphens do
    not count."""
    plain = "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())
    return sha256(f"{request}\x1f{plain}".encode()).hexdigest()


def opens(request: PrivacyRequest | None, id: str, code: str, at: datetime) -> bool:
    """Whether the code opens the request. Its duration does not depend on the stored digest."""
    stored = (request.download_digest if request else None) or ""
    right = hmac.compare_digest(stored.encode(), download_digest(id, code).encode())
    return right and request is not None and (request.closed_at is None or at < request.closed_at + LIFE)
