"""Text as people see it: what is removed, what shows nothing, what a search compares."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.text import clean, fold, shows_nothing, words

ANY_TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from("\u200c\u200d\u200e\ufe0f\u061cاهe\u0301\u20e3☎ 1'"))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("\u202a+212 522 43 21 09\u202c", "+212 522 43 21 09"),
        ("\u2066MA64 0117\u2069", "MA64 0117"),
        ("\ufeffAtlas", "Atlas"),
        ("At\u00adlas\u200b N\u2060égoce", "Atlas Négoce"),
        ("a\u202eb", "ab"),
        ("\u200e+212 522\u200f", "+212 522"),
        ("Atlas\u3164\u2800Négoce", "Atlas  Négoce"),
        ("un\u000bdeux\u2028trois\u2029quatre\r\ncinq\rsix\x0csept", "un\ndeux\ntrois\nquatre\ncinq\nsix\nsept"),
        ("\u2028 Atlas \u000b", "Atlas"),
        ("Ne\u034f\u0301goce", "Négoce"),
        ("A\U000e0041\ufff9B", "AB"),
        ("12\u202f345,60\u00a0MAD", "12\u202f345,60\u00a0MAD"),
    ],
)
def test_what_nobody_sees_is_removed(sent: str, kept: str) -> None:
    assert clean(sent) == kept


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian: the joiner separates a prefix inside a word
        "1446 ه\u200d",  # the short form of the Hijri era
        "क्\u200dष",
        "👩\u200d🔧 ❤\ufe0f\u200d🔥 ☎\ufe0e",
        "1\ufe0f\u20e3 #\ufe0f\u20e3",
        "متجر \u200fأطلس\u200e 12",
    ],
)
def test_marks_that_shape_their_neighbours_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("At\u200clas\u200d", "Atlas"),
        ("\u200cمتجر\u200c \u200dأطلس", "متجر أطلس"),
        ("می\u200c\u200cخواهم", "می\u200cخواهم"),
        ("A\ufe0f b\ufe0e", "A b"),
        ("MA64\u200d0117", "MA640117"),
    ],
)
def test_marks_without_effect_are_removed(sent: str, kept: str) -> None:
    assert clean(sent) == kept


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANY_TEXT)
def test_clean_text_is_in_nfc_and_has_one_kind_of_line_break(text: str) -> None:
    cleaned = clean(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not set(cleaned) & set("\r\x0b\x0c\u2028\u2029\u202e\u2066\ufeff\u00ad\u200b\u3164")


@pytest.mark.parametrize("text", ["", "  ", "\n", "\u2028", "\u00a0\u2003"])
def test_space_shows_nothing(text: str) -> None:
    assert shows_nothing(text)


@pytest.mark.parametrize("character", "\u200b\u00ad\u034f\u180e\u200d\u200e\ufe0f\ufff9\u202e")
def test_an_invisible_character_shows_nothing(character: str) -> None:
    assert shows_nothing(character * 2)


@pytest.mark.parametrize("character", "\u3164\u2800\u115f\u1160\uffa0\ufffc")
def test_a_blank_sign_shows_nothing(character: str) -> None:
    assert shows_nothing(f" {character} ")


@pytest.mark.parametrize("accent", "\u0301\u064e\u20dd´^`¨")
def test_a_lone_accent_shows_nothing(accent: str) -> None:
    assert shows_nothing(accent)


@pytest.mark.parametrize("text", ["a", "1", "-", "é", "e\u0301", "ش", "漢", "😀", "€", "\u200bx", "…", "½", "ⴰ"])
def test_text_that_shows_something(text: str) -> None:
    assert not shows_nothing(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("SOCIÉTÉ  Générale", "societe generale"),
        ("Cœur d’Ægir", "coeur d'aegir"),
        ("Øresund Garðar Đà Łódź Straße", "oresund gardar da lodz strasse"),
        ("l‘eau lʼeau l`eau l´eau l′eau l＇eau", "l'eau l'eau l'eau l'eau l'eau l'eau"),
        ("a–b—c‐d‑e−f－g", "a-b-c-d-e-f-g"),
        ("a\u00a0\u202f\t\n b", "a b"),
        ("مدرسة", "مدرسه"),
        ("مصطفى", "مصطفي"),
        ("أحمد إبراهيم آمنة مؤسسة رئيس ٱلله", "احمد ابراهيم امنه موسسه رييس الله"),
        ("محـــمد", "محمد"),
        ("مُحَمَّد", "محمد"),
        ("\ufee3\ufea4\ufee4\ufeaa", "محمد"),
        ("\ufefb", "لا"),
        ("هیئت کار", "هييت كار"),
        ("٠٥٢٢ ۱۲", "0522 12"),
        ("ﬁn ＡＢＣ ﷼", "fin abc ريال"),
        ("İstanbul Kırşehir ΣΊΣΥΦΟΣ", "istanbul kirsehir σισυφοσ"),
        ("At\u00adlas\u200b\u202e", "atlas"),
        ("می\u200cخواهم", "ميخواهم"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT)
def test_a_search_ignores_what_cleaning_removes(text: str) -> None:
    assert fold(clean(text)) == fold(text)


@given(st.text(st.characters(codec="ascii")))
def test_plain_text_folds_as_every_text_does(text: str) -> None:
    assert fold(text + " é") == f"{fold(text)} e".strip()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Atlas Négoce (SARL) n°12-B", ["atlas", "negoce", "sarl", "n", "12", "b"]),
        ("contact@atlas-negoce.ma", ["contact", "atlas", "negoce", "ma"]),
        ("l’œuvre_d'art", ["l", "oeuvre", "d", "art"]),
        ("شركة الأطلس، ش.م.م", ["شركه", "الاطلس", "ش", "م", "م"]),
        ("— … \u200b", []),
    ],
)
def test_words_are_letters_and_digits(text: str, found: list[str]) -> None:
    assert words(text) == found


@given(ANY_TEXT)
def test_words_hold_no_space_and_fold_to_themselves(text: str) -> None:
    found = words(text)
    assert all(word.isalnum() for word in found)
    assert [words(word) for word in found] == [[word] for word in found]
