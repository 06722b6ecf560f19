"""The default template through typst: what is printed, in which languages, with equal bytes for equal views."""

import threading
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PageObject, PdfReader

from chalicelib.domain.documents.view import DocumentView, LineView
from chalicelib.domain.glyph_ranges import RANGES
from chalicelib.domain.language import Language
from chalicelib.render.labels import labels
from chalicelib.render.logo import clean_logo
from chalicelib.render.payload import payload
from chalicelib.render.renderer import EmbeddedFile, RenderFailed
from chalicelib.render.text import printable
from chalicelib.render.typst_renderer import TypstRenderer
from tests.unit.render.views import view

RENDERER = TypstRenderer()


def read(made: bytes) -> PdfReader:
    return PdfReader(BytesIO(made))


def text_of(made: bytes) -> str:
    """The pages' text, a single space between words."""
    text = "\n".join(page.extract_text() for page in read(made).pages)
    return " ".join(text.replace("\u202f", " ").replace("\u00a0", " ").split())


def placed(page: PageObject) -> list[tuple[str, float]]:
    """Each run of text with the horizontal place of its start, in points."""
    found: list[tuple[str, float]] = []

    def visit(text: str, matrix: list[float], text_matrix: list[float], _font: Any, _size: Any) -> None:
        if text.strip():
            found.append((text.strip(), text_matrix[4] * matrix[0] + text_matrix[5] * matrix[2] + matrix[4]))

    page.extract_text(visitor_text=visit)
    return found


def with_lines(*descriptions: str, language: Language = "fr") -> DocumentView:
    base = view(1, language)
    return replace(base, lines=tuple(replace(base.lines[0], description=text) for text in descriptions))


def test_a_french_invoice_says_all_that_the_law_asks() -> None:
    text = text_of(RENDERER.render(view(20)))
    for expected in (
        *("Facture", "FA-2026-00042", "Atlas Négoce et Services", "SARL", "12, rue Ibn Batouta", "23/11/2026"),
        *("ICE 002136093000040", "IF 40211587", "RC 345671 Casablanca", "TP 35790124", "CNSS 4587712"),
        *("Capital 100 000 MAD", "ICE 001525713000085", "Riad Al Andalous", "45, avenue Mohammed V"),
        *("Huile d’argan alimentaire, bouteille 250 ml", "3 bouteille", "1 236,50", "10 %", "3 338,55"),
        *("Total TTC", "3 220,00 MAD", "Net à payer", "3 240,00 MAD", "Taux de TVA", "2 500,00"),
        *("Arrêtée la présente facture à la somme de trois mille deux cent quarante dirhams.", "RIB 230 780"),
        *("Paiement par virement à 60 jours", "(loi 69-21)", "9f2c 41d7 a03b 5e18", "Page 1 / 1"),
    ):
        assert expected in text, expected


def test_an_english_invoice_is_in_english() -> None:
    text = text_of(RENDERER.render(view(2, "en")))
    for expected in ("Invoice", "Unit price", "Amount payable", "MAD 3,240.00", "1,235.50", "Page 1 / 1"):
        assert expected in text, expected


def test_an_arabic_invoice_is_in_arabic_with_latin_digits() -> None:
    made = RENDERER.render(view(2, "ar"))
    text = text_of(made)
    for expected in ("1.235,50", "FA-2026-00042", "+212 522 43 21 09", "001525713000085", "Riad Al Andalous"):
        assert expected in text, expected
    for expected in ("استشارة", "فاتورة", "الكمية", "الصافي"):
        assert expected in text, expected


def test_an_arabic_page_is_mirrored() -> None:
    """The line's number stands on the right of its amount in Arabic, on the left in French."""

    def positions(language: Language) -> tuple[float, float]:
        found = dict(placed(read(RENDERER.render(replace(view(1, language), lines=(mark,)))).pages[0]))
        return found["77"], found["55,00"]

    mark = LineView(position="77", description="x", quantity="1", unit_price="33,00", rate="20", net="55,00")
    (number, net), (number_ar, net_ar) = positions("fr"), positions("ar")
    assert number < net
    assert number_ar > net_ar


@pytest.mark.parametrize(("lines", "pages"), [(0, 1), (1, 1), (20, 1), (50, 2), (500, 11)])
def test_pages(lines: int, pages: int) -> None:
    assert len(read(RENDERER.render(view(lines))).pages) == pages


@pytest.mark.slow
def test_a_thousand_lines_repeat_their_head_and_number_their_pages() -> None:
    reader = read(RENDERER.render(view(1000)))
    assert len(reader.pages) == 20
    texts = [page.extract_text() for page in reader.pages]
    assert all("Désignation" in text and "ICE" in text for text in texts[:-1])
    assert all(f"{number} / {len(texts)}" in text for number, text in enumerate(texts, 1))


@pytest.mark.slow
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("mark", ["draft", "specimen"])
def test_marks_are_on_every_page(language: Language, mark: Any) -> None:
    word = labels(language)[f"mark.{mark}"]
    marked = [page.extract_text() for page in read(RENDERER.render(view(50, language, marks=(mark,)))).pages]
    plain = text_of(RENDERER.render(view(50, language)))
    assert all(word in text for text in marked)
    assert word not in plain


def test_equal_views_give_equal_bytes_even_from_another_compiler() -> None:
    made = RENDERER.render(view(3))
    assert made == RENDERER.render(view(3)) == TypstRenderer().render(view(3))
    assert made != RENDERER.render(view(4))


def test_threads_share_a_renderer() -> None:
    views = [view(2, number=f"FA-{n}") for n in range(6)]
    alone = [RENDERER.render(each) for each in views]
    together: list[bytes] = [b""] * len(views)

    def work(at: int) -> None:
        together[at] = RENDERER.render(views[at])

    threads = [threading.Thread(target=work, args=(at,)) for at in range(len(views))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_the_file_is_pdfa3_tagged_with_every_font_embedded() -> None:
    reader = read(RENDERER.render(view(2, "ar")))
    root = cast(Any, reader.trailer["/Root"])
    assert b"<pdfaid:part>3</pdfaid:part>" in root["/Metadata"].get_data()
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in root["/Metadata"].get_data()
    assert root["/Lang"] == "ar-MA"
    assert root["/MarkInfo"]["/Marked"]
    fonts = [font.get_object() for page in reader.pages for font in cast(Any, page)["/Resources"]["/Font"].values()]
    names = {str(font["/BaseFont"]) for font in fonts}
    assert any("NotoSansArabic" in name for name in names)
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_an_e_invoice_travels_inside() -> None:
    xml = '<?xml version="1.0" encoding="UTF-8"?><Invoice>é</Invoice>'.encode()
    attachment = EmbeddedFile(name="invoice.xml", data=xml, description="UBL 2.1")
    made = RENDERER.render(view(1), attachments=[attachment])
    assert read(made).attachments == {"invoice.xml": [xml]}


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_logo_is_printed(kind: str) -> None:
    out = BytesIO()
    Image.new("RGB", (200, 80), "teal").save(out, kind)
    reader = read(RENDERER.render(view(1), logo=clean_logo(out.getvalue())))
    assert "/Image" in str(
        [each.get_object() for each in cast(Any, reader.pages[0])["/Resources"]["/XObject"].values()]
    )


@pytest.mark.parametrize(
    "hostile",
    [
        '#read("/etc/passwd")',
        "#sys.inputs",
        '#import "@preview/x:1.0.0"; #panic()',
        "$ sum_(k=0)^n k $ *gras* _italique_ `code` = Titre",
        '"], dir: rtl) // */ /* \\u{202e}',
        "<script>alert(1)</script> {{ 7 * 7 }} {% for %}",
        "@label <label> https://example.com",
    ],
)
def test_markup_in_data_is_printed_literally(hostile: str) -> None:
    made = RENDERER.render(with_lines(hostile))
    assert printable(hostile).replace(" ", "") in text_of(made).replace(" ", "")


def test_everything_that_can_be_typed_prints() -> None:
    strange = "😀 漢字 \u202eabc \u0007 a\u064e b\u0301\u0651 ❤\ufe0f \ud7ff \U000e0041 e\u20dd \u0600"
    made = RENDERER.render(replace(with_lines(strange), notes=strange, number=strange[:20]))
    assert "\ufffd" in text_of(made)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=120), language=st.sampled_from(["fr", "ar"]))
def test_any_text_prints(text: str, language: Language) -> None:
    assert RENDERER.render(replace(with_lines(text, language=language), notes=text)).startswith(b"%PDF")


def test_every_character_said_to_be_covered_is() -> None:
    ranges = [each.split("-") for each in RANGES.split()]
    letters = [chr(code) for a, b in ranges for code in range(int(a, 16), int(b, 16) + 1)]
    alone = [letter for letter in map(printable, letters) if letter not in ("\ufffd", "")]
    assert len(alone) > 5500
    text = " ".join(f"x {letter}" for letter in alone)
    RENDERER.press.compiled(payload(replace(with_lines(text), amount_in_words=text, notes=text)), view(1).dated)


def test_a_missing_glyph_would_fail_without_the_cleaning() -> None:
    with pytest.raises(Exception, match="could not be displayed"):
        RENDERER.press.compiled(payload(with_lines("😀"), lambda text: text), view(1).dated)


def test_long_texts_stay_inside_the_page() -> None:
    made = RENDERER.render(with_lines("mot " * 500, "X" * 60, "ligne\n" * 300, "W" * 2000))
    reader = read(made)
    width = float(reader.pages[0].mediabox.width)
    starts = [x for page in reader.pages for _, x in placed(page)]
    assert min(starts) > 40
    assert max(starts) < width - 40
    assert max(text.count("W") for page in reader.pages for text, _ in placed(page)) < 40
    assert text_of(made).replace(" ", "").count("W") >= 2000


def test_a_document_without_prices_has_no_price_columns() -> None:
    base = view(2, "fr")
    bare = tuple(LineView(position=line.position, description=line.description, quantity="2") for line in base.lines)
    bare_view = replace(base, lines=bare, totals=(), vat=(), amount_in_words="", payment_terms="")
    note = replace(bare_view, title="Bon de livraison", addressee="Destinataire")
    text = text_of(RENDERER.render(note))
    assert "Bon de livraison" in text
    assert "Destinataire" in text
    assert "P.U. HT" not in text
    assert "TVA" not in text


def test_a_draft_without_buyer_or_number_prints() -> None:
    assert "N°" in text_of(
        RENDERER.render(view(1, buyer=None, number="", facts=(), register_hash="", marks=("draft",)))
    )


def test_a_broken_template_is_a_fault_of_ours(tmp_path: Path) -> None:
    (tmp_path / "document.typ").write_text("#panic()")
    with pytest.raises(RenderFailed):
        TypstRenderer(tmp_path).render(view(1))


def test_a_template_reads_nothing_outside_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "template"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "document.typ").write_text('#read("../secret.txt")')
    with pytest.raises(RenderFailed):
        TypstRenderer(folder).render(view(1))
