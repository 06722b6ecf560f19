"""The store's tests need the engine and tables, and no application."""

from tests.histories.worlds import bare_world

__all__ = ["bare_world"]
