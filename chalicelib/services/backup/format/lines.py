"""A row as a line of JSON: `{"sort", "kind", "salt", "data"}`, or in a later delta `{"sort", "kind", "gone": true}`.

The data is the row as plain JSON: packed attributes unpacked, decimals as strings, bytes in base64, without the
company, which is the backup's. It comes from the raw row. Building the entity first would take three times as long. An
entity built from the line has the same canonical bytes, so its salted hash matches the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.backups.backup import Logo
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.services.backup.format.contents import BY_NAME, group_of
from chalicelib.store.codec import Row, from_plain, to_plain

_ISSUED = {(document_type.issued.TABLE, document_type.kind): document_type for document_type in document_types()}
_encode = msgspec.json.Encoder().encode


class _StoredLine(msgspec.Struct):
    """A line as stored."""

    sort: str
    kind: str
    salt: bytes = b""
    data: dict[str, Any] = {}
    gone: bool = False


_decode = msgspec.json.Decoder(_StoredLine).decode


@dataclass(frozen=True, slots=True)
class BackupLine:
    """One row of a backup. `salt` is that of its hash in the journal. `gone` means that the row was deleted after the
    earlier deltas were read."""

    group: str
    table: str
    kind: str
    sort: str
    salt: bytes = b""
    data: dict[str, Any] | None = None
    gone: bool = False

    def record(self, company: str) -> Record:
        """The entity, in the company `company`. Raises msgspec.ValidationError for data that does not fit its class."""
        return from_plain(self.table, self.kind, company, self.data or {})

    @property
    def id(self) -> str:
        """The row's id."""
        return str((self.data or {})["id"])


def line_of(row: Row, table: str) -> BackupLine:
    """The line of a raw row of `table`. Raises ValueError for a row that no backup holds."""
    kind = row["_kind"]["S"]
    group = group_of(table, kind)
    if group is None:
        raise ValueError(f"a {kind} of {table} is in no backup")
    return BackupLine(group.name, table, kind, row["sort"]["S"], row["_salt"]["B"], to_plain(table, row))


def gone(group: str, kind: str, sort: str) -> BackupLine:
    """A line that deletes a row."""
    return BackupLine(group, BY_NAME[group].table, kind, sort, gone=True)


def encoded(line: BackupLine) -> bytes:
    """The line as stored, without its line end."""
    if line.gone:
        return _encode({"sort": line.sort, "kind": line.kind, "gone": True})
    return _encode({"sort": line.sort, "kind": line.kind, "salt": line.salt, "data": line.data})


def decoded(group: str, text: bytes) -> BackupLine:
    """Parse a stored line. Raises msgspec.MsgspecError, KeyError for text that is no line of this group."""
    stored = _decode(text)
    table = BY_NAME[group].table
    if stored.kind not in BY_NAME[group].kinds or (table, stored.kind) not in ENTITIES:
        raise msgspec.ValidationError(f"a {stored.kind} among {group}")
    return BackupLine(group, table, stored.kind, stored.sort, stored.salt, stored.data, stored.gone)


def gross_of(line: BackupLine) -> str | None:
    """The gross, in dirhams, of a frozen document with prices or of a register entry."""
    data = line.data or {}
    if line.group == "register":
        return str(data["gross"])
    document_type = _ISSUED.get((line.table, line.kind))
    return str(data["totals"]["gross"]) if document_type and document_type.priced else None


def logo_of(line: BackupLine) -> Logo | None:
    """The logo that a profile or a frozen document names; `frozen` if the law keeps it with the document."""
    data: Mapping[str, Any] = line.data or {}
    document_type = _ISSUED.get((line.table, line.kind))
    if document_type is not None and not line.gone:
        key, frozen = data["seller"].get("logo"), document_type.fiscal
    else:
        key, frozen = data.get("logo") if line.group == "company" else None, False
    return Logo(key=key, frozen=frozen) if key else None
