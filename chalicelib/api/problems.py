"""Turns a refusal into an answer: RFC 9457 problems in the caller's language, without internal details. The messages
are in `messages/{fr,ar,en}.toml`, read at the first problem of their language."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, cast

from chalicelib.api import request_errors
from chalicelib.api.roles import acts
from chalicelib.api.versions import reading
from chalicelib.domain import errors
from chalicelib.domain.companies.member import OWNER_CHANGE_DELAY
from chalicelib.domain.errors import Fault, Refusal
from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.domain.privacy.request import FRESH
from chalicelib.domain.sync import sync_errors
from chalicelib.services.inputs.faults import MOST_FAULTS

if TYPE_CHECKING:
    from chalicelib.api.endpoint import Endpoint

MEDIA: Final = "application/problem+json"

_MEMBERS: Final[dict[str, tuple[str, ...]]] = {
    "stale_version": ("current_etag", "current_version"),
    "in_use": ("drafts", "debts"),
    "too_large": ("limit",),
    "push_too_large": ("limit",),
    "sync_conflict": ("conflicts",),
    "forbidden": ("scope",),
    "clock_too_old": ("clock",),
    "device_revoked": ("wipe",),
    "client_schema_too_old": ("oldest",),
    "owners_changed": ("possible_from",),
    "policy_not_accepted": ("required",),
}
"""Parameters that are also members of the problem, for programs."""
_DELAYS: Final[dict[str, dict[str, timedelta]]] = {
    "owners_changed": {"owner_change_delay": OWNER_CHANGE_DELAY},
    "proof_needed": {"proof_age": FRESH},
}
"""The times that a message states, by code and placeholder."""

_RETRY_SECONDS: Final[dict[int | str, int]] = {429: 5, 503: 2, "company_restoring": 15, "replacement_preparing": 1}
_RANGE = re.compile(
    r"\s*(\*|[A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,32})?\s*(?:;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?"
)


class InternalError(Refusal):
    """An error in the product. The answer gives no details; the log has the request id."""

    code = "internal_error"


_GATEWAY: Final[dict[int, type[Refusal]]] = {
    400: request_errors.Malformed,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: request_errors.MethodNotAllowed,
    413: errors.TooLarge,
    415: request_errors.UnsupportedMediaType,
    429: errors.TooManyRequests,
    500: InternalError,
    503: errors.Busy,
    504: errors.Busy,
}


@lru_cache(maxsize=256)
def negotiate(accept_language: str | None) -> Language:
    """The best language among ours for an `Accept-Language` header. English if it names none of them."""
    best: Language = "en"
    best_quality = 0.0
    for part in (accept_language or "")[:512].split(","):
        found = _RANGE.fullmatch(part)
        if not found:
            continue
        quality = float(found[2] or 1)
        language = found[1].lower()
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = cast(Language, language), quality
    return best


@cache
def messages(language: Language) -> dict[str, Any]:
    """The messages of one language: `refusals.{code}.{title,detail}`, `faults.{code}`, `types.{name}`, the words
    `values.{parameter}.{code}` for the codes in a message, the `comma` between them, and `bounds.{min,max}` for a range
    with one bound."""
    import tomllib

    text = files("chalicelib.api").joinpath(f"messages/{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


class _Parameters(dict[str, str]):
    """The parameters of a message. A missing one must not turn a refusal into an internal error."""

    def __missing__(self, name: str) -> str:
        return "…"


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_plain(part) for part in value)
    return str(value)[:200]


def _size(limit: Any) -> Any:
    return f"{limit // 1000} kB" if isinstance(limit, int) else limit


def _filled(template: str, params: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    filled = _Parameters({name: _plain(value) for name, value in params.items()})
    known = {"expected": words["types"], **words["values"]}
    named = {name: _named(text, known[name], filled, words["comma"]) for name, text in filled.items() if name in known}
    return template.format_map(_Parameters(filled | named))


def _named(codes: str, known: Mapping[str, str], filled: _Parameters, comma: str) -> str:
    """The words for the codes of one parameter. A value without words stays as it is."""
    return comma.join(known[code].format_map(filled) if code in known else code for code in codes.split(", "))


STATUSES: Final[Mapping[type[Refusal], int]] = {
    request_errors.Malformed: 400,
    request_errors.IdempotencyKeyMissing: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.CompanyBlocked: 403,
    errors.CompanyRestoring: 409,
    errors.AgeRefused: 403,
    errors.ProofNeeded: 403,
    errors.NotFound: 404,
    request_errors.MethodNotAllowed: 405,
    errors.Conflict: 409,
    errors.ClockTooOld: 410,
    errors.StaleVersion: 412,
    errors.TooLarge: 413,
    request_errors.UnsupportedMediaType: 415,
    errors.InvalidContent: 422,
    sync_errors.ClientSchemaTooOld: 426,
    errors.IdempotencyKeyReused: 422,
    request_errors.MatchRequired: 428,
    errors.TooManyRequests: 429,
    InternalError: 500,
    errors.Busy: 503,
    errors.RendererUnavailable: 503,
}
"""The HTTP status of each refusal. A class that is not listed has the status of its parent class."""


def status_of(refusal: type[Refusal]) -> int:
    """The HTTP status of a class of refusals: its own, or that of its parent class."""
    return next(STATUSES[cls] for cls in refusal.__mro__ if cls in STATUSES)


def problem(refusal: Refusal, language: Language, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body of the answer to `refusal`."""
    words, params = messages(language), refusal.params
    if "limit" in params:
        params = {**params, "limit": _size(params["limit"])}
    said = words["refusals"][refusal.code]
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": said["title"],
        "status": status_of(type(refusal)),
        "detail": _filled(said["detail"], {**_delays(refusal.code, language), **params}, words),
        "code": refusal.code,
        "request_id": request_id,
    }
    if refusal.faults:
        body["errors"] = [_fault(fault, words) for fault in refusal.faults[:MOST_FAULTS]]
    for name in _MEMBERS.get(refusal.code, ()):
        if params.get(name) is not None:
            body[name] = params[name]
    headers = {"Content-Type": MEDIA, "Content-Language": language, "Cache-Control": "no-store"}
    headers |= {"Request-Id": request_id, **_headers(refusal)}
    # ASCII only: a pointer repeats text of the request, which UTF-8 may be unable to encode.
    return status_of(type(refusal)), headers, json.dumps(body, default=str).encode()


def sentence(code: str, params: Mapping[str, Any], language: Language) -> str:
    """The sentence about a refusal or a fault, by its code."""
    words = messages(language)
    if code in words["refusals"]:
        return _filled(words["refusals"][code]["detail"], {**_delays(code, language), **params}, words)
    return _filled(_template(Fault("", code, dict(params)), words), params, words)


def _delays(code: str, language: Language) -> dict[str, str]:
    if code not in _DELAYS:
        return {}
    from chalicelib.policy.wording import delay

    return {name: delay(time, language) for name, time in _DELAYS[code].items()}


def reason(code: str, params: Mapping[str, Any], language: Language) -> str:
    """The text of a fault or a refusal that is no answer of its own."""
    words = messages(language)
    if code not in words["faults"] and code in words["refusals"]:
        return _filled(words["refusals"][code]["detail"], params, words)
    return _filled(_template(Fault("", code, dict(params)), words), params, words)


def _fault(fault: Fault, words: Mapping[str, Any]) -> dict[str, str]:
    return {
        "pointer": fault.pointer,
        "code": fault.code,
        "detail": _filled(_template(fault, words), fault.params, words),
    }


def _template(fault: Fault, words: Mapping[str, Any]) -> str:
    """The message of a fault. A range with one bound has a message of its own."""
    if fault.code == "out_of_range" and len(bounds := fault.params.keys() & {"min", "max"}) == 1:
        return str(words["bounds"][bounds.pop()])
    return str(words["faults"].get(fault.code, words["faults"]["invalid"]))


def _headers(refusal: Refusal) -> dict[str, str]:
    headers: dict[str, str] = {}
    status = status_of(type(refusal))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="facture"'
    if (known := _RETRY_SECONDS.get(refusal.code, _RETRY_SECONDS.get(status))) is not None:
        headers["Retry-After"] = str(refusal.params.get("retry_after", known))
    headers |= _quota_fields(refusal)
    if status == 405 and "allow" in refusal.params:
        headers["Allow"] = _plain(refusal.params["allow"])
    if "current_etag" in refusal.params:
        headers["ETag"] = str(refusal.params["current_etag"])
    return headers


def _quota_fields(refusal: Refusal) -> dict[str, str]:
    """The exhausted quota, by draft-ietf-httpapi-ratelimit-headers-11: its window, what is left, seconds to its
    reset."""
    quota = refusal.params.get("quota")
    if quota is None:
        return {}
    return {
        "RateLimit-Policy": f'"{quota.name}";q={quota.most};w={quota.seconds}',
        "RateLimit": f'"{quota.name}";r=0;t={refusal.params["retry_after"]}',
    }


def quota_headers(refusal: errors.TooManyRequests) -> dict[str, str]:
    """The headers of a page that shows this refusal in its own words."""
    return {"Retry-After": str(refusal.params["retry_after"]), **_quota_fields(refusal)}


@cache
def refusals(endpoint: "Endpoint") -> tuple[type[Refusal], ...]:
    """Every refusal that `endpoint` may give: those it declares, and those that its other fields imply."""
    found: list[type[Refusal]] = [request_errors.Malformed, errors.InvalidContent, errors.TooManyRequests, errors.Busy]
    found.append(InternalError)
    if endpoint.scope != "PUBLIC":
        found += [errors.Unauthenticated, errors.Forbidden]
    if endpoint.scope not in ("PUBLIC", "SIGNED_IN"):
        found += [errors.CompanyBlocked, errors.CompanyRestoring, errors.NotFound]
    if acts(endpoint):
        found.append(errors.PolicyNotAccepted)
    if "{" in endpoint.path:
        found.append(errors.NotFound)
    if endpoint.method != "GET":
        found += [errors.TooLarge, request_errors.UnsupportedMediaType]
    if endpoint.idempotent:
        found += [request_errors.IdempotencyKeyMissing, errors.IdempotencyKeyReused, errors.CompanyFull]
    if endpoint.if_match:
        found.append(request_errors.MatchRequired)
    if reading(endpoint.method, endpoint.path) is not None:
        found.append(errors.StaleVersion)
    if endpoint.in_cloud:
        found.append(errors.CloudStorageOff)
    return tuple(dict.fromkeys((*found, *endpoint.errors)))


def of_the_gateway() -> tuple[type[Refusal], ...]:
    """Every refusal that the gateway answers by itself."""
    return tuple(dict.fromkeys(_GATEWAY.values()))


def gateway_problem(
    status: int, *, language: Language, request_id: str, allow: Iterable[str] = ()
) -> tuple[int, dict[str, str], bytes]:
    """The problem for an answer that the gateway or the local server gives by itself: an unknown path, no token, …"""
    kind = _GATEWAY.get(status, request_errors.Malformed if status < 500 else InternalError)
    params: dict[str, Any] = {"allow": sorted(allow)} if status == 405 else {}
    if status == 413:
        params["limit"] = "1 MB"
    return problem(kind(**params), language, request_id)
