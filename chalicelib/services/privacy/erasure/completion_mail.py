"""The last mail of an erased account or member: the erasure is complete, with the signed receipt attached.

At that time, no address of theirs is stored any more. So the mails are written before it is erased, outside the
company's partition: an account's by the commit that begins the erasure, a member's by the confirmation, which deletes
their row. The commit that ends the erasure hands them to the outbox. A mail that is never sent expires after the term
of `transient.mail`. A sent mail is deleted, and its address with it (ADR 0114).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member, proven_address
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.journal import Message
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.services.mail import writing
from chalicelib.services.mail.notifications import addresses_of, owners, person_language

if TYPE_CHECKING:
    from chalicelib.wiring import World


def letters(world: "World", call: Call, request: PrivacyRequest) -> Sequence[Letter]:
    """One mail for each owner who has proven an address. Raises Busy."""
    (profile,) = world.store.records([Company.ref(request.company)])
    known = profile if isinstance(profile, Company) else None
    addresses = addresses_of(owners(world, request.company), request, known)
    outside = replace(call, company=PUBLIC)
    return [
        writing.write(outside, to, language, "account_erased", company=request.company, request=request.id).letter
        for to, language in addresses.items()
    ]


def letter_of_member(call: Call, own: Member, company: Company | None, request: PrivacyRequest) -> Letter | None:
    """The last mail of a member who is erased, in their language; None without a proven address."""
    if (to := proven_address(own, company)) is None:
        return None
    outside, language = replace(call, company=PUBLIC), person_language(request, company)
    return writing.write(outside, to, language, "member_erased", company=call.company, request=request.id).letter


def posted(call: Call, request: PrivacyRequest) -> tuple[Message, ...]:
    """The outbox message that sends these mails."""
    if not request.letters:
        return ()
    outside = replace(call, company=PUBLIC)
    return (outside.make(Message, purpose="farewell", due_at=call.at, task=writing.TASK, about=request.letters),)
