"""Free text: everything prints, nothing reverses its neighbours, nothing leaves its column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.render.text import breakable, direction, printable, without_marks


@pytest.mark.parametrize(
    "text",
    ["Été à l’œuvre — 12 m² × 3 ½ ≤ → ✓ €", "فاتورة رقم ١٢", "ⴰⵣⵓⵍ", "Ελλάδα Привет", "a\nb", "שלום Հայ ქართ ① Ⅻ"],
)
def test_characters_in_the_fonts_are_kept(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vis 😀", "vis \ufffd"),
        ("漢字", "\ufffd\ufffd"),
        ("a\u202eb\u2066c", "abc"),
        ("a\u0007\u0000b", "ab"),
        ("❤\ufe0f", "❤"),
        ("a\tb\r\nc", "a b\nc"),
        ("e\u0301", "é"),
    ],
)
def test_characters_missing_from_the_fonts_or_harmful_are_removed(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text())
def test_cleaning_is_stable_and_never_longer_than_its_normal_form(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@given(st.text(max_size=200))
def test_every_run_can_break_and_nothing_else_changes(text: str) -> None:
    text = text.replace("\u200b", "")
    assert breakable(text).replace("\u200b", "") == text


def test_a_long_word_gets_room_to_break_and_a_short_one_does_not() -> None:
    assert max(map(len, breakable("X" * 60).split("\u200b"))) <= 10
    assert breakable("anticonstitutionnelle") == "anticonstitutionnelle"


def test_marks_can_be_dropped() -> None:
    assert without_marks("a\u064eb") == "ab"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Ciment 50 kg", "ltr"), ("250 أسمنت cement", "rtl"), ("+212 522", "rtl"), ("", "rtl"), ("– Élan", "ltr")],
)
def test_direction_is_that_of_the_first_letter(text: str, expected: str) -> None:
    assert direction(text, "rtl") == expected
