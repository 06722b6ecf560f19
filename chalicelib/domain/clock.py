"""Time in Morocco: documents are dated by the day in Casablanca, instants are kept in UTC."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

MOROCCO = ZoneInfo("Africa/Casablanca")


def today(at: datetime) -> date:
    """The calendar day in Casablanca at the instant `at` (aware)."""
    return at.astimezone(MOROCCO).date()


def instant(at: datetime) -> str:
    """RFC 3339, UTC."""
    return at.isoformat().replace("+00:00", "Z")


def midnight(day: date) -> datetime:
    """The instant at which a day begins in Casablanca (UTC)."""
    return datetime(day.year, day.month, day.day, tzinfo=MOROCCO).astimezone(UTC)
