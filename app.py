"""Registers the endpoints, the authorizer and the jobs with Chalice.

Only the addresses are loaded at start. The module of an endpoint is imported at its first request, that of a job at its
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
    """The one `World` of this process. It is made at the first request, because packaging has no environment. The log
    lines are JSON from then on."""
    from chalicelib.settings import Settings
    from chalicelib.wiring import World

    instance = World(Settings.from_env())
    _ = instance.telemetry
    return instance


@app.authorizer(ttl_seconds=0)
def token(request: AuthRequest) -> AuthResponse:
    """Accept a valid token. The result is not cached, so that a revocation takes effect at once."""
    from chalicelib.api.auth import authorize

    context = authorize(world(), request.token)
    if context is None:
        # The gateway answers 401 to this message only. A denial would be a 403.
        raise Exception("Unauthorized")  # noqa: TRY002
    return AuthResponse(routes=["*"], principal_id=context.get("subject", "unverified"), context=context)


@app.lambda_function(name="claims")
def claims(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 — Lambda's signature
    """Add our claims to the access tokens that Cognito is about to sign."""
    from chalicelib.outside.claims import with_address

    return with_address(event)


def _view(route: Route) -> Callable[..., Response]:
    def view(**path: str) -> Response:  # noqa: ARG001 — Chalice passes the path's parameters
        from chalicelib.api.serve import serve

        request = app.current_request
        assert request is not None  # noqa: S101 — Chalice sets it before it calls a view
        return serve(world(), endpoint_of(route), request)

    return view


def _run(name: str, context: Any) -> None:
    from chalicelib.jobs.runner import run_scheduled

    # This id links a line of our log to Lambda's own log.
    with world().telemetry.bound(request_id=context.aws_request_id):
        run_scheduled(world(), name, left=lambda: context.get_remaining_time_in_millis() / 1000)


def _scheduled(name: str) -> Callable[[CloudWatchEvent], None]:
    def run(event: CloudWatchEvent) -> None:
        _run(name, event.context)

    run.__name__ = name
    return run


for route in ROUTES:
    # The pipeline checks content types itself, so that its answer is a problem document.
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
    """Run a job before its scheduled time, or start the function that runs only on request."""
    for record in event:
        job = json.loads(record.body)["job"]
        if not world().wake_queue.start(job):
            _run(job, event.context)
