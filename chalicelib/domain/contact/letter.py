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
    "request_followed",
    "request_acknowledged",
    "account_erased",
    "member_erased",
    "owner_left",
    "owner_came",
    "address_changed",
    "invitation",
    "recipient_corrected",
    "recipient_erased",
    "recipient_account_erased",
    "notices_held",
]


@entity("mail", table="transient", prefix="ltr")
class Letter(Record):
    """A recipient and the values of a template; deleted once it is sent. `only_members` drops the mail unless the
    address is a member's. So a public page cannot send mail to strangers or reveal the members.

    The letter `notices_held` holds the texts for an address above its limit (ADR 0125). The first mail to the address
    after that takes them along."""

    to: str = kept("transient.mail")
    language: Language = kept("transient.mail")
    template: MailTemplate = kept("transient.mail")
    values: bytes = kept("transient.mail", packed=True)
    """JSON: the values of the template."""
    only_members: bool = kept("transient.mail", default=False)
    expires_at: int = kept("transient.mail")
