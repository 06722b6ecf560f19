"""The changes of a page: for each table the rows of a device to create, to update and to delete. An id is in one of
them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from chalicelib.domain.sync.tables import TABLES, Row

Encoded = msgspec.Raw
"""A row as JSON text. Each row is encoded once, because its size decides where a page ends."""


@dataclass
class TableChanges:
    """The changes of one table, by id. `revived` rows are those that a device believes deleted or changed."""

    updated: dict[str, Encoded] = field(default_factory=dict)
    revived: dict[str, Encoded] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)

    def documents(self, clock: int) -> Iterator[tuple[str, Encoded]]:
        """The changes in RxDB's form, by id: rows with `_deleted` and the clock up to which they are known."""
        for deleted, rows in ((False, self.updated), (True, {id: encoded({"id": id}) for id in self.deleted})):
            start = msgspec.json.encode({"_deleted": deleted, "clock": clock})[:-1]
            yield from ((id, Encoded(start + b"," + bytes(row)[1:])) for id, row in rows.items())

    def body(self) -> dict[str, Any]:
        """The changes in WatermelonDB's form."""
        return {
            "created": list(self.revived.values()),
            "updated": list(self.updated.values()),
            "deleted": list(self.deleted),
        }


@dataclass
class Changes:
    """The changes of all tables that a schema version has, and their size in bytes."""

    version: int
    tables: dict[str, TableChanges]
    size: int = 0

    def update(self, table: str, row: Row) -> None:
        """Add a row in its present state."""
        self.set(table, str(row["id"]), encoded(row))

    def set(self, table: str, id: str, row: Encoded) -> None:
        """Add an encoded row."""
        changes = self.tables[table]
        if id not in changes.updated:
            self.size += len(bytes(row)) + 1
        changes.deleted.pop(id, None)
        changes.updated[id] = row

    def delete(self, table: str, id: str) -> None:
        """Add a deletion, unless the page shows the row."""
        changes = self.tables[table]
        if id not in changes.updated and id not in changes.deleted:
            changes.deleted[id] = None
            self.size += len(id) + 3

    def revive(self, table: str, row: Row) -> None:
        """Add a row under `created`, where a device takes it back whatever it did to it."""
        changes, id = self.tables[table], str(row["id"])
        if changes.updated.pop(id, None) is None:
            self.size += len(bytes(encoded(row))) + 1
        changes.deleted.pop(id, None)
        changes.revived[id] = encoded(row)

    def body(self) -> dict[str, Any]:
        """All tables, those without changes too."""
        return {name: changes.body() for name, changes in self.tables.items()}


def encoded(row: Mapping[str, Any]) -> Encoded:
    """A row as JSON text."""
    return Encoded(msgspec.json.encode(row))


def no_changes(version: int) -> Changes:
    """No changes of the tables that a schema version has."""
    return Changes(version, {table.name: TableChanges() for table in TABLES if table.since <= version})


MOST_REVIVED: Final = 100
"""Rows of one table that a pull revives."""
