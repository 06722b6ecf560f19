"""The time that a piece of work may take."""

import math
import time
from dataclasses import dataclass
from typing import Final, Self

STEP_SECONDS = 7.0
"""Seconds that a step works before its state is saved. Every job that runs workflows reserves more than that."""
SAVE_SECONDS = 2.0
"""Seconds between two saves of the progress inside a step."""


@dataclass(frozen=True)
class Deadline:
    """An instant of the monotonic clock, in seconds.

    A step looks at it after each piece of its work. So a step whose deadline has passed still does one piece.
    """

    at: float

    @classmethod
    def within(cls, seconds: float) -> Self:
        """Return the deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds until the deadline; negative after it."""
        return self.at - time.monotonic()

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return self.left() <= 0


NEVER: Final = Deadline(math.inf)
"""The deadline of work that is done all at once."""
