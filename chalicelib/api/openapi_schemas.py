"""The schemas of models in the form that code generators read: an optional member is optional and has no default, no
schema repeats its name as a title, and references lead to nouns."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from chalicelib.api.endpoint import Endpoint
from chalicelib.api.openapi_names import nouns
from chalicelib.api.openapi_words import EVERY, described, find

SCHEMAS: Final = "#/components/schemas/"
_NAMED: Final = ("properties", "patternProperties", "$defs")
"""Keywords whose values are schemas by name."""
_VALUES: Final = ("examples", "enum", "const", "required")
"""Keywords whose values are data, no schemas."""


def schemas_of(endpoints: Iterable[Endpoint]) -> tuple[Mapping[Any, Any], dict[str, Any]]:
    """A reference for each model in its mode, and the schemas that they point to by name."""
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for endpoint in endpoints:
        if endpoint.request_model is not None:
            models[endpoint.request_model, "validation"] = None
        if endpoint.response_model is not None:
            models[endpoint.response_model, "serialization"] = None
    references, definitions = models_json_schema(list(models), by_alias=True, ref_template=f"{SCHEMAS}{{model}}")
    found = definitions.get("$defs", {})
    names = nouns(found)
    schemas = {names[model]: plain(worded(names[model], schema), names) for model, schema in found.items()}
    return {key: plain(reference, names) for key, reference in references.items()}, schemas


def worded(noun: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with the sentences and the examples of its members, and of the members of a list's entries."""
    members = {
        name: described(_entries(f"{noun}.{name}", part), (noun, EVERY), name)
        for name, part in schema.get("properties", {}).items()
    }
    said = schema.get("description") or find("sentences", (noun, EVERY), "list")
    return {**schema, "description": said} | ({"properties": members} if members else {})


def _entries(place: str, part: Mapping[str, Any]) -> Mapping[str, Any]:
    items = part.get("items", {})
    return {**part, "items": worded(place, items)} if "properties" in items else part


def plain(schema: Any, names: Mapping[str, str]) -> Any:
    """A schema without titles and defaults, whose references use `names`. A default that is a value is said in words,
    because a generator takes a member with a default for a required one."""
    if isinstance(schema, list):
        return [plain(part, names) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("title", "default"):
            continue
        if key == "$ref":
            found[key] = SCHEMAS + names[value.removeprefix(SCHEMAS)]
        elif key in _NAMED:
            found[key] = {name: plain(part, names) for name, part in value.items()}
        else:
            found[key] = value if key in _VALUES else plain(value, names)
    if "const" not in schema and (said := _without_it(schema.get("default"))):
        found["description"] = " ".join(filter(None, (schema.get("description", ""), said)))
    return found


def _without_it(default: Any) -> str:
    if default in (None, "", [], {}, ()):
        return ""
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    return f"Without it: `{shown}`."
