"""What the gateway must know of an endpoint or a job before it is asked: its address, without its models and its code.

A cold start that registers some eighty routes should not load eighty routes' modules, so `routes.py` is written from
the catalogues and committed; a test holds the two equal. The endpoint itself is loaded when it is first asked for.
`python -m chalicelib.cli.routes --write` after adding one.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple

from chalice.app import CORSConfig

if TYPE_CHECKING:
    from chalicelib.api.endpoint import Endpoint

_ALLOWED_HEADERS = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Company",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
)


class Route(NamedTuple):
    """An endpoint's address, whether the gateway's authorizer stands before it, and the module that has it."""

    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
    path: str
    public: bool
    module: str


class Schedule(NamedTuple):
    """A job's name and its EventBridge expression."""

    job: str
    expression: str


@cache
def endpoint_of(route: Route) -> "Endpoint":
    """The endpoint at this address; its module is imported on the first call."""
    endpoints: tuple[Endpoint, ...] = import_module(f"chalicelib.api.{route.module}").ENDPOINTS
    return next(e for e in endpoints if (e.method, e.path) == (route.method, route.path))


def cors() -> CORSConfig:
    """What every route is given, so that the gateway answers preflights as the pipeline answers requests. Any origin
    may ask, because nothing is granted by a cookie."""
    return CORSConfig(allow_origin="*", allow_headers=_ALLOWED_HEADERS, max_age=600)
