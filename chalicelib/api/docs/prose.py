"""The words of the pages, and text as HTML."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

from chalicelib.domain.language import Language
from chalicelib.policy import html

_FOLDER: Final = "chalicelib.api.docs"


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(_FOLDER).joinpath(name).read_text("utf-8"))


def words(language: Language) -> Mapping[str, Any]:
    """The pages' own words in one language."""
    found: Mapping[str, Any] = _table(f"words_{language}.toml")
    return found


def sentence(english: str, language: Language) -> tuple[str, Language]:
    """An operation's sentence and its language. The English sentence is the key, so that a changed one has no outdated
    translation: it is shown in English until somebody translates it."""
    found = words(language)["operations"].get(english) if language != "en" else None
    return (found, language) if found else (english, "en")


@cache
def style() -> str:
    """The style sheet of every page."""
    return files(_FOLDER).joinpath("style.css").read_text("utf-8")


def code(text: str) -> str:
    """Code, from left to right in every language."""
    return f'<code dir="ltr">{escape(text)}</code>'


def prose(text: str) -> str:
    """Escaped text; text between backticks becomes code."""
    parts = text.split("`")
    return "".join(code(part) if index % 2 else escape(part) for index, part in enumerate(parts))


def preformatted(value: Any) -> str:
    """A JSON value. It wraps, so that a narrow screen needs no scrolling to the side."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return f'<pre dir="ltr" translate="no">{escape(text)}</pre>'


def marked(text: str, own: Language, language: Language) -> str:
    """A sentence within a page. One in another language than the page says so, for its direction and its voice."""
    return prose(text) if own == language else f'<span lang="{own}" dir="ltr">{prose(text)}</span>'


def english(text: str, language: Language) -> str:
    """A sentence of the OpenAPI document, which is English."""
    return marked(text, "en", language)


def items(parts: Iterable[str], kind: str = "ul", attributes: str = "") -> str:
    """A list of HTML parts."""
    return f"<{kind}{attributes}>{''.join(f'<li>{part}</li>' for part in parts)}</{kind}>"


def table(title: str, heads: Iterable[str], rows: Iterable[Sequence[str]], *, name: str = "") -> str:
    """A table of HTML cells. The heads are text."""
    return html.table(name, title, [escape(head) for head in heads], rows)
