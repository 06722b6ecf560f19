"""A small application of the tests' own over the real pipeline, authorizer, store and gateway."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from chalice.app import AuthRequest, AuthResponse, Chalice, Response
from chalice.config import Config
from pydantic import Field

from chalicelib.api.answers import Answer, listed
from chalicelib.api.auth import authorize
from chalicelib.api.endpoint import PUBLIC, SIGNED_IN, Endpoint, RequestContext
from chalicelib.api.fields import Amount, Day, Model, Quantity, Text
from chalicelib.api.paging import PageQuery, expandable
from chalicelib.api.roles import SCOPES
from chalicelib.api.routing import cors
from chalicelib.api.serve import serve
from chalicelib.domain.errors import Busy, NotIssued
from chalicelib.domain.language import Language
from chalicelib.wiring import World
from local.gateway import Gateway


class Line(Model):
    """A line of a thing."""

    description: Annotated[str, Text(50)]
    quantity: Quantity
    position: Annotated[int, Field(ge=1, le=10)] = 1


class Thing(Model):
    """The body of a request."""

    name: Annotated[str, Text(20)]
    day: Day | None = None
    price: Amount | None = None
    language: Language = "fr"
    lines: Annotated[tuple[Line, ...], Field(max_length=3)] = ()


class Things(PageQuery):
    """The query of the list of things."""

    expand: tuple[Literal["customer"], ...] = expandable()


def _echo(context: RequestContext) -> Answer:
    call = context.writing
    return Answer(
        {"id": "thing_1", "name": context.body.name, "key": call.key, "request": call.request, "verb": call.verb},
        status=201,
        location="/things/thing_1",
        secret={"secret": "s3cret"},
    )


def _who(context: RequestContext) -> Answer:
    actor = context.actor
    return Answer(
        {
            "subject": actor.subject,
            "kind": actor.kind,
            "role": actor.role,
            "company": context.company,
            "email": actor.email,
        }
    )


def _one(context: RequestContext) -> Answer:
    customer: Any = {"id": "cus_1", "name": "Atlas"} if context.query.expand else "cus_1"
    return Answer({"id": context.path["id"], "customer": customer, "version": 1})


def _fail(context: RequestContext) -> Answer:
    raise ValueError(f"the client wrote {context.body.name}")


def _conflict(context: RequestContext) -> Answer:
    raise NotIssued


def _unanswered(context: RequestContext) -> Answer:
    from botocore.exceptions import ReadTimeoutError

    raise RuntimeError("wrapped") from ReadTimeoutError(endpoint_url="http://x")


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/things",
        scope=PUBLIC,
        handler=_echo,
        summary="Make",
        request_model=Thing,
        status=201,
        idempotent=True,
    ),
    Endpoint(
        method="GET",
        path="/things",
        scope=PUBLIC,
        query=Things,
        summary="List",
        handler=lambda context: Answer(listed("/things", [{"limit": context.query.limit}], more=False)),
    ),
    Endpoint(method="GET", path="/things/{id}", scope=PUBLIC, query=Things, handler=_one, summary="Read"),
    Endpoint(
        method="DELETE",
        path="/things/{id}",
        scope=PUBLIC,
        summary="Delete",
        if_match=True,
        status=204,
        handler=lambda context: Answer({}, status=204),
    ),
    Endpoint(
        method="PATCH",
        path="/things/{id}",
        scope=PUBLIC,
        summary="Change",
        request_model=Thing,
        if_match=True,
        idempotent=True,
        handler=lambda context: Answer({"id": context.path["id"], "if_match": context.if_match}, replayed=True),
    ),
    Endpoint(
        method="GET",
        path="/things/{id}/pdf",
        scope=PUBLIC,
        summary="File",
        status=303,
        handler=lambda context: Answer({"url": "https://s3/x"}, status=303, location="https://s3/x"),
    ),
    Endpoint(
        method="GET",
        path="/page",
        scope=PUBLIC,
        summary="Page",
        media="text/html",
        handler=lambda context: Answer({"content": "<!doctype html><style>p{}</style><p>é</p>"}),
    ),
    Endpoint(method="POST", path="/fail", scope=PUBLIC, handler=_fail, summary="Fail", request_model=Thing),
    Endpoint(method="GET", path="/conflict", scope=PUBLIC, handler=_conflict, summary="Refuse", errors=(NotIssued,)),
    Endpoint(method="GET", path="/undeclared", scope=PUBLIC, handler=_conflict, summary="Refuse"),
    Endpoint(method="GET", path="/unanswered", scope=PUBLIC, handler=_unanswered, summary="Time out", errors=(Busy,)),
    Endpoint(method="GET", path="/me", scope=SIGNED_IN, handler=_who, summary="Who"),
    *(
        Endpoint(method="GET", path=f"/scopes/{scope}", scope=scope, handler=_who, summary="Who")  # type: ignore[arg-type]
        for scope in sorted(SCOPES)
    ),
)


def gateway_of(world: World, endpoints: Iterable[Endpoint] = ENDPOINTS) -> Gateway:
    """A gateway in front of `endpoints`, registered as the application registers its own."""
    app = Chalice(app_name="pipeline")

    @app.authorizer(ttl_seconds=0)
    def token(request: AuthRequest) -> AuthResponse:
        context = authorize(world, request.token)
        if context is None:
            raise PermissionError("Unauthorized")
        return AuthResponse(routes=["*"], principal_id=context.get("subject", "unverified"), context=context)

    def register(endpoint: Endpoint) -> None:
        def view(**path: str) -> Response:
            assert app.current_request is not None
            return serve(world, endpoint, app.current_request)

        guarded = None if endpoint.scope == PUBLIC else token
        app.route(
            endpoint.path,
            methods=[endpoint.method],
            authorizer=guarded,
            content_types=["*/*"],
            cors=cors(),
            name=f"{endpoint.method} {endpoint.path}",
        )(view)

    for endpoint in endpoints:
        register(endpoint)
    return Gateway(app, Config())
