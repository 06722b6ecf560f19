"""What the gateway must know of an endpoint or a job before it is asked: its address, without its models and its code.

A cold start that registers some eighty routes should not load eighty routes' modules, so `routes.py` is written from
the catalogues and committed; a test holds the two equal. The endpoint itself is loaded when it is first asked for.
`python -m chalicelib.api.routing --write` after adding one.
"""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from chalice.app import CORSConfig

if TYPE_CHECKING:
    from chalicelib.api.endpoint import Endpoint

FILE = Path(__file__).with_name("routes.py")
_ALLOWED_HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Company", "Content-Type", "Idempotency-Key", "If-Match",
    "If-None-Match",
)  # fmt: skip


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


def take() -> str:
    """The text of `routes.py` as the catalogues have it."""
    from chalicelib.api import catalogue
    from chalicelib.api.endpoint import PUBLIC
    from chalicelib.jobs.catalogue import JOBS

    nouns = {id(e): name for name in dir(catalogue) for e in getattr(getattr(catalogue, name), "ENDPOINTS", ())}
    routes = [Route(e.method, e.path, e.scope == PUBLIC, nouns[id(e)]) for e in catalogue.ENDPOINTS]
    schedules = [Schedule(job.name, job.schedule) for job in JOBS]
    lines = [
        '"""Written by `python -m chalicelib.api.routing --write`: the addresses of every endpoint and job."""',
        "",
        "from chalicelib.api.routing import Route, Schedule",
        "",
        "ROUTES = (",
        *(f'    Route("{r.method}", "{r.path}", {r.public}, "{r.module}"),' for r in routes),
        ")",
        "SCHEDULES = (",
        *(f'    Schedule("{s.job}", "{s.expression}"),' for s in schedules),
        ")",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m chalicelib.api.routing --write")
    FILE.write_text(take(), "utf-8")
