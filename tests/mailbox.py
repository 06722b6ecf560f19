"""The mails that the embedded engine captured instead of sending them."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3

from chalicelib.wiring import World


@dataclass(frozen=True)
class Mail:
    """One captured mail."""

    to: str
    sender: str
    subject: str
    text: str


def open_mailbox(world: World) -> None:
    """Let the world's sender send, as a verified identity may on AWS. Safe to repeat."""
    settings = world.settings
    client: Any = boto3.client("sesv2", region_name=settings.region, endpoint_url=settings.endpoint)
    try:
        client.create_email_identity(EmailIdentity=world.mailer.sender)
    except client.exceptions.AlreadyExistsException:
        return


def mails(world: World, to: str | None = None) -> list[Mail]:
    """Every mail captured so far, to one address or to all, oldest first."""
    with urllib.request.urlopen(f"{world.settings.endpoint}/_ministack/ses/messages", timeout=10) as answer:
        found = json.load(answer)["messages"]
    rows = [row for account in found.values() for row in account]
    all_mails = [Mail(row["To"][0], row["Source"], row["Subject"], row["BodyText"]) for row in rows]
    return [mail for mail in all_mails if to is None or mail.to == to]
