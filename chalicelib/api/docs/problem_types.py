"""The pages of problem types: the meaning of each code, and what to do. Every `type` of a problem is the address of one
of them."""

from collections.abc import Iterable
from functools import cache
from html import escape
from http import HTTPStatus
from typing import Any, Final

from chalicelib.api.docs.endpoints import endpoints, refusals
from chalicelib.api.docs.frame import address, framed
from chalicelib.api.docs.prose import code, items, marked, preformatted, prose, sentence, table, words
from chalicelib.api.problems import messages, status_of
from chalicelib.api.problems import refusals as refusals_of
from chalicelib.api.problems import sentence as meaning
from chalicelib.api.serve import verb
from chalicelib.domain.errors import NotFound
from chalicelib.domain.language import Language
from chalicelib.domain.search import begins
from chalicelib.domain.text import words as folded

URL: Final = "/problems"
_REQUEST: Final = "5a3c0c1e-6f0e-4b57-9b57-1f6f8d1f3b0a"


@cache
def codes() -> tuple[str, ...]:
    """Every code: those of problems, and those of single errors within a problem."""
    known = messages("en")
    return tuple(sorted({*known["refusals"], *known["faults"]}))


def described(each: str, language: Language) -> dict[str, Any]:
    """A code as programs read it. `status` is null for a code that is no problem of its own. Raises NotFound for
    an unknown code."""
    if each not in codes():
        raise NotFound
    known, kind = messages(language), refusals().get(each)
    status = status_of(kind) if kind else None
    return {
        "object": "problem_type",
        "code": each,
        "type": f"{URL}/{each}",
        "title": known["refusals"][each]["title"] if each in known["refusals"] else meaning(each, {}, language),
        "status": status,
        "meaning": meaning(each, {}, language),
        "action": words(language)["advice"][str(status) if status else "single"],
        "language": language,
    }


def page(each: str, language: Language) -> str:
    """The page of one code. Raises NotFound."""
    shown, own = described(each, language), words(language)["problems"]
    status = shown["status"]
    title = shown["title"] if each in messages(language)["refusals"] else each
    said = f"{code(f'{status} {HTTPStatus(status).phrase}')}" if status else prose(own["single"])
    main = (
        f"<dl><dt>{escape(own['code'])}</dt><dd>{code(each)}</dd>"
        f"<dt>{escape(own['status'])}</dt><dd>{said}</dd></dl>\n"
        f"<h2>{escape(own['meaning'])}</h2><p>{prose(shown['meaning'])}</p>\n"
        f"<h2>{escape(own['action'])}</h2><p>{prose(shown['action'])}</p>\n"
        f"{_example(shown, language) if status else ''}{_operations(each, language)}"
    )
    return framed(language, title, main, root="../")


def _example(shown: dict[str, Any], language: Language) -> str:
    said = messages(language)["refusals"][shown["code"]]
    problem = {
        "type": shown["type"],
        "title": said["title"],
        "status": shown["status"],
        "detail": shown["meaning"],
        "code": shown["code"],
        "request_id": _REQUEST,
    }
    return f"<h2>{escape(words(language)['problems']['example'])}</h2>{preformatted(problem)}\n"


def _operations(each: str, language: Language) -> str:
    """The operations that may answer this problem. A code of nearly all of them names none."""
    found = [endpoint for endpoint in endpoints() if each in {kind.code for kind in refusals_of(endpoint)}]
    own = words(language)["problems"]
    if not found:
        return ""
    if len(found) > len(endpoints()) // 2:
        return f"<p>{escape(own['everywhere'])}</p>\n"
    rows = []
    for endpoint in found:
        link = address("reference", language, root="../", fragment=verb(endpoint))
        said, spoken = sentence(endpoint.summary, language)
        rows.append(
            f'<a href="{link}">{code(f"{endpoint.method} {endpoint.path}")}</a> {marked(said, spoken, language)}'
        )
    return f"<h2>{escape(own['operations'])}</h2>{items(rows)}\n"


def index(language: Language) -> str:
    """The page of all codes."""
    own, known = words(language)["problems"], messages(language)
    rows = [
        (_link(each, language), code(str(status_of(kind))), escape(known["refusals"][each]["title"]))
        for each, kind in sorted(refusals().items(), key=lambda one: (status_of(one[1]), one[0]))
    ]
    single = [(_link(each, language), prose(meaning(each, {}, language))) for each in codes() if each not in refusals()]
    main = (
        f"<p>{prose(own['lead'])}</p>\n"
        f"{table(own['types'], (own['code'], own['status'], own['meaning']), rows)}"
        f"<p>{prose(own['singles_lead'])}</p>\n{table(own['singles'], (own['code'], own['meaning']), single)}"
    )
    return framed(language, words(language)["pages"]["problems"], main, root="", here="problems")


def _link(each: str, language: Language) -> str:
    return f'<a href="{address(f"problems/{each}", language, root="")}">{code(each)}</a>'


def found(sought: Iterable[str], language: Language) -> list[str]:
    """Links to the codes that a search finds by their code, title or meaning."""
    wanted, links = tuple(sought), []
    for each in codes():
        shown = described(each, language)
        own = folded(f"{each} {shown['title']} {shown['meaning']}")
        if all(begins(word, own) for word in wanted):
            links.append(f"{_link(each, language)} {prose(shown['title'])}")
    return links
