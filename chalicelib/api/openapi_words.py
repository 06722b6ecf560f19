"""The sentences and examples of the OpenAPI document: of members, parameters and bodies.

`words/sentences.toml` and `words/examples.toml` hold them by schema and member; `every` holds what a member means in
all schemas. A title may name several schemas. A sentence or an example of the model itself comes first. The files are
read when the document is made, so that no model takes longer to import.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

EVERY: Final = "every"
"""The words of a member that means the same in every schema."""
WHOLE: Final = "whole"
"""The example of a complete schema, where its members do not make one."""
LEFT_OUT: Final = "left_out"
"""The members that the example of a body leaves out, because another member excludes them."""
_FORMATS: Final = {"date-time": "2026-11-23T10:00:00Z", "date": "2026-11-23"}


@cache
def words(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The `sentences` or the `examples`, by schema and member. What a title of fewer schemas says comes first."""
    import tomllib

    text = files("chalicelib.api").joinpath(f"words/{name}.toml").read_text("utf-8")
    found: dict[str, dict[str, Any]] = {}
    for title, said in sorted(tomllib.loads(text).items(), key=lambda entry: -len(entry[0].split())):
        for schema in title.split():
            found.setdefault(schema, {}).update(said)
    return found


def find(name: str, places: tuple[str, ...], member: str) -> Any:
    """The sentence or the example of a member in the first of `places` that has one, or None."""
    return next((known[member] for place in places if member in (known := words(name).get(place, {}))), None)


def described(part: Mapping[str, Any], places: tuple[str, ...], member: str) -> dict[str, Any]:
    """The schema of a member with its sentence and its example. An optional member has those of its value."""
    values = [kind for kind in part.get("anyOf", ()) if kind.get("type") != "null"]
    inner = values[0] if len(values) == 1 else {}
    found = dict(part)
    if inner.keys() & {"description", "examples"}:
        plain = {name: value for name, value in inner.items() if name not in ("description", "examples")}
        found["anyOf"] = [plain if kind is inner else kind for kind in part["anyOf"]]
    said = part.get("description") or inner.get("description") or find("sentences", places, member)
    shown = part.get("examples") or inner.get("examples")
    if part.get("examples") is None and (own := find("examples", _plain_places(part, places), member)) is not None:
        shown = [own]
    if shown is None and ((value := _evident(inner or part)) is not None or part.get("type") == "null"):
        shown = [value]
    return found | ({"description": said} if said else {}) | ({"examples": shown} if shown else {})


def _plain_places(part: Mapping[str, Any], places: tuple[str, ...]) -> tuple[str, ...]:
    """The places of a member's example. The members of another schema make its example, if none is stated for this
    one."""
    kinds = (part, part.get("items", {}), *part.get("anyOf", ()))
    return tuple(place for place in places if place != EVERY) if any("$ref" in kind for kind in kinds) else places


def _evident(schema: Mapping[str, Any]) -> Any:
    """The example that a schema implies: its constant, its first code, a common instant or day; or None."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "boolean":
        return False
    if schema.get("type") == "array":
        items = schema.get("items", {})
        value = items["examples"][0] if items.get("examples") else _evident(items)
        return None if value is None else [value]
    return _FORMATS.get(schema.get("format", ""))


def body(schema: Mapping[str, Any], schemas: Mapping[str, Any], noun: str = "") -> Any:
    """The example of a body, made of the examples of its members."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        noun = schema["$ref"].rpartition("/")[2]
        return body(schemas[noun], schemas, noun)
    if (whole := find("examples", (WHOLE,), noun)) is not None:
        return whole
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return body(schema[several][0], schemas)
    if schema.get("type") == "array":
        return [body(schema["items"], schemas)]
    without = find("examples", (LEFT_OUT,), noun) or ()
    required = schema.get("required", ())
    return {
        name: body(part, schemas) if name not in without else [] if part.get("type") == "array" else None
        for name, part in schema.get("properties", {}).items()
        if name in required or not (part.get("deprecated") or name in without)
    }
