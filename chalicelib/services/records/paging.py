"""Pages of lists: how many rows and bytes a page reads and answers, and its cursor."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Generic, TypeVar

from chalicelib.domain.errors import Fault, QueryTooBroad

T = TypeVar("T")
P = TypeVar("P")
C = TypeVar("C")
MOST_EXAMINED: Final = 1_000
"""Rows that a filtered list examines before it returns its page."""
MOST_WALKED: Final = 10_000
"""Candidates of an index that a list with several filters examines. A gateway gives up after 29 s, and 1,000 documents
take 50 calls one after another and 0.7 to 1.0 s of our processor."""
BATCH: Final = 25
"""Candidates that a list reads at once. A document may have 380 KB."""
MOST_BYTES: Final = 3_600_000
"""Bytes of one page. A function answers 6 MB at most, and a document may have a thousand lines."""


@dataclass(frozen=True)
class Window:
    """The requested part of a list: at most `limit` (1–100) items, after or before an id, never both."""

    limit: int = 20
    starting_after: str | None = None
    ending_before: str | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list. `next` is the cursor, None at the end. When a search stops early, `next` is the last id
    examined, and `items` may be short or empty although there are more."""

    items: tuple[T, ...]
    next: str | None = None


def page_of(
    examined: Iterable[tuple[str, T | None]], limit: int, present: Callable[[T], P], size: Callable[[P], int]
) -> Page[P]:
    """The first `limit` items of a search, MOST_BYTES at most. The search yields the id of each examined row, with the
    item or with None for a row that does not match."""
    items: list[P] = []
    last, total = None, 0
    for number, (id, item) in enumerate(examined, 1):
        if item is not None:
            shown = present(item)
            total += size(shown)
            if len(items) == limit or (items and total > MOST_BYTES):
                return Page(tuple(items), last)
            items.append(shown)
            last = id
        if number == MOST_EXAMINED:
            return Page(tuple(items), id)
    return Page(tuple(items))


@dataclass(frozen=True)
class Found(Generic[C, T]):
    """The documents or records that an index finds, in order. `read` reads several candidates, and gives None for one
    that does not match. The list is `exact` if the index alone decides. Otherwise `batch` candidates are read at
    once."""

    candidates: Iterator[C]
    id_of: Callable[[C], str]
    read: Callable[[Sequence[C]], Sequence[T | None]]
    exact: bool
    batch: int = BATCH


def page_of_found(found: Found[C, T], limit: int, present: Callable[[T], P], size: Callable[[P], int]) -> Page[P]:
    """The first `limit` items that an index finds, MOST_BYTES at most. The search ends when the page is full or the
    index ends, so an empty page is always the last one. One candidate more shows that an exact list continues, and is
    not read. After MOST_WALKED candidates, a page with an item is short. Raises QueryTooBroad if it has none."""
    items: list[P] = []
    last, total, walked = None, 0, 0
    while True:
        wanted = limit - len(items)
        if found.exact and not wanted:
            return Page(tuple(items), last if next(found.candidates, None) is not None else None)
        batch = list(islice(found.candidates, min(wanted, BATCH) if found.exact else found.batch))
        if not batch:
            return Page(tuple(items))
        if walked >= MOST_WALKED:
            if items:
                return Page(tuple(items), last)
            raise QueryTooBroad(Fault("/query", "filters_too_broad", {"max": MOST_WALKED}), max=MOST_WALKED)
        walked += len(batch)
        for candidate, item in zip(batch, found.read(batch), strict=True):
            if item is None:
                continue
            if len(items) == limit:
                return Page(tuple(items), last)
            shown = present(item)
            total += size(shown)
            if items and total > MOST_BYTES:
                return Page(tuple(items), last)
            items.append(shown)
            last = found.id_of(candidate)
