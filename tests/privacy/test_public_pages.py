"""The policy's page and the data map, as anybody reads them."""

from base64 import b64encode
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy import publish
from chalicelib.policy.load import current, use
from chalicelib.policy.model import Policy, PolicyVersion
from chalicelib.policy.wording import long_date
from local.gateway import Gateway
from tests.client import Client
from tests.unit.policy.planting import SOURCE, decided

EVERY_PAGE = [(language, version.version) for language in LANGUAGES for version in current().versions]


@pytest.fixture
def anybody(gateway: Gateway) -> Client:
    """Somebody without a token."""
    return Client(gateway)


@pytest.mark.parametrize(("language", "version"), EVERY_PAGE)
def test_every_version_is_served_in_every_language(anybody: Client, language: Language, version: str) -> None:
    got = anybody.get("/privacy", query={"lang": language, "version": version})
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in got.text
    assert got.text == publish.render(language, version, "eu-west-3")


def test_the_page_may_use_its_own_style_sheet_and_nothing_else(anybody: Client) -> None:
    got = anybody.get("/privacy")
    style = got.text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    rules = got.headers["content-security-policy"]
    assert "default-src 'none'" in rules
    assert f"style-src 'sha256-{digest}'" in rules
    assert "script" not in rules


def test_the_language_follows_the_reader_unless_it_is_chosen(anybody: Client) -> None:
    assert '<html lang="ar"' in anybody.get("/privacy", accept_language="ar-MA, fr;q=0.5").text
    assert '<html lang="fr"' in anybody.get("/privacy", accept_language="ar", query={"lang": "fr"}).text
    assert anybody.get("/v1/privacy/data-map", accept_language="fr").json["language"] == "fr"


@pytest.mark.parametrize("version", ["2020-01-01", "../policy", "2026-04-02.toml", "%2e%2e"])
def test_a_version_that_was_never_published_is_not_found(anybody: Client, version: str) -> None:
    assert anybody.get("/privacy", query={"version": version}).status == 404
    assert anybody.get("/privacy", query={"lang": "de"}).status == 422


def test_the_data_map_tells_every_rule_without_a_token(anybody: Client) -> None:
    got = anybody.get("/v1/privacy/data-map")
    assert got.status == 200
    assert {entry["rule"] for entry in got.json["data"]} == set(current().rules)
    assert got.json["policy_version"] == current().version
    page = anybody.get("/privacy", query={"lang": "en"}).text
    in_force = long_date(date.fromisoformat(got.json["policy_in_force"]), "en")
    assert f"In force since {in_force}" in page
    again = anybody.get("/v1/privacy/data-map", if_none_match=got.etag)
    assert again.status == 304


def _announcing() -> Policy:
    """A policy whose last version of today is in force and that announces another one."""
    open_ = decided()
    later = PolicyVersion("2027-03-01", date(2027, 3, 1), True, open_.current.changes)
    published = replace(open_.versions[1], awaits=())
    return replace(open_, versions=(open_.versions[0], published, later))


def test_a_version_of_a_later_day_is_announced_and_not_in_force() -> None:
    policy = _announcing()
    assert policy.in_force(date(2026, 12, 1)).version == "2026-11-23"
    assert [version.version for version in policy.announced(date(2026, 12, 1))] == ["2027-03-01"]
    assert policy.required(date(2027, 2, 28)).version == "2026-04-02"
    assert policy.required(date(2027, 3, 1)).version == "2027-03-01"
    assert policy.accepted_on(date(2026, 12, 1)) == ("2026-04-02", "2026-11-23", "2027-03-01")
    assert policy.accepted_on(date(2027, 3, 1)) == ("2027-03-01",)
    assert policy.announced(date(2027, 3, 1)) == ()


def test_an_announced_version_is_shown_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "sections", lambda version: ())
    with use(_announcing()):
        before = publish.render("fr", on=date(2026, 12, 1))
        ahead = publish.render("fr", "2027-03-01", on=date(2026, 12, 1))
        replaced = publish.render("fr", "2026-11-23", on=date(2027, 3, 1))
        after = publish.render("fr", on=date(2027, 3, 1))
    assert "En vigueur depuis le 23 novembre 2026" in before
    assert "annoncée" in before
    assert "Version annoncée, en vigueur à partir du 1er mars 2027." in ahead
    assert "remplacée" in replaced
    assert "En vigueur depuis le 1er mars 2027" in after
    assert SOURCE.count("2027-03-01") == 0
