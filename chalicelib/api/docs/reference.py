"""The reference: every operation, grouped, closed until it is opened or searched for."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from chalicelib.api.docs import problem_types, search
from chalicelib.api.docs.frame import address, framed
from chalicelib.api.docs.operations import article, headers
from chalicelib.api.docs.prose import code, english, items, prose, words
from chalicelib.domain.language import Language
from chalicelib.domain.text import words as folded

_METHODS: Final = ("get", "post", "patch", "put", "delete")
_FEW: Final = 3
"""Up to this number of found operations, each is shown open."""


@dataclass(frozen=True)
class _Entry:
    """An operation: its group, the words that find it, and its block."""

    tag: str
    name: str
    found_by: frozenset[str]
    html: str


class Reference:
    """The reference in one language. The blocks are made once, and each request chooses among them."""

    def __init__(self, document: Mapping[str, Any], language: Language) -> None:
        self._document = document
        self._language = language
        self._own = words(language)
        self._entries = [
            _Entry(
                (operation.get("tags") or ["Service"])[0],
                operation["operationId"],
                search.operation_words(path, method, operation, document),
                article(path, method, operation, document, language),
            )
            for path, item in document["paths"].items()
            for method in _METHODS
            if (operation := item.get(method))
        ]

    def page(self, query: str) -> str:
        """The page: everything, or what the search found."""
        sought = folded(query)
        main = self._search(query) + (self._results(query, sought) if sought else self._everything())
        title = self._own["pages"]["reference"]
        return framed(self._language, title, main, root="", here="reference", query={"q": query} if query else {})

    def _search(self, query: str) -> str:
        own = self._own["search"]
        return (
            f'<form role="search" method="get" action="docs"><label for="q">{escape(own["label"])}</label>'
            f'<input type="hidden" name="lang" value="{self._language}"><div class="field">'
            f'<input id="q" name="q" type="search" maxlength="100" value="{escape(query)}" '
            f'aria-describedby="hint" autocomplete="off"><button>{escape(own["button"])}</button></div>'
            f'<p id="hint" class="soft">{prose(own["hint"])}</p></form>\n'
        )

    def _everything(self) -> str:
        own, groups = self._own["reference"], self._groups()
        version = f'<p class="soft">{escape(own["version"])} {code(self._document["info"]["version"])}</p>'
        links = items(
            (f'<a href="#{_anchor(tag)}">{escape(self._tag(tag))}</a> <span class="soft">{len(found)}</span>')
            for tag, found in groups.items()
        )
        blocks = "".join(
            f'<section><h2 id="{_anchor(tag)}">{escape(self._tag(tag))}</h2>{self._about(tag)}'
            f"{''.join(each.html for each in found)}</section>\n"
            for tag, found in groups.items()
        )
        return (
            f"<p>{prose(own['lead'])}</p>{items(map(prose, own['manners']))}{version}\n"
            f'<nav class="groups" aria-label="{escape(own["groups"])}"><h2>{escape(own["groups"])}</h2>{links}</nav>\n'
            f"{self._headers()}{blocks}"
        )

    def _headers(self) -> str:
        """The headers that the blocks name and link to."""
        shown = headers(self._document, self._language)
        return f'<section><h2 id="headers">{escape(self._own["reference"]["headers"])}</h2>{shown}</section>\n'

    def _results(self, query: str, sought: list[str]) -> str:
        own, entries = self._own["search"], [each for each in self._entries if search.matches(sought, each.found_by)]
        schemas = self._found_schemas(sought)
        codes = problem_types.found(sought, self._language)
        count = len(entries) + len(schemas) + len(codes)
        said = own["found" if count else "nothing"].replace("{count}", str(count))
        everything = f'<a href="{address("reference", self._language, root="")}">{escape(own["everything"])}</a>'
        shown = "".join(
            each.html.replace("<details", "<details open", 1) if len(entries) <= _FEW else each.html for each in entries
        )
        status = escape(said).replace("{query}", f"<bdi>{escape(query)}</bdi>")
        return (
            f'<p role="status">{status} {everything}</p>\n{shown}'
            f"{self._listed('schemas', schemas)}{self._listed('problems', codes)}{self._headers() if entries else ''}"
        )

    def _found_schemas(self, sought: list[str]) -> list[str]:
        found = []
        for name, schema in self._document["components"]["schemas"].items():
            texts = (name, schema.get("description", ""), *schema.get("properties", {}))
            if search.matches(sought, {word for text in texts for word in folded(text)}):
                link = address("schemas", self._language, root="", fragment=f"schema-{name}")
                found.append(f'<a href="{link}"><bdi>{escape(name)}</bdi></a>')
        return found

    def _listed(self, page: str, found: list[str]) -> str:
        return f"<h2>{escape(self._own['pages'][page])}</h2>{items(found)}" if found else ""

    def _groups(self) -> dict[str, list[_Entry]]:
        groups: dict[str, list[_Entry]] = {}
        for entry in self._entries:
            groups.setdefault(entry.tag, []).append(entry)
        return dict(sorted(groups.items(), key=lambda group: self._tag(group[0])))

    def _tag(self, tag: str) -> str:
        return str(self._own["tags"].get(tag, tag))

    def _about(self, tag: str) -> str:
        said = next((each["description"] for each in self._document["tags"] if each["name"] == tag), "")
        own = self._own.get("groups", {}).get(tag)
        return f"<p>{prose(own) if own else english(said, self._language)}</p>" if own or said else ""


def _anchor(tag: str) -> str:
    return f"group-{escape(tag.lower().replace(' ', '-'))}"
