"""Example bodies, made from the schemas of the OpenAPI document: from its examples where it has them, from its patterns
and bounds elsewhere."""

import re
from collections.abc import Mapping
from typing import Any, Final

_ULID: Final = "01JD0000000000000000000000"
_IDENTIFIER: Final = re.compile(r"\^\(?([a-z]{3})[a-z|]*\)?_")
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-11-20",
    "date-time": "2026-11-20T10:00:00Z",
    "email": "contact@atlas.example",
    "uri": "/files/…",
}
DEEPEST: Final = 8

Document = Mapping[str, Any]
Schema = Mapping[str, Any]


def resolved(schema: Schema, document: Document) -> Schema:
    """The schema, or the one that it refers to."""
    if "$ref" not in schema:
        return schema
    found: Any = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(found, document)


def content(holder: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The media type of a body or an answer and its description; nothing for an empty one."""
    return next(iter(holder.get("content", {}).items()), ("", {}))


def request_example(media: Mapping[str, Any], document: Document) -> Any:
    """A body that the operation accepts: what the document states, else the required members. A body without required
    members shows the first one that has an example, because an empty change shows nothing."""
    if (stated := _stated(media, document)) is not None:
        return stated
    schema = resolved(media["schema"], document)
    made = _example(schema, document, whole=False)
    return made if made or not isinstance(made, dict) else _one_member(schema, document)


def answer_example(media: Mapping[str, Any], document: Document) -> Any:
    """A body that the operation may answer, with all members."""
    stated = _stated(media, document)
    return stated if stated is not None else _example(media.get("schema", {}), document, whole=True)


def _stated(media: Mapping[str, Any], document: Document) -> Any:
    if "example" in media:
        return media["example"]
    given = next(iter(media.get("examples", {}).values()), None)
    return resolved(given, document).get("value") if given else None


def _one_member(schema: Schema, document: Document) -> dict[str, Any]:
    members = [(name, part) for name, part in schema.get("properties", {}).items() if name not in ("id", "metadata")]
    members.sort(key=lambda member: not _has_example(member[1], document))
    return {name: _example(part, document, whole=False) for name, part in members[:1]}


def _has_example(schema: Schema, document: Document) -> bool:
    known = resolved(schema, document)
    kinds = (known, *(resolved(kind, document) for kind in _kinds(known)))
    return any(kind.get("examples") or kind.get("enum") for kind in kinds)


def _kinds(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf") or schema.get("oneOf") or ())


def _example(schema: Schema, document: Document, *, whole: bool, depth: int = 0) -> Any:
    """An example of a schema. `whole` shows optional members too."""
    known = resolved(schema, document)
    for given in ("examples", "enum"):
        if known.get(given):
            return known[given][0]
    if "example" in known or "const" in known:
        return known.get("example", known.get("const"))
    if kinds := _kinds(known):
        return _example(kinds[0], document, whole=whole, depth=depth)
    if known.get("type") == "array":
        item = _example(known.get("items", {}), document, whole=whole, depth=depth + 1)
        return [] if item is None else [item]
    if known.get("type") == "object":
        return {} if depth > DEEPEST else _members(known, document, whole=whole, depth=depth)
    return _simple(known)


def _members(known: Schema, document: Document, *, whole: bool, depth: int) -> dict[str, Any]:
    needed = known.get("required", ())
    named = known.get("properties", {}).items()
    return {
        name: _example(part, document, whole=whole, depth=depth + 1) for name, part in named if whole or name in needed
    }


def _simple(known: Schema) -> Any:
    kind = known.get("type")
    if kind == "string":
        return _text(known)
    return {"integer": known.get("minimum", 1), "number": 1, "boolean": False}.get(str(kind))


def _text(known: Schema) -> str:
    pattern = known.get("pattern", "")
    if found := _IDENTIFIER.match(pattern):
        return f"{found[1]}_{_ULID}"
    if pattern.startswith(r"^\d{4}-\d{2}-\d{2}"):
        return _FORMATS["date"]
    return _FORMATS.get(known.get("format", ""), "…")
