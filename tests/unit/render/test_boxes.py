"""Every field at its longest and at its widest, in three languages, through both renderers: nothing overlaps, nothing
leaves the margins, and the copied text is the input."""

import re
import unicodedata
from dataclasses import fields, replace
from decimal import Decimal

import pytest

from chalicelib.domain.documents.view import DocumentView, LineView, PartyView
from chalicelib.domain.language import Language
from chalicelib.render import formats
from chalicelib.render.pdfkit_renderer import PdfkitRenderer
from chalicelib.render.renderer import HERE, Renderer
from chalicelib.render.typst_renderer import TypstRenderer
from chalicelib.services.documents.view import issued_view
from tests.unit import samples
from tests.unit.render import views
from tests.unit.render.extremes import CASES, FIXED, NEVER_FILLED, Extreme, extreme_view, printed
from tests.unit.render.geometry import Page, pages, squeezed
from tests.unit.render.test_pdfkit import needs_program
from tests.unit.render.views import view

LANGUAGES: tuple[Language, ...] = ("fr", "ar", "en")
TYPST = TypstRenderer()
READY = {
    path.stem: PdfkitRenderer(path.read_text("utf-8")) for path in sorted((HERE / "templates" / "html").glob("*.html"))
}
HTML = READY["document"]
SIDES = 15.5
"""Millimetres that stay free at the left and the right: the margin, less the overhang of a letter."""
HTML_SIDES = 14.5
ENDS = 8.0
"""Millimetres that stay free above the head and below the foot."""
HTML_ENDS = 5.0
REPEATED = {"seller.share_capital", "seller.business_tax", "seller.cnss"}
"""Attributes that the HTML page prints in its foot only, where pdfium reads them in another order."""
ARABIC = re.compile(r"[\u0600-\u06ff\ufe70-\ufeff]")


def test_every_printed_attribute_has_its_extremes() -> None:
    printed_names = {f"{part}.{each.name}" for part in ("seller", "buyer") for each in fields(PartyView)}
    printed_names |= {f"line.{each.name}" for each in fields(LineView)} | {each.name for each in fields(DocumentView)}
    known = set(CASES) | {name.partition(".")[0] for name in CASES} | FIXED | NEVER_FILLED | {"lines"}
    assert printed_names - known == set()


TRIES = 4
"""Renders of one page by wkhtmltopdf, which about once in 40 puts one Arabic letter metres beside the paper
(docs/templates.md). Its other renders of the page are equal."""


def in_html(renderer: Renderer, content: DocumentView) -> bytes:
    """The page by wkhtmltopdf, all of it on its paper."""
    for _ in range(TRIES):
        made = renderer.render(content)
        if all(glyph.left < page.width for page in pages(made) for glyph in page.glyphs):
            return made
    raise AssertionError(f"a letter beside the paper in each of {TRIES} renders")


def faults(made: bytes, sides: float = SIDES, ends: float = ENDS) -> list[str]:
    """The faults of a file's pages: ink over ink, and ink in a margin."""
    found = []
    for number, page in enumerate(pages(made), 1):
        found += [f"page {number}: {a!r} over {b!r}" for a, b in page.overlapping()]
        if out := page.outside(sides, ends):
            found.append(f"page {number}: in the margin {out!r}")
    return found


def lost(made: bytes, view: DocumentView, names: tuple[str, ...]) -> list[str]:
    """The texts that cannot be read from the file as they were entered."""
    found = pages(made)
    return [f"{name}: {text!r} is lost" for name in names for text in printed(view, name) if not readable(found, text)]


def readable(found: list[Page], text: str) -> bool:
    """Whether a text is on the pages. Letters of Arabic are compared without their order: the file has them in the
    order of the ink, and each reader has its own way back. All else must be in its order, without spaces."""
    lines = [line for page in found for line in page.lines()]
    plain = "".join(text.split())
    if ARABIC.search(plain):
        seen = "".join(lines)
        return all(seen.count(letter) >= plain.count(letter) for letter in set(plain))
    return continues(plain, lines) or continues(plain, ["".join(g.text for g in page.glyphs) for page in found])


def continues(plain: str, parts: list[str]) -> bool:
    """Whether a text goes on from part to part: its lines, or the pages that it takes."""
    for part in parts:
        least = min(5, len(plain))
        length = next((n for n in range(len(plain), least - 1, -1) if plain[:n] in part), 0)
        plain = plain[length:]
        if not plain:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("extreme", ["longest", "widest"])
def test_each_field_alone(language: Language, extreme: Extreme) -> None:
    wrong = {}
    for name in CASES:
        view = extreme_view(language, extreme, name)
        made = TYPST.render(view)
        if found := faults(made) + lost(made, view, (name,)):
            wrong[name] = found[:3]
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("extreme", ["longest", "widest"])
def test_all_fields_at_once(language: Language, extreme: Extreme) -> None:
    assert faults(TYPST.render(extreme_view(language, extreme))) == []


@pytest.mark.slow
@needs_program
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("extreme", ["longest", "widest"])
@pytest.mark.parametrize("template", READY)
def test_all_fields_at_once_in_html(template: str, language: Language, extreme: Extreme) -> None:
    extremes = extreme_view(language, extreme)
    made = in_html(READY[template], extremes)
    names = tuple(name for name in CASES if name not in REPEATED)
    assert faults(made, HTML_SIDES, HTML_ENDS) + lost(made, extremes, names) == []


@pytest.mark.slow
@needs_program
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lines", [3, 60])
def test_usual_pages_in_html(language: Language, lines: int) -> None:
    assert faults(in_html(HTML, view(lines, language)), HTML_SIDES, HTML_ENDS) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lines", [1, 20, 60])
def test_usual_pages(language: Language, lines: int) -> None:
    assert faults(TYPST.render(view(lines, language))) == []


@pytest.mark.parametrize(("language", "price", "off"), [("fr", "1250000", "125000"), ("ar", "100000", "50000")])
@pytest.mark.parametrize("renderer", [TYPST, pytest.param(HTML, marks=[needs_program, pytest.mark.slow])])
def test_a_high_price_stands_apart_from_its_discount(
    language: Language, price: str, off: str, renderer: Renderer
) -> None:
    base = view(1, language)
    figures = (formats.unit_price(Decimal(price), language), formats.amount(Decimal(off), language))
    line = replace(base.lines[0], unit_price=figures[0], discount=figures[1])
    text = squeezed(" ".join(page.text for page in pages(renderer.render(replace(base, lines=(line,))))))
    assert " ".join(squeezed(figure) for figure in figures) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_invisible_is_copied(language: Language) -> None:
    seller = replace(
        views.seller(language), rib="MA64 0112 3456 7890 1234 5678 901", email="contact@" + "a" * 60 + ".ma"
    )
    mention = issued_view(samples.issued(samples.line(rate="0", exemption="92-I-1")), language).mentions[0]
    text = "".join(page.text for page in pages(TYPST.render(view(1, language, seller=seller, mentions=(mention,)))))
    invisible = {letter for letter in text if unicodedata.category(letter) == "Cf"}
    assert invisible == set()


def test_an_article_reads_from_left_to_right_in_arabic() -> None:
    base = view(1, "ar")
    vat = replace(base.vat[0], rate="0%", exemption="92-I-1")
    mention = issued_view(samples.issued(samples.line(rate="0", exemption="92-I-1")), "ar").mentions[0]
    lines = pages(TYPST.render(replace(base, vat=(vat,), mentions=(mention,))))[0].lines()
    assert sum("92-I-1" in line for line in lines) == 2


def test_a_long_foot_moves_the_end_of_the_page() -> None:
    """A foot of seven lines was cut by the edge of the paper."""
    long = extreme_view("fr", "widest", "seller.name", "seller.address", "seller.trade_register")
    page = pages(TYPST.render(long))[0]
    assert page.outside(SIDES, ENDS) == ""
    assert "Page 1 / 2" in squeezed(page.text)
