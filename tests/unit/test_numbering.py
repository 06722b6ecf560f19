"""Numbers: continuous and never twice, with every pattern."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from chalicelib.domain.companies.company import Head, Numbered, Numbering
from chalicelib.domain.documents.numbering import (
    current,
    current_day,
    number,
    numbered,
    numbering_after,
    series_name,
    with_first_number,
    with_pattern,
)
from chalicelib.domain.errors import InvalidContent, NumberingSettled
from tests.unit.samples import AT, DAY, STAMPS, company


def _numbering(pattern: str, reset: str) -> Numbering:
    return Numbering(document="invoice", pattern=pattern, reset="year" if reset == "year" else "never")


@pytest.mark.parametrize(
    ("pattern", "reset", "series", "text"),
    [
        ("FA-{year}-{seq:05}", "year", "FA-2026", "FA-2026-00042"),
        ("FA-{year}-{seq:05}", "never", "FA", "FA-2026-00042"),
        ("S1/{year}/{month}/{seq:04}", "year", "S1/2026", "S1/2026/11/0042"),
        ("{year}{seq:05}", "year", "2026", "202600042"),
        ("{seq}", "never", "MAIN", "42"),
        ("F.{seq:03}", "never", "F", "F.042"),
    ],
)
def test_a_pattern_gives_series_and_number(pattern: str, reset: str, series: str, text: str) -> None:
    assert series_name(_numbering(pattern, reset), DAY) == series
    assert number(_numbering(pattern, reset), DAY, 42) == text


def test_the_default_is_by_year() -> None:
    assert current(company(), "invoice").pattern == "FA-{year}-{seq:05}"
    assert current(company(), "credit_note").pattern == "AV-{year}-{seq:05}"


@pytest.mark.parametrize(
    ("pattern", "reset", "code"),
    [
        ("FA-{year}", "year", "pattern_invalid"),
        ("FA-{seq}-{seq}", "never", "pattern_invalid"),
        ("FA {seq}", "never", "pattern_invalid"),
        ("FA#{seq}", "never", "pattern_invalid"),
        ("FA-{seq:00}", "never", "pattern_invalid"),
        ("FA-{seq!r}", "never", "pattern_invalid"),
        ("FA-{seq.__class__}", "never", "pattern_invalid"),
        ("A" * 40 + "{seq}", "never", "pattern_invalid"),
        ("FA-{seq}", "year", "pattern_without_year"),
        ("FA-{month}-{seq}", "never", "pattern_without_year"),
        ("FA{year}-{seq}", "never", None),
        ("FA-2026-{seq}", "never", "pattern_ambiguous"),
        ("fa-{year}-{seq}", "never", "pattern_ambiguous"),
        ("AV-{year}-{seq:05}", "year", "pattern_ambiguous"),
        ("AV/{seq}", "never", None),
    ],
)
def test_patterns_that_could_meet_are_refused(pattern: str, reset: str, code: str | None) -> None:
    if code is None:
        assert current(with_pattern(company(), "invoice", pattern, reset), "invoice").pattern == pattern
        return
    with pytest.raises(InvalidContent) as refused:
        with_pattern(company(), "invoice", pattern, reset)
    assert [fault.code for fault in refused.value.faults] == [code]


def test_no_number_is_given_twice_by_patterns_that_were_accepted() -> None:
    wanted = [
        "F{seq}",
        "F{year}{seq}",
        "F-{seq}",
        "F-{year}-{seq}",
        "F2026-{seq}",
        "F-{seq:05}",
        "F-{year}-{month}-{seq}",
        "F/{seq}",
    ]
    accepted = company()
    for pattern, reset in product(wanted, ("year", "never")):
        try:
            accepted = with_pattern(accepted, "invoice", pattern, reset)
        except InvalidContent:
            continue
    days = (date(2025, 1, 5), date(2026, 1, 5), date(2026, 11, 5))
    seen: dict[str, tuple[str, int]] = {}
    for numbering, day, seq in product(accepted.numbering, days, (1, 2, 11, 12, 26, 202, 2026, 20261)):
        place = (series_name(numbering, day), seq)
        # Within one series a sequence is given once, so the same text from the same place is no repetition.
        assert seen.setdefault(number(numbering, day, seq), place) == place
    assert len(accepted.numbering) >= 4


def test_a_kept_pattern_with_another_width_goes_on_in_its_series() -> None:
    wider = with_pattern(company(), "invoice", "FA-{year}-{seq:08}", "year")
    assert series_name(current(wider, "invoice"), DAY) == "FA-2026"


def test_going_back_to_an_older_pattern_goes_back_to_its_series() -> None:
    there = with_pattern(company(), "invoice", "X-{seq}", "never")
    back = with_pattern(there, "invoice", "FA-{year}-{seq:05}", "year")
    assert series_name(current(back, "invoice"), DAY) == "FA-2026"


def _head(**changes: Any) -> Head:
    known: dict[str, Any] = {"clock": 1, "chain": ""}
    return Head(id="cmp_01", **STAMPS, **(known | changes))


def test_arrival_sets_the_next_number_once_and_before_any_document() -> None:
    series, now = with_first_number(_head(), company(), "invoice", 120, AT)
    assert (series.next, series.first, series.id, now.arrived) == (120, 120, "FA-2026", True)
    for known in (now, Numbered(document="invoice", last=DAY)):
        with pytest.raises(NumberingSettled):
            with_first_number(
                _head(numbered=(known,)), with_pattern(company(), "invoice", "X-{seq}", "never"), "invoice", 130, AT
            )
    assert with_first_number(_head(numbered=(now,)), company(), "credit_note", 7, AT)[0].id == "AV-2026"
    for first in (0, 100_000_000):
        with pytest.raises(InvalidContent):
            with_first_number(_head(), company(), "invoice", first, AT)


def test_two_kinds_never_share_a_series_in_any_year() -> None:
    notes = with_pattern(company(), "credit_note", "X{year}-{seq}", "year")
    with pytest.raises(InvalidContent) as refused:
        with_pattern(notes, "invoice", "X2026/{seq}", "never")
    assert refused.value.faults[0].code == "pattern_ambiguous"


def test_the_last_day_of_a_kind_counts_over_all_its_series() -> None:
    reached_to = _head(numbered=numbering_after(_head(), "invoice", DAY + timedelta(days=9))["numbered"])
    earlier = _head(numbered=numbering_after(reached_to, "invoice", DAY)["numbered"])
    assert numbered(earlier, "invoice").last == DAY + timedelta(days=9)
    assert numbered(earlier, "credit_note").last is None


def test_around_midnight_the_later_day_counts() -> None:
    ahead = _head(numbered=(Numbered(document="invoice", last=DAY + timedelta(days=1)),))
    assert current_day(ahead, "invoice", AT) == DAY + timedelta(days=1)
    assert current_day(_head(), "invoice", AT) == DAY
