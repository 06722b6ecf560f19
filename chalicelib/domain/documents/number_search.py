"""Search of numbers: the place of a number in its series, and the numbers that the words of a search may begin."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.companies.company import Company, Numbering, Series
from chalicelib.domain.documents.numbering import history, number, series_name
from chalicelib.domain.text import words

_PLACEHOLDER = re.compile(r"\\\{(year|month|seq)(?::0[1-9])?\\\}")
_PARTS = {"year": r"(?P<year>[0-9]{4})", "month": r"(?P<month>[0-9]{2})", "seq": r"(?P<seq>[0-9]{1,9})"}
_DIGIT, _SEQUENCE = "\ue000", "\ue001"
"""Any digit, and the sequence, in the form of a number. No pattern contains them."""
Positions = tuple[int, int]
"""The first and the last of consecutive positions of a series."""


def place_of(numbering: Numbering, text: str) -> tuple[str, int] | None:
    """The series and the position of a number under this pattern; None for a number that the pattern does not make."""
    pattern = _PLACEHOLDER.sub(lambda found: _PARTS[found[1]], re.escape(numbering.pattern))
    found = _made(numbering, re.fullmatch(pattern, text))
    return found[1] if found and found[0] == text else None


def folded_place_of(numbering: Numbering, text: str) -> tuple[str, int] | None:
    """The same for a number whose text may have other signs and letters: only its words count."""
    parts = _PLACEHOLDER.split(re.escape(numbering.pattern))  # each second one is a placeholder
    pattern = "".join(_PARTS[part] if at % 2 else "".join(words(part)) for at, part in enumerate(parts))
    found = _made(numbering, re.fullmatch(pattern, "".join(words(text))))
    return found[1] if found and words(found[0]) == words(text) else None


def _made(numbering: Numbering, found: re.Match[str] | None) -> tuple[str, tuple[str, int]] | None:
    """The number that the pattern makes of the matched parts, and its place; None without a match or a calendar day."""
    if found is None:
        return None
    part = found.groupdict()
    try:
        day = date(int(part.get("year") or 2000), int(part.get("month") or 1), 1)
    except ValueError:
        return None
    sequence = int(part["seq"])
    return number(numbering, day, sequence), (series_name(numbering, day), sequence)


@dataclass(frozen=True)
class NumberForm:
    """The folded words of the numbers that a pattern makes in one series, and the least digits of the sequence."""

    words: tuple[str, ...]
    width: int

    def may_contain(self, word: str) -> bool:
        """Whether a word of a search may begin a word of such a number."""
        return any(self._positions(word, own) for own in self.words)

    def positions(self, search: Sequence[str], whole: Positions) -> list[Positions]:
        """The positions within `whole` whose numbers all words may begin. It may name some more."""
        found = [whole]
        for word in search:
            own = [each for form in self.words for each in self._positions(word, form)]
            found = [both for a in found for b in own if (both := (max(a[0], b[0]), min(a[1], b[1])))[0] <= both[1]]
        return _joined(found)

    def _positions(self, word: str, form: str) -> list[Positions]:
        before, sequence, after = form.partition(_SEQUENCE)
        if not _agree(word, before) or (not sequence and len(word) > len(before)):
            return []
        rest = word[len(before) :]
        if not rest:
            return [ANY]
        digits = re.match(r"[0-9]*", rest)
        typed = digits[0] if digits else ""
        if not typed:
            return []
        if after[:1].isdigit() or after[:1] == _DIGIT:
            return [ANY]  # The sequence and what follows cannot be told apart.
        if tail := rest[len(typed) :]:
            return [(int(typed), int(typed))] if _agree(tail, after) and len(tail) <= len(after) else []
        return list(self._beginning(typed))

    def _beginning(self, typed: str) -> Iterator[Positions]:
        """The sequences whose digits begin like this. A longer one than the width has no leading zero."""
        for length in range(max(self.width, len(typed)), _MOST_DIGITS + 1):
            if length > self.width and typed.startswith("0"):
                return
            more = length - len(typed)
            yield int(typed + "0" * more), int(typed + "9" * more)


ANY: Positions = (0, 999_999_999)
_MOST_DIGITS = 9


def forms(company: Company, series: Series, today: date) -> list[NumberForm]:
    """The forms of the numbers in a series: one for each pattern that may have numbered it."""
    day = series.last_date or today
    own = [numbering for numbering in history(company) if numbering.document == series.document]
    return list(dict.fromkeys(_form(each, day) for each in own if series_name(each, day) == series.id))


def _form(numbering: Numbering, day: date) -> NumberForm:
    width = re.search(r"\{seq:0([1-9])\}", numbering.pattern)
    year = f"{day.year:04d}" if numbering.reset == "year" else _DIGIT * 4
    text = numbering.pattern.replace("{year}", year).replace("{month}", _DIGIT * 2)
    own = re.split(r"[/_.\-]+", re.sub(r"\{seq[^}]*\}", _SEQUENCE, text).lower())
    return NumberForm(tuple(part for part in own if part), int(width[1]) if width else 1)


def _agree(word: str, form: str) -> bool:
    """Whether they agree as far as both go."""
    return all(
        sign == expected or (expected == _DIGIT and sign.isdecimal())
        for sign, expected in zip(word, form, strict=False)
    )


def _joined(found: list[Positions]) -> list[Positions]:
    """Ranges in order, joined where they touch."""
    joined: list[Positions] = []
    for first, last in sorted(found):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined
