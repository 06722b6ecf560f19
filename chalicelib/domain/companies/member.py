"""Access to a company: members with a role, and API keys with scopes."""

from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Literal

from chalicelib.domain.companies.company import Company, Head
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
    proven: bool | None = kept("identity.access", default=None)
    """Whether the person showed a token that proves the e-mail. None in rows of before (`proven_address`)."""


def proven_address(member: Member, company: Company | Head | None) -> str | None:
    """The member's e-mail if its holder has proven it; otherwise None. A row of before tells nothing: its address is
    proven if the row was made with the company and never changed, because a sign-up takes the token's address.
    `company` is the company's profile or head: one commit made both."""
    if member.proven is None:
        founded = company is not None and member.version == 1 and member.created_at == company.created_at
        return member.email if founded else None
    return member.email if member.proven else None


@entity("api_key", table="identity", prefix="key")
class ApiKey(Record):
    """The access of a machine. Only the key's SHA-256 is stored (hex). `hint` is its last four characters."""

    name: str = kept("identity.access")
    digest: str = kept("identity.secret")
    hint: str = kept("identity.access")
    scopes: tuple[str, ...] = kept("identity.access")
    created_by: str = kept("identity.subject")
    revoked_at: datetime | None = kept("identity.access", default=None)
    expires_at: datetime | None = kept("identity.access", default=None)
    """The instant from which the key opens nothing; None for no end, as in rows of earlier releases."""
    last_used_on: date | None = kept("identity.access", default=None)
    """The last day, in Casablanca, on which the key opened something (ADR 0132)."""

    def opens(self, at: datetime) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


@entity("former_owner", table="transient", prefix="own")
class FormerOwner(Record):
    """A recent owner, who may still cancel the account's deletion. The id is `owner_digest`; nothing else is
    stored about them."""

    expires_at: int = kept("identity.former")


def owner_digest(company: str, user: str) -> str:
    """The digest of an owner without their name: SHA-256 (hex) over the company and the token's subject."""
    return sha256(f"{company}\x1f{user}".encode()).hexdigest()
