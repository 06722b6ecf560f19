"""The cost of scheduled jobs depends on the rows that are due, not on the stored ones: counted in DynamoDB's units."""

import pytest

from tests.bench import sweep
from tests.jobs.conftest import empty
from tests.privacy.worlds import Turned


@pytest.fixture
def bare(alone: Turned) -> Turned:
    """A world in which nothing is due."""
    for table in alone.store.names.values():
        empty(alone, table)
    return alone


def test_ten_times_the_data_and_the_same_number_due_costs_the_same(bare: Turned) -> None:
    once, tenfold = sweep.measured(bare)
    assert once.units > 100, "a sweep that does nothing is cheap"
    assert tenfold.units <= sweep.GOAL * once.units, (once, tenfold)
    assert tenfold.calls <= sweep.GOAL * once.calls


def test_twice_the_number_due_is_noticed(bare: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    once = sweep.swept(bare, (2026,), 0)
    monkeypatch.setattr(sweep, "DUE", 2 * sweep.DUE)
    assert sweep.swept(bare, (2026,), 0).units > sweep.GOAL * once.units
