"""The store's tests need the engine and tables, and no application."""

import pytest

from chalicelib.store import conflicts
from tests.histories.worlds import bare_world

__all__ = ["bare_world"]


@pytest.fixture(autouse=True)
def _crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter pauses than the product's: more conflicts in less time."""
    monkeypatch.setattr(conflicts, "SPAN", 4)
