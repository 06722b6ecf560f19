"""Numbering: continuous series (CGI art. 145-III) under a pattern such as `FA-{year}-{seq:05}`.

Two patterns may never produce the same number. The *skeleton* of a number replaces every run of digits and placeholders
by one `0`. It is the same for all numbers of a pattern. So patterns with different skeletons cannot produce the same
number. Patterns with the same skeleton must be the same pattern with the same reset.
"""

import re
from dataclasses import replace
from datetime import date, datetime

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company, Head, Numbered, Numbering, Series
from chalicelib.domain.documents.register import genesis
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import NumberingSettled, invalid

DEFAULTS = tuple(
    Numbering(document=each.kind, pattern=each.series, reset="year") for each in document_types() if each.series
)
MAX_PATTERN, MAX_NEXT = 40, 99_999_999
ANY_DAY = date(2000, 1, 1)
_TOKEN = re.compile(r"\{(year|month|seq(?::0([1-9]))?)\}|([A-Za-z0-9/_.\-]+)")
_DIGITS = re.compile(r"(?:\{[^}]*\}|\d)+")


def history(company: Company) -> tuple[Numbering, ...]:
    """Every numbering that this company may have used, oldest first."""
    return DEFAULTS + company.numbering


def current(company: Company, document: str) -> Numbering:
    """The numbering in force for this kind of document."""
    return next(n for n in reversed(history(company)) if n.document == document)


def series_name(numbering: Numbering, day: date) -> str:
    """The series that numbers documents of this day: the pattern's fixed part ("FA-2026")."""
    year = f"{day.year:04d}" if numbering.reset == "year" else ""
    text = numbering.pattern.replace("{year}", year)
    text = re.sub(r"\{[^}]*\}", "", text)
    return re.sub(r"([/_.\-])[/_.\-]+", r"\1", text).strip("/_.-") or "MAIN"


def number(numbering: Numbering, day: date, sequence: int) -> str:
    """The document's number: the pattern filled with the day of issue and the sequence."""
    return numbering.pattern.replace("{seq}", "{seq:01}").format(
        year=f"{day.year:04d}", month=f"{day.month:02d}", seq=sequence
    )


def opened(company: Company, numbering: Numbering, day: date, at: datetime, *, first: int = 1) -> Series:
    """A series without documents."""
    name = series_name(numbering, day)
    return Series(
        **new_row(company.company, name, at),
        document=numbering.document,
        next=first,
        first=first,
        chain=genesis(company.company, name),
    )


def numbered(head: Head, document: str) -> Numbered:
    """The progress of this kind of document."""
    return next((known for known in head.numbered if known.document == document), Numbered(document=document))


def numbering_progress(head: Head, now: Numbered) -> dict[str, tuple[Numbered, ...]]:
    """The change of the head that stores the new progress of a kind of document."""
    return {"numbered": (*(known for known in head.numbered if known.document != now.document), now)}


def numbering_after(head: Head, document: str, day: date) -> dict[str, tuple[Numbered, ...]]:
    """The change of the head after the issue of a document of this kind and day."""
    now = numbered(head, document)
    return numbering_progress(head, replace(now, last=max(now.last, day) if now.last else day))


def current_day(head: Head, document: str, at: datetime) -> date:
    """Today in Casablanca, or the last document's day if that is later. Around midnight, the clocks of two functions
    may give two days; a request without a date must not be refused for it."""
    last = numbered(head, document).last
    return max(today(at), last) if last else today(at)


def with_first_number(head: Head, company: Company, document: str, first: int, at: datetime) -> tuple[Series, Numbered]:
    """Today's series, starting at `first`, for a company that used another system before, and the new progress of its
    kind. Raises NumberingSettled once a document of this kind was issued or its next number was set, because this would
    make a gap."""
    now = numbered(head, document)
    if now.last or now.arrived:
        raise NumberingSettled
    if not 1 <= first <= MAX_NEXT:
        raise invalid(f"/series/{document}/next", "out_of_range", min=1, max=MAX_NEXT)
    series = opened(company, current(company, document), today(at), at, first=first)
    return series, replace(now, arrived=True)


def with_pattern(company: Company, document: str, pattern: str, reset: str, *, begun: bool = True) -> Company:
    """The company with the pattern `pattern` for this kind of document. A default pattern that numbered nothing (not
    `begun`) causes no conflict. Raises InvalidContent."""
    pointer = f"/series/{document}/pattern"
    _check_pattern(pattern, reset, pointer)
    chosen = Numbering(document=document, pattern=pattern, reset="year" if reset == "year" else "never")
    if chosen == current(company, document):
        return company
    for known in history(company) if begun else [n for n in history(company) if n.document != document]:
        same_form = _skeleton(known.pattern) == _skeleton(pattern)
        same_series = (_form(known.pattern), known.reset, known.document) == (_form(pattern), reset, document)
        # Compare skeletons, because a year may be part of one name and written out in the other.
        same_name = _skeleton(series_name(known, ANY_DAY)) == _skeleton(series_name(chosen, ANY_DAY))
        if (same_form and not same_series) or (same_name and known.document != document):
            raise invalid(pointer, "pattern_ambiguous", other=known.pattern)
    return replace(company, numbering=(*(n for n in company.numbering if n != chosen), chosen))


def _check_pattern(pattern: str, reset: str, pointer: str) -> None:
    tokens = [match.group(1) for match in _TOKEN.finditer(pattern)]
    rest = _TOKEN.sub("", pattern)
    names = [token.partition(":")[0] for token in tokens if token]
    if rest or len(pattern) > MAX_PATTERN or names.count("seq") != 1 or any(names.count(n) > 1 for n in names):
        raise invalid(pointer, "pattern_invalid", max=MAX_PATTERN)
    if reset == "year" and "year" not in names:
        raise invalid(pointer, "pattern_without_year")
    # {month} without the year repeats its numbers every year if the series restarts. Within one series it cannot.
    if "month" in names and "year" not in names:
        raise invalid(pointer, "pattern_without_year")


def _form(pattern: str) -> str:
    """The pattern without the width of its sequence. Padding does not change the series."""
    return re.sub(r"\{seq[^}]*\}", "{seq}", pattern)


def _skeleton(pattern: str) -> str:
    return _DIGITS.sub("0", pattern).lower()
