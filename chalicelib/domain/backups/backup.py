"""Backups: a company's data as it was at one clock, sealed under two data keys, and what is known of each."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept, value

Tier = Literal["daily", "weekly", "monthly"]
BackupStatus = Literal["running", "complete", "failed"]
Seal = Literal["statutory", "working"]
"""Which data key: what the law makes us keep, or everything else."""


@value
class Stretch:
    """Register entries of one series within a part: how many it adds to the state, its highest number and the chain
    there."""

    series: str = kept("backup.record")
    entries: int = kept("backup.record")
    last: int = kept("backup.record")
    chain: str = kept("backup.record")


@value
class Part:
    """One sealed object of a backup: gzip NDJSON of rows between the sort keys `first` and `last` of one group.

    `layer` 0 is the state as it was streamed; each later layer replaces, adds to or deletes from those before it.
    `size` (bytes) and `sha256` (hex) are of the object as it is stored. `counts` (rows by name), `gross` (dirhams of
    issued documents and register entries, by name) and `register` are what the part adds to the state.
    """

    name: str = kept("backup.record")
    group: str = kept("backup.record")
    layer: int = kept("backup.record")
    seal: Seal = kept("backup.record")
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
    """One sealed file of a backup (a logo): `key` is where it lay, `size` and `sha256` are of the object as stored."""

    name: str = kept("backup.record")
    key: str = kept("backup.record")
    seal: Seal = kept("backup.record")
    size: int = kept("backup.record")
    sha256: str = kept("backup.record")


@value
class Logo:
    """A logo that rows of a backup name; `frozen` says that an issued document does, so that the law keeps it too."""

    key: str = kept("backup.record")
    frozen: bool = kept("backup.record")


@entity("backup", room="transient", prefix="bak")
class Backup(Record):
    """A backup that runs, stands or failed. It is due for `expiry` at its term's end; one that never completes is due
    two days after it began, so that no part is an orphan."""

    tier: Tier = kept("backup.record")
    status: BackupStatus = kept("backup.record", default="running")
    asked_by: str = kept("backup.record")
    statutory_key: str = kept("backup.record")
    working_key: str = kept("backup.record")
    begun: int = kept("backup.record")
    """The company's clock before anything was read: what changed since is read again."""
    clock: int | None = kept("backup.record", default=None)
    """The company's clock at the cut."""
    cut_at: datetime | None = kept("backup.record", default=None)
    layers: tuple[int, ...] = kept("backup.record")
    """The clocks at which each layer was begun: the first is `begun`, and layer n holds what changed between two."""
    cursor: str = kept("backup.record", default="")
    """Where the current layer goes on: "group/sort key" of the last line that a part holds."""
    parts: tuple[Part, ...] = kept("backup.record", default=(), packed=True)
    logos: tuple[Logo, ...] = kept("backup.record", default=(), packed=True)
    counts: dict[str, int] | None = kept("backup.record", default=None)
    size: int = kept("backup.record", default=0)
    manifest: bytes | None = kept("backup.record", default=None, packed=True)
    """The manifest as it is, or is about to be, stored: fixed at the cut, so that a repeated end writes the same."""
    manifest_hash: str | None = kept("backup.record", default=None)
    previous: str | None = kept("backup.record", default=None)
    """The manifest's hash of the backup that was the latest when this one began."""
    failure: str | None = kept("backup.record", default=None)
    """A stable code: why it failed."""
    verified_at: datetime | None = kept("backup.record", default=None)
    drilled_at: datetime | None = kept("backup.record", default=None)
    drill: Literal["passed", "failed"] | None = kept("backup.record", default=None)
    progress_version: int | None = kept("backup.record", default=None)
    """The version of the workflow that saved the row; None is version 1."""
    due: str | None = kept("backup.record", default="expiry")
    due_at: datetime = kept("backup.record")
    attempts: int = kept("backup.record", default=0)
    expires_at: int = kept("backup.record")
    """Epoch seconds, a week after `due_at`: the table's net under the job `expiry`."""


@entity("backup_plan", room="workspace", prefix="cmp", sort="backup_plan")
class BackupPlan(Record):
    """A company's nightly backup while its switch is on. `running` is the one backup that runs; `last` the latest
    complete one, whose manifest's hash the next one names."""

    running: str | None = kept("backup.record", default=None)
    last: str | None = kept("backup.record", default=None)
    last_hash: str | None = kept("backup.record", default=None)
    monthly: str | None = kept("backup.record", default=None)
    """The month ("2026-11") and, below, the ISO week ("2026-W48") that already have a backup of their tier."""
    weekly: str | None = kept("backup.record", default=None)
    due: str | None = kept("backup.record", default="nightly")
    due_at: datetime = kept("backup.record")
    attempts: int = kept("backup.record", default=0)


@entity("drill_plan", room="workspace", prefix="cmp", sort="drill_plan")
class DrillPlan(Record):
    """A company's weekly drill: its latest backup is restored aside, compared and removed."""

    backup: str | None = kept("backup.record", default=None)
    """The backup that is being drilled."""
    step: str | None = kept("backup.record", default=None)
    progress_version: int | None = kept("backup.record", default=None)
    """The version of the workflow that saved the row; None is version 1."""
    due: str | None = kept("backup.record", default="drill")
    due_at: datetime = kept("backup.record")
    attempts: int = kept("backup.record", default=0)


@entity("backup_key", room="identity", prefix="bky")
class WorkingKey(Record):
    """The data key of everything that no law makes us keep, wrapped by KMS with the company as encryption context. It
    goes with the account, and with it every old backup's content."""

    wrapped: bytes = kept("backup.working_key")


@entity("backup_key", room="journal", prefix="bky")
class StatutoryKey(Record):
    """The data key of what the law makes us keep, wrapped by KMS with the company as encryption context."""

    wrapped: bytes = kept("backup.statutory_key")


@entity("destruction", room="requests", prefix="bky")
class Destruction(Record):
    """A data key is doomed since `created_at`: no backup ends under it any more, and its row goes with the account.
    `final_on` is the day on which the row's point-in-time recovery has ended. The id is the key's."""

    request: str = kept("request.proof")
    final_on: date = kept("request.proof")
