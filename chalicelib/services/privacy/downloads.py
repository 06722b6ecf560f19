"""Handing out an access export: to who may ask for it and has just proven who they are, while it is kept."""

from typing import TYPE_CHECKING

from chalicelib.domain.call import Answer
from chalicelib.domain.errors import NotFound, ProofNeeded
from chalicelib.domain.request import Request
from chalicelib.files import prefixes
from chalicelib.services.documents import instant
from chalicelib.services.privacy import access_export
from chalicelib.services.privacy.asking import Asker, found

if TYPE_CHECKING:
    from chalicelib.wiring import World


def download(world: "World", company: str, asker: Asker, id: str, *, redirect: bool) -> Answer:
    """Where the archive is, for 5 minutes: 303, or 200 with the address. Raises NotFound, also once its term is over,
    Forbidden, ProofNeeded, Busy."""
    request = found(world.store, company, asker, id)
    asker.require(request.subject)
    if not _ready(world, request):
        raise NotFound
    if not asker.proven:
        raise ProofNeeded
    url, expires = world.files.url(prefixes.export(company, id), filename=f"facture-{id}.zip")
    if redirect:
        return Answer({}, status=303, location=url)
    return Answer({"url": url, "expires_at": instant(expires)})


def _ready(world: "World", request: Request) -> bool:
    """Whether the archive is there, and its term, which the deletion may follow late, is not over."""
    if (request.kind, request.status) != ("access", "completed") or request.closed_at is None:
        return False
    in_time = world.now() < request.closed_at + access_export.term()
    return in_time and world.files.exists(prefixes.export(request.company, request.id))
