"""Writes `api/routes.py` from the catalogues. Run `python -m chalicelib.cli.routes --write` after an addition to
one."""

import sys
from pathlib import Path

from chalicelib.api import catalogue, routing
from chalicelib.api.endpoint import PUBLIC
from chalicelib.api.routing import Route, Schedule
from chalicelib.jobs.catalogue import JOBS

FILE = Path(routing.__file__).with_name("routes.py")


def routes_text() -> str:
    """The text of `routes.py`, generated from the catalogues."""
    nouns = {id(e): name for name in dir(catalogue) for e in getattr(getattr(catalogue, name), "ENDPOINTS", ())}
    routes = [Route(e.method, e.path, e.scope == PUBLIC, nouns[id(e)]) for e in catalogue.ENDPOINTS]
    schedules = [Schedule(job.name, job.schedule) for job in JOBS]
    lines = [
        '"""Written by `python -m chalicelib.cli.routes --write`: the addresses of every endpoint and job."""',
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
        sys.exit("usage: python -m chalicelib.cli.routes --write")
    FILE.write_text(routes_text(), "utf-8")
