"""The page of ids that clients choose: their form, which addresses take one, and what a repetition does."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from chalicelib.api.docs import examples
from chalicelib.api.docs.frame import address, framed
from chalicelib.api.docs.prose import code, items, prose, table, words
from chalicelib.domain.journal import IdempotencyRecord
from chalicelib.domain.language import Language
from chalicelib.domain.sync.tables import TABLES

_PREFIX: Final = re.compile(r"\^([a-z]{3})_")
_PARTS: Final = ("form", "choose", "repeat", "reuse", "offline")
_ANY: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Any instant: a month has no length without one."""


def chosen(document: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """The addresses whose body may name the id of the new object, by the prefix of its ids."""
    found: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _, body = examples.content(operation.get("requestBody", {}))
            member = examples.resolved(body["schema"], document).get("properties", {}).get("id") if body else None
            if member and (prefix := _prefix_of(member)):
                found.setdefault(prefix, []).append(f"{method.upper()} {path}")
    return dict(sorted(found.items()))


def _prefix_of(schema: Mapping[str, Any]) -> str | None:
    patterns = [kind.get("pattern", "") for kind in (schema, *schema.get("anyOf", ()))]
    return next((found[1] for pattern in patterns if (found := _PREFIX.match(pattern))), None)


def of_devices() -> Mapping[str, list[str]]:
    """The tables whose rows a device creates under its own ids, by the prefix of their ids."""
    found: dict[str, list[str]] = {}
    for each in TABLES:
        if each.writes != "nothing":
            for prefix in each.prefixes:
                found.setdefault(prefix, []).append(each.name)
    return found


def page(document: Mapping[str, Any], language: Language) -> str:
    """The page of ids that clients choose."""
    own, taken, synced = words(language), chosen(document), of_devices()
    said = own["ids"]
    rows = [
        (
            code(f"{prefix}_…"),
            escape(own["nouns"].get(prefix, prefix)),
            "<br>".join(code(each) for each in taken.get(prefix, ())) or "–",
            ", ".join(code(each) for each in synced.get(prefix, ())) or "–",
        )
        for prefix in sorted({*taken, *synced})
    ]
    parts = "".join(_part(part, language) for part in _PARTS)
    heads = (said["prefix"], said["object"], said["addresses"], said["tables"])
    problems = ", ".join(
        f'<a href="{address(f"problems/{each}", language, root="../")}">{code(each)}</a>'
        for each in ("bad_id", "already_exists", "idempotency_key_reused", "person_erased")
    )
    shown = f"{table(said['table'], heads, rows)}{parts}"
    main = f"<p>{prose(said['lead'])}</p>\n{shown}<p>{escape(said['codes'])} {problems}</p>\n"
    return framed(language, own["pages"]["ids"], main, root="../", here="ids")


def _part(part: str, language: Language) -> str:
    said = words(language)["ids"][part]
    lines = items(prose(_stated(line, language)) for line in said["lines"])
    return f'<h2 id="{part}">{escape(said["title"])}</h2>{lines}\n'


def _stated(text: str, language: Language) -> str:
    """A line with the term that it states."""
    from chalicelib.policy.ends import row_term
    from chalicelib.policy.wording import length

    return text.replace("{term}", length(row_term(IdempotencyRecord, _ANY), language)) if "{term}" in text else text
