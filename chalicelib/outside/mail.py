"""Mail, through SES and no other way. Nothing of an addressee or a text is ever logged."""

from functools import cached_property
from typing import Any, Literal

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from chalicelib.domain.errors import Busy
from chalicelib.outside.clients import bounded
from chalicelib.settings import Settings

ATTEMPTS = 2
REFUSED = frozenset({"MessageRejected", "BadRequestException", "InvalidParameterValue"})
"""What SES will refuse again however often it is asked."""


class Undeliverable(Exception):
    """SES refuses this message for good: the address or the text is not acceptable to it."""

    code = "undeliverable"


class Mailer:
    """Sends plain text, without pictures or links that tell whether a mail was read. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def client(self) -> Any:
        """SES."""
        return bounded("sesv2", self.settings, attempts=ATTEMPTS)

    @property
    def sender(self) -> str:
        """The verified sender; the policy's contact address unless the settings name another."""
        if self.settings.mail_from:
            return self.settings.mail_from
        from chalicelib.policy.load import current

        return current().contact

    def send(self, to: str, subject: str, text: str, *, language: Literal["fr", "ar", "en"], reference: str) -> None:
        """Hand one message over. `reference` names it, the same for each repetition: SES makes a Message-ID of its own,
        so what a reader's program can tell a repetition by is `X-Entity-Ref-ID`. Raises Busy, Undeliverable."""
        headers = {"X-Entity-Ref-ID": reference, "Auto-Submitted": "auto-generated", "Content-Language": language}
        simple = {
            "Subject": {"Data": " ".join(subject.split()), "Charset": "UTF-8"},
            "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
        }
        try:
            self.client.send_email(
                FromEmailAddress=self.sender, Destination={"ToAddresses": [to]}, Content={"Simple": simple}
            )
        except (NotConnected, HTTPClientError):
            raise Busy from None
        except ClientError as error:
            # Without its cause: what SES says quotes the address.
            if error.response.get("Error", {}).get("Code") in REFUSED:
                raise Undeliverable from None
            raise Busy from None
