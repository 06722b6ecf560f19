"""The times of a company's daily pass: by night in Morocco, before the day's anchor, spread over all companies."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from chalicelib.domain.clock import MOROCCO

FROM_HOUR, WINDOW = 2, timedelta(hours=3)
"""Between 02:00 and 05:00 in Casablanca."""
DAY: Final = timedelta(days=1)
PERIOD_DAYS: Final = 30
"""The days of a period. Each has a full pass. A company's backups make them more often."""
ANCHOR_HOUR: Final = 6
"""The hour at which the day's anchor is written, after every company's night."""


def next_night(company: str, after: datetime) -> datetime:
    """The next daily pass of the company after `after` (UTC)."""
    return _next(FROM_HOUR, timedelta(seconds=_share(company) % int(WINDOW.total_seconds())), after)


def period(company: str, at: datetime) -> int:
    """The number of the company's period of 30 days. The periods of all companies begin on different days."""
    return (at.astimezone(MOROCCO).date().toordinal() + _share(company)) // PERIOD_DAYS


def _share(company: str) -> int:
    """A number derived from the company's id, which spreads companies over the night and the month."""
    return int.from_bytes(sha256(f"evidence\x1f{company}".encode()).digest()[:8])


def next_anchor(after: datetime) -> datetime:
    """The next anchor after `after` (UTC)."""
    return _next(ANCHOR_HOUR, timedelta(), after)


def _next(hour: int, spread: timedelta, after: datetime) -> datetime:
    at = after.astimezone(MOROCCO).replace(hour=hour, minute=0, second=0, microsecond=0) + spread
    while at.astimezone(UTC) <= after:
        at += DAY
    return at.astimezone(UTC)
