"""A call: one request to change something, with its time, its randomness and its identity taken at the edge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.domain.company import Head


@dataclass(frozen=True)
class Reply:
    """The outcome of a call as its caller wants to see it again: opaque to services and to the store.

    The caller's presenter makes it; `transact` keeps it with the idempotency key and returns it to a repeated call.
    `secret` is shown once and never stored: a repeated call gets the reply without it.
    """

    status: int = 200
    body: bytes = b"{}"
    location: str | None = None
    secret: bytes | None = field(default=None, repr=False)


def no_reply(value: Any, head: "Head") -> Reply:  # noqa: ARG001 — a presenter's signature
    """The presenter of a call that nobody waits for."""
    return Reply()


def any_version(value: Any, head: "Head") -> None:
    """The precondition of a call that names no version."""


@dataclass(frozen=True)
class Call:
    """The actor, the verb and the instant of one change.

    `key` is the idempotency key (or a made-up one for verbs that need none); `request` the SHA-256 of method, path and
    body; `id` names this attempt; `seed` is 32 random bytes, used once, from which ids and salts are derived, so that
    `decide` stays a pure function that may run again.

    `present` turns the decision's value and the company's head after the commit into a reply; `recall` reads a value
    back from the reply of an earlier call, for callers that need one. `require_current` raises StaleVersion unless a
    value, with the company's head, is the version that the caller has read.
    """

    company: str
    actor: str
    verb: str
    key: str
    request: str
    id: str
    at: datetime
    seed: bytes = field(repr=False)
    present: Callable[[Any, "Head"], Reply] = field(default=no_reply, repr=False)
    recall: Callable[[Reply], Any] | None = field(default=None, repr=False)
    require_current: Callable[[Any, "Head"], None] = field(default=any_version, repr=False)

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
