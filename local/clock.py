"""The clock of the local service: the system's clock, which a developer can move forward."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib.clocks import Clock, to_millisecond
from chalicelib.domain.clock import instant
from chalicelib.domain.errors import invalid
from local.issuer import write_private

LATEST = datetime(2090, 1, 1, tzinfo=UTC)
"""Documents have dates up to 2100, and their terms are ten years."""
MICROSECOND = timedelta(microseconds=1)


class ServiceClock(Clock):
    """The system's clock plus an offset. The file `path` keeps the offset, so a restart does not move time back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._ahead = json.loads(path.read_text())["ahead_microseconds"] * MICROSECOND if path.exists() else timedelta()

    @property
    def moved(self) -> bool:
        """True when the clock does not show the real time."""
        return bool(self._ahead)

    def now(self) -> datetime:
        """Return the service's instant."""
        return to_millisecond(super().now() + self._ahead)

    def move(self, to: datetime) -> None:
        """Move the clock forward to the instant `to`. Raises InvalidContent for an earlier one, or one after LATEST."""
        with self._guard:
            now = self.now()
            if not now <= to <= LATEST:
                raise invalid("/now", "out_of_range", min=instant(now), max=instant(LATEST))
            self._keep(self._ahead + (to - now))

    def reset(self) -> None:
        """Return to the real time."""
        with self._guard:
            self._keep(timedelta())

    def _keep(self, ahead: timedelta) -> None:
        write_private(self._path, json.dumps({"ahead_microseconds": ahead // MICROSECOND}) + "\n")
        self._ahead = ahead
