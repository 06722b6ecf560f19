"""Backups: an encrypted copy of a company's data at one clock, and the record of each copy."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from chalicelib.domain.entity import Record, entity, kept, value

Tier = Literal["daily", "weekly", "monthly"]
BackupStatus = Literal["running", "complete", "failed"]
KeyClass = Literal["statutory", "working"]
"""The data key: `statutory` for data that the law requires us to keep, `working` for all other data."""
NIGHTLY: Final = "backups"
"""The actor recorded on scheduled backups."""


@value
class Stretch:
    """The register entries of one series in a part: their number, the highest sequence and the chain after it."""

    series: str = kept("backup.record")
    entries: int = kept("backup.record")
    last: int = kept("backup.record")
    chain: str = kept("backup.record")


@value
class Part:
    """One encrypted object of a backup: gzip NDJSON of the rows between the sort keys `first` and `last` of one group.

    `layer` 0 is the base state. A later layer replaces, adds or deletes rows of the layers before it. `size` (bytes)
    and `sha256` (hex) describe the stored object. `counts` (rows by name), `gross` (dirhams of issued documents and
    register entries, by name) and `register` are the part's contribution to the state.
    """

    name: str = kept("backup.record")
    group: str = kept("backup.record")
    layer: int = kept("backup.record")
    seal: KeyClass = kept("backup.record")
    first: str = kept("backup.record")
    last: str = kept("backup.record")
    lines: int = kept("backup.record")
    size: int = kept("backup.record")
    sha256: str = kept("backup.record")
    counts: dict[str, int] = kept("backup.record")
    gross: dict[str, Decimal] = kept("backup.record")
    register: tuple[Stretch, ...] = kept("backup.record", default=())


@value
class Blob:
    """One encrypted file of a backup (a logo). `key` is its original address; `size` and `sha256` describe the stored
    object."""

    name: str = kept("backup.record")
    key: str = kept("backup.record")
    seal: KeyClass = kept("backup.record")
    size: int = kept("backup.record")
    sha256: str = kept("backup.record")


@value
class Logo:
    """A logo that rows of a backup refer to. `frozen` is true if an issued document refers to it: the law requires us
    to keep it."""

    key: str = kept("backup.record")
    frozen: bool = kept("backup.record")


@entity("backup", table="transient", prefix="bak")
class Backup(Record):
    """A backup: running, complete or failed. Its row is due for the job `expiry` when its term ends. A backup that
    never completes is due two days after its start, so that no part is orphaned."""

    tier: Tier = kept("backup.record")
    status: BackupStatus = kept("backup.record", default="running")
    asked_by: str = kept("backup.record")
    statutory_key: str = kept("backup.record")
    working_key: str = kept("backup.record")
    begun: int = kept("backup.record")
    """The company's clock before the first read. Rows that changed after it are read again."""
    clock: int | None = kept("backup.record", default=None)
    """The company's clock at the cutoff."""
    cut_at: datetime | None = kept("backup.record", default=None)
    layers: tuple[int, ...] = kept("backup.record")
    """The clock at the start of each layer. The first is `begun`; layer n holds the changes between two of these
    clocks."""
    cursor: str = kept("backup.record", default="")
    """The position of the current layer: "group/sort key" of the last line in a part."""
    parts: tuple[Part, ...] = kept("backup.record", default=(), packed=True)
    logos: tuple[Logo, ...] = kept("backup.record", default=(), packed=True)
    counts: dict[str, int] | None = kept("backup.record", default=None)
    size: int = kept("backup.record", default=0)
    manifest: bytes | None = kept("backup.record", default=None, packed=True)
    """The manifest, fixed at the cutoff. A repeated last step writes the same bytes."""
    manifest_hash: str | None = kept("backup.record", default=None)
    proven_at: datetime | None = kept("backup.record", default=None)
    """The instant at which the full pass found the ledger's rows as the journal states them. None: not yet, or the
    backup is older than that pass."""
    previous: str | None = kept("backup.record", default=None)
    """The hash of the manifest of the latest backup at the start of this one."""
    failure: str | None = kept("backup.record", default=None)
    """The stable code of the failure."""
    verified_at: datetime | None = kept("backup.record", default=None)
    drilled_at: datetime | None = kept("backup.record", default=None)
    drill: Literal["passed", "failed"] | None = kept("backup.record", default=None)
    progress_version: int | None = kept("backup.record", default=None)
    """The version of the workflow that saved the row; None is version 1."""
    due: str | None = kept("backup.record", default="expiry")
    due_at: datetime = kept("backup.record")
    attempts: int = kept("backup.record", default=0)
    expires_at: int = kept("backup.record")
    """Epoch seconds, a week after `due_at`. The table's TTL deletes the row if the job `expiry` did not."""


@entity("backup_plan", table="workspace", prefix="cmp", sort="backup_plan")
class BackupPlan(Record):
    """The nightly backups of a company whose backup switch is on. `running` is the running backup. `last` is the latest
    complete one; the next manifest contains its hash."""

    running: str | None = kept("backup.record", default=None)
    last: str | None = kept("backup.record", default=None)
    last_hash: str | None = kept("backup.record", default=None)
    monthly: str | None = kept("backup.record", default=None)
    """The month ("2026-11") and, below, the ISO week ("2026-W48") that already have a backup of their tier."""
    weekly: str | None = kept("backup.record", default=None)
    due: str | None = kept("backup.record", default="nightly")
    due_at: datetime = kept("backup.record")
    attempts: int = kept("backup.record", default=0)


@entity("drill_plan", table="workspace", prefix="cmp", sort="drill_plan")
class DrillPlan(Record):
    """A company's weekly drill: restore the latest backup into the drill tables, compare the rows, delete them."""

    backup: str | None = kept("backup.record", default=None)
    """The id of the backup under test."""
    step: str | None = kept("backup.record", default=None)
    progress_version: int | None = kept("backup.record", default=None)
    """The version of the workflow that saved the row; None is version 1."""
    due: str | None = kept("backup.record", default="drill")
    due_at: datetime = kept("backup.record")
    attempts: int = kept("backup.record", default=0)


@entity("backup_key", table="identity", prefix="bky")
class WorkingKey(Record):
    """The data key of everything that the law does not require us to keep. KMS wraps it, with the company as the
    encryption context. It is deleted with the account, and no backup's working data can be read afterwards."""

    wrapped: bytes = kept("backup.working_key")


@entity("backup_key", table="journal", prefix="bky")
class StatutoryKey(Record):
    """The data key of everything that the law requires us to keep. KMS wraps it, with the company as the encryption
    context."""

    wrapped: bytes = kept("backup.statutory_key")


@entity("destruction", table="requests", prefix="bky")
class KeyDestruction(Record):
    """The destruction of a data key, scheduled at `created_at`. No backup completes under the key any more, and the
    account's deletion deletes the key's row. Point-in-time recovery of the row ends on `final_on`. The id is the
    key's.

    The row ends with its `request`. If a job destroys the key because the cloud was turned off, the row is due for the
    job `proofs` itself."""

    request: str = kept("request.proof")
    final_on: date = kept("request.proof")
    due: str | None = kept("request.proof", default=None)
    due_at: datetime | None = kept("request.proof", default=None)
    attempts: int = kept("request.proof", default=0, sparse=True)
