"""A call: one request to change something, with its time, its randomness and its identity taken at the edge."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any


@dataclass(frozen=True)
class Call:
    """Who asks for which change, when.

    `key` is the idempotency key (or a made-up one for verbs that need none); `request` the SHA-256 of method, path and
    body; `id` names this attempt; `seed` is 32 random bytes, used once, from which ids and salts are derived, so that
    `decide` stays a pure function that may run again.
    """

    company: str
    actor: str
    verb: str
    key: str
    request: str
    id: str
    at: datetime
    seed: bytes = field(repr=False)

    def random(self, *purpose: str) -> bytes:
        """32 bytes that differ by purpose and are the same each time within this call."""
        return sha256(self.seed + "\x1f".join(purpose).encode()).digest()


@dataclass(frozen=True)
class Answer:
    """What a verb answers: the HTTP status, the resource's representation, and where it is found.

    `secret` is merged into the body once and never stored: a replay answers without it.
    """

    body: dict[str, Any]
    status: int = 200
    location: str | None = None
    secret: dict[str, Any] | None = field(default=None, repr=False)
    replayed: bool = False
