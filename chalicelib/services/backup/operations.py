"""Requests on backups: list them, create one, and queue jobs that verify, download and restore."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from chalicelib.domain.backups.backup import NIGHTLY, Backup
from chalicelib.domain.backups.backup_errors import BackupIncomplete
from chalicelib.domain.call import Call
from chalicelib.domain.clock import midnight, today
from chalicelib.domain.errors import NotFound, Quota, TooManyRequests
from chalicelib.domain.ids import derived_id
from chalicelib.domain.journal import JobRow
from chalicelib.files.objects import Link
from chalicelib.services import tallies
from chalicelib.services.backup.create import backup_run
from chalicelib.services.backup.format.kinds import chosen
from chalicelib.services.backup.restoring import replay
from chalicelib.services.job_rows import new_job
from chalicelib.services.records.editing import Resource
from chalicelib.services.records.listing import listing
from chalicelib.services.records.paging import Page, Window
from chalicelib.store.decision import DEVICE, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

NAME = "restores"
"""The job that runs the rows queued here."""
A_DAY = 10
"""Backups that a company may request in 24 hours, besides the nightly ones."""
VERIFIED_A_DAY, RESTORED_A_DAY = 20, 20
"""Verifications, and restores with their previews, that a company may request in a day. Each reads a whole backup."""
TRIES = 10
"""Archives of one backup that may be made in a day after failures."""


BACKUPS = Resource(Backup)


def listed(reader: Reader, window: Window, now: datetime) -> Page[Backup]:
    """The company's backups, newest first. Raises InvalidContent for a cursor of another kind."""
    return listing(reader, BACKUPS, window, lambda backup: backup.due_at > now)


def one(reader: Reader, id: str, now: datetime, *, complete: bool = False) -> Backup:
    """One backup. Raises NotFound, also once its term is over, and BackupIncomplete for one that must be `complete`."""
    backup = reader.get(Backup, id)
    if backup.due_at <= now:
        raise NotFound
    if complete and backup.status != "complete":
        raise BackupIncomplete(status=backup.status)
    return backup


def ask(world: "World", reader: Reader, call: Call) -> backup_run.Begun:
    """Begin a backup, or find the running one. Raises BackupOff, TooManyRequests, Busy."""
    page = reader.page("transient", SORT.startswith("backup#"), descending=True, limit=5 * A_DAY)
    since = call.at - timedelta(days=1)
    recent = [
        row
        for row in page.records
        if isinstance(row, Backup) and row.created_at > since and row.asked_by != NIGHTLY and row.status != "running"
    ]
    if len(recent) >= A_DAY:
        left = int((recent[A_DAY - 1].created_at - since).total_seconds()) + 1
        raise TooManyRequests(retry_after=left, quota=Quota("backups", A_DAY, tallies.DAY))
    begun = backup_run.begin(world, call, "daily")
    world.wake("backups")
    return begun


def verify(world: "World", reader: Reader, call: Call, id: str) -> Committed[JobRow]:
    """Queue a verification. Raises NotFound, BackupIncomplete, CloudStorageOff, TooManyRequests, Busy."""
    one(reader, id, call.at, complete=True)
    return _queued(world, call, "verify", {"backup": id}, "backup-verifications", VERIFIED_A_DAY)


@dataclass(frozen=True)
class RestoreRequest:
    """The options of a restore: into a new company or the same one, the kinds (None: all), and whether to preview
    only."""

    into: Literal["same", "new"] = "same"
    kinds: Sequence[str] | None = None
    dry_run: bool = False


def restore(world: "World", reader: Reader, call: Call, id: str, request: RestoreRequest) -> Committed[JobRow]:
    """Queue a restore or its preview. Raises NotFound, BackupIncomplete, InvalidContent for an unknown kind,
    CloudStorageOff, TooManyRequests, Busy."""
    one(reader, id, call.at, complete=True)
    chosen(request.kinds)
    kinds = list(request.kinds) if request.kinds is not None else None
    inputs = {"backup": id, "into": request.into, "kinds": kinds, "dry_run": request.dry_run}
    return _queued(world, call, "restore", inputs, "restores", RESTORED_A_DAY)


@dataclass(frozen=True)
class DownloadJob:
    """The job that makes a plain archive, and the archive's address once it is ready."""

    job: JobRow
    link: Link | None = None


def download(world: "World", reader: Reader, call: Call, id: str) -> DownloadJob:
    """The plain archive of a backup. A job makes it first. Raises NotFound, BackupIncomplete, CloudStorageOff,
    TooManyRequests after `TRIES` failures, Busy."""
    one(reader, id, call.at, complete=True)
    job = _download_job(world, reader, call, id)
    outcome = msgspec.json.decode(job.outcomes)[0] if job.status == "completed" else None
    if outcome is None:
        return DownloadJob(job)
    return DownloadJob(job, world.files.url(outcome["key"], filename=outcome["filename"]))


def _download_job(world: "World", reader: Reader, call: Call, id: str) -> JobRow:
    """Today's job for this archive, except a failed one, otherwise a new job. A repeated request finds the same job.
    After an erasure or correction, an older archive is not handed out and a new one is made."""
    store, day = reader.store, today(call.at).isoformat()
    since = (reader.head.erased or b"").hex() + replay.since(world, call.company, 0).digest
    ids = [derived_id("job", "download", call.company, id, day, since, str(number)) for number in range(TRIES)]
    rows = store.records([JobRow.ref(call.company, job) for job in ids])
    for row in rows:
        if isinstance(row, JobRow) and row.status != "failed":
            return row
    if None not in rows:
        left = int((midnight(today(call.at) + timedelta(days=1)) - call.at).total_seconds()) + 1
        raise TooManyRequests(retry_after=left, quota=Quota("backup-downloads", TRIES, tallies.DAY))
    job = row_of(call, "download", {"backup": id}, ids[rows.index(None)])

    def decide_download(snapshot: Snapshot) -> Decision[None]:
        known = snapshot.get(JobRow, job.id)
        return Decision(new=() if known else (job,))

    transact(store, call, [job.key], decide_download, DEVICE)
    world.wake(NAME)
    return job


def _queued(world: "World", call: Call, task: str, inputs: dict[str, Any], quota: str, most: int) -> Committed[JobRow]:
    job = row_of(call, task, inputs)

    def decide_queue(snapshot: Snapshot) -> Decision[JobRow]:
        count = tallies.by_company(snapshot, call, quota, most)
        return Decision(job, puts=(count,), new=(job,))

    committed = transact(world.store, call, [], decide_queue)
    world.wake(NAME)
    return committed


def row_of(call: Call, task: str, inputs: dict[str, Any], id: str | None = None) -> JobRow:
    """An unsaved job on a backup; `id` replaces a new id."""
    return new_job(call, NAME, task, msgspec.json.encode(inputs), id=id)
