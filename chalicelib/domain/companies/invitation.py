"""An invitation: a membership that has no power until the invited person accepts it (ADR 0130)."""

import hmac
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from chalicelib.domain.companies.member import Member, Role
from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.ids import is_id
from chalicelib.domain.language import Language

MAILED_EVERY: Final = timedelta(days=1)
"""The shortest time between two mails of one invitation."""
BYTES: Final = 16
"""The random bytes of a code. Nobody can guess 128 bits."""
PLACE: Final = 26
"""The first characters of a code name the company, so that a code is found without an index."""


@entity("invitation", table="transient", prefix="mem")
class Invitation(Record):
    """The invitation of an address. Its id is that of the later membership.

    Only SHA-256 of the code is stored. `created_by` is the membership of the owner who invited: the invitation is void
    once that person is no owner. Accepting it deletes the row.
    """

    email: str = kept("identity.invitation")
    email_key: str = kept("identity.invitation")
    role: Role = kept("identity.invitation")
    language: Language = kept("identity.invitation")
    digest: str = kept("identity.invitation")
    created_by: str = kept("identity.invitation")
    mailed_at: datetime = kept("identity.invitation")
    expires_at: int = kept("identity.invitation")

    def is_open(self, everybody: Iterable[Member], at: datetime) -> bool:
        """Whether it may be accepted: it has not ended, and `everybody` has its inviter as an owner."""
        invited_by_owner = any(each.id == self.created_by and each.role == "owner" for each in everybody)
        return invited_by_owner and at.timestamp() < self.expires_at


@dataclass(frozen=True)
class TypedCode:
    """A code as a person sent it: the company that it names, and its 26 secret letters and digits."""

    company: str
    secret: str

    def opens(self, invitation: Invitation) -> bool:
        """Whether it is the code of this invitation. The time does not depend on the stored digest."""
        return hmac.compare_digest(invitation.digest, code_digest(invitation.id, self.secret))


def invitation_code(company: str, random: bytes) -> str:
    """The code to mail: the company's id without its prefix, then at least `BYTES` random bytes in base 32."""
    return company.partition("_")[2] + _secret(random)


def code_digest(invitation: str, secret: str) -> str:
    """The stored digest of a code: SHA-256 (hex) over the invitation's id and the secret part."""
    return sha256(f"{invitation}\x1f{secret}".encode()).hexdigest()


def new_digest(invitation: str, random: bytes) -> str:
    """The digest of the code that `invitation_code` makes from the same random bytes."""
    return code_digest(invitation, _secret(random))


def typed_code(text: str) -> TypedCode | None:
    """The parts of a typed code, or None. Letter case, spaces and hyphens do not count."""
    plain = "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())
    company, secret = f"cmp_{plain[:PLACE]}", plain[PLACE:]
    return TypedCode(company, secret) if secret and is_id("cmp", company) else None


def _secret(random: bytes) -> str:
    return b32encode(random[:BYTES]).decode().rstrip("=")
