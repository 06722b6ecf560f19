"""One-time codes that prove a member's identity again. Only an address that its holder has proven gets one (ADR 0120,
ADR 0125)."""

from typing import TYPE_CHECKING, Final

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import proven_address
from chalicelib.domain.errors import Busy, ProofNeeded, RequestSettled
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import OVER
from chalicelib.services import codes
from chalicelib.services.mail import writing
from chalicelib.services.privacy.requester import Requester, find_request
from chalicelib.services.privacy.subjects import members_of
from chalicelib.store.decision import ACCOUNT_WHILE_BLOCKED
from chalicelib.store.transaction import check

if TYPE_CHECKING:
    from chalicelib.wiring import World

PURPOSE: Final = "identity"
CODES_AN_HOUR: Final = 5


def mail_code(world: "World", call: Call, requester: Requester, id: str, language: Language) -> None:
    """Mail the requesting member a one-time code. Raises NotFound, RequestSettled, ProofNeeded for a member without a
    proven address (a recent sign-in proves their identity instead), TooManyRequests."""
    request = find_request(world.store, call.company, requester, id)
    if request.status in OVER:
        raise RequestSettled(status=request.status)
    check(world.store, call, ACCOUNT_WHILE_BLOCKED)
    to = _address(world, call.company, requester.id)
    if to is None:
        raise ProofNeeded
    codes.limit(world, "identity_code", requester.id, most=CODES_AN_HOUR, seconds=3600)
    code = codes.begin(world, PURPOSE, requester.id, id)
    if code is None:
        raise Busy
    writing.write_without_company(world, writing.write(call, to, language, "identity_code", code=code))


def is_live(world: "World", company: str, member: str, id: str, code: str) -> bool:
    """Whether this is the member's valid code for the request, and their address is proven now. It stays valid until
    `use`, so that a request that is repeated because its answer was lost is not refused. Raises Busy."""
    if _address(world, company, member) is None:
        return False
    return codes.live(world, PURPOSE, member, id, code=code) is not None


def use(world: "World", member: str, id: str, code: str) -> None:
    """Use the code up. Raises Busy."""
    codes.prove(world, PURPOSE, member, id, code=code)


def _address(world: "World", company: str, member: str) -> str | None:
    """The member's proven address."""
    own = next((row for row in members_of(world.store, company) if row.id == member), None)
    if own is None:
        return None
    (profile,) = world.store.records([Company.ref(company)])
    return proven_address(own, profile if isinstance(profile, Company) else None)
