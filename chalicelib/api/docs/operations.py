"""One operation of the reference: a closed block that opens without scripts."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from chalicelib.api.docs import examples
from chalicelib.api.docs.endpoints import scopes
from chalicelib.api.docs.frame import address
from chalicelib.api.docs.prose import code, english, marked, preformatted, prose, sentence, table, words
from chalicelib.api.docs.schemas import described, kind
from chalicelib.api.endpoint import PUBLIC, SIGNED_IN
from chalicelib.api.problems import MEDIA
from chalicelib.domain.language import Language

_SHARED: Final = "#/components/parameters/"
Operation = Mapping[str, Any]


def article(path: str, method: str, operation: Operation, document: Mapping[str, Any], language: Language) -> str:
    """The block of an operation. The id is inside of it, so that a link to it opens it."""
    name = operation["operationId"]
    said, own = sentence(operation["summary"], language)
    parts = (
        f"<p>{_access(name, language)}</p>",
        _parameters(operation["parameters"], document, language),
        _body(operation, document, language),
        _answer(operation, document, language),
        _problems(operation, language),
    )
    return (
        f'<details class="operation"><summary><h3><span class="verb {method}">{method.upper()}</span> '
        f'{code(path)}</h3><span class="sentence">{marked(said, own, language)}</span></summary>\n'
        f'<div id="{escape(name)}">{"".join(parts)}</div></details>\n'
    )


def _access(name: str, language: Language) -> str:
    own, scope = words(language)["access"], scopes()[name]
    if scope in (PUBLIC, SIGNED_IN):
        return escape(own[scope.lower()])
    link = address("roles", language, root="", fragment=f"scope-{scope}")
    return f'{escape(own["scope"])} <a href="{link}">{code(scope)}</a>'


def _parameters(parameters: list[Mapping[str, Any]], document: Mapping[str, Any], language: Language) -> str:
    """The operation's own parameters as a table. The headers that many operations share are named only."""
    own = words(language)["reference"]
    rows, shared = [], []
    for given in parameters:
        one = examples.resolved(given, document)
        if given.get("$ref", "").startswith(_SHARED):
            star = "*" if one["required"] else ""
            shared.append(f'<a href="#headers">{code(one["name"])}</a>{star}')
            continue
        needed = words(language)["schemas"]["required"] if one["required"] else ""
        place = f'<br><span class="soft">{code(one["in"])} {escape(needed)}</span>'
        rows.append((code(one["name"]) + place, kind(one["schema"], language, "") + described(one, language)))
    shown = table("", (own["parameter"], words(language)["schemas"]["value"]), rows) if rows else ""
    heading = f"<h4>{escape(own['parameters'])}</h4>" if rows else ""
    return f"{heading}{shown}<p>{escape(own['headers_sent'])} {', '.join(shared)}</p>" if shared else heading + shown


def _body(operation: Operation, document: Mapping[str, Any], language: Language) -> str:
    media, described_body = examples.content(operation.get("requestBody", {}))
    if not media:
        return ""
    own = words(language)["reference"]
    value = examples.example(described_body, document)
    said = operation["requestBody"].get("description")
    shown = kind(described_body["schema"], language, "")
    form = "" if media == "application/json" else f" {code(media)}"
    return (
        f"<h4>{escape(own['body'])}: {shown}{form}</h4>"
        f"{f'<p>{english(said, language)}</p>' if said else ''}{preformatted(value)}"
    )


def _answer(operation: Operation, document: Mapping[str, Any], language: Language) -> str:
    """The answers of success, each with an example body."""
    own, parts = words(language)["reference"], []
    for status, answer in operation["responses"].items():
        if status >= "4":
            continue
        media, described_body = examples.content(answer)
        parts.append(f"<h4>{escape(own['answer'])} {code(status)}{_of(described_body, language)}</h4>")
        if media == "application/json":
            parts.append(preformatted(examples.example(described_body, document)))
        elif media:
            parts.append(f"<p>{code(media)}</p>")
    return "".join(parts)


def _of(described_body: Mapping[str, Any], language: Language) -> str:
    schema = described_body.get("schema", {})
    return f": {kind(schema, language, '')}" if "$ref" in schema or "oneOf" in schema else ""


def problem_codes(operation: Operation) -> dict[str, list[str]]:
    """The codes of the problems that an operation may answer, by status."""
    return {
        status: sorted(answer.get("content", {}).get(MEDIA, {}).get("examples", {}))
        for status, answer in operation["responses"].items()
        if status >= "4"
    }


def _problems(operation: Operation, language: Language) -> str:
    own = words(language)["reference"]
    rows = "".join(
        f"<li>{code(status)} "
        + ", ".join(f'<a href="{address(f"problems/{each}", language, root="")}">{code(each)}</a>' for each in codes)
        + "</li>"
        for status, codes in problem_codes(operation).items()
        if codes
    )
    return f'<h4>{escape(own["problems"])}</h4><ul class="codes">{rows}</ul>' if rows else ""


def headers(document: Mapping[str, Any], language: Language) -> str:
    """The table of the headers that many operations share."""
    own, rows = words(language), []
    for name, one in document["components"]["parameters"].items():
        if name == "If-Match-Optional":
            continue
        rows.append((code(one["name"]), prose(own["headers"][one["name"]])))
    return table("", (own["reference"]["header"], own["reference"]["meaning"]), rows)
