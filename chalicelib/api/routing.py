"""The addresses of endpoints and jobs for the gateway, without their models and their code.

A cold start that registers some eighty routes should not import eighty modules. So `routes.py` is generated from the
catalogues and committed; a test compares the two. An endpoint's module is imported at its first request. Run `python -m
chalicelib.cli.routes --write` after adding one.
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
    """An endpoint's address, whether the gateway's authorizer protects it, and its module."""

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
    """The CORS settings of every route, so that the gateway answers preflights like the pipeline answers requests. Any
    origin is allowed, because cookies grant nothing."""
    return CORSConfig(allow_origin="*", allow_headers=_ALLOWED_HEADERS, max_age=600)
