"""The end of a sign-in account, which the user pool keeps outside the tables."""

from datetime import datetime

from chalicelib.domain.companies.member import Member, owner_digest
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.entity import Record, entity, kept, new_row

JOB = "signins"


@entity("sign_in", table="transient", prefix="sgn", sort="sign_in#{holder}#{left}")
class EndingSignIn(Record):
    """A sign-in account to delete, unless its person still has a company. `left` is the company that they left, or ""
    for a sign-up that was never confirmed. `account` is the token's subject, `member` the id of the ended membership.

    The row lies outside the company's partition, so that it outlives the company's deletion. `holder` is a digest of
    the subject: the journal keeps the sort key for ten years, and it may name nobody.
    """

    holder: str = kept("sign_in.ending")
    account: str = kept("sign_in.ending")
    left: str = kept("sign_in.ending")
    member: str = kept("sign_in.ending")
    due: str | None = kept("sign_in.ending", default=JOB)
    due_at: datetime = kept("sign_in.ending")
    attempts: int = kept("sign_in.ending", default=0)


def ending(member: Member, at: datetime, due_at: datetime) -> EndingSignIn:
    """The row for a membership that ends at `at`."""
    row = new_row(PUBLIC, owner_digest(member.company, member.user), at)
    return EndingSignIn(
        **row, holder=holder_of(member.user), account=member.user, left=member.company, member=member.id, due_at=due_at
    )


def unconfirmed(user: str, at: datetime) -> EndingSignIn:
    """The row for a sign-up that nobody confirmed."""
    holder = holder_of(user)
    return EndingSignIn(**new_row(PUBLIC, holder, at), holder=holder, account=user, left="", member="", due_at=at)


def holder_of(user: str) -> str:
    """The digest of a token's subject: SHA-256 (hex)."""
    return owner_digest("", user)
