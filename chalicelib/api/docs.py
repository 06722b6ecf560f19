"""The API's documentation page: the OpenAPI document as one self-contained HTML page, without scripts."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final

from chalicelib.api.problems import messages

_METHODS: Final = ("get", "post", "patch", "put", "delete")


def page(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document that `openapi.document` made."""
    info = document["info"]
    style = files("chalicelib.api").joinpath("docs.css").read_text("utf-8")
    operations = [
        (path, method, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, method, operation in operations:
        groups.setdefault((operation.get("tags") or ["Service"])[0], []).append((path, method, operation))
    groups = dict(sorted(groups.items()))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(info['title'])} — API</title><style>{style}</style></head><body>"
        '<a class="skip" href="#content">Skip to the content</a>'
        f'{_navigation(groups)}<main id="content"><h1>{escape(info["title"])} — API</h1>'
        f"<p>{_prose(info['description'])}</p>{_manners(info['version'])}"
        f"{''.join(_group(tag, found, document) for tag, found in groups.items())}"
        f"{_schemas(document)}{_codes()}</main></body></html>\n"
    )


def _prose(text: str) -> str:
    """Escaped text; text between backticks becomes code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _manners(version: str) -> str:
    said = (
        "Send `Authorization: Bearer …` with an access token or an API key.",
        "Send an `Idempotency-Key` with every POST and PATCH that writes: a repeated request gets the first answer.",
        "When you change or delete, send the `ETag` that you read as `If-Match`. Every verb of a resource obeys it.",
        "Errors are `application/problem+json` with a stable `code`; `Accept-Language` chooses fr, ar or en.",
        "Every answer carries a `Request-Id`.",
    )
    items = "".join(f"<li>{_prose(line)}</li>" for line in said)
    return f'<ul>{items}</ul><p class="soft">Version {escape(version)} · <a href="openapi.json">openapi.json</a></p>'


def _navigation(groups: Mapping[str, Iterable[tuple[str, str, Mapping[str, Any]]]]) -> str:
    parts = []
    for tag, found in groups.items():
        links = "".join(
            f'<li><a href="#{escape(operation["operationId"])}">{method.upper()} {escape(path)}</a></li>'
            for path, method, operation in found
        )
        parts.append(f"<h2>{escape(tag)}</h2><ul>{links}</ul>")
    more = '<h2>Reference</h2><ul><li><a href="#schemas">Schemas</a></li><li><a href="#problems">Problems</a></li></ul>'
    return f'<nav aria-label="Operations">{"".join(parts)}{more}</nav>'


def _group(tag: str, found: Iterable[tuple[str, str, Mapping[str, Any]]], document: Mapping[str, Any]) -> str:
    return f"<section><h2>{escape(tag)}</h2>{''.join(_operation(*one, document) for one in found)}</section>"


def _operation(path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    name = escape(operation["operationId"])
    body = _content(operation.get("requestBody", {}))
    heading = f'<span class="verb">{method.upper()}</span> <code>{escape(path)}</code>'
    scope = _prose(operation.get("description", "No token needed."))
    parts = [f'<article aria-labelledby="{name}"><h3 id="{name}">{heading}</h3>']
    parts.append(f'<p>{escape(operation["summary"])}. <span class="soft">{scope}</span></p>')
    parts.append(_parameters(operation["parameters"], document))
    if body:
        sample = json.dumps(_example(body, document), ensure_ascii=False, indent=2)
        parts.append(f"<h4>Body: {_kind(body)}</h4><pre>{escape(sample)}</pre>")
    rows = "".join(
        f"<tr><td><code>{status}</code></td><td>{_prose(answer['description'])}"
        f"{' ' + _kind(_content(answer)) if status < '3' and _content(answer) else ''}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    return f"{''.join(parts)}{_table('Answers', ('Status', 'Meaning'), rows)}</article>"


def _content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    media: Mapping[str, Any] = next(iter(holder.get("content", {}).values()), {})
    schema: Mapping[str, Any] = media.get("schema", {})
    return schema


def _aside(described: Mapping[str, Any]) -> str:
    return f"<br>{_prose(described['description'])}" if described.get("description") else ""


def _table(title: str, heads: Iterable[str], rows: str) -> str:
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return f"<h4>{title}</h4><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def _parameters(parameters: Iterable[Mapping[str, Any]], document: Mapping[str, Any]) -> str:
    rows = ""
    for given in parameters:
        one = _resolved(given, document)
        needed = "required" if one["required"] else ""
        rows += (
            f"<tr><td><code>{escape(one['name'])}</code><br><span class='soft'>{one['in']} {needed}</span></td>"
            f"<td>{_kind(one['schema'])}{_aside(one)}</td></tr>"
        )
    return _table("Parameters", ("Name", "Value"), rows)


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Any = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found  # type: ignore[no-any-return]


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, with links to named schemas."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_kind(part) for part in schema[several])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        shown = schema["enum"][:12]
        more = " …" if len(schema["enum"]) > len(shown) else ""
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in shown) + more
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}{_bounds(schema)}"
    return f"{escape(str(schema.get('format') or schema.get('type') or 'any'))}{_bounds(schema)}"


def _bounds(schema: Mapping[str, Any]) -> str:
    named = {
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minimum": "from {}",
        "maximum": "to {}",
        "minItems": "at least {}",
        "maxItems": "at most {}",
        "default": "default {}",
    }
    said = [words.format(escape(str(schema[name]))) for name, words in named.items() if name in schema]
    if schema.get("examples"):
        said.append(f"such as <code>{escape(str(schema['examples'][0]))}</code>")
    return f' <span class="soft">({", ".join(said)})</span>' if said else ""


def _schemas(document: Mapping[str, Any]) -> str:
    parts = []
    for name, schema in document["components"]["schemas"].items():
        rows = "".join(
            f"<tr><td><code>{escape(member)}</code>"
            f"{'<br><span class=soft>required</span>' if member in schema.get('required', ()) else ''}</td>"
            f"<td>{_kind(part)}{_aside(part)}</td></tr>"
            for member, part in schema.get("properties", {}).items()
        )
        said = _prose(schema.get("description", ""))
        parts.append(f'<h3 id="schema-{escape(name)}">{escape(name)}</h3><p>{said}</p>')
        parts.append(_table("Members", ("Name", "Value"), rows) if rows else "")
    return f'<section id="schemas"><h2>Schemas</h2>{"".join(parts)}</section>'


def _codes() -> str:
    words = messages("en")
    refusals = "".join(
        f"<tr><td><code>{escape(code)}</code></td><td>{escape(said['title'])}. {_filled(said['detail'])}</td></tr>"
        for code, said in sorted(words["refusals"].items())
    )
    faults = "".join(
        f"<tr><td><code>{escape(code)}</code></td><td>{_filled(said)}</td></tr>"
        for code, said in sorted(words["faults"].items())
    )
    return (
        '<section id="problems"><h2>Problems</h2>'
        f"{_table('Codes of problems', ('Code', 'Meaning'), refusals)}"
        f"{_table('Codes of single errors', ('Code', 'Meaning'), faults)}</section>"
    )


def _filled(template: str) -> str:
    return escape(template.replace("{{", "{").replace("}}", "}"))


def _example(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """A small example of a schema, from the examples of its required members."""
    known = _resolved(schema, document)
    for given in ("examples", "enum"):
        if known.get(given):
            return known[given][0]
    if "const" in known:
        return known["const"]
    if kinds := known.get("anyOf") or known.get("oneOf"):
        return _example(kinds[0], document)
    if known.get("type") == "array":
        return [_example(known["items"], document)] if known.get("items") else []
    if known.get("type") == "object":
        required = known.get("required", ())
        return {
            name: _example(part, document) for name, part in known.get("properties", {}).items() if name in required
        }
    return {"integer": known.get("minimum", 1), "boolean": False, "string": "…"}.get(str(known.get("type")))
