"""Clocks that a test moves, and a way to give a world another clock for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from chalicelib.clocks import Clock, RunClock, to_millisecond
from chalicelib.wiring import World


class MovableClock(Clock):
    """The system's clock, ahead by `lead` and `offset`: where a test begins, and how far it has moved since."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.lead, self.offset = timedelta(0), offset

    def now(self) -> datetime:
        """Return the system's instant plus `lead` and `offset`."""
        return to_millisecond(super().now() + self.lead + self.offset)


class StoppedClock(Clock):
    """A clock that always shows `at`: for instants that lie close to a limit, however busy the machine is."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return `at`."""
        return self.at


@contextmanager
def clock_at(world: World, at: datetime) -> Iterator[World]:
    """Let `world` begin at `at` and go on from there; afterwards it has its own clock again."""
    before, world.clock = world.clock, RunClock(at)
    try:
        yield world
    finally:
        world.clock = before
