"""The public page and the data map: complete, in three languages, and never silently changed."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree

import pytest

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy import publish
from chalicelib.policy.data_map import data_map
from chalicelib.policy.load import current, use
from chalicelib.policy.model import PolicyError
from chalicelib.policy.page import REGION
from chalicelib.policy.wording import length, long_date, term
from tests.unit.policy.planting import changed, decided

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
    page = Page(publish.render(language, current().version))
    for rule in current().rules.values():
        assert rule.label[language] in page.text, rule.name
        assert term(rule, language) in page.text
    assert length(current().storage.point_in_time_recovery, language) in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_processor_is_named(language: Language) -> None:
    page = Page(publish.render(language, current().version))
    processors = current().processors.values()
    assert processors
    for processor in processors:
        assert processor.provider in page.text
        assert processor.receives[language] in page.text


def test_the_region_is_the_deployment_s() -> None:
    last = current().version
    assert "Irlande" in publish.render("fr", last, region="eu-west-1")
    assert "France (Paris)" in publish.render("fr", last)
    assert "af-south-1" in publish.render("fr", last, region="af-south-1")


def test_a_hostile_region_is_escaped() -> None:
    assert "<script>" not in publish.render("fr", current().version, region="<script>alert(1)</script>")


def test_a_past_version_says_that_it_was_replaced() -> None:
    with use(decided()):
        assert "remplacée" in publish.render("fr", "2026-04-02")
        assert "remplacée" in publish.render("fr", "2026-11-23")
        assert "remplacée" not in publish.render("fr")


@pytest.mark.parametrize("version", ["2026-11-23", "2026-12-01"])
def test_a_version_that_awaits_a_decision_says_so_and_is_not_in_force(version: str) -> None:
    page = Page(publish.render("fr", version))
    assert "En vigueur depuis" not in page.text
    assert "en attente : elle n'est pas en vigueur" in page.text
    assert "la base du transfert à l'étranger ( Amazon Web Services , Amazon Simple Email Service" in page.text
    assert "le pays du traitement ( Google AdMob )" in page.text


def test_the_page_in_force_is_the_last_one_that_awaits_nothing() -> None:
    page = Page(publish.render("fr"))
    assert "En vigueur depuis le 2 avril 2026" in page.text
    assert "À préciser" not in page.text
    assert "Une version plus récente est en attente : Version du 1er décembre 2026" in page.text
    with use(decided()):
        assert "En vigueur depuis le 1er décembre 2026" in publish.render("fr")
        assert "est en attente" not in publish.render("fr")


def test_the_last_page_links_the_deletion_and_names_its_delay() -> None:
    page = Page(publish.render("en", current().version))
    assert {"href": "account/deletion?lang=en"} in page.all("a")
    assert "then deleted after 30 days" in page.text


def test_the_first_version_promises_no_terms() -> None:
    """It said nothing of how long data is kept: the past is not rewritten."""
    assert "<table" not in publish.render("en", "2026-04-02")


@pytest.mark.parametrize("version", ["2020-01-01", "../policy", "2026-04-02.toml"])
def test_a_version_that_was_never_published_is_refused(version: str) -> None:
    with pytest.raises(PolicyError):
        publish.render("fr", version)


PUBLISHED = {
    "2026-04-02.ar.html": "f6e2cd8367864c7732387f836fa1ee95d6e26074241d1ceea798ecb44834a73d",
    "2026-04-02.en.html": "ed82619313efb801225c67fcdcf6f70a00ef23920fed336c072b26e441bc69f1",
    "2026-04-02.fr.html": "b7e3c34c3b95d36e22812a87e31cfc60e552f8b7719804711a63f9ed65a2ced7",
    "2026-11-23.ar.html": "18fd45938a001a1c6c396a5a460472c2ae7edd94de7dc58d37182b9b43dcc3bf",
    "2026-11-23.en.html": "2f117cf91ee566632d27f50cfc61e5683f93ff13c1e15ceb997c27ac03ea441a",
    "2026-11-23.fr.html": "65ce04dbbce446a1fbe869930477e45730ce5779836ea0088421ae910c934675",
}
"""The texts as they were on the day of their publication. A line is added here, and never changed."""


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """A copy of the frozen texts that a test may change."""
    return Path(copytree(publish.FROZEN, tmp_path / "frozen"))


def test_published_texts_are_byte_for_byte_those_of_their_day() -> None:
    published = [version.version for version in current().versions if version is not current().prepared]
    found = {path.name: publish.digest(path) for path in publish.FROZEN.glob("*.html")}
    assert {name: value for name, value in found.items() if name[:10] in published} == PUBLISHED


def test_a_frozen_version_cannot_change_silently(frozen: Path) -> None:
    policy = current()
    assert publish.faults(policy) == publish.faults(policy, frozen) == []
    shortened = changed('term = "P7D"', 'term = "P3D"')
    assert {fault[:10] for fault in publish.faults(shortened, frozen)} == {policy.version}


@pytest.mark.parametrize("name", sorted(path.name for path in publish.FROZEN.glob("*.html")))
def test_a_changed_text_differs_from_its_digest(frozen: Path, name: str) -> None:
    page = frozen / name
    page.write_text(page.read_text("utf-8").replace("13", "9", 1), "utf-8")
    assert f"{name}: what was published has changed since, by SHA256SUMS: make a new version" in publish.faults(
        current(), frozen
    )
    page.unlink()
    assert any(fault.startswith(name) for fault in publish.faults(current(), frozen))


def test_a_text_without_a_digest_is_found(frozen: Path) -> None:
    sums = frozen / publish.SUMS
    lines = sums.read_text("utf-8").splitlines(keepends=True)
    sums.write_text("".join(lines[1:]), "utf-8")
    assert [fault.partition(":")[0] for fault in publish.faults(current(), frozen)] == [lines[0].split()[1]]


def test_a_version_with_an_open_decision_must_say_that_it_awaits_it(frozen: Path) -> None:
    policy = current()
    hidden = replace(policy, versions=(policy.versions[0], replace(policy.versions[1], awaits=()), policy.versions[2]))
    assert [fault.partition(":")[0] for fault in publish.faults(hidden, frozen)] == [
        f"2026-11-23.{language}.html" for language in LANGUAGES
    ]


def test_the_text_of_a_pending_version_is_written_anew(frozen: Path) -> None:
    shortened = changed('term = "P7D"', 'term = "P3D"')
    publish.freeze(shortened, shortened.current, frozen)
    assert publish.faults(shortened, frozen) == []


def test_a_published_version_is_never_frozen_anew(tmp_path: Path) -> None:
    publish.freeze(current(), current().versions[0], tmp_path)
    with pytest.raises(PolicyError, match="new version"):
        publish.freeze(current(), current().versions[0], tmp_path)


def test_a_past_version_must_be_frozen(tmp_path: Path) -> None:
    found = publish.faults(current(), tmp_path)
    assert [fault.partition(":")[0] for fault in found] == [
        f"{version.version}.{language}.html" for version in current().versions for language in LANGUAGES
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_data_map_tells_where_everything_lies(language: Language) -> None:
    found = json.loads(json.dumps(data_map(language)))
    assert {entry["rule"] for entry in found["data"]} == set(current().rules)
    for entry in found["data"]:
        assert entry["collected"] == bool(entry["held_in"] or entry["files"] or entry["services"]), entry["rule"]
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


def test_the_data_map_names_the_attachments_and_their_files() -> None:
    text = json.dumps(data_map("en"))
    for name in (
        "attachment.content",
        "document.attachment",
        "file.incoming",
        "file.upload",
        "file.document_attachment",
    ):
        assert f'"{name}"' in text
