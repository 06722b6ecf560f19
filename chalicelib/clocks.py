"""Clocks: the source of the current instant that a `World` is given."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The system's clock."""

    def now(self) -> datetime:
        """Return the current instant: UTC, to the millisecond."""
        return to_millisecond(datetime.now(UTC))


class RunClock(Clock):
    """The clock of one run: it shows `start` when it is made, and advances with the time that passes."""

    def __init__(self, start: datetime) -> None:
        self._start, self._made = start, time.monotonic()

    def now(self) -> datetime:
        """Return `start` plus the seconds since the clock was made."""
        return to_millisecond(self._start + timedelta(seconds=time.monotonic() - self._made))


def to_millisecond(at: datetime) -> datetime:
    """Cut an instant to the millisecond, the precision that is stored."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
