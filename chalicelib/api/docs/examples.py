"""The examples of bodies in the OpenAPI document, and what its references name."""

from collections.abc import Mapping
from typing import Any

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


def example(media: Mapping[str, Any], document: Document) -> Any:
    """The example that the document states for a body."""
    shown = next(iter(media["examples"].values()))
    return resolved(shown, document)["value"]
