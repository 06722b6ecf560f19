"""Devices: a telephone or a computer that keeps a copy of a company's data and works offline."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from chalicelib.domain.companies.member import Role
from chalicelib.domain.entity import Record, entity, kept

MOST_DEVICES, MOST_OF_MEMBER = 80, 10
"""Devices of one company, and of one member. Turning synchronisation off deletes the former in one transaction, and a
member's removal revokes the latter in one."""
SEEN_EVERY: Final = timedelta(days=1)
"""A pull writes the device's row at most once in this time, unless something else of it changed."""


@entity("device", table="transient", prefix="dev")
class Device(Record):
    """A device of one member. Its first pull makes it, under an id that the device chose. `expires_at` is in epoch
    seconds: the term begins anew each time the row is written."""

    member: str | None = kept("device.register")
    """The member's id; None once the member left the company."""
    holder: str = kept("device.holder")
    """`holder_digest` of the member. It proves to the device of a person who left that it must wipe its copy."""
    label: str | None = kept("device.register", default=None)
    role: Role = kept("device.register")
    """The member's role at the last full pull. The device pulls everything again when the role changes."""
    schema_version: int = kept("device.register")
    """The schema of its last pull."""
    pulled: int = kept("device.register")
    """The clock of a recent pull."""
    seen_at: datetime = kept("device.register")
    """A recent time of a pull, at most a day before the last one."""
    revoked_at: datetime | None = kept("device.register", default=None)
    expires_at: int = kept("device.register")


@dataclass(frozen=True)
class Holder:
    """The person whose device asks: their member's id, their token's subject, and their role; None for a person who is
    no member any more."""

    member: str
    user: str
    role: Role | None


def device_digest(company: str, id: str) -> str:
    """The digest by which a commit names the device that pushed it: the first 64 bits of SHA-256, hex. It says nothing
    without the device's random id, which the journal alone has once the device's row is deleted."""
    return sha256(f"commit\x1f{company}\x1f{id}".encode()).hexdigest()[:16]


def holder_digest(company: str, user: str) -> str:
    """The digest of a member without their name: SHA-256 (hex) over the company and the token's subject."""
    return sha256(f"device\x1f{company}\x1f{user}".encode()).hexdigest()
