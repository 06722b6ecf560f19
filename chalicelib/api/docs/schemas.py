"""Schemas in a few words, and the page of all named schemas."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from chalicelib.api.docs.frame import address, framed
from chalicelib.api.docs.prose import code, english, table, words
from chalicelib.domain.language import Language

_BOUNDS: Final = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default")
_MOST_VALUES: Final = 12


def kind(schema: Mapping[str, Any], language: Language, root: str) -> str:
    """A schema in a few words, with links to named schemas."""
    own = words(language)["schemas"]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        link = address("schemas", language, root=root, fragment=f"schema-{name}")
        return f'<a href="{link}"><bdi>{escape(name)}</bdi></a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return f" {escape(own['or'])} ".join(kind(part, language, root) for part in schema[several])
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        shown = schema["enum"][:_MOST_VALUES]
        more = " …" if len(schema["enum"]) > len(shown) else ""
        return ", ".join(code(str(value)) for value in shown) + more
    if schema.get("type") == "array":
        items = kind(schema.get("items", {}), language, root)
        return f"{escape(own['list'])} {items}{_bounds(schema, language)}"
    return f"{code(str(schema.get('format') or schema.get('type') or 'any'))}{_bounds(schema, language)}"


def _bounds(schema: Mapping[str, Any], language: Language) -> str:
    own = words(language)["bounds"]
    said = [own[name].replace("{}", escape(str(schema[name]))) for name in _BOUNDS if name in schema]
    if schema.get("examples"):
        said.append(f"{own['example']} {code(str(schema['examples'][0]))}")
    return f' <span class="soft">({", ".join(said)})</span>' if said else ""


def members(schema: Mapping[str, Any], language: Language, root: str) -> str:
    """The members of an object as a table; nothing for a schema without members."""
    own = words(language)["schemas"]
    needed = schema.get("required", ())
    rows = [
        (
            f"{code(name)}{_needed(name in needed, language)}",
            f"{kind(part, language, root)}{described(part, language)}",
        )
        for name, part in schema.get("properties", {}).items()
    ]
    return table("", (own["member"], own["value"]), rows, name="members") if rows else ""


def _needed(needed: bool, language: Language) -> str:
    said = words(language)["schemas"]["required"]
    return f'<br><span class="soft">{escape(said)}</span>' if needed else ""


def described(part: Mapping[str, Any], language: Language) -> str:
    """The sentence of a member or a parameter, on a line of its own."""
    return f"<br>{english(part['description'], language)}" if part.get("description") else ""


def page(document: Mapping[str, Any], language: Language) -> str:
    """The page of all named schemas."""
    own, parts = words(language), []
    named = document["components"]["schemas"]
    for name, schema in named.items():
        said = f"<p>{english(schema['description'], language)}</p>" if schema.get("description") else ""
        parts.append(
            f'<section class="schema"><h2 id="schema-{escape(name)}"><bdi>{escape(name)}</bdi></h2>{said}'
            f"{members(schema, language, '../')}</section>\n"
        )
    index = "".join(f'<li><a href="#schema-{escape(name)}"><bdi>{escape(name)}</bdi></a></li>' for name in named)
    main = (
        f"<p>{escape(own['schemas']['lead'])}</p>\n"
        f'<details class="index"><summary>{escape(own["schemas"]["index"])}</summary><ul>{index}</ul></details>\n'
    )
    return framed(language, own["pages"]["schemas"], main + "".join(parts), root="../", here="schemas")
