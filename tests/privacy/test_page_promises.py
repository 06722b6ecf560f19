"""The rights section of the policy's page is true to the letter: its link, the grace, the receipt, the deadlines."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.domain.privacy.request import CLEAR_DAYS, GRACE, clear_days
from chalicelib.policy.load import current
from chalicelib.policy.wording import delay
from chalicelib.services.privacy.receipts import check
from local.gateway import Gateway
from tests.client import Client
from tests.conftest import Shop
from tests.privacy.persons import URL, asked, carry, confirmed

IN_THE_APPLICATION: dict[Language, str] = {
    "fr": "dans l'application (Paramètres, puis Supprimer le compte)",
    "ar": "من التطبيق (الإعدادات، ثم حذف الحساب)",
    "en": "in the application (Settings, then Delete account)",
}
RECEIPT: dict[Language, str] = {
    "fr": "un récépissé daté et signé qui dit pourquoi",
    "ar": "وصلًا مؤرخًا وموقعًا يبين السبب",
    "en": "a dated and signed receipt",
}


@pytest.fixture
def anybody(gateway: Gateway) -> Client:
    """Somebody without a token."""
    return Client(gateway)


class _Section(HTMLParser):
    """The text and the links of the section on rights."""

    def __init__(self) -> None:
        super().__init__()
        self.within, self.text, self.links = False, "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "section":
            self.within = known.get("aria-labelledby") == "rights"
        if self.within and tag == "a":
            self.links.append(known["href"] or "")

    def handle_data(self, data: str) -> None:
        if self.within:
            self.text += data


def rights(anybody: Client, language: Language) -> _Section:
    """The section of the last version of the policy's page."""
    got = anybody.get("/privacy", query={"lang": language, "version": current().version})
    assert got.status == 200
    section = _Section()
    section.feed(got.text)
    assert section.text
    return section


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_links_the_deletion_page_in_its_language(anybody: Client, language: Language) -> None:
    (link,) = [link for link in rights(anybody, language).links if "deletion" in link]
    found = urlsplit(urljoin("/privacy", link))
    assert found.path == "/account/deletion"
    page = anybody.get(found.path, query={name: values[0] for name, values in parse_qs(found.query).items()})
    assert page.status == 200
    assert f'<html lang="{language}"' in page.text
    assert "<form" in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_the_grace_and_the_path_in_the_application(anybody: Client, language: Language) -> None:
    text = rights(anybody, language).text
    assert delay(GRACE, language) in text
    assert IN_THE_APPLICATION[language] in text


def test_the_grace_is_the_one_that_the_page_names(shop: Shop, anybody: Client) -> None:
    days = re.findall(r"délai de (\d+) jours", rights(anybody, "fr").text)
    id = asked(shop)
    assert shop.owner.get("/v1/company").status == 200, "nothing is blocked before the confirmation"
    shown = confirmed(shop, id).json
    assert shop.owner.get("/v1/company").status == 403, "blocked from the confirmation on"
    begun, ends = (datetime.fromisoformat(shown[name]) for name in ("verified_at", "grace_until"))
    assert [timedelta(days=int(day)) for day in days] == [ends - begun]
    cancelled = shop.owner.post(f"{URL}/{id}/cancel", {})
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled"), "an owner can cancel until then"
    assert shop.owner.get("/v1/company").status == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_access_request_has_the_receipt_that_the_page_promises(
    shop: Shop, anybody: Client, language: Language
) -> None:
    assert RECEIPT[language] in rights(anybody, language).text
    id = asked(shop, kind="access", subject=shop.customer, language=language)
    confirmed(shop, id)
    carry(shop)
    signed = shop.owner.get(f"{URL}/{id}/receipt").json
    published = anybody.get("/privacy/receipt-key").json
    assert check(signed, published["public_key"]) == published["key"], "signed"
    assert datetime.fromisoformat(signed["content"]["issued_at"]).tzinfo is not None, "dated"
    assert signed["content"]["reason"] == "archive_in_preparation", "it says why"


@pytest.mark.parametrize("kind", ["rectification", "deletion"])
def test_the_deadline_is_the_one_of_the_law_that_the_page_names(shop: Shop, anybody: Client, kind: str) -> None:
    assert "dans les dix jours francs" in rights(anybody, "fr").text
    assert CLEAR_DAYS == 10
    made = shop.owner.post(URL, {"kind": kind, "subject": shop.customer}).json
    begun = datetime.fromisoformat(made["created_at"])
    assert datetime.fromisoformat(made["due"]) == clear_days(begun)


def test_an_opposition_is_immediate_as_the_page_says(shop: Shop, anybody: Client) -> None:
    assert "gratuite et immédiate" in rights(anybody, "fr").text
    made = shop.owner.post(URL, {"kind": "opposition"}).json
    assert (made["status"], made["created_at"]) == ("completed", made["closed_at"])


@pytest.mark.parametrize("place", ["/privacy", "/account/deletion"])
def test_both_pages_link_each_other(anybody: Client, place: str) -> None:
    version = {"version": current().version} if place == "/privacy" else {}
    links = re.findall(r'href="([^"]+)"', anybody.get(place, query={"lang": "en"} | version).text)
    other = {"/privacy": "/account/deletion", "/account/deletion": "/privacy"}[place]
    assert other in {urlsplit(urljoin(place, link)).path for link in links}


def test_a_company_in_arabic_gets_the_page_in_arabic(new_shop: Callable[..., Shop], anybody: Client) -> None:
    shop = new_shop(language="ar")
    id = asked(shop, kind="access", subject=shop.customer)
    assert shop.owner.get(f"{URL}/{id}").json["language"] == "ar"
    assert "الإعدادات" in rights(anybody, "ar").text
