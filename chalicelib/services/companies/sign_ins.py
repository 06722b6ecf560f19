"""The row that ends a sign-in account together with a membership (ADR 0121)."""

from datetime import datetime

from chalicelib.domain.companies.member import Member
from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.sign_in import EndingSignIn, ending
from chalicelib.policy.ends import end

MAIL = "transient.mail"
ENDS = (MAIL, "sign_in.account", "sign_in.ending")


def left(member: Record | None, at: datetime) -> tuple[EndingSignIn, ...]:
    """The row to put with the end of a membership. It is due once every mail of that day was sent or has expired, and
    no later than the account's term."""
    due_at = min(end(rule, at) for rule in ENDS)
    return (ending(member, at, due_at),) if isinstance(member, Member) else ()
