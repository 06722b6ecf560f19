"""Numbers: continuous, never twice, whatever the pattern."""

from datetime import date
from itertools import product

import pytest

from chalicelib.domain.company import Numbering
from chalicelib.domain.errors import InvalidContent, NumberingSettled
from chalicelib.domain.numbering import arrived, current, number, opened, series_name, with_pattern
from tests.unit.samples import AT, DAY, company


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


def test_arrival_sets_the_next_number_once() -> None:
    series = arrived(company(), None, "invoice", 120, DAY, AT)
    assert (series.next, series.first, series.id) == (120, 120, "FA-2026")
    with pytest.raises(NumberingSettled):
        arrived(company(), series, "invoice", 130, DAY, AT)
    with pytest.raises(NumberingSettled):
        arrived(company(), opened(company(), current(company(), "invoice"), DAY, AT), "invoice", 5, DAY, AT)
    with pytest.raises(InvalidContent):
        arrived(company(), None, "invoice", 0, DAY, AT)
