"""Free text: everything prints, and nothing reverses its neighbours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.render.text import direction, isolated, printable, without_marks


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


def test_the_marks_of_our_own_sentences_become_isolates_which_nobody_copies() -> None:
    assert isolated("المادة \u200e92-I-1°\u200e من") == "المادة \u206692-I-1°\u2069 من"
    assert isolated("one mark \u200e stays") == "one mark \u200e stays"


def test_marks_can_be_dropped() -> None:
    assert without_marks("a\u064eb") == "ab"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Ciment 50 kg", "ltr"), ("250 أسمنت cement", "rtl"), ("+212 522", "rtl"), ("", "rtl"), ("– Élan", "ltr")],
)
def test_direction_is_that_of_the_first_letter(text: str, expected: str) -> None:
    assert direction(text, "rtl") == expected
