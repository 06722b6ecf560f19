"""The tables of the jobs' tests, emptied before each test; each step does one piece."""

import pytest

from chalicelib.workflow import deadline
from tests.jobs.conftest import shared_world, world

__all__ = ["shared_world", "world"]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the state after each piece."""
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)
