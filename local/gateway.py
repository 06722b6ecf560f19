"""API Gateway on this machine: Chalice's `LocalGateway`, with the differences from the real gateway corrected.

An unknown path or method and every error response is a problem. The values of an authorizer are text. Parameters of
another route do not leak in. Two concurrent requests do not share a request or a context.
"""

import base64
import json
import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalice.app import Chalice, CORSConfig
from chalice.config import Config
from chalice.local import (
    InvalidAuthorizerError,
    LambdaContext,
    LambdaEventConverter,
    LocalGateway,
    LocalGatewayException,
    MatchResult,
    RouteMatcher,
)

from chalicelib.api.problems import gateway_problem, negotiate

log = logging.getLogger("gateway")

NO_ROUTE = "(no route)"


@dataclass(frozen=True)
class Incoming:
    """A request as read from the connection, with header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass
class HttpResponse:
    """A response to write to the connection. A header with several values holds a list."""

    status: int
    headers: dict[str, str | list[str]]
    body: bytes
    route: str = NO_ROUTE
    close: bool = field(default=False)


class Routes(RouteMatcher):
    """A matcher without the parameters of routes that matched in part. Chalice's matcher keeps them, API Gateway does
    not."""

    def match_route(self, url: str) -> MatchResult:
        """Find the route of a path with its query. Raises ValueError when there is none."""
        found = super().match_route(url)
        path = url.split("?", 1)[0].rstrip("/")
        pairs = zip(found.route.rstrip("/").split("/"), path.split("/"), strict=True)
        captured = {name[1:-1]: value for name, value in pairs if name.startswith("{")}
        if not all(captured.values()):
            raise ValueError(f"an empty path parameter: {url}")
        return MatchResult(found.route, captured, found.query_params)


class PerThread:
    """The request and Lambda context of each thread. Lambda separates them by running one request at a time."""

    _values = threading.local()

    @property
    def current_request(self) -> Any:
        """The request that this thread answers."""
        return getattr(self._values, "request", None)

    @current_request.setter
    def current_request(self, value: Any) -> None:
        self._values.request = value

    @property
    def lambda_context(self) -> Any:
        """The context of the invocation in this thread."""
        return getattr(self._values, "context", None)

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._values.context = value


def isolate_threads(app: Chalice) -> None:
    """Separate the requests of threads in one application object. Chalice separates the requests only."""
    if not isinstance(app, PerThread):
        app.__class__ = type("LocalApp", (PerThread, type(app)), {})


class Gateway(LocalGateway):
    """Answer requests to one Chalice application."""

    def __init__(self, app: Chalice, config: Config) -> None:
        isolate_threads(app)
        super().__init__(app, config)
        self._routes = Routes(list(app.routes))
        self.event_converter = LambdaEventConverter(self._routes, app.api.binary_types)

    def respond(self, request: Incoming) -> HttpResponse:
        """Route, authorize and invoke. Every outcome is an `HttpResponse` with a Request-Id."""
        context = self._generate_lambda_context()
        request_id = context.aws_request_id
        try:
            route = self._routes.match_route(request.path).route
        except ValueError:
            return self.problem(404, request.headers, request_id)
        methods = self._app_object.routes[route]
        if request.method == "OPTIONS" and "OPTIONS" not in methods:
            return self._options(route, request_id)
        method = "GET" if request.method == "HEAD" and "HEAD" not in methods else request.method
        if method not in methods:
            return self.problem(405, request.headers, request_id, route, allowed(methods))
        event = self._event(method, request, request_id)
        try:
            event, context = self._authorizer.authorize(request.path, event, context)
            as_text(event["requestContext"].get("authorizer"))
        except LocalGatewayException as refusal:
            return self.problem(refusal.CODE, request.headers, request_id, route)
        except Exception as error:  # noqa: BLE001 - what an authorizer raises is the gateway's to answer
            return self._authorizer_failed(error, request, request_id, route)
        return self._finish(self._app_object(event, context), request, request_id, route)

    def problem(
        self,
        status: int,
        headers: Mapping[str, str],
        request_id: str,
        route: str = NO_ROUTE,
        allow: Iterable[str] = (),
    ) -> HttpResponse:
        """Return an error response of the gateway, in the caller's language and with the API's CORS headers."""
        language = negotiate(headers.get("accept-language"))
        code, answer, body = gateway_problem(status, language=language, request_id=request_id, allow=allow)
        return HttpResponse(code, {**self._cors(), **answer}, body, route)

    def _event(self, method: str, request: Incoming, request_id: str) -> dict[str, Any]:
        """Return the event that Lambda receives, with the parts that Chalice's converter leaves out."""
        event = self._generate_lambda_event(method, request.path, dict(request.headers), request.body)
        path = request.path.split("?", 1)[0]
        event |= {"httpMethod": method, "path": path, "resource": event["requestContext"]["resourcePath"]}
        event["requestContext"] |= {"requestId": request_id, "stage": "local"}
        return event

    def _authorizer_failed(self, error: Exception, request: Incoming, request_id: str, route: str) -> HttpResponse:
        """API Gateway answers 401 to the message "Unauthorized", and 500 to any other failure."""
        if str(error) == "Unauthorized":
            return self.problem(401, request.headers, request_id, route)
        log.error("the authorizer failed on %s", route, exc_info=error)
        return self.problem(500, request.headers, request_id, route)

    def _finish(self, response: dict[str, Any], request: Incoming, request_id: str, route: str) -> HttpResponse:
        headers = {**response["headers"], **response["multiValueHeaders"]}
        body = response["body"]
        data = base64.b64decode(body) if response.get("isBase64Encoded") else encode(body)
        status = response["statusCode"]
        if status >= 400 and is_chalices_own(headers, data):
            reply = self.problem(status, request.headers, request_id, route)
            reply.headers |= {name: value for name, value in headers.items() if name.lower() != "content-type"}
            return reply
        if not has(headers, "content-type") and data:
            headers["Content-Type"] = "application/json"
        if not has(headers, "request-id"):
            headers["Request-Id"] = request_id
        return HttpResponse(status, headers, data, route)

    def _options(self, route: str, request_id: str) -> HttpResponse:
        """Answer a preflight where the route has CORS. Elsewhere return the methods only."""
        methods = self._app_object.routes[route]
        headers: dict[str, str | list[str]] = {"Allow": ", ".join(allowed(methods)), "Request-Id": request_id}
        if any(entry.cors is not None for entry in methods.values()):
            headers |= self._autogen_options_headers({"requestContext": {"resourcePath": route}})
        return HttpResponse(204, headers, b"", route)

    def _cors(self) -> dict[str, str]:
        """Return the CORS headers of the template's gateway responses. They equal the routes' headers."""
        entries = (entry for methods in self._app_object.routes.values() for entry in methods.values())
        config = self._app_object.api.cors or next((entry.cors for entry in entries if entry.cors), None)
        if not config:
            return {}
        return (config if isinstance(config, CORSConfig) else CORSConfig()).get_access_control_headers()

    def _generate_lambda_context(self) -> LambdaContext:
        context = super()._generate_lambda_context()
        context.invoked_function_arn = f"arn:aws:lambda:local:000000000000:function:{context.function_name}"
        return context


def as_text(context: dict[str, Any] | None) -> None:
    """Convert an authorizer's context to text, as API Gateway passes it to the function.

    Raises InvalidAuthorizerError for a list or a mapping, to which API Gateway answers 500.
    """
    for name, value in (context or {}).items():
        if isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, str | int | float):
            text = str(value)
        else:
            log.error("the authorizer's context holds %s, which is not a string, number or boolean", name)
            raise InvalidAuthorizerError({}, None)
        context[name] = text  # type: ignore[index]


def is_chalices_own(headers: Mapping[str, Any], body: bytes) -> bool:
    """True for `{"Code": …, "Message": …}`, the shape of Chalice's own errors (415, 400, 500)."""
    kind = next((str(value) for name, value in headers.items() if name.lower() == "content-type"), "application/json")
    if not kind.startswith("application/json"):
        return False
    value = json.loads(body or b"null")
    return isinstance(value, dict) and value.keys() == {"Code", "Message"}


def encode(body: str | bytes | None) -> bytes:
    """Return a response's body as bytes."""
    return body if isinstance(body, bytes) else (body or "").encode()


def has(headers: Mapping[str, Any], name: str) -> bool:
    """True when the header exists, in upper or lower case."""
    return any(key.lower() == name for key in headers)


def allowed(methods: Mapping[str, Any]) -> list[str]:
    """Return the methods of a path and those that the gateway adds."""
    extra = {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    return sorted({*methods, *extra})
