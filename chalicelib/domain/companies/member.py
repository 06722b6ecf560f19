"""Who may come in: members with a role, and API keys with scopes."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept

Role = Literal["owner", "accountant", "clerk", "viewer"]
OWNERS_SETTLED = timedelta(days=30)
"""For so long after an owner came or left, the grace of a deletion is not waived."""


@entity("member", room="identity", prefix="mem", sort="member#{user}")
class Member(Record):
    """A person's place in a company; `user` is the token's subject, by which an index finds a person's companies."""

    user: str = kept("identity.subject")
    email: str | None = kept("identity.contact", default=None)
    role: Role = kept("identity.access")
    invited: bool = kept("identity.access", default=False)
    """Whether this person had a company already when let in: who names none means his own, not a stranger's."""
    email_key: str | None = kept("identity.lookup", default=None)
    """The e-mail's keyed digest (`domain.code.address_key`): an index finds memberships by it."""


@entity("api_key", room="identity", prefix="key")
class ApiKey(Record):
    """A machine's way in. Only the key's SHA-256 is stored (hex); `hint` is its last four characters."""

    name: str = kept("identity.access")
    digest: str = kept("identity.secret")
    hint: str = kept("identity.access")
    scopes: tuple[str, ...] = kept("identity.access")
    created_by: str = kept("identity.subject")
    revoked_at: datetime | None = kept("identity.access", default=None)


@entity("former_owner", room="transient", prefix="own")
class FormerOwner(Record):
    """Who was an owner until lately, and may still stop the account's deletion. The id is `owner_mark`, no more."""

    expires_at: int = kept("identity.former")


def owner_mark(company: str, user: str) -> str:
    """An owner without their name: SHA-256 (hex) over the company and the token's subject."""
    return sha256(f"{company}\x1f{user}".encode()).hexdigest()
