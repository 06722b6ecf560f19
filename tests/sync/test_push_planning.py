"""The plan of a push, for any rows: each row once, in the order of dependence, in transactions within their bounds."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.sync.push import (
    MOST_BYTES,
    MOST_ITEMS,
    MOST_ROWS,
    ORDER,
    REFERRED,
    Cost,
    PushedChanges,
    PushedRow,
    batches,
    rows_of,
    stages,
)
from chalicelib.domain.sync.push_errors import PushTooLarge

IDS = st.sampled_from([f"id_{number}" for number in range(12)])
CHANGES = st.builds(
    PushedChanges,
    created=st.lists(IDS.map(lambda id: {"id": id, "name": "created"}), max_size=6),
    updated=st.lists(IDS.map(lambda id: {"id": id, "name": "updated"}), max_size=6),
    deleted=st.lists(IDS, max_size=4),
)
PUSHES = st.dictionaries(st.sampled_from([*ORDER, "documents"]), CHANGES)
COSTS = st.lists(
    st.builds(Cost, st.lists(st.integers(0, 400), max_size=110), st.integers(0, 120), st.integers(0, 2 * MOST_BYTES)),
    max_size=60,
)


@given(PUSHES)
def test_each_row_is_there_once_in_its_last_state(push: dict[str, PushedChanges]) -> None:
    rows = rows_of(push)
    keys = [row.key for row in rows]
    assert len(set(keys)) == len(keys)
    for table, changes in push.items():
        created, updated = ({row["id"] for row in part} for part in (changes.created, changes.updated))
        own = {row.id: row for row in rows if row.table == table}
        assert own.keys() == created | updated | set(changes.deleted)
        for id, row in own.items():
            if id in changes.deleted:
                assert row == PushedRow(table, id)
                continue
            assert row.cells is not None
            assert (row.cells["name"], row.created) == ("updated" if id in updated else "created", id in created)


@given(PUSHES)
def test_the_order_follows_the_references(push: dict[str, PushedChanges]) -> None:
    rows = [row for row in rows_of(push) if row.table in ORDER]
    ordered = [row for stage in stages(rows) for row in stage]
    assert sorted(row.key for row in ordered) == sorted(row.key for row in rows)
    writes = [ORDER.index(row.table) for row in ordered if not (row.deletes and row.table in REFERRED)]
    assert writes == sorted(writes)
    gone = [row.deletes and row.table in REFERRED for row in ordered]
    assert gone == sorted(gone), "what others refer to is deleted last"


@dataclass(frozen=True)
class Numbered:
    """A row with its cost."""

    number: int
    cost: Cost


@given(COSTS)
def test_a_transaction_stays_within_its_bounds(costs: list[Cost]) -> None:
    rows = [Numbered(number, cost) for number, cost in enumerate(costs)]
    found = list(batches(rows, lambda row: row.cost))
    assert [row for batch in found for row in batch] == rows
    for batch in found:
        reads: set[Any] = set()
        for row in batch:
            reads |= set(row.cost.reads)
        fits = (
            len(reads) <= MOST_ITEMS
            and sum(row.cost.writes for row in batch) <= MOST_ITEMS
            and sum(row.cost.size for row in batch) <= MOST_BYTES
        )
        assert fits or len(batch) == 1
    assert all(found)


def test_a_push_has_a_thousand_rows_at_most() -> None:
    changes = PushedChanges(created=[{"id": f"itm_{number}"} for number in range(MOST_ROWS)])
    assert len(rows_of({"items": changes})) == MOST_ROWS
    with pytest.raises(PushTooLarge):
        rows_of({"items": changes, "customers": PushedChanges(deleted=["cus_1"])})
