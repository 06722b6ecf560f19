"""Pages of what an index finds: they end within the bound of examined candidates."""

from collections.abc import Sequence

import pytest

from chalicelib.domain.errors import QueryTooBroad
from chalicelib.services.records import paging
from chalicelib.services.records.paging import Found, Page, page_of_found


def page(matching: set[int], size: int = 100) -> Page[int]:
    """The page of a list of numbers of which these match."""

    def read(batch: Sequence[int]) -> list[int | None]:
        return [number if number in matching else None for number in batch]

    found = Found(iter(range(size)), str, read, exact=False, batch=5)
    return page_of_found(found, 3, lambda number: number, lambda _: 1)


def test_a_walk_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_WALKED", 20)
    assert page({1, 2, 3, 50}) == Page((1, 2, 3), "3")
    assert page({1, 12, 50}) == Page((1, 12), "12"), "a short page says that there may be more"
    assert page(set(), size=20) == Page(()), "the index ends in time"
    with pytest.raises(QueryTooBroad) as refused:
        page({50})
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/query", "filters_too_broad")]
