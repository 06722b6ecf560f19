"""The OpenAPI 3.1 document, generated from the endpoints and their validating models. The result is deterministic."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import BaseModel

from chalicelib.api.endpoint import PUBLIC, SIGNED_IN, Endpoint
from chalicelib.api.openapi_bodies import complete
from chalicelib.api.openapi_components import ERASED, HEADERS, PARAMETERS, PROBLEM, REQUEST_ID, TAGS, TEXT
from chalicelib.api.openapi_schemas import SCHEMAS, schemas_of, worded
from chalicelib.api.openapi_words import described, find
from chalicelib.api.paging import ANY_ID
from chalicelib.api.parse import FORM
from chalicelib.api.problems import MEDIA, messages, refusals, status_of
from chalicelib.api.serve import verb
from chalicelib.api.versions import reading, tagged
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.errors import Refusal

_PREFIXES: Final = {
    **{each.path: each.prefix for each in document_types()},
    "customers": "cus",
    "suppliers": "sup",
    "items": "itm",
    "members": "mem",
    "api-keys": "key",
    "jobs": "job",
    "support": "thr",
    "backups": "bak",
}
_ULID: Final = "01KB8Y3A4B5C6D7E8F9G0H1J2K"
_PARAMETER = re.compile(r"\{(\w+)\}")


def document(endpoints: Iterable[Endpoint], *, version: str) -> dict[str, Any]:
    """The whole document, as JSON-ready values. Raises ValueError when two endpoints share a method and path."""
    known = sorted(endpoints, key=lambda endpoint: (endpoint.path, endpoint.method))
    references, schemas = schemas_of(known)
    paths: dict[str, Any] = {}
    for endpoint in known:
        operations = paths.setdefault(endpoint.path, {})
        if endpoint.method.lower() in operations:
            raise ValueError(f"two endpoints for {endpoint.method} {endpoint.path}")
        operations[endpoint.method.lower()] = _operation(endpoint, references)
    bodies = complete(paths, schemas)
    return {
        "openapi": "3.1.0",
        "info": _information(version),
        "servers": [{"url": "/"}],
        "tags": [
            {"name": tag, "description": TAGS.get(tag, f"The operations on {tag.lower()}.")}
            for tag in sorted({endpoint.tag for endpoint in known if endpoint.tag})
        ],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {**dict(sorted(schemas.items())), "Erased": ERASED, "Problem": worded("Problem", PROBLEM)},
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "examples": {**_examples(known), **bodies},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An OIDC access token, or an API key (`fp_live_…`, `fp_test_…`).",
                }
            },
        },
    }


def _information(version: str) -> dict[str, Any]:
    """The title, the conventions of values, and whom to ask."""
    return {
        "title": "My Facture Pro",
        "version": version,
        "description": "Invoices that comply with Moroccan law. Amounts are decimal strings in dirhams, days are "
        "`YYYY-MM-DD`, instants RFC 3339 in UTC.",
        "contact": {"name": "Support of My Facture Pro: `POST /v1/support`"},
        "license": {"name": "All rights reserved", "identifier": "LicenseRef-AllRightsReserved"},
    }


def _operation(endpoint: Endpoint, references: Mapping[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": verb(endpoint),
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, references),
    }
    if endpoint.tag:
        operation["tags"] = [endpoint.tag]
    if endpoint.scope == PUBLIC:
        operation |= {"security": [], "description": "No token is needed."}
    else:
        signed_in = endpoint.scope == SIGNED_IN
        operation["description"] = "A person's token, no key." if signed_in else f"Scope: `{endpoint.scope}`."
    if endpoint.request_model is not None:
        schema = references[endpoint.request_model, "validation"]
        media = FORM if endpoint.form else "application/json"
        required = any(
            member.is_required() for member in endpoint.request_model.model_fields.values()
        )  # no body means {}
        operation["requestBody"] = {"required": required, "content": {media: {"schema": schema}}}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = [_path_parameter(endpoint.path, name) for name in _PARAMETER.findall(endpoint.path)]
    if endpoint.query is not None:
        found += _query_parameters(endpoint.query)
    names = ["Accept-Language"]
    if endpoint.scope not in (PUBLIC, SIGNED_IN):
        names.append("Company")
    if endpoint.idempotent:
        names.append("Idempotency-Key")
    if endpoint.if_match:
        names.append("If-Match")
    elif reading(endpoint.method, endpoint.path) is not None:
        names.append("If-Match-Optional")
    if endpoint.method == "GET" and tagged(endpoint):
        names.append("If-None-Match")
    return found + [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _path_parameter(path: str, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,128}$"}
    noun = path.partition(f"/{{{name}}}")[0].rpartition("/")[2]
    prefix = _PREFIXES.get(noun)
    if name == "id":
        schema["pattern"] = f"^{ANY_ID.pattern.replace('[a-z]{3}', prefix) if prefix else ANY_ID.pattern}$"
    if shown := find("examples", ("path",), noun) or (f"{prefix}_{_ULID}" if prefix else None):
        schema["examples"] = [shown]
    said = find("sentences", ("path",), name)
    return {"name": name, "in": "path", "required": True, "schema": schema} | ({"description": said} if said else {})


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Each member of the model, its schema inlined: parameters do not share definitions."""
    schema = model.model_json_schema(by_alias=True)
    found = []
    for name, member in schema.get("properties", {}).items():
        shown = described(_without_null(member), (model.__name__, "query"), name)
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": shown}
        if said := shown.pop("description", None):
            parameter["description"] = said
        if shown.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        found.append(parameter)
    return found


def _without_null(member: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without null, which a query string cannot hold."""
    plain = {name: part for name, part in member.items() if name not in ("anyOf", "title", "default")}
    kinds = [kind for kind in member.get("anyOf", ()) if kind.get("type") != "null"]
    if member.get("default"):
        plain["default"] = member["default"]
    return {**plain, **kinds[0]} if len(kinds) == 1 else dict(member) if kinds else plain


def _responses(endpoint: Endpoint, references: Mapping[Any, Any]) -> dict[str, Any]:
    responses = {str(endpoint.status): _answer(endpoint, references)}
    if endpoint.method == "GET" and tagged(endpoint):
        responses["304"] = {"headers": REQUEST_ID}
    if endpoint.status == 303 and endpoint.response_model is not None:
        # The address of a file instead of a redirect, for clients that send `Accept: application/json`.
        schema = references[endpoint.response_model, "serialization"]
        responses["200"] = {"headers": REQUEST_ID, "content": {"application/json": {"schema": schema}}}
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in refusals(endpoint):
        by_status.setdefault(status_of(refusal), []).append(refusal)
    for status, kinds in sorted(by_status.items()):
        responses[str(status)] = _problem(status, kinds)
    for status in endpoint.also:
        answer = _answer(replace(endpoint, status=status), references)
        shared = responses.setdefault(str(status), answer)
        shared["content"] = {**answer["content"], **shared["content"]}
    return dict(sorted(responses.items()))


def _answer(endpoint: Endpoint, references: Mapping[Any, Any]) -> dict[str, Any]:
    named = ["Request-Id"]
    if tagged(endpoint) and endpoint.status in (200, 201):
        named.append("ETag")
    if endpoint.status in (201, 202, 303):
        named.append("Location")
    if endpoint.idempotent:
        named.append("Idempotency-Replayed")
    answer: dict[str, Any] = {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in named}}
    if endpoint.response_model is not None and endpoint.status not in (204, 303):
        schema = references[endpoint.response_model, "serialization"]
        repeated = {"oneOf": [schema, {"$ref": f"{SCHEMAS}Erased"}]}
        answer["content"] = {"application/json": {"schema": repeated if endpoint.idempotent else schema}}
    elif endpoint.status not in (204, 303):
        schema = {"type": "object"} if endpoint.media == "application/json" else TEXT
        answer["content"] = {endpoint.media: {"schema": schema}}
    if endpoint.page:
        answer["content"] |= {"text/html": {"schema": TEXT}}
    return answer


def _problem(status: int, kinds: list[type[Refusal]]) -> dict[str, Any]:
    words = messages("en")["refusals"]
    codes = sorted(kind.code for kind in kinds)
    headers = dict(REQUEST_ID)
    if status in (429, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    if status == 429:
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")}
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    return {
        "description": " ".join(f"`{code}`: {words[code]['title']}." for code in codes),
        "headers": headers,
        "content": {MEDIA: {"schema": {"$ref": f"{SCHEMAS}Problem"}, "examples": examples}},
    }


def _examples(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """One example of each problem. Every operation refers to it, because a copy for each makes the document large."""
    words = messages("en")["refusals"]
    kinds = {kind.code: kind for endpoint in endpoints for kind in refusals(endpoint)}
    return {
        code: {
            "summary": words[code]["title"],
            "description": words[code]["detail"].replace("{limit}", "1 MB"),
            "value": {
                "type": f"/problems/{code}",
                "title": words[code]["title"],
                "status": status_of(kind),
                "detail": words[code]["detail"].replace("{limit}", "1 MB"),
                "code": code,
                "request_id": "5a3c0c1e-6f0e-4b57-9b57-1f6f8d1f3b0a",
            },
        }
        for code, kind in sorted(kinds.items())
    }
