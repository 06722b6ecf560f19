"""Give a download code to a person without an address, and hand out what it opens (ADR 0119)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.member import proven_address
from chalicelib.domain.errors import NotFound
from chalicelib.domain.privacy.download_code import download_code, opens
from chalicelib.domain.privacy.request import PrivacyRequest, Receipt
from chalicelib.files.objects import Link
from chalicelib.services import codes
from chalicelib.services.privacy.access import downloads
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.privacy.subjects import PARTY_CLASSES, members_of

if TYPE_CHECKING:
    from chalicelib.wiring import World

HOUR: Final = 3600
TRIED_AN_HOUR: Final = 30
"""Wrong codes that one source may try in an hour. Nobody guesses 128 bits, so a right code is never refused."""


@dataclass(frozen=True)
class Handover:
    """A request, its signed receipt, and the link to its archive. The last two are None while they do not exist."""

    request: PrivacyRequest
    receipt: Receipt | None
    archive: Link | None


def code_of(call: Call) -> str:
    """The code of the request that the call makes. The call's randomness is used once, so nobody can repeat it."""
    return download_code(call.random("download_code"))


def needed(world: "World", call: Call, requester: Requester, subject: str | None, company: Company | None) -> bool:
    """Whether the requester, or the person concerned, has no address for the receipt. A member's unproven address gets
    no mail, so it does not count. An API key has none and needs none: the owners get the mails. `company` is the
    profile. Raises Busy."""
    members = {member.id: member for member in members_of(world.store, call.company)}
    persons = [proven_address(members[requester.id], company)] if requester.id in members else []
    if subject in members:
        persons.append(proven_address(members[subject], company))
    elif subject is not None:
        persons.append(_address(world, call.company, subject))
    return not all(persons)


def _address(world: "World", company: str, subject: str) -> str | None:
    """The address of a customer or supplier; None also for one whose record is gone."""
    cls = PARTY_CLASSES.get(subject.partition("_")[0])
    row = world.store.records([cls.ref(company, subject)])[0] if cls else None
    return getattr(row, "email", None)


def fetch(world: "World", company: str, id: str, code: str, source: str) -> Handover:
    """Hand out what a code opens. Raises NotFound alike for an unknown company, an unknown request, a wrong code and a
    code past its life; TooManyRequests for a source above its limit; Busy."""
    row, receipt, head = world.store.records(
        [PrivacyRequest.ref(company, id), Receipt.ref(company, id), Head.ref(company)]
    )
    request = row if isinstance(row, PrivacyRequest) else None
    if not opens(request, id, code, world.now()) or request is None:
        codes.limit(world, "download code by source", source, most=TRIED_AN_HOUR, seconds=HOUR)
        raise NotFound
    active = isinstance(head, Head) and head.state == "active"
    archive = downloads.link(world, request) if active and downloads.ready(world, request) else None
    return Handover(request, receipt if isinstance(receipt, Receipt) else None, archive)
