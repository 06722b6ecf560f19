"""The words of the readable pages of a person's archive (`words.toml`), and the frame of these pages."""

import tomllib
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files

from chalicelib.domain.language import Language
from chalicelib.policy import html
from chalicelib.policy.load import HERE

STYLE = """\
body{overflow-wrap:anywhere}
h3{font-size:1.1rem;margin:1.75rem 0 .25rem}
.row{border:1px solid var(--line);border-radius:.5rem;margin-block:1rem;padding:.25rem 1rem .75rem;break-inside:avoid}
.row h2{font-size:1.1rem;margin:.5rem 0}
dl{margin:0}
dl>div{display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding-block:.3rem;border-block-start:1px solid var(--line)}
dt{flex:0 1 16rem;color:var(--soft)}
dd{flex:1 1 14rem;margin:0}
dd dl>div:first-child{border-block-start:0}
dd ul{padding-inline-start:1.1rem;margin:0}
.until{font-weight:700}
.contents thead th:first-child,.contents thead th:nth-child(2){width:auto}
td a{display:inline-block;padding-block:.1rem}
@page{size:A4}
@media print{section[aria-labelledby="why"]{break-before:page}.processors,.contents{break-inside:avoid}}
"""
"""Styles that the policy's page lacks."""


@cache
def _words() -> Mapping[str, Mapping[Language, str]]:
    text = files("chalicelib.services.privacy.access").joinpath("words.toml").read_text("utf-8")
    found: Mapping[str, Mapping[Language, str]] = tomllib.loads(text)
    return found


@cache
def _style() -> str:
    return (HERE / "texts" / "page.css").read_text("utf-8") + STYLE


def word(name: str, language: Language, **values: str) -> str:
    """A text as HTML, with `{…}` filled. Values are isolated, so that a name does not reorder Arabic text."""
    found = escape(_words()[name][language])
    for key, value in values.items():
        found = found.replace("{" + key + "}", isolated(value))
    return found


def plain(name: str, language: Language) -> str:
    """A text that is no HTML."""
    return _words()[name][language]


def isolated(value: str) -> str:
    """A value as HTML whose direction is its own."""
    return f'<bdi dir="auto">{escape(value)}</bdi>'


def opening(title: str, language: Language) -> str:
    """The beginning of a page, to the body's start."""
    return html.opening(escape(title), language, _style())


CLOSING = "</main>\n</body>\n</html>\n"
"""The end of a page."""
