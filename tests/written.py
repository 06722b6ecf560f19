"""The rows that a stretch of work wrote, and the instants that they state."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.store.codec import from_row
from chalicelib.store.wire import Store
from tests.write_paths import WATCH

Rows = dict[tuple[str, str, str], dict[str, Any]]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
DAY = re.compile(r"(?<![\d-])(\d{4}-\d\d-\d\d)(?![\dT-])")
EPOCH = range(10**8, 10**11)
"""Seconds that may be an instant of this century or the ones beside it; no count of the tests is so large."""


@dataclass(frozen=True)
class Written:
    """A row that was put or changed: what was stored before (empty for a new row) and after."""

    place: tuple[str, str, str]
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def changed(self) -> dict[str, Any]:
        """The attributes that differ."""
        return {name: value for name, value in self.after.items() if self.before.get(name) != value}


def rows_of(store: Store) -> Rows:
    """Every row of every table, as plain values."""
    found: Rows = {}
    client = store.connection.client
    for table, name in store.names.items():
        for page in client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
            for item in page["Items"]:
                record = from_row(table, item)
                found[table, item["company"]["S"], item["sort"]["S"]] = msgspec.to_builtins(
                    record, builtin_types=(bytes,)
                )
    return found


@dataclass
class Reading:
    """The rows of a store. They are read again only after a call that wrote."""

    store: Store
    calls: int = -1
    rows: Rows = field(default_factory=dict)

    def now(self) -> Rows:
        """Every row of every table, as plain values."""
        if self.calls != WATCH.calls:
            self.calls, self.rows = WATCH.calls, rows_of(self.store)
        return self.rows


def written(before: Rows, after: Rows) -> list[Written]:
    """The rows that were put or changed between two readings."""
    return [
        Written(place, before.get(place, {}), row) for place, row in sorted(after.items()) if before.get(place) != row
    ]


def instants(value: Any) -> Iterator[datetime]:
    """Every instant that a value states: as text, as a day (its noon), or as epoch seconds."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str):
        yield from (datetime.fromisoformat(text) for text in INSTANT.findall(value))
        yield from (datetime.fromisoformat(f"{text}T12:00:00Z") for text in DAY.findall(value))
    elif isinstance(value, int) and not isinstance(value, bool) and value in EPOCH:
        yield datetime.fromtimestamp(value, UTC)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from instants(name)
            yield from instants(part)
    elif isinstance(value, list):
        for part in value:
            yield from instants(part)
