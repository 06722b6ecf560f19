"""The three ready templates, and the page that documents what a template may use."""

import re
import unicodedata
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.render import filling, html, pdfkit_renderer
from chalicelib.render.filling import fill
from chalicelib.render.html import compose, page_data
from chalicelib.render.pdfkit_renderer import PdfkitRenderer
from chalicelib.render.renderer import HERE
from chalicelib.render.specimen import LINES, specimen
from chalicelib.services.documents.view import issued_view
from tests.unit.render.test_pdfkit import needs_program
from tests.unit.render.views import view
from tests.unit.samples import customer, issued, line

WITHHOLDER = customer(kind="public_body", withholder="public_body")

READY = {path.stem: path.read_text("utf-8") for path in sorted((HERE / "templates" / "html").glob("*.html"))}
PAGE = (Path(__file__).parents[3] / "docs" / "templates.md").read_text("utf-8")


SHOWN = (
    *("title", "number", "marks", "facts", "seller", "buyer", "to_label", "lines", "totals", "vat"),
    *("amount_in_words", "payment_terms", "mentions", "notes", "register_hash"),
)
"""The variables that make up a page."""


def texts(value: object) -> list[str]:
    """Each text that a template can print of a value."""
    if isinstance(value, dict):
        return [text for name, part in value.items() if name not in ("dir", "kind") for text in texts(part)]
    if isinstance(value, (list, tuple)):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) and value else []


def test_there_are_three() -> None:
    assert set(READY) == {"compact", "document", "letter"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", READY)
def test_a_ready_template_shows_all_that_a_page_has(name: str, language: Language) -> None:
    data = page_data(specimen(language))
    made = re.sub(r"<[^>]*>", "", compose(READY[name], data).replace("&nbsp;", "\u00a0"))
    seller_at_the_foot = texts(data["seller"]["identity"])
    wanted = [text for part in SHOWN for text in texts(data[part])]
    missing = {text for text in wanted if text.replace("'", "&#39;") not in made and text not in made}
    assert missing - {"ltr", "rtl"} <= set(seller_at_the_foot)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", READY)
def test_a_page_holds_nothing_invisible(name: str, language: Language) -> None:
    """An exemption, the late payment and the expected withholding embed texts of the other direction."""
    document = issued(line(rate="0", exemption="92-I-1"), line(), buyer=WITHHOLDER, language=language)
    data = page_data(issued_view(document, language))
    made = compose(READY[name], data)
    assert {letter for letter in made if unicodedata.category(letter) == "Cf"} == set()
    assert ('<bdi dir="ltr">92-I-1°</bdi>' in made) is (language == "ar")


@needs_program
def test_a_printed_page_in_arabic_has_no_isolate() -> None:
    document = issued(line(rate="0", exemption="92-I-1"), language="ar")
    pages = PdfReader(BytesIO(PdfkitRenderer(READY["document"]).render(issued_view(document, "ar")))).pages
    text = "".join(page.extract_text() for page in pages)
    assert "92-I-1°" in text
    assert not re.search("[\u2066-\u2069]", text)


@needs_program
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", READY)
def test_a_ready_template_is_printed(name: str, language: Language) -> None:
    made = PdfReader(BytesIO(PdfkitRenderer(READY[name]).render(specimen(language))))
    text = "\n".join(page.extract_text() for page in made.pages)
    assert "FA-2026-00042" in text
    assert re.search(rf"\b{LINES}\b", text)
    assert len(made.pages) <= 3


def test_the_page_names_each_variable() -> None:
    table = PAGE.partition("## Variables")[2].partition("## Language")[0]
    named = set(re.findall(r"`(\w+)`", table))
    data = page_data(view(2))
    assert set(data) <= named
    assert set(data["lines"][0]) <= named
    assert set(data["totals"][0]) | set(data["vat"][0]) | set(data["facts"][0]) | set(data["seller"]) <= named


def test_the_page_names_each_tag_and_filter() -> None:
    language = PAGE.partition("## Language")[2].partition("Values are")[0]
    tags, filters = language.split("- filters:")
    inside = {"illegal", "content", "output", "#"}
    assert set(re.findall(r"`(\w+)`", tags)) == set(html._LIQUID_TAGS) - inside
    assert set(re.findall(r"`(\w+)`", filters)) == set(html._LIQUID_FILTERS)


def test_the_page_states_the_limits() -> None:
    limits = PAGE.partition("## Limits")[2]
    for limit in (
        f"{html.MAX_DEPTH} elements, {html._environment().block_nesting_limit} blocks",
        f"{html.MAX_ITERATIONS:,}",
        f"{html.MAX_OUTPUT_BYTES // 1024**2} MB",
        f"{filling.LIMITS.seconds} s to fill",
        f"{pdfkit_renderer.TRIAL.seconds} s to print the specimen",
        f"{pdfkit_renderer.LIMITS.seconds} s to print a document",
    ):
        assert limit in limits


def test_the_example_of_the_page_works() -> None:
    (example,) = re.findall(r"```html\n(.*?)```", PAGE, re.DOTALL)
    made = fill(example, page_data(view(2)))
    assert "FA-2026-00042" in made
    assert "total-payable" in made
