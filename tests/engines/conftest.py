"""The world of the histories, on whichever engine was asked for."""

from tests.histories.worlds import bare_world

__all__ = ["bare_world"]
