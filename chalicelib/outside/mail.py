"""Send mail through SES. Addresses and texts are never logged."""

from functools import cached_property
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from chalicelib.domain.errors import Busy
from chalicelib.domain.language import Language
from chalicelib.outside.clients import bounded
from chalicelib.settings import Settings

ATTEMPTS = 2
REFUSED = frozenset({"MessageRejected", "BadRequestException", "InvalidParameterValue"})
"""Codes of SES for messages that it will always refuse."""


class MailAttachment(NamedTuple):
    """A JSON file that is attached to a mail."""

    name: str
    content: bytes


class Undeliverable(Exception):
    """SES refuses this message permanently, because of its address or its text."""

    code = "undeliverable"


class Mailer:
    """Send plain text, without pictures or links that report whether a mail was read. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def client(self) -> Any:
        """The boto3 client of SES."""
        return bounded("sesv2", self.settings, attempts=ATTEMPTS)

    @property
    def sender(self) -> str:
        """The verified sender. The default is the policy's contact address."""
        if self.settings.mail_from:
            return self.settings.mail_from
        from chalicelib.policy.load import current

        return current().contact

    def send(
        self,
        to: str,
        subject: str,
        text: str,
        *,
        language: Language,
        reference: str,
        attachment: MailAttachment | None = None,
    ) -> None:
        """Send one message. `reference` is the same for each repetition of a message.

        SES sets its own Message-ID, so a mail program recognizes a repetition by `X-Entity-Ref-ID`. Raises Busy,
        Undeliverable.
        """
        headers = {"X-Entity-Ref-ID": reference, "Auto-Submitted": "auto-generated", "Content-Language": language}
        simple: dict[str, Any] = {
            "Subject": {"Data": " ".join(subject.split()), "Charset": "UTF-8"},
            "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
        }
        if attachment:
            simple["Attachments"] = [
                {"FileName": attachment.name, "RawContent": attachment.content, "ContentType": "application/json"}
            ]
        # Without its own settings, SES would keep the addresses of failed mails in the account's suppression list.
        settings = {"ConfigurationSetName": self.settings.mail_settings} if self.settings.mail_settings else {}
        try:
            self.client.send_email(
                FromEmailAddress=self.sender, Destination={"ToAddresses": [to]}, Content={"Simple": simple}, **settings
            )
        except (NotConnected, HTTPClientError):
            raise Busy from None
        except ClientError as error:
            # The cause is dropped, because SES's message quotes the address.
            if error.response.get("Error", {}).get("Code") in REFUSED:
                raise Undeliverable from None
            raise Busy from None
