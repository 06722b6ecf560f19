"""The scopes and the refusals of the endpoints, as the pages show them. The endpoints are reached by their routes,
because the pages are endpoints too."""

from collections.abc import Mapping
from functools import cache

from chalicelib.api import problems
from chalicelib.api.endpoint import Endpoint
from chalicelib.api.routing import endpoint_of
from chalicelib.api.serve import verb
from chalicelib.domain.errors import Refusal


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every endpoint."""
    from chalicelib.api.routes import ROUTES

    return tuple(endpoint_of(route) for route in ROUTES)


@cache
def scopes() -> Mapping[str, str]:
    """The scope of each operation, by its name in the OpenAPI document."""
    return {verb(endpoint): endpoint.scope for endpoint in endpoints()}


@cache
def refusals() -> Mapping[str, type[Refusal]]:
    """Every refusal that is a problem of its own, by its code: those of endpoints and those of the gateway."""
    found = {kind.code: kind for endpoint in endpoints() for kind in problems.refusals(endpoint)}
    found |= {kind.code: kind for kind in problems.of_the_gateway()}
    return dict(sorted(found.items()))
