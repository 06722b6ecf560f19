"""Validation of requests: returns validated values, or refuses with a pointer to each fault."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from chalicelib.api import etag
from chalicelib.api.endpoint import Endpoint
from chalicelib.api.paging import ANY_ID
from chalicelib.api.request_errors import IdempotencyKeyMissing, Malformed, MatchRequired, UnsupportedMediaType
from chalicelib.domain.errors import (
    Fault,
    InvalidContent,
    NotFound,
    TooLarge,
)
from chalicelib.services.inputs.faults import MOST_FAULTS, faults_of, pointer

if TYPE_CHECKING:
    from chalice.app import MultiDict, Request

MOST_BYTES: Final = 1_000_000
DEEPEST: Final = 20
MOST_VALUES: Final = 50_000
"""A megabyte of empty arrays takes a second and a hundred megabytes of memory to refuse. A realistic megabyte has fewer
values: one with its name takes 20 bytes or more."""
FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 20
_NAME = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
# The end of the body also ends a string. Otherwise a body without the last quote would take quadratic time.
_STRING = re.compile(rb'"[^"\\]*(?:\\.?[^"\\]*)*(?:"|\Z)', re.DOTALL)


def path(params: Mapping[str, str] | None) -> dict[str, str]:
    """The path's parameters. Raises NotFound for a value that cannot be an id, so that no sort key contains it
    unchecked."""
    if not params:
        return {}
    for name, value in params.items():
        if not (ANY_ID if name == "id" else _NAME).fullmatch(value):
            raise NotFound
    return dict(params)


def query(model: type[BaseModel] | None, params: "MultiDict | None") -> BaseModel | None:
    """The query string as `model`. Raises InvalidContent: unknown, repeated, missing or unacceptable parameters."""
    sent = _sent(params) if params else {}
    if model is None:
        if not sent:
            return None
        unknown = list(sent)[:MOST_FAULTS]
        raise InvalidContent(*(Fault(pointer([name], "/query"), "unknown_parameter") for name in unknown))
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise InvalidContent(*faults_of(error, "/query")) from None


def _sent(params: "MultiDict") -> dict[str, Any]:
    """The parameters by name. Raises InvalidContent for a repeated one."""
    sent: dict[str, Any] = {}
    for name in params:
        values = params.getlist(name)
        if name.endswith("[]"):
            sent[name] = tuple(values)
        elif len(values) == 1:
            sent[name] = values[0]
        else:
            raise InvalidContent(Fault(pointer([name], "/query"), "repeated_parameter"))
    return sent


def body(endpoint: Endpoint, request: "Request") -> tuple[BaseModel | None, bytes]:
    """The body as the endpoint's model, and its canonical bytes. A repeated request must have the same bytes. An empty
    body is `{}`. Raises TooLarge, UnsupportedMediaType, Malformed, InvalidContent."""
    if endpoint.method == "GET":
        return None, b""
    if endpoint.form:
        return _form(endpoint, request)
    raw = _raw(request, endpoint.too_large)
    if raw:
        _check_media(request.headers.get("content-type"))
    text, canonical = _read(raw or b"{}")
    if endpoint.request_model is None:
        if unknown := list(json.loads(text)):
            raise InvalidContent(*(Fault(pointer([name]), "unknown_field") for name in unknown[:MOST_FAULTS]))
        return None, canonical
    try:
        # In JSON mode, arrays become tuples and strings become dates. The models convert nothing else.
        return endpoint.request_model.model_validate_json(text), canonical
    except ValidationError as error:
        raise InvalidContent(*faults_of(error)) from None


def _form(endpoint: Endpoint, request: "Request") -> tuple[BaseModel | None, bytes]:
    """The fields of a page's form, as the endpoint's model. Raises the same errors as `body`."""
    if (request.headers.get("content-type") or "").partition(";")[0].strip().lower() != FORM:
        raise UnsupportedMediaType
    try:
        text = _raw(request).decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise Malformed(Fault("", "not_utf8")) from None
    except ValueError:
        raise Malformed(Fault("", "too_many", {"max": MOST_FIELDS})) from None
    sent = dict(pairs)
    if len(sent) != len(pairs):
        raise Malformed(Fault("", "duplicate_name", {"name": Counter(n for n, _ in pairs).most_common(1)[0][0]}))
    canonical = json.dumps(sent, sort_keys=True).encode()
    try:
        return (endpoint.request_model.model_validate(sent) if endpoint.request_model else None), canonical
    except ValidationError as error:
        raise InvalidContent(*faults_of(error)) from None


def idempotency_key(header: str | None, *, required: bool) -> str | None:
    """The key, 1–255 printable ASCII characters. Raises IdempotencyKeyMissing, Malformed."""
    if header is None or not header.strip():
        if required:
            raise IdempotencyKeyMissing
        return None
    if not _KEY.fullmatch(header):
        raise Malformed(Fault("/header/Idempotency-Key", "bad_idempotency_key", {"max": 255}))
    return header


def if_match(header: str | None, *, required: bool) -> str:
    """The `If-Match` header, empty where there is none. Raises MatchRequired, Malformed."""
    if header:
        return etag.well_formed(header)
    if required:
        raise MatchRequired
    return ""


def _raw(request: "Request", too_large: type[TooLarge] = TooLarge) -> bytes:
    try:
        raw = request.raw_body
    except ValueError:  # Invalid base64, or text that UTF-8 cannot encode.
        raise Malformed(Fault("", "not_utf8")) from None
    if len(raw) > MOST_BYTES:
        raise too_large(limit="1 MB")
    return raw if isinstance(raw, bytes) else raw.encode()


@cache
def _acceptable(content_type: str) -> bool:
    media, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    return media == "application/json" and all(charset in ("utf-8", "utf8") for charset in charsets)


def _check_media(content_type: str | None) -> None:
    # A missing header means JSON, as it does at the gateway.
    if content_type and not (len(content_type) < 128 and _acceptable(content_type)):
        raise UnsupportedMediaType


class _Duplicate(ValueError):
    """A member's name that appears twice. Two parsers could read two different bodies."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Duplicate(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=Decimal)


def _check_values(raw: bytes) -> None:
    """Count the values by their commas and opening brackets, without decoding them. Raises Malformed above
    `MOST_VALUES`."""
    if _separators(raw) > MOST_VALUES and _separators(_STRING.sub(b"", raw)) > MOST_VALUES:
        raise Malformed(Fault("", "too_many", {"max": MOST_VALUES}))


def _separators(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _read(raw: bytes) -> tuple[str, bytes]:
    """The body's text and canonical form, after the check that it is one unambiguous JSON object."""
    _check_values(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Malformed(Fault("", "not_utf8")) from None
    try:
        value = _DECODER.decode(text)
    except _Duplicate as error:
        raise Malformed(Fault("", "duplicate_name", {"name": str(error)})) from None
    except RecursionError:
        raise Malformed(Fault("", "too_deep", {"max": DEEPEST})) from None
    except json.JSONDecodeError as error:
        raise Malformed(Fault("", "not_json", {"line": error.lineno, "column": error.colno})) from None
    except ValueError:
        raise Malformed(Fault("", "number_out_of_range")) from None
    if not isinstance(value, dict):
        raise Malformed(Fault("", "not_an_object"))
    if text.count("{") + text.count("[") > DEEPEST and _too_deep(value, DEEPEST):
        raise Malformed(Fault("", "too_deep", {"max": DEEPEST}))
    try:
        canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode()
    except UnicodeEncodeError:
        raise Malformed(Fault("", "lone_surrogate")) from None
    return text, canonical


def _too_deep(value: Any, left: int) -> bool:
    if left == 0:
        return True
    parts = value.values() if isinstance(value, dict) else value
    return any(_too_deep(part, left - 1) for part in parts if isinstance(part, (dict, list)))
