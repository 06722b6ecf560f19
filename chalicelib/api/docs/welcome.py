"""The welcome at `/`: where to go from here, for programs and for people."""

from html import escape
from typing import Any, Final

from chalicelib.api.docs.frame import PRODUCT, address, framed
from chalicelib.api.docs.prose import prose, words
from chalicelib.domain.language import LANGUAGES, Language

LINKS: Final = {
    "documentation": "/docs",
    "openapi": "/openapi.json",
    "roles": "/docs/roles",
    "ids": "/docs/ids",
    "schemas": "/docs/schemas",
    "problems": "/problems",
    "privacy_policy": "/privacy",
    "account_deletion": "/account/deletion",
    "data_map": "/v1/privacy/data-map",
    "health": "/health",
}
"""The addresses that the welcome names."""
_WITHOUT_LANGUAGE: Final = frozenset({"/openapi.json", "/health"})


def described(build: str, language: Language) -> dict[str, Any]:
    """The welcome for programs: the product, its build and the addresses."""
    return {
        "object": "service",
        "name": PRODUCT,
        "build": build,
        "description": words(language)["welcome"]["description"],
        "languages": list(LANGUAGES),
        "links": dict(LINKS),
    }


def page(language: Language) -> str:
    """The welcome for people."""
    own = words(language)["welcome"]
    links = "".join(
        f'<li><a href="{_link(link, language)}"><strong>{escape(own[name]["title"])}</strong></a><br>'
        f"{prose(own[name]['text'])}</li>\n"
        for name, link in LINKS.items()
    )
    main = f'<p>{prose(own["description"])}</p>\n<ul class="cards">\n{links}</ul>\n'
    return framed(language, PRODUCT, main, root="")


def _link(link: str, language: Language) -> str:
    plain = link.removeprefix("/")
    return plain if link in _WITHOUT_LANGUAGE else address(plain, language, root="")
