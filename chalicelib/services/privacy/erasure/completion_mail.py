"""The last mail of an account: its erasure is complete, and where the receipt is.

By then no address of its owners is left. So the mails are written in the commit that begins the erasure, outside the
company's partition, and handed to the outbox in the commit that ends it. One that is never handed over goes by itself
after the term of `transient.mail`; one that is sent is deleted, and with it the address (ADR 0034).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.ids import new_id
from chalicelib.domain.journal import Message
from chalicelib.domain.privacy.request import Request
from chalicelib.services.mail import writing
from chalicelib.services.mail.notifications import owners

if TYPE_CHECKING:
    from chalicelib.wiring import World


def letters(world: "World", call: Call, request: Request) -> Sequence[Letter]:
    """A mail for each owner who has an address, once. Raises Busy."""
    (profile,) = world.store.records([Company.ref(request.company)])
    language = profile.language if isinstance(profile, Company) else "fr"
    addresses = dict.fromkeys(owner.email for owner in owners(world, request.company) if owner.email)
    outside = replace(call, company=PUBLIC)
    return [
        writing.write(outside, to, language, "account_erased", company=request.company, request=request.id).letter
        for to in addresses
    ]


def posted(call: Call, request: Request) -> tuple[Message, ...]:
    """The outbox's message about the mails that wait."""
    if not request.letters:
        return ()
    return (
        Message(
            company=PUBLIC,
            id=new_id(Message.PREFIX, call.at, call.random("farewell")),
            created_at=call.at,
            updated_at=call.at,
            due_at=call.at,
            task=writing.TASK,
            about=request.letters,
        ),
    )
