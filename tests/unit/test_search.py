"""Search by words: what matches, and the key by which an index states a record."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.companies.company import Numbering, Series
from chalicelib.domain.documents.number_search import NumberForm, Positions, forms, place_of
from chalicelib.domain.documents.numbering import number, series_name
from chalicelib.domain.search import (
    CUT,
    KEY,
    MAX_KEY_BYTES,
    Search,
    TextEntry,
    expanded,
    phone_word,
    search_of,
    text_key,
)
from chalicelib.domain.text import words
from tests.unit.samples import STAMPS, company

YEARLY = Numbering(document="invoice", pattern="FA-{year}-{seq:05}", reset="year")
MONTHLY = Numbering(document="invoice", pattern="F{year}{month}/{seq}-X", reset="never")
TODAY = date(2026, 11, 30)


def form_of(pattern: Numbering) -> NumberForm:
    """The form of this pattern's numbers today."""
    name = series_name(pattern, TODAY)
    own = Series(**STAMPS, id=name, document="invoice", next=60_001, first=1, last_date=TODAY, chain="")
    (form,) = forms(company(numbering=(pattern,) if pattern != YEARLY else ()), own, TODAY)
    return form


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("Société  GÉNÉRALE", Search(("societe", "generale"))),
        ("a b c d e f g h i j", Search(tuple("abcdefgh"))),
        ("+212 6 12 34 56 78", Search(("212", "6", "12", "34", "56", "78"), "612345678")),
        ("002136093000040", Search(("002136093000040",), "093000040")),
        ("FA-2026-00042", Search(("fa", "2026", "00042"))),
        ("—…", None),
        (None, None),
    ],
)
def test_a_search_is_its_folded_words(text: str | None, search: Search | None) -> None:
    assert search_of(text) == search


@pytest.mark.parametrize(
    ("found", "matches"),
    [(["atlas", "negoce"], True), (["negoces", "atlantique"], True), (["negoce"], False), ([CUT], True), ([], False)],
)
def test_each_word_begins_a_word(found: list[str], matches: bool) -> None:
    assert Search(("neg", "atl")).matches(found) is matches


def test_a_number_is_found_however_it_is_written() -> None:
    assert phone_word("0612-34.56.78") == phone_word("+212 612 345 678") == ["612345678"]
    assert phone_word(None) == []


def test_a_key_states_each_word_once() -> None:
    fields = [["atlas", "import", "sarl", "atlas"], [], ["contact", "atlas", "fr"]]
    (key,) = text_key("cus", fields).values()
    assert key == "cus#atlas S G||M fr"
    assert expanded([key, key]) == ["cus#atlas import sarl||contact fr"] * 2
    assert text_key("itm", [["vis"], []]) == {"_w": "itm#vis"}
    assert expanded([]) == []


@given(st.lists(st.lists(st.text(min_size=1).filter(words).map(lambda text: words(text)[0]), max_size=30), max_size=4))
def test_a_key_fits_and_can_be_read(fields: list[list[str]]) -> None:
    entry = entry_of(fields)
    said = {word for field in fields for word in field}
    assert len(text_key("cus", fields)[KEY].encode()) <= MAX_KEY_BYTES
    assert entry.id == "cus_1"
    assert entry.words == said or (CUT in entry.words and entry.words - {CUT} <= said)


@given(st.text("0gmail comsru", max_size=60))
def test_the_frequent_parts_of_a_key_return(name: str) -> None:
    """Parts that overlap or meet, such as in `gmail com ma` and `00000`."""
    assert entry_of([words(name)]).fields == (tuple(dict.fromkeys(words(name))),)


def test_a_text_that_is_too_long_says_so() -> None:
    entry = entry_of([["é" * 100] + [f"{n}é" * 50 for n in range(20)]])
    assert entry.fields[0][-1] == CUT
    assert Search(("absent",)).matches(entry.words), "only the record itself can tell"


@given(
    st.lists(st.lists(st.sampled_from(["atlas", "negoce", "atlantique", "6123", "x"]), max_size=4), max_size=3),
    st.data(),
)
def test_what_matches_fits_at_the_first_look(fields: list[list[str]], data: st.DataObject) -> None:
    (key,) = expanded(text_key("cus", fields).values())
    search = Search(tuple(data.draw(st.lists(st.sampled_from(["at", "atl", "ne", "61", "x"]), min_size=1))))
    assert search.fits(key) or not search.matches(entry_of(fields).words)


def entry_of(fields: list[list[str]]) -> TextEntry:
    """The entry of the index for a customer with these words."""
    (key,) = expanded(text_key("cus", fields).values())
    return TextEntry.of("customer#cus_1", key)


@given(st.sampled_from([YEARLY, MONTHLY]), st.dates(date(2000, 1, 1)), st.integers(1, 999_999_999))
def test_a_number_gives_its_place_back(numbering: Numbering, day: date, sequence: int) -> None:
    assert place_of(numbering, number(numbering, day, sequence)) == (series_name(numbering, day), sequence)


@pytest.mark.parametrize(
    "text", ["FA-2026-42", "FA-2026-00042 ", "fa-2026-00042", "FA-26-00042", "FA-2026-", "", "F202613/1-X"]
)
def test_a_number_that_the_pattern_does_not_make_has_no_place(text: str) -> None:
    assert place_of(YEARLY, text) is None
    assert place_of(MONTHLY, text) is None


@pytest.mark.parametrize(
    ("pattern", "text", "positions"),
    [
        (YEARLY, "0004", [(40, 49)]),
        (YEARLY, "fa 2026 00042", [(42, 42)]),
        (YEARLY, "42", [(42_000, 42_999)]),
        (YEARLY, "fa", [(1, 60_000)]),
        (YEARLY, "2025", [(20_250, 20_259)]),
        (YEARLY, "2025 fa 00042", []),
        (YEARLY, "1", [(10_000, 19_999)]),
        (YEARLY, "fax", []),
        (MONTHLY, "f202611", [(1, 60_000)]),
        (MONTHLY, "4 x", [(4, 4), (40, 49), (400, 499), (4_000, 4_999), (40_000, 49_999)]),
        (MONTHLY, "xy", []),
    ],
)
def test_words_limit_the_positions(pattern: Numbering, text: str, positions: list[Positions]) -> None:
    assert form_of(pattern).positions(words(text), (1, 60_000)) == positions


@given(st.sampled_from([YEARLY, MONTHLY]), st.integers(1, 60_000), st.data())
def test_every_number_that_matches_is_among_the_positions(pattern: Numbering, at: int, data: st.DataObject) -> None:
    form = form_of(pattern)
    said = data.draw(st.lists(st.sampled_from(words(number(pattern, TODAY, at))), min_size=1))
    cut = [word[: data.draw(st.integers(1, len(word)))] for word in said]
    assert any(first <= at <= last for first, last in form.positions(cut, (1, 60_000)))
    assert all(form.may_contain(word) for word in cut)
