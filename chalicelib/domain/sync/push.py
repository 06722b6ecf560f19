"""The pure part of a push: its rows in their order, its conflicts, and the transactions that store it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from chalicelib.domain.errors import invalid
from chalicelib.domain.sync.push_errors import PushTooLarge

T = TypeVar("T")
MOST_ROWS: Final = 1_000
"""Rows of one push."""
MOST_ENTRIES_SINCE_PULL: Final = 500
"""Journal entries since the last pull that a push examines."""
MOST_ITEMS: Final = 96
"""Rows that one transaction reads, and rows that it writes. The other 4 of its 100 items are bookkeeping."""
MOST_BYTES: Final = 3_600_000
REFERRED: Final = ("customers", "suppliers", "items")
"""Tables whose rows other tables refer to. Their deletions come last, after those of the rows that refer to them."""
ORDER: Final = (*REFERRED, "drafts", "payments", "issue_requests")
"""The tables that a device writes, each after those that its rows refer to."""


@dataclass(frozen=True)
class PushedChanges:
    """The changes of a device in one table. Each row has its id and its cells."""

    created: Sequence[Mapping[str, Any]] = ()
    updated: Sequence[Mapping[str, Any]] = ()
    deleted: Sequence[str] = ()


@dataclass(frozen=True)
class PushedRow:
    """A row that a device created or changed, or deleted (without `cells`)."""

    table: str
    id: str
    cells: Mapping[str, object] | None = None
    created: bool = False
    assumed: Mapping[str, object] | None = None
    """The row that the device assumes to be stored, if it does not state the clock of its last pull."""

    @property
    def key(self) -> tuple[str, str]:
        """Its table and its id."""
        return self.table, self.id

    @property
    def deletes(self) -> bool:
        """Whether the device deleted the row."""
        return self.cells is None


@dataclass(frozen=True)
class Rejection:
    """A row that was not stored, and the reason. `pointer` is the place of the fault in the row; `params` fill its
    message. None of them repeats a text of the row."""

    table: str
    id: str
    code: str
    pointer: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


def rows_of(changes: Mapping[str, PushedChanges]) -> list[PushedRow]:
    """The rows of a push, each id of a table once. The last state of a row counts, and a deletion before all others.
    Raises PushTooLarge."""
    found: dict[tuple[str, str], PushedRow] = {}
    for table, changed in changes.items():
        for created, rows in ((True, changed.created), (False, changed.updated)):
            for cells in rows:
                id = str(cells["id"])
                earlier = found.get((table, id))
                found[table, id] = PushedRow(table, id, cells, created or (earlier is not None and earlier.created))
        found |= {(table, id): PushedRow(table, id) for id in changed.deleted}
    if len(found) > MOST_ROWS:
        raise PushTooLarge(limit=f"{MOST_ROWS} rows")
    return list(found.values())


class Staged(Protocol):
    """The place of a row in the order."""

    @property
    def table(self) -> str:
        """The table."""

    @property
    def deletes(self) -> bool:
        """Whether the device deleted the row."""


S = TypeVar("S", bound=Staged)


def stages(rows: Iterable[S]) -> Iterator[list[S]]:
    """The rows in the order in which they are stored, those of a table together. A stage may be empty."""
    rows = list(rows)
    for table in ORDER:
        yield [row for row in rows if row.table == table and not (row.deletes and table in REFERRED)]
    for table in reversed(REFERRED):
        yield [row for row in rows if row.table == table and row.deletes]


@dataclass(frozen=True)
class Cost:
    """The share of a transaction that a row takes: addresses that are read, the number of written rows, bytes."""

    reads: Collection[Any]
    writes: int
    size: int


def batches(rows: Iterable[T], cost: Callable[[T], Cost]) -> Iterator[list[T]]:
    """The rows in their order, as many together as one transaction takes. A row that is too large stands alone."""
    batch: list[T] = []
    reads: set[Any] = set()
    writes = size = 0
    for row in rows:
        own = cost(row)
        together = reads | set(own.reads)
        if batch and (len(together) > MOST_ITEMS or writes + own.writes > MOST_ITEMS or size + own.size > MOST_BYTES):
            yield batch
            batch, together, writes, size = [], set(own.reads), 0, 0
        batch.append(row)
        reads, writes, size = together, writes + own.writes, size + own.size
    if batch:
        yield batch


@dataclass(frozen=True)
class Replicated:
    """A document that a device pushes, and the one that it assumes to be stored; None for a new document."""

    new: Mapping[str, object]
    assumed: Mapping[str, object] | None = None


def _require_flag(document: Replicated, position: int) -> None:
    """Raise InvalidContent unless `_deleted` is true or false: a text such as "false" must delete nothing."""
    for member, state in (("newDocumentState", document.new), ("assumedMasterState", document.assumed or {})):
        if not isinstance(state.get("_deleted", False), bool):
            raise invalid(f"/rows/{position}/{member}/_deleted", "wrong_type", expected="boolean")


def replicated_rows(table: str, documents: Iterable[Replicated]) -> list[PushedRow]:
    """The rows of a push that states assumed documents, each id once: the last state and the first assumption. Raises
    PushTooLarge, InvalidContent."""
    found: dict[str, PushedRow] = {}
    for position, document in enumerate(documents):
        id = str(document.new["id"])
        _require_flag(document, position)
        assumed = found[id].assumed if id in found else document.assumed
        if assumed is not None and assumed.get("_deleted"):
            assumed = None
        cells = None if document.new.get("_deleted") else document.new
        found[id] = PushedRow(table, id, cells, assumed is None, assumed)
    if len(found) > MOST_ROWS:
        raise PushTooLarge(limit=f"{MOST_ROWS} rows")
    return list(found.values())
