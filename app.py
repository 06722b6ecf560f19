"""Registers the endpoints, the authorizer and the jobs with Chalice; nothing else.

Nothing of ours is loaded for it but the addresses: an endpoint's module comes with its first request, a job's with its
first run (docs/adr/0026).
"""

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from chalice.app import AuthRequest, AuthResponse, Chalice, CloudWatchEvent, Response, SQSEvent

from chalicelib.api.routes import ROUTES, SCHEDULES
from chalicelib.api.routing import Route, cors, endpoint_of

if TYPE_CHECKING:
    from chalicelib.wiring import World

app = Chalice(app_name="facture", configure_logs=False)  # the telemetry configures them


@cache
def world() -> "World":
    """The one world of this process, made at the first request, because packaging has no environment; its log lines are
    JSON from then on."""
    from chalicelib.settings import Settings
    from chalicelib.wiring import World

    made = World(Settings.from_env())
    _ = made.telemetry
    return made


@app.authorizer(ttl_seconds=0)
def token(request: AuthRequest) -> AuthResponse:
    """Lets a valid token through, uncached, so that a revocation counts at once."""
    from chalicelib.api.auth import authorize

    context = authorize(world(), request.token)
    if context is None:
        # The gateway answers 401 to this message and to no other; a denial would be a 403.
        raise Exception("Unauthorized")  # noqa: TRY002
    return AuthResponse(routes=["*"], principal_id=context.get("subject", "unverified"), context=context)


@app.lambda_function(name="claims")
def claims(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 — how Lambda calls
    """Completes the access tokens that Cognito is about to sign."""
    from chalicelib.outside.claims import with_address

    return with_address(event)


def _view(route: Route) -> Callable[..., Response]:
    def view(**path: str) -> Response:  # noqa: ARG001 — Chalice hands the path's parameters over; the request has them
        from chalicelib.api.serve import serve

        request = app.current_request
        assert request is not None  # noqa: S101 — Chalice sets it before it calls a view
        return serve(world(), endpoint_of(route), request)

    return view


def _run(name: str, context: Any) -> None:
    from chalicelib.jobs.runner import run_scheduled

    # An operator goes from a line of the log to Lambda's own, and back, by this id.
    with world().telemetry.bound(request_id=context.aws_request_id):
        run_scheduled(world(), name, left=lambda: context.get_remaining_time_in_millis() / 1000)


def _scheduled(name: str) -> Callable[[CloudWatchEvent], None]:
    def run(event: CloudWatchEvent) -> None:
        _run(name, event.context)

    run.__name__ = name
    return run


for route in ROUTES:
    # The pipeline judges content types itself, so that its answer is a problem document.
    register = app.route(
        route.path,
        methods=[route.method],
        authorizer=None if route.public else token,
        content_types=["*/*"],
        cors=cors(),
    )
    register(_view(route))

for schedule in SCHEDULES:
    # Chalice names a function's handler after the module's attribute.
    globals()[schedule.job] = app.schedule(schedule.expression, name=schedule.job)(_scheduled(schedule.job))


@app.on_sqs_message(queue="facture-wake", batch_size=1)
def wake(event: SQSEvent) -> None:
    """Runs a job before its schedule does, or starts the function that alone may."""
    for record in event:
        job = json.loads(record.body)["job"]
        if not world().wake_queue.start(job):
            _run(job, event.context)
