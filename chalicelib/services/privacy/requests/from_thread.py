"""A privacy request that an operator enters for the author of a support thread.

Nothing is erased and no data is handed out before the author confirms the request themselves, with a proof of their
identity, as for a request of their own.
"""

from typing import TYPE_CHECKING

from chalicelib.domain.contact.support import Thread
from chalicelib.domain.errors import Forbidden, NotFound
from chalicelib.domain.privacy.request import PrivacyRequest, RequestKind
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.privacy.requests import requests
from chalicelib.services.privacy.subjects import members_of

if TYPE_CHECKING:
    from chalicelib.wiring import World


def ask_for_author(
    world: "World", company: str, thread: str, kind: RequestKind, by: str, *, account: bool = False
) -> PrivacyRequest:
    """Make the request of a thread's author about their own data, or about the whole account if they own it. It is in
    the thread's language, and `by` is the operator. Raises NotFound for an unknown thread or an author who left,
    Forbidden, CompanyBlocked."""
    (found,) = world.store.records([Thread.ref(company, thread)])
    if not isinstance(found, Thread):
        raise NotFound
    author = next((row for row in members_of(world.store, company) if row.id == found.opened_by), None)
    if author is None:
        raise NotFound
    if account and author.role != "owner":
        raise Forbidden(scope="")
    requester = Requester(id=author.id, role=author.role, subject=author.user)
    call = world.call(company, by, "support_request", key=f"support-{world.random(12).hex()}")
    subject = None if account else author.id
    return requests.ask(world, call, requester, kind, subject, language=found.language, capped=False).outcome
