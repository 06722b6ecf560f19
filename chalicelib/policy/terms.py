"""Terms of retention: ISO 8601 periods, the events that start them, and the first day without the data.

All functions are pure. A term counts complete days after its start day. Data with a term of ten years from 31 December
2026 is kept to the end of 31 December 2036 and may be deleted on 1 January 2037.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

_PERIOD = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?"
)
_UNITS = ("years", "months", "weeks", "days", "hours", "minutes")


class TermError(ValueError):
    """A term that cannot be read, or that cannot be counted from the given start."""


class Start(StrEnum):
    """The event that a term is counted from."""

    CREATION = "creation"
    """The row's or the object's creation."""
    CLOSING = "closing"
    """The request or thread was closed."""
    END_OF_FINANCIAL_YEAR = "end_of_financial_year"
    """The end of the company's financial year in which the document, payment or entry is dated (CGI art. 211)."""
    ACCOUNT_DELETION = "account_deletion"
    """The account's deletion completes. The person who entered the data may remove it earlier."""
    ROW = "row"
    """No term of its own: it is deleted with its row."""


def _last_day(year: int, month: int) -> int:
    return monthrange(year, month)[1]


@dataclass(frozen=True)
class Period:
    """A calendar period. Years and months are counted first and a missing day becomes the month's last (29 February
    plus ten years is 28 February), then weeks, days, hours and minutes."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read ISO 8601 (`P10Y`, `P90D`, `PT15M`). Raises TermError for anything else, fractions and signs included."""
        match = _PERIOD.fullmatch(text)
        if match is None or text == "P":
            raise TermError(f"{text!r} is no ISO 8601 period such as P10Y, P90D or PT15M")
        try:
            return cls(**{unit: int(count or 0) for unit, count in match.groupdict().items()})
        except ValueError as reason:  # more digits than Python converts
            raise TermError(f"{text[:20]!r}… is too long a period") from reason

    def __str__(self) -> str:
        day = "".join(
            f"{n}{c}" for n, c in zip((self.years, self.months, self.weeks, self.days), "YMWD", strict=True) if n
        )
        time = "".join(f"{n}{c}" for n, c in zip((self.hours, self.minutes), "HM", strict=True) if n)
        return f"P{day}{'T' + time if time else ''}" if day or time else "P0D"

    def __bool__(self) -> bool:
        return any(getattr(self, unit) for unit in _UNITS)

    @property
    def parts(self) -> tuple[tuple[int, str], ...]:
        """Its parts, largest first: `((10, "years"),)`."""
        return tuple((getattr(self, unit), unit) for unit in _UNITS if getattr(self, unit))

    def after(self, start: date) -> date:
        """The day on which a period that starts on `start` ends. Raises TermError for a period of hours, or past year
        9999."""
        if self.hours or self.minutes:
            raise TermError(f"{self} has hours or minutes: count it from an instant")
        return _moved(self, start)

    def after_instant(self, start: datetime) -> datetime:
        """The instant at which a period that starts at `start` (aware) ends. Raises TermError past year 9999."""
        if start.tzinfo is None:
            raise TermError("an instant needs its time zone")
        return _moved(self, start)


D = TypeVar("D", date, datetime)


def _moved(period: Period, start: D) -> D:
    month = start.month - 1 + period.months
    year = start.year + period.years + month // 12
    month = month % 12 + 1
    try:
        moved = start.replace(year=year, month=month, day=min(start.day, _last_day(year, month)))
        return moved + timedelta(weeks=period.weeks, days=period.days, hours=period.hours, minutes=period.minutes)
    except (ValueError, OverflowError) as reason:
        raise TermError(f"{period} after {start} lies beyond the calendar") from reason


@dataclass(frozen=True)
class FinancialYear:
    """The end of a company's financial year of twelve months. A year that ends on 28 or 29 February ends on February's
    last day, leap year or not."""

    month: int = 12
    day: int = 31

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1 <= self.day <= _last_day(2028, self.month)):
            raise TermError(f"no financial year ends on day {self.day} of month {self.month}")

    def _end_in(self, year: int) -> date:
        end_of_february = self.month == 2 and self.day >= 28
        return date(year, self.month, _last_day(year, 2) if end_of_february else self.day)

    def end(self, day: date) -> date:
        """The last day of the financial year that contains `day`. Raises TermError past year 9999."""
        end = self._end_in(day.year)
        if day <= end:
            return end
        if day.year == date.max.year:
            raise TermError(f"the financial year of {day} ends beyond the calendar")
        return self._end_in(day.year + 1)


CALENDAR_YEAR = FinancialYear()


def kept_until(term: Period, start: Start, event: date, year: FinancialYear = CALENDAR_YEAR) -> date:
    """The last day on which data whose term starts from `event` is kept. For END_OF_FINANCIAL_YEAR, `event` is the date
    of the document, payment or entry. Raises TermError for ROW, which has no term of its own."""
    if start is Start.ROW:
        raise TermError("what goes with its row has no term of its own")
    return term.after(year.end(event) if start is Start.END_OF_FINANCIAL_YEAR else event)


def may_go_on(term: Period, start: Start, event: date, year: FinancialYear = CALENDAR_YEAR) -> date:
    """The first day on which that data may be deleted: the day after `kept_until`."""
    return _moved(Period(days=1), kept_until(term, start, event, year))


def most_days(term: Period) -> int:
    """The largest number of days of a period, for stores that count in days (a lifecycle rule): never too few."""
    starts = (date(year, month, 1) for year in range(2000, 2005) for month in range(1, 13))
    whole = Period(term.years, term.months, term.weeks, term.days)
    return max((whole.after(start) - start).days for start in starts) + bool(term.hours or term.minutes)
