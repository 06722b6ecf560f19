"""The characters that pages can print: the table equals the fonts, and a text names what it lacks."""

import pytest

from chalicelib.domain.glyphs import MOST_NAMED, without_glyph
from chalicelib.domain.text import clean
from chalicelib.render.text import FONTS
from infra.glyphs import TABLE, characters, module, ranges


def test_the_table_is_that_of_the_fonts() -> None:
    assert TABLE.read_text("utf-8") == module(), "run: python -m infra.glyphs --write"


def test_a_bold_style_has_the_characters_of_the_regular_one() -> None:
    bold = sorted(FONTS.glob("*-Bold.ttf"))
    assert len(bold) == 5
    for font in bold:
        regular = font.with_name(font.name.replace("Bold", "Regular"))
        assert characters(font.read_bytes()) == characters(regular.read_bytes())


def test_both_forms_of_a_fonts_table_are_read() -> None:
    latin = characters((FONTS / "NotoSans-Regular.ttf").read_bytes())
    hebrew = characters((FONTS / "NotoSansHebrew-Regular.ttf").read_bytes())
    assert {ord("A"), ord("é"), ord("Ж")} < latin
    assert ord("ש") in hebrew - latin


def test_ranges() -> None:
    assert ranges([0x41, 0x43, 0x42, 0x1F600]) == "0041-0043 1F600-1F600"


@pytest.mark.parametrize(
    "text",
    [
        "Société Générale – 12 m² € ✓",
        "شركة الأطلس للتجارة ﷼",
        "ⵜⴰⵎⴰⵣⵉⵖⵜ",
        "Ελλάδα Россия שלום Հայաստան საქართველო",
        "① Ⅻ ☎\ufe0e ❤\ufe0f",
        "می\u200cخواهم 1446 ه\u200d \u200fأ\u200e",
        "un\ndeux\ttrois",
        "",
    ],
)
def test_scripts_of_buyers_have_glyphs(text: str) -> None:
    assert clean(text) == text
    assert without_glyph(text) == ""


def test_characters_without_a_glyph_are_named_once_in_their_order() -> None:
    assert without_glyph("漢字 et 😀 漢 ไทย") == "漢 字 😀 ไ ท ย"


def test_a_notice_names_a_bounded_number_of_characters() -> None:
    assert without_glyph(None) == ""
    named = without_glyph("".join(map(chr, range(0x4E00, 0x4E00 + 100))))
    assert named.split(" ") == [*map(chr, range(0x4E00, 0x4E00 + MOST_NAMED)), "…"]
