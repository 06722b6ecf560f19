"""Columns of synchronised tables. A device's database is flat: each cell is a text, a number, a truth value or null."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from chalicelib.domain.entity import Record
from chalicelib.domain.errors import invalid

ColumnType = Literal["string", "number", "boolean"]
Cell = str | int | float | bool | None
PLAIN_TYPES: Final[dict[Any, ColumnType]] = {
    bool: "boolean",
    int: "number",
    str: "string",
    Decimal: "string",
    date: "string",
    datetime: "string",
}
"""Amounts, rates, quantities, days and instants are texts: a device's numbers are binary fractions."""


@dataclass(frozen=True)
class SyncColumn:
    """A column: its name in the table, its type, and the schema version that added it.

    `optional`: the cell may be null. `writable`: a device may change it. `json`: the cell is the JSON text of a list or
    an object. The members of such a cell are never merged.
    """

    name: str
    type: ColumnType
    optional: bool = False
    writable: bool = False
    json: bool = False
    since: int = 1

    def cell(self, value: Any) -> Cell:
        """The cell of a value in its JSON form. An empty object in an optional column is null, and an instant in a
        column of numbers is milliseconds since 1970."""
        if self.type == "number" and isinstance(value, str):
            return int(datetime.fromisoformat(value).timestamp() * 1000)
        if not self.json:
            plain: Cell = value
            return plain
        if value is None or (self.optional and value == {}):
            return None
        return msgspec.json.encode(value).decode()

    def value(self, cell: object) -> Any:
        """The value of a cell that a device sent, in its JSON form. Raises InvalidContent for a cell of another type,
        and for a text that is not JSON."""
        if cell is None and self.optional:
            return None
        expected: tuple[type, ...] = {"string": (str,), "number": (int, float), "boolean": (bool,)}[self.type]
        if not isinstance(cell, expected) or (isinstance(cell, bool) and self.type != "boolean"):
            raise invalid(f"/{self.name}", "wrong_type", expected=self.type)
        if isinstance(cell, float) and cell.is_integer():
            return int(cell)
        if not self.json:
            return cell
        try:
            return msgspec.json.decode(str(cell))
        except (msgspec.DecodeError, RecursionError):
            raise invalid(f"/{self.name}", "not_json_text") from None

    def same(self, one: Cell, other: object) -> bool:
        """Whether two cells state the same. JSON texts may differ in their spaces and in the order of members."""
        if self.json and isinstance(one, str) and isinstance(other, str):
            return bool(_decoded(one) == _decoded(other))
        return one == other and isinstance(one, bool) == isinstance(other, bool)


def _decoded(text: str) -> Any:
    """The content of a JSON text; the text itself if it is not JSON."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def derived(cls: type[Record], *, without: Iterable[str] = (), read_only: Iterable[str] = ()) -> tuple[SyncColumn, ...]:
    """A column for each attribute of an entity, in their order, except its key, its version and the names in
    `without`. The names in `read_only` are not writable."""
    hidden = {field.name for field in fields(Record)} | set(without)
    hints = get_type_hints(cls)
    fixed = frozenset(read_only)
    return tuple(
        column_of(field.name, hints[field.name], writable=field.name not in fixed)
        for field in fields(cls)
        if field.name not in hidden
    )


def column_of(name: str, hint: Any, *, writable: bool = False) -> SyncColumn:
    """The column of an attribute with this annotation."""
    parts = set(get_args(hint)) if get_origin(hint) in (Union, UnionType) else {hint}
    optional = NoneType in parts
    kinds = {PLAIN_TYPES.get(str if get_origin(part) is Literal else part) for part in parts - {NoneType}}
    plain = kinds.pop() if len(kinds) == 1 else None
    return SyncColumn(name, plain or "string", optional=optional, writable=writable, json=plain is None)


def fixed(columns: Iterable[SyncColumn]) -> tuple[SyncColumn, ...]:
    """The same columns, none of them writable."""
    return tuple(replace(column, writable=False) for column in columns)


def always(columns: Iterable[SyncColumn], *names: str) -> tuple[SyncColumn, ...]:
    """The columns, where those with these names are never null."""
    return tuple(replace(column, optional=column.optional and column.name not in names) for column in columns)


def texts(*names: str, optional: bool = False) -> tuple[SyncColumn, ...]:
    """Read-only columns of text."""
    return tuple(SyncColumn(name, "string", optional=optional) for name in names)


def instants(*names: str) -> tuple[SyncColumn, ...]:
    """Read-only columns of milliseconds since 1970. WatermelonDB accepts `created_at` and `updated_at` in no other
    form."""
    return tuple(SyncColumn(name, "number") for name in names)


def json_texts(*names: str, optional: bool = False) -> tuple[SyncColumn, ...]:
    """Read-only columns of JSON text."""
    return tuple(SyncColumn(name, "string", optional=optional, json=True) for name in names)
