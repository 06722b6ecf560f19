"""The frame of every page: its head, its languages, and the links between the pages."""

from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import urlencode

from chalicelib.api.docs.prose import style, words
from chalicelib.domain.language import Language
from chalicelib.policy.html import language_links, opening

PRODUCT: Final = "My Facture Pro"
PAGES: Final[Mapping[str, str]] = {
    "reference": "docs",
    "roles": "docs/roles",
    "ids": "docs/ids",
    "schemas": "docs/schemas",
    "problems": "problems",
}
"""The addresses of the pages, relative to the service's."""


def address(page: str, language: Language, *, root: str, fragment: str = "", **query: str) -> str:
    """A link to a page, relative to the page that shows it: the service may stand under any address."""
    asked = urlencode({"lang": language, **query})
    return escape(f"{root}{PAGES.get(page, page)}?{asked}{'#' if fragment else ''}{fragment}")


def framed(
    language: Language, title: str, main: str, *, root: str, here: str = "", query: Mapping[str, str] | None = None
) -> str:
    """The complete page. `root` leads from its address to the service's; `here` is the page's name in `PAGES`; `query`
    stays when the language changes."""
    own = words(language)
    return (
        f"{opening(f'{escape(title)} – {PRODUCT}', language, style())}"
        f'<a class="skip" href="#text">{escape(own["frame"]["skip"])}</a>\n<header>'
        f"{_languages(language, query or {})}"
        f'<p class="product"><a href="{root or "./"}?lang={language}"><bdi>{PRODUCT}</bdi></a></p>'
        f"<h1>{escape(title)}</h1>{_pages(language, root, here)}</header>\n"
        f'<main id="text">\n{main}</main>\n<footer>{_ends(language, root)}</footer>\n</body>\n</html>\n'
    )


def _languages(language: Language, query: Mapping[str, str]) -> str:
    links = language_links(language, lambda other: f"?{escape(urlencode({**query, 'lang': other}))}")
    return f'<nav class="languages" aria-label="{escape(words(language)["frame"]["languages"])}">{links}</nav>'


def _pages(language: Language, root: str, here: str) -> str:
    own = words(language)
    links = "".join(
        f'<li><a href="{address(page, language, root=root)}"{_current(page == here)}>'
        f"{escape(own['pages'][page])}</a></li>"
        for page in PAGES
    )
    return (
        f'<nav class="pages" aria-label="{escape(own["frame"]["pages"])}"><ul>{links}'
        f'<li><a href="{root}openapi.json"><bdi>openapi.json</bdi></a></li></ul></nav>'
    )


def _current(here: bool) -> str:
    return ' aria-current="page"' if here else ""


def _ends(language: Language, root: str) -> str:
    own = words(language)["frame"]
    return (
        f'<a href="{root}privacy?lang={language}">{escape(own["privacy"])}</a> · '
        f'<a href="{root}account/deletion?lang={language}">{escape(own["deletion"])}</a>'
    )
