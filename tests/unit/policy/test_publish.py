"""The public page and the data map: complete, in three languages, and never silently changed."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy import publish
from chalicelib.policy.data_map import data_map
from chalicelib.policy.load import current
from chalicelib.policy.model import PolicyError
from chalicelib.policy.page import REGION
from chalicelib.policy.wording import length, long_date, term
from tests.unit.policy.planting import changed

EVERY_PAGE = [(language, version.version) for language in LANGUAGES for version in current().versions]
VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Reads a page strictly: every element closed in order; keeps attributes, text and the order of headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]


@pytest.mark.parametrize(("language", "version"), EVERY_PAGE)
def test_a_page_is_well_formed_accessible_and_self_contained(language: Language, version: str) -> None:
    html = publish.render(language, version)
    page = Page(html)
    assert page.all("html") == [{"lang": language, "dir": "rtl" if language == "ar" else "ltr"}]
    assert [name for name, _ in page.seen if name in ("h1", "main", "title", "style")] == [
        "title",
        "style",
        "h1",
        "main",
    ]
    assert not {"script", "link", "img", "iframe"} & {name for name, _ in page.seen}
    assert all("style" not in attributes for _, attributes in page.seen), "a content security policy forbids it"
    assert "http:" not in html
    assert "https:" not in html
    assert "@import" not in html
    ids = [attributes["id"] for _, attributes in page.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {attributes["aria-labelledby"] for _, attributes in page.seen if "aria-labelledby" in attributes}
    assert labelled <= set(ids)
    anchors = {href[1:] for link in page.all("a") if (href := link["href"] or "").startswith("#")}
    assert anchors <= set(ids)
    assert all(header.get("scope") in ("col", "row") for header in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert "{" not in page.text, "a placeholder was left"
    assert REGION not in html


@pytest.mark.parametrize(("language", "version"), EVERY_PAGE)
def test_the_contact_address_is_on_every_page(language: Language, version: str) -> None:
    page = Page(publish.render(language, version))
    assert {"href": f"mailto:{current().contact}"} in page.all("a")


@pytest.mark.parametrize(("language", "version"), EVERY_PAGE)
def test_every_version_is_listed_with_its_changes(language: Language, version: str) -> None:
    page = Page(publish.render(language, version))
    links = {link["href"] for link in page.all("a")}
    for each in current().versions:
        assert " ".join(each.changes[language].split()) in page.text
        assert long_date(each.date, language) in page.text
        assert each.version == version or f"?version={each.version}&lang={language}" in links
    for other in LANGUAGES:
        assert f"?version={version}&lang={other}" in links


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_is_on_the_page(language: Language) -> None:
    page = Page(publish.render(language))
    for rule in current().rules.values():
        assert rule.label[language] in page.text, rule.name
        assert term(rule, language) in page.text
    assert length(current().storage.point_in_time_recovery, language) in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_processor_is_named(language: Language) -> None:
    page = Page(publish.render(language))
    processors = current().processors.values()
    assert processors
    for processor in processors:
        assert processor.provider in page.text
        assert processor.receives[language] in page.text


def test_the_region_is_the_deployment_s() -> None:
    assert "Irlande" in publish.render("fr", region="eu-west-1")
    assert "France (Paris)" in publish.render("fr")
    assert "af-south-1" in publish.render("fr", region="af-south-1")


def test_a_hostile_region_is_escaped() -> None:
    assert "<script>" not in publish.render("fr", region="<script>alert(1)</script>")


def test_a_past_version_says_that_it_was_replaced() -> None:
    assert "remplacée" in publish.render("fr", "2026-04-02")
    assert "remplacée" not in publish.render("fr")


def test_the_first_version_promises_no_terms() -> None:
    """It said nothing of how long data is kept: the past is not rewritten."""
    assert "<table" not in publish.render("en", "2026-04-02")


@pytest.mark.parametrize("version", ["2020-01-01", "../policy", "2026-04-02.toml"])
def test_a_version_that_was_never_published_is_refused(version: str) -> None:
    with pytest.raises(PolicyError):
        publish.render("fr", version)


def test_a_frozen_version_cannot_change_silently(tmp_path: Path) -> None:
    assert publish.faults(current()) == []
    policy = current()
    for version in policy.versions:
        publish.freeze(policy, version, tmp_path)
    assert publish.faults(policy, tmp_path) == []
    shortened = changed('term = "P7D"', 'term = "P3D"')
    assert {fault[:10] for fault in publish.faults(shortened, tmp_path)} == {"2026-11-23"}
    page = tmp_path / "2026-04-02.fr.html"
    page.write_text(page.read_text("utf-8").replace("vendues", "souvent vendues"), "utf-8")
    assert any("2026-04-02.fr" in fault for fault in publish.faults(policy, tmp_path))


def test_a_published_version_is_never_frozen_anew(tmp_path: Path) -> None:
    publish.freeze(current(), current().versions[0], tmp_path)
    with pytest.raises(PolicyError, match="new version"):
        publish.freeze(current(), current().versions[0], tmp_path)


def test_a_past_version_must_be_frozen(tmp_path: Path) -> None:
    found = publish.faults(current(), tmp_path)
    assert [fault.partition(":")[0] for fault in found] == [f"2026-04-02.{language}.html" for language in LANGUAGES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_data_map_tells_where_everything_lies(language: Language) -> None:
    found = json.loads(json.dumps(data_map(language)))
    assert {entry["rule"] for entry in found["data"]} == set(current().rules)
    for entry in found["data"]:
        assert entry["collected"] == bool(entry["held_in"] or entry["files"]), entry["rule"]
    buyer = next(entry for entry in found["data"] if entry["rule"] == "document.buyer")
    assert {(place["room"], place["kind"]) for place in buyer["held_in"]} >= {
        ("ledger", "invoice"),
        ("ledger", "credit_note"),
    }
    assert buyer["retention"]["term"] == "P10Y"
    assert "buyer.address.street" in next(p["attributes"] for p in buyer["held_in"] if p["kind"] == "credit_note")
    party = next(entry for entry in found["data"] if entry["rule"] == "party.identity")
    assert {place["room"] for place in party["held_in"]} == {"workspace"}, (
        "what a frozen invoice holds is the invoice's"
    )
    assert found["policy_version"] == current().version
    assert len(found["processors"]) == len(current().processors)


def test_the_command_shows_and_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert publish.main(["--check"]) == 0
    assert publish.main(["--show", "ar"]) == 0
    assert 'dir="rtl"' in capsys.readouterr().out
