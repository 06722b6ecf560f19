"""Daily limits of privacy requests, so that a stolen key or token cannot flood a company with them.

Each member has a count of their own, so that nobody uses up another member's rights. All keys of a company share one
count.
"""

from typing import TYPE_CHECKING

from chalicelib.domain.call import Call
from chalicelib.domain.contact.code import Tally
from chalicelib.domain.errors import Quota
from chalicelib.services import codes, tallies
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.tallies import DAY
from chalicelib.store.snapshot import Snapshot

if TYPE_CHECKING:
    from chalicelib.wiring import World

ASKED_A_DAY, TRIED_A_DAY = 20, 60
"""Requests per day, and dry runs per day."""


def counted(snapshot: Snapshot, call: Call, requester: Requester) -> Tally:
    """The requester's count plus one, put by the commit that records the request. A repeated or refused request is not
    counted, and two concurrent requests count twice. Raises TooManyRequests."""
    quota = Quota("privacy-requests", ASKED_A_DAY, DAY)
    return tallies.counted(snapshot, call, "privacy", _who(requester), quota)


def tried(world: "World", company: str, requester: Requester) -> None:
    """Count a dry run, which stores no company data. Raises TooManyRequests, Busy."""
    codes.limit(world, "privacy dry runs", f"{company} {_who(requester)}", most=TRIED_A_DAY, seconds=DAY)


def _who(requester: Requester) -> str:
    return "keys" if requester.role is None else requester.id
