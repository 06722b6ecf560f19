"""A mail that is still to be sent: kept until it is handed over, at most for the term of `transient.mail`."""

from typing import Literal

from chalicelib.domain.entity import Record, entity, kept

Template = Literal[
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
    "request_ready",
    "request_corrected",
    "request_details",
    "request_asked",
    "account_erased",
    "owner_left",
    "owner_came",
    "address_changed",
    "recipient_corrected",
]


@entity("mail", room="transient", prefix="ltr")
class Letter(Record):
    """Whom it goes to and what fills its template; gone once it is sent. `only_members`: dropped unless the address is
    a member's, so that a public page cannot be used to write to strangers or to learn who is one."""

    to: str = kept("transient.mail")
    language: Literal["fr", "ar", "en"] = kept("transient.mail")
    template: Template = kept("transient.mail")
    values: bytes = kept("transient.mail", packed=True)
    """JSON: what fills the template."""
    only_members: bool = kept("transient.mail", default=False)
    expires_at: int = kept("transient.mail")
