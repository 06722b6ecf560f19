"""The parts that every operation of the OpenAPI document shares: headers, parameters, and the schemas of a problem and
of a redacted answer."""

from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.domain.journal import IdempotencyRecord
from chalicelib.policy.ends import row_term
from chalicelib.policy.wording import length

TEXT: Final = {"type": "string"}
_TAGS: Final = r'^(\*|(W/)?"[!#-~]{0,128}"(\s*,\s*(W/)?"[!#-~]{0,128}"){0,19})$'
_REQUEST: Final = "5a3c0c1e-6f0e-4b57-9b57-1f6f8d1f3b0a"
_ETAG: Final = '"4f0c2a9d1b7e4c1e9a523f6f1f0a7c11"'
_EXAMPLE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Any instant: a month has no length without one."""
REQUEST_ID: Final = {"Request-Id": {"$ref": "#/components/headers/Request-Id"}}


def _shown(example: str) -> dict[str, Any]:
    """The schema of a text with its example."""
    return {**TEXT, "examples": [example]}


TAGS: Final = {
    "API keys": "Keys for programs. A key acts for one company and has scopes.",
    "Archived invoices": "Invoices from before the company used this service, outside the register.",
    "Attachments": "Files of documents, parties and messages.",
    "Backups": "Backups of a company: their making, verification, download and restore.",
    "Company": "The company of the caller: its profile, its settings and its numbering.",
    "Exports": "Files with a company's data, for accountants and other programs.",
    "Imports": "Files that become customers, suppliers, items or archived invoices.",
    "Items": "Goods and services that lines of documents name.",
    "Jobs": "Work that continues after the answer.",
    "Members": "The persons who act for the company, and their roles.",
    "Payments": "Money that was received, credit that is not applied, and refunds.",
    "Privacy": "The privacy policy, and the requests of the persons whose data are held.",
    "Register": "Every number that was given, and the proof that none was changed.",
    "Service": "The service itself: its health and its documentation.",
    "Support": "Requests for help and their messages.",
    "Synchronisation": "The changes since a clock, for devices that work offline.",
}
"""A sentence about each group of operations. A kind of document has none: its name says it."""

HEADERS: Final[dict[str, Any]] = {
    "Request-Id": {
        "description": "The id of this request in the logs; quote it to report a problem.",
        "schema": _shown(_REQUEST),
    },
    "ETag": {"description": "The version of the body, for If-Match and If-None-Match.", "schema": _shown(_ETAG)},
    "Location": {
        "description": "The address of the new resource, of the job or of the file.",
        "schema": _shown("/v1/invoices/inv_01KB8Y3A4B5C6D7E8F9G0H1J2K"),
    },
    "Idempotency-Replayed": {
        "description": "`true` when this repeats the first answer to the same Idempotency-Key. Data of a person who "
        "was erased since is omitted: `Erased` replaces the body, or the part of it that was theirs.",
        "schema": _shown("true"),
    },
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {"type": "integer", "examples": [60]},
    },
    "RateLimit": {
        "description": "The exhausted quota, what is left of it (r), and the seconds until it is renewed (t).",
        "schema": _shown('"sign-ups-by-person";r=0;t=3600'),
    },
    "RateLimit-Policy": {
        "description": "The exhausted quota: its number (q) and its window in seconds (w).",
        "schema": _shown('"sign-ups-by-person";q=20;w=86400'),
    },
}


def _header(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {**TEXT, **schema},
    }


PARAMETERS: Final[dict[str, Any]] = {
    "Accept-Language": _header("Accept-Language", "The language of problems: fr, ar, en (default).", examples=["fr"]),
    "Company": _header(
        "Company",
        "The company's id. Required if a person belongs to several companies; a key belongs to one. A job is found "
        "without it.",
        pattern="^cmp_[0-7][0-9A-HJKMNP-TV-Z]{25}$",
        examples=["cmp_01KB8Y3A4B5C6D7E8F9G0H1J2K"],
    ),
    "Idempotency-Key": _header(
        "Idempotency-Key",
        "The key of this request. A repeated request with the same key and body within "
        f"{length(row_term(IdempotencyRecord, _EXAMPLE), 'en')} gets the first answer.",
        required=True,
        minLength=1,
        maxLength=255,
        pattern="^[ -~]*[!-~][ -~]*$",
        examples=["6f1c2a5e-0d1b-4c1e-9a52-3f6f1f0a7c11"],
    ),
    "If-Match": _header(
        "If-Match",
        "The ETag of the version that you have read.",
        required=True,
        examples=[_ETAG],
        pattern=_TAGS,
    ),
    "If-Match-Optional": _header(
        "If-Match",
        "The ETag of the version that you have read. The answer is 412 if the resource has changed since. An empty "
        "value is as none.",
        examples=[_ETAG],
        pattern=rf"^$|{_TAGS}",
    ),
    "If-None-Match": _header(
        "If-None-Match", "The ETag that you have: the answer is 304 if nothing changed.", examples=[_ETAG]
    ),
}

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `title` and `detail` follow Accept-Language. A refused request "
    "changes nothing. A pointer starts at the body's root; faults elsewhere are below `/query` or `/header`.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": TEXT,
        "request_id": TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {"pointer": TEXT, "code": TEXT, "detail": TEXT},
            },
        },
        "current_etag": TEXT,
        "current_version": {"type": "integer"},
        "drafts": {"type": "integer"},
        "debts": {"type": "integer"},
        "limit": TEXT,
    },
}


ERASED: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Only with `Idempotency-Replayed`: the operation was done once and is not repeated. A person "
    "in the first answer was erased since, so the body is omitted. Status and `Location` are the first answer's.",
    "required": ["erased"],
    "properties": {"erased": {"type": "boolean", "const": True, "description": "Always true.", "examples": [True]}},
    "additionalProperties": False,
}
