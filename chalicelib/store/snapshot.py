"""The snapshot on which a transaction decides: rows of one company, all read at one moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound
from chalicelib.store import codec, conflicts
from chalicelib.store.wire import IndexEntry, Store

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Unread(Exception):
    """`decide` asked for rows that the snapshot lacks; `transact` reads again with them."""

    def __init__(self, refs: Sequence[Ref]) -> None:
        super().__init__()
        self.refs = refs


@dataclass(frozen=True)
class IndexRange:
    """The entries of a local index of the company from the key `low` to `high`, the last ones first, `limit` at
    most."""

    table: str
    index: str
    low: str
    high: str
    limit: int


class UnreadEntries(Exception):
    """`decide` asked for entries of an index that the snapshot lacks; `transact` reads them."""

    def __init__(self, index_range: IndexRange) -> None:
        super().__init__()
        self.index_range = index_range


class Snapshot:
    """The rows that were read, all at one moment."""

    def __init__(self, company: str, head: Head | None, rows: dict[Ref, codec.Row | None]) -> None:
        self.company = company
        self._head = head
        self._rows = rows
        self._entries: dict[IndexRange, tuple[IndexEntry, ...]] = {}

    @property
    def head(self) -> Head:
        """The company's head. Raises NotFound where the company does not exist."""
        if self._head is None:
            raise NotFound
        return self._head

    @property
    def known(self) -> Head | None:
        """The company's head; None where the company does not exist."""
        return self._head

    @property
    def clock(self) -> int:
        """The number of the company's commits."""
        return self._head.clock if self._head else 0

    @property
    def founded(self) -> bool:
        """Whether the company exists."""
        return self._head is not None

    def find(self, cls: type[R], *ids: str, **parts: Any) -> list[R | None]:
        """The records of this class with these ids, None for a missing one."""
        refs = [cls.ref(self.company, id, **parts) for id in ids]
        if missing := [ref for ref in refs if ref not in self._rows]:
            raise Unread(missing)
        rows = [self._rows[ref] for ref in refs]
        return [codec.from_row(cls.TABLE, row) if row else None for row in rows]  # type: ignore[misc]

    def get(self, cls: type[R], id: str = "", **parts: Any) -> R | None:
        """The record of this class and id, or None."""
        return self.find(cls, id, **parts)[0]

    def at(self, refs: Sequence[Ref]) -> list[Record | None]:
        """The records at these addresses of the company, None for a missing one."""
        self.need(*refs)
        rows = [self._rows[ref] for ref in refs]
        return [codec.from_row(ref.table, row) if row else None for ref, row in zip(refs, rows, strict=True)]

    def need(self, *refs: Ref) -> None:
        """Request several rows at once, so that they need one more round trip instead of one each."""
        if missing := [ref for ref in refs if ref not in self._rows]:
            raise Unread(missing)

    def entries(self, index_range: IndexRange) -> tuple[IndexEntry, ...]:
        """The entries of an index. They are as of the snapshot's clock if the decision is committed."""
        if index_range not in self._entries:
            raise UnreadEntries(index_range)
        return self._entries[index_range]

    def add_entries(self, index_range: IndexRange, found: tuple[IndexEntry, ...]) -> None:
        """Add the entries that `decide` asked for."""
        self._entries[index_range] = found


def decision_on(store: Store, snapshot: Snapshot, decide: Callable[[Snapshot], T], deadline: float) -> T:
    """The decision on a snapshot. The entries of an index that it needs are read after the snapshot. No other commit is
    between the two if this one succeeds, because the write fails if the clock has moved. Raises Busy."""
    while True:
        try:
            return decide(snapshot)
        except UnreadEntries as unread:
            each = unread.index_range
            place = (each.table, each.index, snapshot.company, each.low, each.high)
            read = partial(store.entries, *place, descending=True, limit=each.limit)
            snapshot.add_entries(each, conflicts.patiently(read, deadline)[0])
