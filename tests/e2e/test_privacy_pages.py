"""The public pages in a real browser: three languages, the keyboard alone, no complaint, no barrier; and a whole
deletion from the page to its receipt."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser

from chalicelib.services.privacy import receipts
from tests.e2e.browser import Reader, needs_a_browser
from tests.e2e.person import Person, signed_up
from tests.e2e.serving import Served

LANGUAGES = (("fr", "ltr"), ("ar", "rtl"), ("en", "ltr"))
PAGES = ("/privacy", "/account/deletion")
WIDTHS = (360, 1200)
PATIENCE = 30.0
URL = "/v1/privacy/requests"

pytestmark = needs_a_browser


@pytest.fixture
def reader(browser: Browser, live: Served) -> Iterator[Reader]:
    """Somebody new, who has nothing to complain of in the end."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{live.port}", locale="fr-MA")
    someone = Reader(context.new_page())
    yield someone
    context.close()
    assert someone.complaints == []


def mails(live: Served, to: str) -> list[dict[str, Any]]:
    """The mails that an address has had, oldest first."""
    (line,) = [line for line in live.lines if "the embedded AWS listens on" in line]
    endpoint = line.rpartition(" ")[2]
    with urllib.request.urlopen(f"{endpoint}/_ministack/ses/messages", timeout=10) as answer:
        found = json.load(answer)["messages"]
    return [row for account in found.values() for row in account if row["To"] == [to]]


def until(what: Callable[[], Any]) -> Any:
    """The result, once it is there. Fails when the patience ends."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.2)
    return found


def code(live: Served, to: str) -> str:
    """The last code that was mailed."""
    return str(
        until(lambda: [c for m in mails(live, to) for c in re.findall(r"[0-9]{4}(?: [0-9]{4}){3}", m["Subject"])])[-1]
    )


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "direction"), LANGUAGES)
def test_a_page_is_read_without_barrier(reader: Reader, path: str, language: str, direction: str) -> None:
    page = reader.page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{path}?{urlencode({'lang': language})}")
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [language, direction]
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == direction
        assert reader.overflow() <= 0, f"at {width} pixels something sticks out"
        assert reader.barriers() == []


@pytest.mark.parametrize("path", PAGES)
def test_the_language_is_changed_by_keyboard(reader: Reader, path: str) -> None:
    reader.page.goto(f"{path}?lang=fr")
    reader.tab_to(tag="A", lang="ar")
    reader.press("Enter")
    assert reader.page.evaluate("document.documentElement.dir") == "rtl"
    reader.tab_to(tag="A", lang="en")
    reader.press("Enter")
    assert reader.page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("path", PAGES)
def test_the_first_tab_skips_to_the_text(reader: Reader, path: str) -> None:
    reader.page.goto(f"{path}?lang=fr")
    reader.page.keyboard.press("Tab")
    assert reader.focused["cls"] == "skip"
    reader.page.keyboard.press("Enter")
    assert reader.page.url.endswith("#text")


def asked(reader: Reader, language: str, address: str) -> None:
    """Ask for a code with the keyboard alone."""
    reader.page.goto(f"/account/deletion?lang={language}")
    reader.tab_to(id="email")
    reader.page.keyboard.type(address)
    reader.tab_to(tag="BUTTON")
    reader.press("Enter")


@pytest.mark.parametrize(("language", "direction"), LANGUAGES)
def test_an_account_is_deleted_from_the_page_to_the_receipt(
    reader: Reader, live: Served, language: str, direction: str
) -> None:
    name = f"leaver-{language}"
    person, address = signed_up(live, name), f"{name}@example.ma"
    asked(reader, language, address)
    assert reader.barriers() == []
    reader.tab_to(id="code")
    reader.page.keyboard.type("00000000")
    reader.press("Enter")
    assert reader.page.locator("[role=alert]").count() == 1
    assert reader.page.evaluate("document.documentElement.dir") == direction
    assert reader.barriers() == []
    reader.tab_to(id="code")
    reader.page.keyboard.type(code(live, address))
    reader.press("Enter")
    assert reader.barriers() == []
    told = reader.page.locator("section[role=status]").inner_text()
    (id,) = set(re.findall(r"req_[0-9A-Z]{26}", told))
    _receipted(live, person, id, address)


def _receipted(live: Served, person: Person, id: str, address: str) -> None:
    """Waive the grace, as the owner may; the receipt is then there and verifies offline. Who no longer is a member of
    what no longer is names the company."""
    (request,) = person.must("GET", URL)["data"]
    assert (request["id"], request["status"]) == (id, "grace")
    (company,) = person.must("GET", "/v1/companies")["data"]
    named = {"Company": company["id"]}
    person.must("POST", f"{URL}/{id}/confirm", {"waive_grace": True}, **named)
    until(lambda: person.must("GET", f"{URL}/{id}", **named)["status"] == "completed")
    handed = person.must("GET", f"{URL}/{id}/receipt", **named)
    key = live.request("GET", "/privacy/receipt-key").json()
    assert receipts.check(handed, key["public_key"]) == handed["key"]
    assert (handed["content"]["request"], handed["content"]["affects"]) == (id, "company")
    assert address not in json.dumps(handed)
    assert until(lambda: [mail for mail in mails(live, address) if handed["id"] in mail["BodyText"]])
