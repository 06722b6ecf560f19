"""The manifest: what a backup is, written last and only if absent. Canonical JSON, and on a second line its HMAC."""

import hmac
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec

from chalicelib.domain.backups.backup import Blob, Part, Seal, Tier
from chalicelib.domain.backups.backup_errors import BackupDamaged
from chalicelib.domain.canonical import plain_number
from chalicelib.services.backup.format.encryption import SCHEMA, Seals

NAME: Final = "manifest.json"
LIMIT: Final = 32_000_000
"""Bytes: about a hundred thousand parts."""


@dataclass(frozen=True, kw_only=True)
class SeriesHead:
    """A series at the cut: its next number, what left at its term, its last chain, and how many entries it has."""

    series: str
    first: int
    next: int
    swept: int
    chain: str
    entries: int


@dataclass(frozen=True, kw_only=True)
class Tombstones:
    """How many persons had been erased by then, and the latest clock at which one was."""

    count: int
    clock: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds. `begun` and `clock` are the company's clocks before anything was read and at the cut;
    `chain` is its journal's hash there. `counts` (rows, by `contents.counted_as`), `gross`
    (dirhams, likewise) and `series` are of the merged state; `previous` is the SHA-256 (hex) of the manifest of
    the backup before, as stored."""

    schema: int
    company: str
    backup: str
    tier: Tier
    begun: int
    clock: int
    cut_at: datetime
    chain: str
    keys: dict[Seal, str]
    policy_version: str
    build: str
    previous: str | None
    tombstones: Tombstones
    parts: tuple[Part, ...]
    blobs: tuple[Blob, ...]
    missing: tuple[str, ...]
    """Logos that rows name and that the bucket no longer has."""
    counts: dict[str, int]
    gross: dict[str, Decimal]
    series: tuple[SeriesHead, ...]
    size: int
    """Bytes of all objects but this one."""


def written(manifest: Manifest, seals: Seals) -> bytes:
    """The manifest as it is stored."""
    data = {f.name: getattr(manifest, f.name) for f in fields(manifest)}
    plain = msgspec.to_builtins(data, builtin_types=(Decimal,))
    content = msgspec.json.encode(_plain(plain), order="sorted")
    return content + b"\n" + seals.signature(content)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value


def hash_of(stored: bytes) -> str:
    """The SHA-256 (hex) of a manifest as it is stored."""
    return sha256(stored).hexdigest()


class _Claims(msgspec.Struct):
    """What must be believed before anything can be checked: by which schema and under which keys."""

    schema: int
    company: str
    backup: str
    keys: dict[Seal, str]


def claims(stored: bytes) -> _Claims:
    """What a manifest says of itself, unproven. Raises BackupDamaged, also for a schema of a later release."""
    try:
        found = msgspec.json.decode(stored.partition(b"\n")[0], type=_Claims)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BackupDamaged(reason="malformed", where=NAME) from error
    if found.schema != SCHEMA:
        raise BackupDamaged(reason="unknown_schema", where=NAME)
    if set(found.keys) != {"statutory", "working"}:
        raise BackupDamaged(reason="malformed", where=NAME)
    return found


def read(stored: bytes, seals: Seals) -> Manifest:
    """The manifest, proven to be of this company and backup. Raises BackupDamaged, and what `Seals.require` does."""
    content, _, signature = stored.partition(b"\n")
    if not hmac.compare_digest(seals.signature(content), signature):
        raise BackupDamaged(reason="signature", where=NAME)
    try:
        found = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BackupDamaged(reason="malformed", where=NAME) from error
    if (found.company, found.backup) != (seals.company, seals.backup):
        raise BackupDamaged(reason="another_backup", where=NAME)
    return found
