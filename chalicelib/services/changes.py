"""The change feed: each object that changed since a clock, once, in its present state, read from the journal.

A page holds complete commits. An object that changed again after the page's last clock appears in its newer state, and
again on a later page. An object deleted since then does not appear, because a later page holds its deletion. A client
that applies every page ends with the present state.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from chalicelib.domain.errors import SynchronisationOff
from chalicelib.services.commits import FoundRows, LatestChanges, Touched, add, entries_after, private, touched_by
from chalicelib.services.documents.payments import redact_references
from chalicelib.store.read import Reader

MOST_ENTRIES = 500
"""Journal entries that one page examines at most. Many of them may concern kinds that clients do not see."""
READ_BYTES = 3_600_000
"""A transaction reads 4 MB at most."""
ANSWER_BYTES = 4_000_000
"""Bytes of objects in one answer (a function may answer 6 MB). Further objects are named without content."""
P = TypeVar("P")


@dataclass(frozen=True)
class Changed(Generic[P]):
    """An object that changed at a clock. `object` is None for a deletion, and beyond ANSWER_BYTES."""

    clock: int
    kind: str
    id: str
    op: Literal["put", "delete"]
    object: P | None


@dataclass(frozen=True)
class ChangePage(Generic[P]):
    """The changes up to `clock`. The client continues from that clock."""

    changes: tuple[Changed[P], ...]
    clock: int
    more: bool


def changes(
    reader: Reader, present: Callable[[Any], P], size: Callable[[P], int], *, after: int, limit: int
) -> ChangePage[P]:
    """Read about `limit` changes after the clock `after`, in complete commits. `present` builds the representation of
    each object; `size` returns its bytes.

    Raises SynchronisationOff, and ClockTooOld when the journal no longer holds, or does not yet hold, the clock
    `after`.
    """
    if not reader.head.cloud_sync:
        raise SynchronisationOff
    found, clock = _collect(reader, after, limit)
    shown = tuple(_shown(reader, list(found.values()), present, size))
    return ChangePage(shown, clock, more=clock < reader.head.clock)


def _collect(reader: Reader, after: int, limit: int) -> tuple[LatestChanges, int]:
    """The latest change of each object in order of clock, and the last clock covered."""
    found: LatestChanges = {}
    clock = after
    for entry in entries_after(reader, after, min(limit, 100)):
        touched = touched_by(entry)
        if found and len(found.keys() | touched.keys()) > limit:
            break
        add(found, touched)
        clock = entry.clock
        if clock - after >= MOST_ENTRIES:
            break
    return found, clock


def _shown(
    reader: Reader, found: Sequence[Touched], present: Callable[[Any], P], size: Callable[[P], int]
) -> Iterator[Changed[P]]:
    rows = _rows(reader, [touched for touched in found if touched.op == "put"])
    left = ANSWER_BYTES
    for touched in found:
        shown = None
        if touched.op == "put" and left > 0:
            current = next(rows)
            if not any(current):
                continue
            visible = touched.source.read(current)
            if private(visible):
                continue
            shown = present(visible)
            left -= size(shown)
        yield Changed(touched.clock, touched.source.object, touched.id, touched.op, shown)


def _rows(reader: Reader, found: Sequence[Touched]) -> Iterator[FoundRows]:
    """The rows of each change, read lazily in few transactions of at most 100 rows and 4 MB."""
    batch: list[Touched] = []
    for touched in found:
        refs = sum(len(known.refs) for known in batch) + len(touched.refs)
        size = sum(known.source.heaviest for known in batch) + touched.source.heaviest
        if batch and (refs > 100 or size > READ_BYTES):
            yield from _read(reader, batch)
            batch = []
        batch.append(touched)
    yield from _read(reader, batch)


def _read(reader: Reader, batch: Sequence[Touched]) -> Iterator[FoundRows]:
    rows = iter(
        redact_references(reader.store, reader.head, reader.of([ref for touched in batch for ref in touched.refs]))
    )
    for touched in batch:
        yield [next(rows) for _ in touched.refs]
