"""The state machine runs on the real engine, without the application."""

from tests.histories.worlds import bare_world

__all__ = ["bare_world"]
