"""A call: one request to change something, with its time, its randomness and its identity taken at the edge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chalicelib.domain.entity import Record, new_row
from chalicelib.domain.ids import new_id

if TYPE_CHECKING:
    from chalicelib.domain.companies.company import Head

R = TypeVar("R", bound=Record)
SYSTEM_KEY: Final = "§"
"""The first character of the idempotency key of each call that no client sent. The API accepts printable ASCII only,
so a client cannot occupy such a key."""


BOUND: Final = "·"
"""Between the digest of a person or API key and the key that they sent. No client can send such a key."""


def bound_key(bearer: str, key: str) -> str:
    """The idempotency key that a client sent, for this person or API key alone. Two may send the same key: each gets
    their own answer (ADR 0122)."""
    return sha256(bearer.encode()).hexdigest()[:16] + BOUND + key


@dataclass(frozen=True)
class Reply:
    """The stored reply of a call. Services and the store do not interpret it.

    The caller's presenter makes it. `transact` stores it under the idempotency key and returns it to a repeated call.
    `body` is None if it named a person who was erased later. `secret` is shown once and never stored: a repeated call
    gets the reply without it.
    """

    status: int = 200
    body: bytes | None = b"{}"
    location: str | None = None
    secret: bytes | None = field(default=None, repr=False)


def no_reply(value: Any, head: "Head") -> Reply:  # noqa: ARG001 — a presenter's signature
    """The presenter of a call whose caller needs no reply."""
    return Reply()


def any_version(snapshot: Any) -> None:
    """The precondition of a call that names no version: any version is accepted."""


@dataclass(frozen=True)
class Call:
    """The actor, the verb and the instant of one change.

    `key` is the idempotency key (or a made-up one for verbs that need none); `request` the SHA-256 of method, path and
    body; `id` names this attempt; `seed` is 32 random bytes, used once, from which ids and salts are derived, so that
    `decide` stays a pure function that may run again.

    `present` turns the decision's value and the company's head after the commit into a reply. `require_current` raises
    StaleVersion unless the resource is, at the clock of the transaction's snapshot, the version that the caller has
    read.
    """

    company: str
    actor: str
    verb: str
    key: str
    request: str
    id: str
    at: datetime
    seed: bytes = field(repr=False)
    former_key: str | None = None
    """The key of this call in earlier releases: of a step before `SYSTEM_KEY`, of a client's call before `BOUND`. An
    answer under it counts for a client's call, and for a step if its `request` is the same."""
    device: str | None = None
    """The digest of the device that pushes the change."""
    present: Callable[[Any, "Head"], Reply] = field(default=no_reply, repr=False)
    require_current: Callable[[Any], None] = field(default=any_version, repr=False)

    def random(self, *purpose: str) -> bytes:
        """32 bytes that differ by purpose and are the same each time within this call."""
        return sha256(self.seed + "\x1f".join(purpose).encode()).digest()

    def new_id(self, cls: type[Record], purpose: str = "") -> str:
        """A new id of the class, the same each time for one purpose within this call."""
        # Two classes may share a prefix, as the two data keys of a backup do.
        return new_id(cls.PREFIX, self.at, self.random("id", cls.TABLE, cls.KIND, purpose))

    @property
    def by_client(self) -> bool:
        """Whether a client sent the call."""
        return not self.key.startswith(SYSTEM_KEY)

    def make(self, cls: type[R], *, id: str | None = None, purpose: str = "", **values: Any) -> R:
        """Make a new record of the call's company, with the call's instant, under `id` or a new id. Several new records
        of one class need different values of `purpose`."""
        record_id = self.new_id(cls, purpose) if id is None else id
        return cls(**new_row(self.company, record_id, self.at), **values)
