"""The pages for programmers: complete, self-contained, in three languages, and true to the endpoints."""

import json
import re
from collections.abc import Callable, Mapping
from html import escape
from html.parser import HTMLParser
from typing import Any, get_args
from urllib.parse import urljoin

import pytest

from chalicelib.api import openapi
from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.docs import examples, ids, problem_types, roles, schemas, welcome
from chalicelib.api.docs.endpoints import endpoints, refusals
from chalicelib.api.docs.prose import preformatted, sentence, words
from chalicelib.api.docs.reference import Reference
from chalicelib.api.docs_pages import for_browser
from chalicelib.api.endpoint import Scope
from chalicelib.api.problems import messages, status_of
from chalicelib.api.serve import verb
from chalicelib.domain.errors import NotFound
from chalicelib.domain.language import LANGUAGES, Language
from tests.api.test_guards import NEVER_A_KEYS, ROLES

PAGES: Mapping[str, Callable[[dict[str, Any], Language], str]] = {
    "/": lambda document, language: welcome.page(language),
    "/docs": lambda document, language: Reference(document, language).page(""),
    "/docs?q=credit": lambda document, language: Reference(document, language).page("credit"),
    "/docs/roles": lambda document, language: roles.page(language),
    "/docs/ids": ids.page,
    "/docs/schemas": schemas.page,
    "/problems": lambda document, language: problem_types.index(language),
    "/problems/stale_version": lambda document, language: problem_types.page("stale_version", language),
    "/problems/bad_id": lambda document, language: problem_types.page("bad_id", language),
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The application's own."""
    return openapi.document(ENDPOINTS, version="1.0")


@pytest.fixture(scope="module")
def pages(document: dict[str, Any]) -> Mapping[Language, Reference]:
    """The reference in each language."""
    return {language: Reference(document, language) for language in LANGUAGES}


class Parsed(HTMLParser):
    """A page's tags, ids and links. Each element must be closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes |= given.keys()
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.links += [str(given[name]) for name in ("href", "src", "action") if given.get(name)]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_stands_alone(document: dict[str, Any], page: str, language: Language) -> None:
    text = PAGES[page](document, language)
    parsed = Parsed(text)
    assert parsed.tags.count("h1") == 1
    assert {"main", "nav", "header", "footer"} <= set(parsed.tags)
    assert not {"script", "link", "img", "iframe"} & set(parsed.tags)
    assert not {name for name in parsed.attributes if name.startswith("on") or name == "style"}
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert [link for link in parsed.links if "://" in link or link.startswith(("//", "/", "javascript:"))] == []
    assert [link for link in parsed.links if link.startswith("#") and link[1:] not in parsed.ids] == []
    assert "url(" not in text
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_link_between_the_pages_leads_somewhere(document: dict[str, Any], language: Language) -> None:
    """Links are relative, because the service may stand under any address."""
    whole = {
        path.partition("?")[0]: Parsed(make(document, language)) for path, make in PAGES.items() if "?" not in path
    }
    known = {endpoint.path.strip("/") for endpoint in ENDPOINTS if endpoint.method == "GET"}
    known |= {f"problems/{code}" for code in problem_types.codes()}
    found = [
        (path, urljoin(f"http://service/under{path}", link)) for path, parsed in whole.items() for link in parsed.links
    ]
    assert len(found) > 500
    for path, link in found:
        target, _, fragment = link.partition("#")
        place = target.partition("?")[0].removeprefix("http://service/under").strip("/")
        assert place in known, (path, link)
        assert not fragment or fragment in whole[f"/{place}"].ids, (path, link)


def test_the_pages_escape_their_values(document: dict[str, Any]) -> None:
    hostile = json.loads(json.dumps(document).replace("newest first", "<script>alert(1)</script>"))
    reference = Reference(hostile, "en")
    everything, searched = reference.page(""), reference.page('"><script>alert(2)</script>')
    assert "<script" not in everything + searched
    assert "&lt;script&gt;alert(1)" in everything
    assert "&quot;&gt;&lt;script&gt;alert(2)" in searched
    described = json.loads(json.dumps(document).replace("RFC 9457", "<script>alert(3)</script>"))
    assert "&lt;script&gt;alert(3)" in schemas.page(described, "ar")
    assert "<script" not in schemas.page(described, "ar")


def _keys(value: Any, path: str = "") -> set[str]:
    if not isinstance(value, dict):
        return {f"{path}:{len(value) if isinstance(value, list) else ''}"}
    return {key for name, part in value.items() for key in _keys(part, f"{path}/{name}")}


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_words_exist_in_each_language(language: Language) -> None:
    own = {name: part for name, part in words(language).items() if name not in ("operations", "groups")}
    assert _keys(own) == _keys(dict(words("en")))


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_each_operation_has_its_sentence_in_each_language(language: Language) -> None:
    """A new or changed summary needs a sentence in `words_fr.toml` and in `words_ar.toml`, under its English text."""
    told = words(language)["operations"]
    assert told.keys() == {endpoint.summary for endpoint in ENDPOINTS}
    assert all(text and not text.endswith(".") for text in told.values())


def test_an_operation_without_a_translation_is_shown_in_english() -> None:
    assert sentence("Read nothing", "fr") == ("Read nothing", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reference_shows_each_operation(document: dict[str, Any], language: Language) -> None:
    page = Reference(document, language).page("")
    ids_shown = Parsed(page).ids
    assert {verb(endpoint) for endpoint in ENDPOINTS} <= set(ids_shown)
    for endpoint in ENDPOINTS:
        assert sentence(endpoint.summary, language)[0].replace("'", "&#x27;") in page


BODIES = [endpoint for endpoint in ENDPOINTS if endpoint.request_model is not None]


@pytest.mark.parametrize("endpoint", BODIES, ids=verb)
def test_each_verb_with_a_body_shows_one_that_it_accepts(
    document: dict[str, Any], pages: Mapping[Language, Reference], endpoint: Any
) -> None:
    operation = document["paths"][endpoint.path][endpoint.method.lower()]
    _, media = examples.content(operation["requestBody"])
    shown = examples.example(media, document)
    assert endpoint.request_model.model_validate_json(json.dumps(shown))
    assert shown, "an empty body shows nothing"
    block = pages["en"].page("").partition(f'id="{verb(endpoint)}"')[2].partition("</details>")[0]
    assert preformatted(shown) in block


class TestSearch:
    @pytest.mark.parametrize(
        ("language", "query", "operation"),
        [
            ("en", "credit note some lines", "post_invoices_id_credit"),
            ("fr", "avoir", "post_invoices_id_credit"),
            ("fr", "EMETTRE registre", "post_invoices_id_issue"),
            ("ar", "إشعار الدائن", "get_credit_notes"),
            ("ar", "اشعار", "get_credit_notes"),
            ("ar", "avoir", "get_credit_notes"),
            ("en", "/v1/sync/push", "post_sync_push"),
            ("en", "backups.restore", "post_backups_id_restore"),
            ("en", "withheld_vat", "post_invoices_id_payments"),
            ("en", "device_taken", "post_sync_pull"),
            ("en", "starting_after", "get_customers"),
        ],
    )
    def test_it_finds(
        self, pages: Mapping[Language, Reference], language: Language, query: str, operation: str
    ) -> None:
        assert operation in Parsed(pages[language].page(query)).ids

    def test_every_word_must_be_found(self, pages: Mapping[Language, Reference]) -> None:
        both = Parsed(pages["en"].page("customers refunds")).ids
        assert {"get_customers_id_refunds", "post_customers_id_refunds"} <= set(both)
        assert "get_customers" not in both
        assert "post_invoices_id_refunds" not in both

    def test_it_finds_schemas_and_problems(self, pages: Mapping[Language, Reference]) -> None:
        links = Parsed(pages["fr"].page("stale_version")).links
        assert "problems/stale_version?lang=fr" in links
        assert "docs/schemas?lang=en#schema-Totals" in Parsed(pages["en"].page("stamp_duty")).links

    def test_it_says_that_nothing_is_found(self, pages: Mapping[Language, Reference]) -> None:
        page = pages["fr"].page("xyzzy")
        assert "Rien n’est trouvé pour « <bdi>xyzzy</bdi> »" in page
        assert "<details" not in page

    def test_a_search_without_words_shows_everything(self, pages: Mapping[Language, Reference]) -> None:
        assert set(Parsed(pages["en"].page(" … ")).ids) == set(Parsed(pages["en"].page("")).ids)

    def test_a_few_found_operations_are_open(self, pages: Mapping[Language, Reference]) -> None:
        assert pages["en"].page("get_sync_schema tables").count("<details open") == 1
        assert "<details open" not in pages["en"].page("invoices")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_meaning_and_an_action(language: Language) -> None:
    known = messages(language)
    assert set(problem_types.codes()) == known["refusals"].keys() | known["faults"].keys()
    for code in problem_types.codes():
        shown = problem_types.described(code, language)
        kind = refusals().get(code)
        assert shown["status"] == (status_of(kind) if kind else None)
        assert (shown["type"], shown["code"], shown["language"]) == (f"/problems/{code}", code, language)
        assert all(shown[name].strip() for name in ("title", "meaning", "action"))
        # `{seq}` is a part of the numbering's pattern.
        assert set(re.findall(r"\{\w+\}", shown["title"] + shown["meaning"] + shown["action"])) <= {"{seq}"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_each_code_shows_them(language: Language) -> None:
    assert "stale_version" in problem_types.codes()
    for code in problem_types.codes():
        page = problem_types.page(code, language)
        shown = problem_types.described(code, language)
        assert f'<code dir="ltr">{code}</code>' in page
        assert shown["status"] is None or f">{shown['status']} " in page
        Parsed(page)


def test_each_problem_that_an_endpoint_answers_has_a_status_and_advice() -> None:
    advice = {name for name in words("en")["advice"] if name != "single"}
    assert advice == {str(status_of(kind)) for kind in refusals().values()}


def test_an_unknown_code_is_not_found() -> None:
    with pytest.raises(NotFound):
        problem_types.page("no_such_code", "en")


def test_the_matrix_of_roles_is_the_guards() -> None:
    """`ROLES` of the guards' tests is written by hand."""
    matrix = roles.matrix()
    assert matrix.keys() == set(get_args(Scope))
    for scope, held in matrix.items():
        assert {role for role in ROLES if held[role]} == {role for role in ROLES if scope in ROLES[role]}
        assert held[roles.KEY] == (scope not in NEVER_A_KEYS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_roles_shows_the_matrix(language: Language) -> None:
    page, own = roles.page(language), words(language)
    assert roles.matrix()
    for scope, held in roles.matrix().items():
        (row,) = re.findall(rf'<tr><th scope="row"><a href="#scope-{re.escape(scope)}">.*?</tr>', page, re.DOTALL)
        cells = re.findall(r'<span class="(yes|no)">(.*?)</span>', row)
        expected = [("yes", own["roles"]["yes"]) if each else ("no", own["roles"]["no"]) for each in held.values()]
        assert cells == expected
        assert escape(own["scopes"][scope]) in row


def test_the_page_of_roles_names_each_guarded_operation() -> None:
    page = roles.page("en")
    shown = {each for each in endpoints() if f'<code dir="ltr">{each.method} {each.path}</code>' in page}
    assert shown == {each for each in endpoints() if each.scope in get_args(Scope)}


def test_the_page_of_ids_names_each_address_that_takes_one(document: dict[str, Any]) -> None:
    wanted: dict[str, list[str]] = {}
    for endpoint in sorted(BODIES, key=lambda each: each.path):
        member = endpoint.request_model.model_fields.get("id") if endpoint.request_model else None
        if member is not None and "PushedRow" not in str(endpoint.request_model):
            prefix = next(each.prefix for each in member.metadata or _of(member.annotation) if hasattr(each, "prefix"))
            wanted.setdefault(prefix, []).append(f"{endpoint.method} {endpoint.path}")
    assert ids.chosen(document) == wanted
    assert {"cus", "sup", "itm", "inv", "pay", "crn"} <= wanted.keys()
    for language in LANGUAGES:
        page = ids.page(document, language)
        assert all(f'<code dir="ltr">{prefix}_…</code>' in page for prefix in {*wanted, *ids.of_devices()})
        assert {*wanted, *ids.of_devices()} <= words(language)["nouns"].keys()


def _of(annotation: Any) -> list[Any]:
    """The metadata of the annotated member of an optional type."""
    return [each for part in get_args(annotation) for each in getattr(part, "__metadata__", ())]


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/problem+json", False),
        ("application/json, text/html", False),
        ("text/html", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("TEXT/HTML;q=0.9, application/json;q=0.5", True),
        ("text/htmlx", False),
    ],
)
def test_a_browser_is_told_from_a_program(accept: str, page: bool) -> None:
    assert for_browser(accept) == page
