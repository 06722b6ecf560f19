"""The manifest of a backup, written last and only if absent. Its first line is canonical JSON, its second line the
HMAC."""

import hmac
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec

from chalicelib.domain.backups.backup import Blob, KeyClass, Part, Tier
from chalicelib.domain.backups.backup_errors import BackupDamaged
from chalicelib.domain.canonical import plain_number
from chalicelib.services.encryption import SCHEMA, ObjectCipher

NAME: Final = "manifest.json"
LIMIT: Final = 32_000_000
"""Bytes: about a hundred thousand parts."""


@dataclass(frozen=True, kw_only=True)
class SeriesHead:
    """A series at the cutoff: its next number, purged numbers, last chain hash and number of entries."""

    series: str
    first: int
    next: int
    swept: int
    chain: str
    entries: int


@dataclass(frozen=True, kw_only=True)
class Tombstones:
    """The number of persons erased before the backup, and the clock of the last erasure."""

    count: int
    clock: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The manifest. `begun` is the company's clock before the first read, `clock` the one at the cutoff, and `chain`
    its journal's hash there. `counts` (rows, by `contents.counted_as`), `gross` (dirhams, likewise) and `series`
    describe the merged state. `previous` is the SHA-256 (hex) of the previous backup's stored manifest."""

    schema: int
    company: str
    backup: str
    tier: Tier
    begun: int
    clock: int
    cut_at: datetime
    chain: str
    keys: dict[KeyClass, str]
    policy_version: str
    build: str
    previous: str | None
    tombstones: Tombstones
    parts: tuple[Part, ...]
    blobs: tuple[Blob, ...]
    missing: tuple[str, ...]
    """Logos that rows name and that the bucket lacks."""
    counts: dict[str, int]
    gross: dict[str, Decimal]
    series: tuple[SeriesHead, ...]
    size: int
    """Bytes of all objects except this one."""


def written(manifest: Manifest, cipher: ObjectCipher) -> bytes:
    """The manifest as stored."""
    data = {f.name: getattr(manifest, f.name) for f in fields(manifest)}
    plain = msgspec.to_builtins(data, builtin_types=(Decimal,))
    content = msgspec.json.encode(_plain(plain), order="sorted")
    return content + b"\n" + cipher.signature(content)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value


def hash_of(stored: bytes) -> str:
    """The SHA-256 (hex) of a stored manifest."""
    return sha256(stored).hexdigest()


class _Claims(msgspec.Struct):
    """The claims needed before any check: the schema and the ids of the keys."""

    schema: int
    company: str
    backup: str
    keys: dict[KeyClass, str]


def claims(stored: bytes) -> _Claims:
    """The unverified claims of a manifest. Raises BackupDamaged, also for a later release's schema."""
    try:
        found = msgspec.json.decode(stored.partition(b"\n")[0], type=_Claims)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BackupDamaged(reason="malformed", where=NAME) from error
    if found.schema != SCHEMA:
        raise BackupDamaged(reason="unknown_schema", where=NAME)
    if set(found.keys) != {"statutory", "working"}:
        raise BackupDamaged(reason="malformed", where=NAME)
    return found


def read(stored: bytes, cipher: ObjectCipher) -> Manifest:
    """Read and verify the manifest of this company and backup. Raises BackupDamaged, and the errors of
    `ObjectCipher.require`."""
    content, _, signature = stored.partition(b"\n")
    if not hmac.compare_digest(cipher.signature(content), signature):
        raise BackupDamaged(reason="signature", where=NAME)
    try:
        found = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BackupDamaged(reason="malformed", where=NAME) from error
    if (found.company, found.backup) != (cipher.company, cipher.backup):
        raise BackupDamaged(reason="another_backup", where=NAME)
    return found
