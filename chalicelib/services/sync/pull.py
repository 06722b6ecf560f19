"""The pull of a device: what changed since its clock, in pages of complete commits.

A page names what the commits up to its clock touched, and shows each row as it is now. A row that changed after that
clock comes again on a later page. The first pull reads the journal from its beginning (ADR 0093). If the journal no
longer holds the clock of a device, the device pushes what it has, and then replaces its copy.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any, Final

from chalicelib.domain.errors import SynchronisationOff
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.domain.sync.changes import Changes, Encoded, encoded, no_changes
from chalicelib.domain.sync.tables import READ_ONLY, SCHEMA_VERSION
from chalicelib.services.commits import NO_ROWS, KnownRows, LatestChanges, Touched, add, entries_after, touched_by
from chalicelib.services.sync import sources
from chalicelib.services.sync.rows import row_of, shows, table_of
from chalicelib.services.sync.sources import DEVICE_SOURCES, START, Position
from chalicelib.store.read import Reader

MOST_ENTRIES: Final = 1_000
"""Journal entries that one page examines."""
MOST_ROWS: Final = 2_000
"""Objects of one page."""
PAGE_BYTES: Final = 2_000_000
"""Bytes of the rows of a page (a function may answer 6 MB)."""
ENTRIES_TOGETHER: Final = 500
"""Journal entries of one read."""
OVERTAKING: Final = timedelta(minutes=1)
"""The instant of a commit is taken when its request begins, so a later commit may state an earlier instant. A request
commits within seconds."""


@dataclass(frozen=True)
class Pulled:
    """The changes up to `clock`. A larger answer than a page is `large`: it is given as a file. `replacement`: the rows
    are all that the device may have."""

    changes: Changes
    clock: int
    more: bool = False
    replacement: bool = False

    def body(self) -> dict[str, Any]:
        """The answer as JSON. Notices tell the application about the pull itself."""
        outdated = {"code": "schema_outdated", "current": SCHEMA_VERSION}
        return {
            "changes": self.changes.body(),
            "timestamp": self.clock,
            "more": self.more,
            "notices": [outdated] if self.changes.version < SCHEMA_VERSION else [],
            **({"experimentalStrategy": "replacement"} if self.replacement else {}),
        }

    @property
    def large(self) -> bool:
        """Whether it is larger than a page."""
        return self.changes.size > PAGE_BYTES


@dataclass(frozen=True)
class View:
    """The part of the data that a device sees: the columns of its schema version, and the notices about its own rows.
    `empty`: the device has no rows, so it needs no deletions."""

    device: str
    version: int
    empty: bool = False


@dataclass(frozen=True)
class Migration:
    """The tables, and the columns by table, that the device's new schema adds to that of version `before`."""

    before: int
    tables: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Shown:
    """One row of a page, encoded; None for a deletion."""

    clock: int
    table: str
    id: str
    row: Encoded | None


def since(
    reader: Reader, view: View, after: int, tables: frozenset[str] | None = None, known: KnownRows = NO_ROWS
) -> Pulled:
    """A page of the changes after a clock, in all tables or in these `tables`. `known` are rows that were read already.
    Raises SynchronisationOff, ClockTooOld."""
    if not reader.head.cloud_sync:
        raise SynchronisationOff
    touched, clock = _collect(reader, after, known)
    changes = no_changes(view.version)
    kept = _known(_shown(reader, view, touched.values()), changes, tables)
    for at, commit in groupby(kept, key=lambda each: each.clock):
        rows = [*commit]
        if changes.size and changes.size + sum(len(bytes(each.row or b"")) for each in rows) > PAGE_BYTES:
            clock = at - 1
            break
        _take(changes, rows)
    return Pulled(changes, clock, more=clock < reader.head.clock)


def _known(shown: Iterable[_Shown], changes: Changes, tables: frozenset[str] | None) -> Iterator[_Shown]:
    return (each for each in shown if each.table in changes.tables and (tables is None or each.table in tables))


def _take(changes: Changes, rows: Iterable[_Shown]) -> None:
    for each in rows:
        if each.row is None:
            changes.delete(each.table, each.id)
        else:
            changes.set(each.table, each.id, each.row)


def _collect(reader: Reader, after: int, known: KnownRows) -> tuple[LatestChanges, int]:
    """The latest change of each object in order of clock, and the last clock covered."""
    found: LatestChanges = {}
    clock = after
    for entry in entries_after(reader, after, ENTRIES_TOGETHER, known):
        touched = touched_by(entry, DEVICE_SOURCES)
        if found and len(found) + len(touched) > MOST_ROWS:
            break
        add(found, touched)
        clock = entry.clock
        if clock - after >= MOST_ENTRIES:
            break
    return found, clock


def _shown(reader: Reader, view: View, touched: Iterable[Touched]) -> Iterator[_Shown]:
    """The rows that a page shows, in the order of commits."""
    for each, found in sources.present(reader, touched):
        if found is None:
            if each.op == "delete" and not view.empty:
                yield from _gone(reader, view, each)
            continue
        if table_of(found).name == "documents" and "workspace" in each.tables and not view.empty:
            yield _Shown(each.clock, "drafts", each.id, None)
        overtaken = sources.changed_at(found) > each.at + OVERTAKING  # A later commit wrote the row, and shows it.
        if shows(found, view.device) and not overtaken:
            yield _row(reader, view, each.clock, found)


def _row(reader: Reader, view: View, clock: int, found: Any) -> _Shown:
    row = row_of(found, reader.head, view.version)
    return _Shown(clock, table_of(found).name, str(row["id"]), encoded(row))


def _gone(reader: Reader, view: View, each: Touched) -> Iterator[_Shown]:
    """The deletions of an object, in each table that a commit touched it in. The documents of an erased person come
    again, because the device still shows the person on them."""
    for table in sources.tables_of(each):
        yield _Shown(each.clock, table, each.id, None)
    if is_erased(reader.head, each.id):
        for found in sources.about_erased(reader, each.id):
            yield _row(reader, view, each.clock, found)


def with_revived(reader: Reader, view: View, pulled: Pulled, revive: Mapping[str, Sequence[str]]) -> Pulled:
    """The page with the present state of rows that the device asks for, under `created`. A row that does not exist is
    in `deleted`."""
    for table, ids in revive.items():
        for id, found in sources.find(reader, table, [*dict.fromkeys(ids)]):
            name = table_of(found).name if found is not None and shows(found, view.device) else None
            if name != table:
                pulled.changes.delete(table, id)
            if name in pulled.changes.tables:
                pulled.changes.revive(name, row_of(found, reader.head, view.version))
    return pulled


def with_migration(reader: Reader, view: View, pulled: Pulled, migration: Migration) -> Pulled:
    """The page with all rows of the tables that the device's new schema adds, the rows that have a value in its new
    columns, and those that the earlier schema could not express, whatever their clock. Unknown names are the
    application's own."""
    known = pulled.changes.tables
    named = {*migration.tables, *migration.columns}
    for found in sources.everything(reader):
        table = table_of(found)
        if table.name not in known or not (table.name in named or table.members) or not shows(found, view.device):
            continue
        row = row_of(found, reader.head, view.version)
        added = any(row.get(column) for column in migration.columns.get(table.name, ()))
        fixed = table.members and row_of(found, reader.head, migration.before)[READ_ONLY]
        if (table.name in migration.tables or added or fixed) and row["id"] not in known[table.name].deleted:
            pulled.changes.update(table.name, row)
    return pulled


@dataclass(frozen=True)
class PlacedRow:
    """A row of a replacement: its table, its id, its JSON text, and its position among all rows."""

    table: str
    id: str
    row: Encoded
    position: Position


def everything(reader: Reader, view: View, start: Position = START) -> Iterator[PlacedRow]:
    """Every row that the device may have, table by table, behind a position."""
    for position, found in sources.positioned(reader, start):
        table = table_of(found)
        if table.since <= view.version and shows(found, view.device):
            row = row_of(found, reader.head, view.version)
            yield PlacedRow(table.name, str(row["id"]), encoded(row), position)
