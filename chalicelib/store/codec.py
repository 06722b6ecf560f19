"""Conversion between records and DynamoDB rows. The dataclass is the only list of attributes."""

import zlib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

import msgspec

from chalicelib.domain.canonical import canonical, plain_number, salted_digest
from chalicelib.domain.entity import ENTITIES, Record, unstored
from chalicelib.domain.errors import TooLarge
from chalicelib.domain.typed import converted

Row = dict[str, dict[str, Any]]
MAX_ROW_BYTES = 300_000
"""The largest row of a draft or another editable record (300 KB, compressed)."""
MAX_LATER_BYTES = 380_000
"""The largest row that is derived from it (the issued document, its credit note, the reply). DynamoDB's limit is 400
KB."""
MAX_UNPACKED_BYTES = 8_000_000
UNREADABLE: Final = (KeyError, TypeError, ValueError, zlib.error, msgspec.MsgspecError, TooLarge)
"""The errors that `from_row` raises for a row that no release wrote."""
BYTES = b"\0"
"""Begins a packed value that is bytes. No JSON begins with it."""
_KEY = frozenset({"company", "sort"})
STORES_OWN = "_"
"""The first letter of the attributes that the store adds: kind, salt, and the keys of the local indexes. No entity has
such an attribute."""


@cache
def _packed(table: str, kind: str) -> frozenset[str]:
    return frozenset(f.name for f in fields(ENTITIES[table, kind]) if f.metadata["packed"])


@cache
def _nullable(table: str, kind: str) -> dict[str, None]:
    """Attributes that may be None although a new record starts with another value. A missing attribute is read as
    None."""
    cls = ENTITIES[table, kind]
    hints = get_type_hints(cls)
    return {f.name: None for f in fields(cls) if f.default is not None and NoneType in get_args(hints[f.name])}


def _attribute(value: Any) -> dict[str, Any]:
    """A plain value as a DynamoDB attribute value. Decimals become exact numbers."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, Decimal)):
        return {"N": plain_number(Decimal(value))}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, dict):
        return {"M": {name: _attribute(part) for name, part in value.items() if part is not None}}
    return {"L": [_attribute(part) for part in value]}


def _plain(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    if kind == "M":
        return {name: _plain(part) for name, part in value.items()}
    if kind == "L":
        return [_plain(part) for part in value]
    return value


def _inflated(compressed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    data = inflater.decompress(compressed, MAX_UNPACKED_BYTES)
    if not inflater.eof:
        raise TooLarge(limit=MAX_UNPACKED_BYTES)
    return data


def _pack(value: Any) -> bytes:
    """A value, compressed: bytes as they are after `BYTES`, another value as JSON. JSON would hold bytes in base64,
    which compresses badly: an answer would be half as large again."""
    return zlib.compress(BYTES + value if isinstance(value, bytes) else msgspec.json.encode(value), 6)


def _unpack(compressed: bytes) -> Any:
    """The value that `_pack` compressed. Older rows have bytes in base64, as JSON."""
    data = _inflated(compressed)
    return data[len(BYTES) :] if data.startswith(BYTES) else msgspec.json.decode(data)


def to_row(record: Record, salt: bytes) -> Row:
    """The row of a record, without what is `unstored`, and with the keys of the local indexes that contain it. Raises
    TooLarge above MAX_ROW_BYTES in the workspace, MAX_LATER_BYTES in other tables, without the keys of indexes."""
    packed = _packed(record.TABLE, record.KIND)
    data = msgspec.to_builtins(record, builtin_types=(Decimal, bytes))
    row: Row = {"sort": {"S": record.key.sort}, "_kind": {"S": record.KIND}, "_salt": {"B": salt}}
    omitted = unstored(record)
    for name, value in data.items():
        if name in omitted:
            continue
        row[name] = {"B": _pack(value)} if name in packed else _attribute(value)
    limit = MAX_ROW_BYTES if record.TABLE == "workspace" else MAX_LATER_BYTES
    if sum(len(name) + _weight(part) for name, part in row.items()) > limit:
        raise TooLarge(limit=limit)
    return row | {name: {"S": key} for name, key in record.index_keys().items()}


def _weight(attribute: Mapping[str, Any]) -> int:
    """The approximate number of bytes that DynamoDB counts for a value."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        return 3 + sum(1 + len(name) + _weight(part) for name, part in value.items())
    if kind == "L":
        return 3 + sum(1 + _weight(part) for part in value)
    if kind == "S":
        return len(value.encode())
    return 1 if kind == "BOOL" else len(value)


def from_row(table: str, row: Row) -> Record:
    """The record of a row read from `table`."""
    kind = row["_kind"]["S"]
    packed = _packed(table, kind)
    data: dict[str, Any] = _nullable(table, kind) | {
        name: _unpack(part["B"]) if name in packed else _plain(part)
        for name, part in row.items()
        if name != "sort" and not name.startswith(STORES_OWN)
    }
    record: Record = converted(data, ENTITIES[table, kind], strict=False, builtin_types=(bytes,))
    return record


@cache
def _whole(table: str, kind: str) -> frozenset[str]:
    """Attributes that hold whole numbers."""
    hints = get_type_hints(ENTITIES[table, kind])
    return frozenset(name for name, hint in hints.items() if int in (hint, *get_args(hint)))


def to_plain(table: str, row: Row) -> dict[str, Any]:
    """A row's attributes as plain JSON, without its key, salt and company. Packed attributes are unpacked (as
    msgspec.Raw), whole numbers are numbers, decimals are strings, bytes stay bytes."""
    kind = row["_kind"]["S"]
    packed, whole = _packed(table, kind), _whole(table, kind)
    data: dict[str, Any] = {}
    for name, part in row.items():
        if name in _KEY or name.startswith(STORES_OWN):
            continue
        if name in packed:
            content = _inflated(part["B"])
            raw = msgspec.json.encode(content[len(BYTES) :]) if content.startswith(BYTES) else content
            data[name] = msgspec.Raw(raw)
        elif name in whole and "N" in part:
            data[name] = int(part["N"])
        else:
            data[name] = _plain(part)
    return data


def from_plain(table: str, kind: str, company: str, data: Mapping[str, Any]) -> Record:
    """The record of the company `company` from JSON that `to_plain` made. Raises msgspec.ValidationError."""
    whole = _nullable(table, kind) | dict(data) | {"company": company}
    record: Record = converted(whole, ENTITIES[table, kind], strict=False)
    return record


def digest(record: Record, salt: bytes) -> bytes:
    """The hash in the journal: SHA-256 over the row's salt and the record's canonical content."""
    return salted_digest(salt, canonical(record))
