"""The parts that every HTML page shares: its head, the links to its languages, and a table for narrow screens too."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Final

from chalicelib.domain.language import Language

LANGUAGE_NAMES: Final[Mapping[Language, str]] = {"fr": "Français", "ar": "العربية", "en": "English"}


def direction(language: Language) -> str:
    """`rtl` for Arabic, `ltr` otherwise."""
    return "rtl" if language == "ar" else "ltr"


def opening(title: str, language: Language, style: str, *, meta: str = "") -> str:
    """The beginning of a page, to the body's start. `title` and `meta` are HTML. No script and no external link."""
    return (
        f'<!doctype html>\n<html lang="{language}" dir="{direction(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{meta}'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )


def language_links(language: Language, address: Callable[[Language], str]) -> str:
    """The list of links to the page in each language. `address` gives the address as HTML."""
    links = ""
    for other, name in LANGUAGE_NAMES.items():
        mark = ' aria-current="page"' if other == language else ""
        links += f'<li><a href="{address(other)}" hreflang="{other}" lang="{other}"{mark}>{name}</a></li>'
    return f"<ul>{links}</ul>"


def table(name: str, caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of HTML cells; the first of each row is its heading. On a narrow screen each row becomes a block, whose
    cells repeat the heading of their column. `caption` is text, the rest is HTML."""
    head = "".join(f'<th scope="col">{label}</th>' for label in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f'<td data-label="{label}">{cell}</td>' for label, cell in zip(heads[1:], rest, strict=True))
        + "</tr>\n"
        for first, *rest in rows
    )
    above = f"<caption>{escape(caption)}</caption>\n" if caption else ""
    return f'<table class="{name}">\n{above}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n'
