"""Download of an access export, for a requester with permission and a fresh proof of identity."""

from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFound, ProofNeeded
from chalicelib.domain.privacy.request import PrivacyRequest, Tombstone
from chalicelib.files import prefixes
from chalicelib.files.objects import Link
from chalicelib.policy.ends import end
from chalicelib.services.privacy.requester import Requester, find_request

if TYPE_CHECKING:
    from chalicelib.wiring import World


def download(world: "World", company: str, requester: Requester, id: str) -> Link:
    """The address of the archive, valid for `LINK_SECONDS`. Raises NotFound, also after its term, Forbidden,
    ProofNeeded, Busy."""
    request = find_request(world.store, company, requester, id)
    requester.require(request.subject)
    if not ready(world, request):
        raise NotFound
    if not requester.proven:
        raise ProofNeeded
    return link(world, request)


def link(world: "World", request: PrivacyRequest) -> Link:
    """The address of a request's archive, for a person who was identified."""
    return world.files.url(prefixes.export(request.company, request.id), filename=f"facture-{request.id}.zip")


def ready(world: "World", request: PrivacyRequest) -> bool:
    """Whether the archive is ready and within its term. Its deletion may follow the term late."""
    if (request.kind, request.status) != ("access", "completed") or request.closed_at is None:
        return False
    in_time = world.now() < end("file.export", request.closed_at)
    if not in_time or _erased_since(world, request):
        return False
    return world.files.exists(prefixes.export(request.company, request.id))


def _erased_since(world: "World", request: PrivacyRequest) -> bool:
    """Whether a person who may be in the archive was erased after it was begun. Such an archive is not handed out: the
    requester needs a new one."""
    begun = request.verified_at or request.created_at
    tombstones = (row for row in world.store.all_of(Tombstone, request.company) if row.created_at >= begun)
    return any(request.subject in (None, tombstone.subject) for tombstone in tombstones)
