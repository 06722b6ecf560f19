"""The one pipeline: guard → parse → call → answer or problem. Every HTTP route of the product runs through `serve`."""

import logging
import traceback
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import msgspec
from chalice.app import Response

from chalicelib.api import etag, parse, problems, versions
from chalicelib.api.answers import Answer
from chalicelib.api.auth import guard
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.domain.call import bound_key
from chalicelib.domain.contact.code import network
from chalicelib.domain.errors import Busy, Refusal
from chalicelib.domain.language import Language

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.wiring import World

log = logging.getLogger("facture.api")

SECURITY: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Location, Request-Id, Retry-After, RateLimit, RateLimit-Policy, "
    "Idempotency-Replayed",
}
"""Headers of every answer. Any origin may read, because cookies grant nothing: a caller without a token gets
nothing."""


def request_id(request: "Request") -> str:
    """The request id of the gateway or the function, or a new one."""
    return str(request.context.get("requestId") or getattr(request.lambda_context, "aws_request_id", None) or uuid4())


def serve(world: "World", endpoint: Endpoint, request: "Request") -> Response:
    """Answer `request` with an answer or a problem; it raises nothing. Each log line of the request has its id."""
    own_id, name = request_id(request), verb(endpoint)
    language = problems.negotiate(request.headers.get("accept-language"))
    with world.telemetry.bound(request_id=own_id, verb=name):
        try:
            with world.telemetry.span(name):
                context = _context(world, endpoint, request, language)
                answer = endpoint.handler(context)
            return _answered(endpoint, context, answer, own_id, request.headers.get("if-none-match"))
        except Exception as error:  # noqa: BLE001 — the edge: whatever it is becomes an answer without its words
            refusal = _refusal(world, error, endpoint)
    status, headers, body = problems.problem(refusal, language, own_id)
    return Response(body=body.decode(), headers={**SECURITY, **headers}, status_code=status)


def _context(world: "World", endpoint: Endpoint, request: "Request", language: Language) -> RequestContext:
    actor, company, reader = guard(world, endpoint, request)
    path = parse.path(request.uri_params)
    headers = request.headers
    query = parse.query(endpoint.query, request.query_params)
    body, canonical = parse.body(endpoint, request)
    at, call, key = world.now(), None, None
    if endpoint.method != "GET":
        key = parse.idempotency_key(headers.get("idempotency-key"), required=endpoint.idempotent)
        place = "/".join((endpoint.method + endpoint.path, *path.values()))
        call = world.client_call(
            company,
            actor.id,
            verb(endpoint),
            key=bound_key(actor.bearer, key) if key else f"auto-{world.random(16).hex()}",
            at=at,
            request=sha256(b"\n".join((place.encode(), canonical))).hexdigest(),
            former_key=key if world.settings.answers_unbound(at) else None,
        )
    context = RequestContext(
        world=world,
        actor=actor,
        company=company,
        reader=reader,
        path=path,
        query=query,
        body=body,
        call=call,
        if_match=parse.if_match(headers.get("if-match"), required=endpoint.if_match),
        accept=headers.get("accept") or "",
        language=language,
        at=at,
        source=_source(request),
        idempotency_key=key,
    )
    return _conditional(context, endpoint) if call is not None and context.if_match else context


def _conditional(context: RequestContext, endpoint: Endpoint) -> RequestContext:
    """The context of a verb with `If-Match`: its call requires the version that the header names."""
    read = versions.reading(endpoint.method, endpoint.path)
    if read is None:
        return context
    return replace(context, call=replace(context.writing, require_current=versions.requiring(context, read)))


def _source(request: "Request") -> str:
    """The client's network from the gateway's connection, not from a header."""
    return network(str((request.context.get("identity") or {}).get("sourceIp") or ""))


def verb(endpoint: Endpoint) -> str:
    """The endpoint's name, in the journal and as the OpenAPI document's operationId: `post_invoices_id_issue`; `/` is
    the root."""
    parts = endpoint.path.replace("{", "").replace("}", "").removeprefix("/v1").strip("/") or "root"
    return "_".join((endpoint.method.lower(), *parts.replace("-", "_").replace(".", "_").split("/")))


def _answered(
    endpoint: Endpoint, context: RequestContext, answer: Answer, own_id: str, if_none_match: str | None
) -> Response:
    headers: dict[str, str | list[str]] = {**SECURITY, "Request-Id": own_id, **answer.headers}
    if answer.location:
        headers["Location"] = answer.location
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    if answer.status in (204, 303):
        return Response(body="", headers=headers, status_code=answer.status)
    if answer.array is not None:
        headers |= {"Content-Type": "application/json", "ETag": etag.of({"data": answer.array})}
        return Response(body=msgspec.json.encode(answer.array).decode(), headers=headers, status_code=answer.status)
    shown, media = (answer.body, endpoint.media) if answer.page is None else ({"content": answer.page}, "text/html")
    if answer.status in (200, 201) and shown.get("object") != "list":
        headers["ETag"] = tag = etag.of(shown, expanded=getattr(context.query, "expand", ()))
        if endpoint.method == "GET" and etag.unchanged(if_none_match, tag):
            return Response(body="", headers=headers, status_code=304)
    if media != "application/json":
        text = str(shown["content"])
        headers["Content-Type"] = f"{media}; charset=utf-8"
        if media.startswith("text/"):
            headers["Content-Security-Policy"] = _page_policy(text)
        return Response(body=text, headers=headers, status_code=answer.status)
    headers["Content-Type"] = "application/json"
    if answer.secret:
        shown = {**shown, **answer.secret}
    return Response(body=msgspec.json.encode(shown).decode(), headers=headers, status_code=answer.status)


def _page_policy(html: str) -> str:
    """The page's content policy: its one style sheet, and forms to this site. No scripts, nothing from other sites."""
    _, opened, rest = html.partition("<style>")
    digest = b64encode(sha256(rest.partition("</style>")[0].encode()).digest()).decode()
    style = f"'sha256-{digest}'" if opened else "'none'"
    return (
        f"default-src 'none'; style-src {style}; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def _refusal(world: "World", error: Exception, endpoint: Endpoint) -> Refusal:
    if isinstance(error, Refusal):
        if isinstance(error, problems.refusals(endpoint)):
            return error
        log.error("undeclared refusal %s by %s", error.code, verb(endpoint))
        return error
    if _passing(error):
        log.warning("a dependency did not answer: %s", _places(error))
        world.telemetry.figures({"Unanswered": 1})
        return Busy()
    log.error("unhandled: %s", _places(error))
    world.telemetry.figures({"Unhandled": 1})
    return problems.InternalError()


_THROTTLES: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "Throttling",
        "RequestLimitExceeded",
        "SlowDown",
        "InternalServerError",
        "ServiceUnavailable",
        "RequestTimeout",
        "503",
        "TooManyRequestsException",
    }
)


def _passing(error: BaseException) -> bool:
    """Tell whether AWS throttled or did not answer, so that the same request may succeed in a moment."""
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NotConnected

    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        if isinstance(cause, (NotConnected, HTTPClientError)):
            return True
        if isinstance(cause, ClientError) and cause.response.get("Error", {}).get("Code") in _THROTTLES:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _places(error: BaseException) -> str:
    """The exception's type and stack positions, without its message: messages may contain users' text."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    caused = f" from {_places(error.__cause__)}" if error.__cause__ is not None else ""
    return f"{type(error).__name__} at {' > '.join(frames[-8:])}{caused}"
