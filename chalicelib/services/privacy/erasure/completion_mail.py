"""The last mail of an account: its erasure is complete, with the link to the receipt.

At that time, no address of an owner is stored any more. So the commit that begins the erasure writes the mails, outside
the company's partition, and the commit that ends it hands them to the outbox. A mail that is never sent expires after
the term of `transient.mail`. A sent mail is deleted, and its address with it (ADR 0034).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.journal import Message
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.services.mail import writing
from chalicelib.services.mail.notifications import owners

if TYPE_CHECKING:
    from chalicelib.wiring import World


def letters(world: "World", call: Call, request: PrivacyRequest) -> Sequence[Letter]:
    """One mail for each owner who has an address. Raises Busy."""
    (profile,) = world.store.records([Company.ref(request.company)])
    language = profile.language if isinstance(profile, Company) else "fr"
    addresses = dict.fromkeys(owner.email for owner in owners(world, request.company) if owner.email)
    outside = replace(call, company=PUBLIC)
    return [
        writing.write(outside, to, language, "account_erased", company=request.company, request=request.id).letter
        for to in addresses
    ]


def posted(call: Call, request: PrivacyRequest) -> tuple[Message, ...]:
    """The outbox message that sends these mails."""
    if not request.letters:
        return ()
    outside = replace(call, company=PUBLIC)
    return (outside.make(Message, purpose="farewell", due_at=call.at, task=writing.TASK, about=request.letters),)
