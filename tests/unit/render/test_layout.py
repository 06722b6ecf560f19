"""The measures that typst gets: what fits, where long runs break, and how wide columns are."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.language import Language
from chalicelib.render import layout
from chalicelib.render.layout import BREAK, PAGE, arranged, breakable, in_parts
from chalicelib.render.metrics import MARGIN, line_count, width
from chalicelib.render.payload import payload
from chalicelib.render.typst_renderer import TypstRenderer
from tests.unit.render.geometry import Page, pages
from tests.unit.render.views import view

PRINTED = TypstRenderer()
PRESS = PRINTED.press


def page_with(text: str) -> Page:
    base = view(1)
    return pages(PRINTED.render(replace(base, lines=(replace(base.lines[0], description=text),))))[0]


def places(made: bytes) -> list[tuple[str, float, float]]:
    return [(g.text, round(g.left, 1), round(g.base, 1)) for page in pages(made) for g in page.glyphs]


@given(st.text(max_size=200))
def test_every_run_can_break_and_nothing_else_changes(text: str) -> None:
    run = "".join(text.replace(BREAK, "").split())
    assert breakable(run, 100).replace(BREAK, "") == run


def test_a_wide_run_gets_room_to_break_and_a_narrow_one_does_not() -> None:
    assert max(map(len, breakable("W" * 60, 100).split(BREAK))) <= 5
    assert breakable("constitutionnelle", 100) == "constitutionnelle"


@pytest.mark.parametrize(
    "text", ["Huile d’argan alimentaire, 250 ml", "MWMWMWMW", "illicit filling fjord", "AVAVAVAV To"]
)
def test_the_estimate_is_near_the_printed_width(text: str) -> None:
    glyphs = page_with(f"{text}").glyphs
    letters = "".join(text.split())
    joined = "".join(glyph.text for glyph in glyphs)
    start = joined.index(letters)
    ink = glyphs[start + len(letters) - 1].right - glyphs[start].left
    assert 0.97 * ink <= width(text, 9) <= 1.06 * ink + 2


def test_arabic_is_never_wider_than_its_estimate() -> None:
    text = "استشارة في التنظيم، ورشة تحديد الحاجيات"
    glyphs = [glyph for glyph in page_with(text).glyphs if glyph.text in text]
    line = [glyph for glyph in glyphs if glyph.base == glyphs[0].base]
    assert max(glyph.right for glyph in line) - min(glyph.left for glyph in line) <= width(text, 9) * MARGIN


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("lines", [1, 20])
def test_fixed_heights_are_those_that_typst_would_find(
    language: Language, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row whose height is given prints at the same places as a row that typst measures."""
    page = view(lines, language)
    data = payload(page)
    assert language == "ar" or min(arranged(data)["layout"]["heights"]) > 0
    fixed = places(PRESS.compiled(data, page.dated))
    monkeypatch.setattr(layout, "fits", lambda *_: False)
    assert set(arranged(data)["layout"]["heights"]) == {0.0}
    assert fixed == places(PRESS.compiled(data, page.dated))


@pytest.mark.parametrize("text", ["deux\nlignes", "mot " * 40, "W" * 40])
def test_a_row_that_may_be_higher_is_measured(text: str) -> None:
    base = view(1)
    data = arranged(payload(replace(base, lines=(replace(base.lines[0], description=text),))))
    assert data["layout"]["heights"] == [0.0]


def test_the_columns_fill_the_page() -> None:
    assert sum(arranged(payload(view(3)))["layout"]["columns"]) == pytest.approx(PAGE)


def test_lines_are_counted_with_room_to_spare() -> None:
    assert line_count("one two", 500, 9) == 1
    assert line_count("W" * 100, 100, 9) >= 8
    assert line_count("mot " * 100, 100, 9) >= 17


@given(st.text(alphabet="ab W\n", max_size=400))
def test_parts_lose_nothing(text: str) -> None:
    assert "".join(in_parts(text, 60)).split() == text.split()
