"""The requester of a privacy request, from the sign-in or the API key of an HTTP request."""

from typing import TYPE_CHECKING

from chalicelib.api.endpoint import Actor, RequestContext
from chalicelib.domain.privacy.request import FRESH

if TYPE_CHECKING:
    from chalicelib.services.privacy.requester import Requester


def requester_of(context: RequestContext, code: str | None = None) -> "Requester":
    """The requester. Their identity is proven by a fresh sign-in, or by the mailed `code`."""
    from chalicelib.services.privacy.requester import Requester

    actor = context.actor
    role = "nobody" if actor.kind == "user" and actor.role is None else actor.role
    proven = actor.kind == "user" and (_fresh(context, actor) or (code is not None and _coded(context, code)))
    return Requester(actor.id, role, actor.subject or None, proven)


def _fresh(context: RequestContext, actor: Actor) -> bool:
    return actor.signed_in_at is not None and context.at - actor.signed_in_at <= FRESH


def _coded(context: RequestContext, code: str) -> bool:
    """Tell whether this is the valid code. It is used up only after the operation that it proves. So a request that is
    repeated because its answer was lost is not refused."""
    from chalicelib.services.privacy.requests.identity_codes import is_live

    return is_live(context.world, context.company, context.actor.id, context.path["id"], code)
