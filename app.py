"""Registers the endpoints, the authorizer and the jobs with Chalice; nothing else."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from chalice.app import AuthRequest, AuthResponse, Chalice, CloudWatchEvent, Response, SQSEvent

from chalicelib.api.auth import authorize
from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import PUBLIC, Endpoint
from chalicelib.api.serve import cors, serve
from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.runner import run_scheduled
from chalicelib.settings import Settings
from chalicelib.wiring import World

app = Chalice(app_name="facture", configure_logs=False)  # the telemetry configures them


@cache
def world() -> World:
    """The one world of this process, made at the first request, because packaging has no environment; its log lines are
    JSON from then on."""
    made = World(Settings.from_env())
    _ = made.telemetry
    return made


@app.authorizer(ttl_seconds=0)
def token(request: AuthRequest) -> AuthResponse:
    """Lets a valid token through, uncached, so that a revocation counts at once."""
    context = authorize(world(), request.token)
    if context is None:
        # The gateway answers 401 to this message and to no other; a denial would be a 403.
        raise Exception("Unauthorized")  # noqa: TRY002
    return AuthResponse(routes=["*"], principal_id=context.get("subject", "unverified"), context=context)


def _view(endpoint: Endpoint) -> Callable[..., Response]:
    def view(**path: str) -> Response:  # noqa: ARG001 — Chalice hands the path's parameters over; the request has them
        request = app.current_request
        assert request is not None  # noqa: S101 — Chalice sets it before it calls a view
        return serve(world(), endpoint, request)

    return view


def _run(name: str, context: Any) -> None:
    run_scheduled(world(), name, left=lambda: context.get_remaining_time_in_millis() / 1000)


def _scheduled(name: str) -> Callable[[CloudWatchEvent], None]:
    def run(event: CloudWatchEvent) -> None:
        _run(name, event.context)

    run.__name__ = name
    return run


for endpoint in ENDPOINTS:
    authorizer = None if endpoint.scope == PUBLIC else token
    # The pipeline judges content types itself, so that its answer is a problem document.
    route = app.route(
        endpoint.path, methods=[endpoint.method], authorizer=authorizer, content_types=["*/*"], cors=cors()
    )
    route(_view(endpoint))

for job in JOBS:
    # Chalice names a function's handler after the module's attribute.
    globals()[job.name] = app.schedule(job.schedule, name=job.name)(_scheduled(job.name))


@app.on_sqs_message(queue="facture-wake", batch_size=1)
def wake(event: SQSEvent) -> None:
    """Runs a job before its schedule does."""
    for record in event:
        _run(json.loads(record.body)["job"], event.context)
