"""A mail that is not sent yet. It is kept until it is handed over, at most for the term of `transient.mail`."""

from typing import Literal

from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.language import Language

MailTemplate = Literal[
    "deletion_code",
    "identity_code",
    "support_opened",
    "support_answered",
    "request_opened",
    "request_grace",
    "request_waived",
    "request_reminder",
    "request_completed",
    "request_cancelled",
    "request_refused",
    "request_overtaken",
    "request_erased",
    "request_ready",
    "request_corrected",
    "request_details",
    "request_asked",
    "account_erased",
    "member_erased",
    "owner_left",
    "owner_came",
    "address_changed",
    "recipient_corrected",
    "recipient_erased",
    "recipient_account_erased",
]


@entity("mail", table="transient", prefix="ltr")
class Letter(Record):
    """A recipient and the values of a template; deleted once it is sent. `only_members` drops the mail unless the
    address is a member's. So a public page cannot send mail to strangers or reveal the members."""

    to: str = kept("transient.mail")
    language: Language = kept("transient.mail")
    template: MailTemplate = kept("transient.mail")
    values: bytes = kept("transient.mail", packed=True)
    """JSON: the values of the template."""
    only_members: bool = kept("transient.mail", default=False)
    expires_at: int = kept("transient.mail")
