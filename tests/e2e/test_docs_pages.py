"""The pages for programmers in a real browser: a telephone and a desk, three languages, the keyboard alone."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Reader, needs_a_browser
from tests.e2e.serving import Served
from tests.e2e.test_privacy_pages import LANGUAGES

PAGES = ("/", "/docs", "/docs?q=credit", "/docs/roles", "/docs/ids", "/docs/schemas", "/problems", "/problems/bad_id")
WIDTHS = (375, 1280)

pytestmark = needs_a_browser


@pytest.fixture
def reader(browser: Browser, live: Served) -> Iterator[Reader]:
    """A reader without scripts of the page, who has nothing to complain of in the end."""
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{live.port}", locale="fr-MA", viewport={"width": 375, "height": 812}
    )
    someone = Reader(context.new_page())
    yield someone
    context.close()
    assert someone.complaints == []


def smallest_text(reader: Reader) -> float:
    """The smallest size of text on the page, in pixels."""
    return float(
        reader.page.evaluate(
            """() => Math.min(...[...document.querySelectorAll('main *')]
                .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
                .map(e => parseFloat(getComputedStyle(e).fontSize)))"""
        )
    )


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "direction"), LANGUAGES)
def test_a_page_is_read_at_each_width(reader: Reader, path: str, language: str, direction: str) -> None:
    page = reader.page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 812})
        page.goto(f"{path}{'&' if '?' in path else '?'}{urlencode({'lang': language})}")
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [language, direction]
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == direction
        assert reader.overflow() <= 0, f"at {width} pixels something sticks out"
        assert smallest_text(reader) >= 11
        assert reader.barriers() == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["fr", "ar"])
def test_every_operation_is_readable_when_it_is_open(reader: Reader, language: str, width: int) -> None:
    """Examples, tables and codes are inside of the closed blocks."""
    page = reader.page
    page.set_viewport_size({"width": width, "height": 812})
    page.goto(f"/docs?lang={language}")
    closed = page.locator("details.operation:not([open])")
    assert closed.count() > 130
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert closed.count() == 0
    assert reader.overflow() <= 0
    wide = page.evaluate(
        "[...document.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    )
    assert wide == []
    with_body = page.evaluate(
        "[...document.querySelectorAll('.operation pre')].map(e => JSON.parse(e.textContent)).length"
    )
    assert with_body > 100


def test_the_search_works_by_keyboard(reader: Reader) -> None:
    reader.page.goto("/docs?lang=fr")
    reader.tab_to(id="q")
    reader.page.keyboard.type("émettre registre")
    reader.press("Enter")
    assert "lang=fr" in reader.page.url
    assert "résultats pour" in reader.page.locator("[role=status]").inner_text()
    assert reader.page.locator("#post_invoices_id_issue").is_visible()
    assert reader.page.locator("#q").input_value() == "émettre registre"
    reader.tab_to(tag="A", lang="ar")
    reader.press("Enter")
    assert reader.page.evaluate("document.documentElement.dir") == "rtl"
    assert reader.page.locator("#q").input_value() == "émettre registre"
    assert reader.barriers() == []


def test_an_operation_opens_by_keyboard(reader: Reader) -> None:
    reader.page.goto("/docs?lang=fr&q=preview")
    block = reader.page.locator("details.operation").first
    block.evaluate("each => { each.open = false }")
    reader.tab_to(tag="SUMMARY")
    reader.page.keyboard.press("Enter")
    assert block.get_attribute("open") is not None
    assert block.locator("pre").first.is_visible()


def test_a_link_to_an_operation_opens_it(reader: Reader) -> None:
    """From a scope of the page of roles to the reference, without a script."""
    reader.page.goto("/docs/roles?lang=fr")
    with reader.page.expect_navigation(wait_until="load"):
        reader.page.locator("a[href$='#post_invoices_id_issue']").click()
    assert reader.page.url.endswith("/docs?lang=fr#post_invoices_id_issue")
    assert reader.page.locator("#post_invoices_id_issue").is_visible()
    assert reader.page.locator("details[open]").count() == 1


def test_from_the_welcome_to_the_meaning_of_a_problem(reader: Reader) -> None:
    reader.page.goto("/")
    assert reader.page.evaluate("document.documentElement.lang") == "fr"
    for link in ("main a[href^='docs?']", "a[href^='docs/ids?']", "a[href*='problems/already_exists']"):
        with reader.page.expect_navigation(wait_until="load"):
            reader.page.locator(link).first.click()
    assert reader.page.url.endswith("/problems/already_exists?lang=fr")
    assert reader.page.locator("h1").inner_text() == "Existe déjà"
    assert "409 Conflict" in reader.page.locator("main").inner_text()
