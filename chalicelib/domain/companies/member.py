"""Access to a company: members with a role, and API keys with scopes."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept

Role = Literal["owner", "accountant", "clerk", "viewer"]
OWNER_CHANGE_DELAY = timedelta(days=30)
"""A deletion's grace cannot be waived for this time after an owner joined or left."""


@entity("member", table="identity", prefix="mem", sort="member#{user}")
class Member(Record):
    """A person's membership of a company. `user` is the token's subject; an index finds a person's companies by it."""

    user: str = kept("identity.subject")
    email: str | None = kept("identity.contact", default=None)
    role: Role = kept("identity.access")
    invited: bool = kept("identity.access", default=False)
    """True if this person already had a company when they were invited. Without a `Company` header, the earlier company
    is used."""
    email_key: str | None = kept("identity.lookup", default=None)
    """The e-mail's keyed digest (`domain.contact.code.address_key`). An index finds memberships by it."""


@entity("api_key", table="identity", prefix="key")
class ApiKey(Record):
    """The access of a machine. Only the key's SHA-256 is stored (hex). `hint` is its last four characters."""

    name: str = kept("identity.access")
    digest: str = kept("identity.secret")
    hint: str = kept("identity.access")
    scopes: tuple[str, ...] = kept("identity.access")
    created_by: str = kept("identity.subject")
    revoked_at: datetime | None = kept("identity.access", default=None)


@entity("former_owner", table="transient", prefix="own")
class FormerOwner(Record):
    """A recent owner, who may still cancel the account's deletion. The id is `owner_digest`; nothing else is
    stored about them."""

    expires_at: int = kept("identity.former")


def owner_digest(company: str, user: str) -> str:
    """The digest of an owner without their name: SHA-256 (hex) over the company and the token's subject."""
    return sha256(f"{company}\x1f{user}".encode()).hexdigest()
