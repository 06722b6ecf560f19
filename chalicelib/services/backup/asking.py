"""Asking for backups: what exists, one more, and the jobs that verify, hand out and bring back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from chalicelib.domain.backup import Backup
from chalicelib.domain.backup_errors import BackupIncomplete
from chalicelib.domain.call import Answer, Call
from chalicelib.domain.clock import today
from chalicelib.domain.errors import NotFound, TooManyRequests
from chalicelib.domain.ids import derived_id, new_id
from chalicelib.domain.journal import JobRow
from chalicelib.services.backup import replay, take
from chalicelib.services.backup.kinds import chosen
from chalicelib.services.documents import instant
from chalicelib.services.editing import Shelf, Window, listing
from chalicelib.services.issuing import JOB_DAYS, present_job
from chalicelib.services.present import Body
from chalicelib.store.door import ACCOUNT, SYSTEM_WHILE_OPEN, Decision, Snapshot, transact
from chalicelib.store.read import Reader
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

URL = "/v1/backups"
NAME = "restores"
"""The job that runs what is queued here."""
NIGHTLY = "backups"
"""Whom a backup that nobody asked for is made by."""
A_DAY = 10
"""Backups beside the nightly ones that a company may ask for in 24 hours."""
TRIES = 10
"""Archives of one backup that are made in a day, should each fail."""
SYSTEM_KEY = "§"
"""How the keys of calls begin that no client can send."""


def present(backup: Backup) -> Body:
    """A backup as the API shows it. `bytes` is what it takes in storage."""
    cut, verified, drilled = (
        instant(at) if at else None for at in (backup.cut_at, backup.verified_at, backup.drilled_at)
    )
    return {
        "id": backup.id,
        "object": "backup",
        "status": backup.status,
        "tier": backup.tier,
        "counts": backup.counts,
        "bytes": backup.size,
        "clock": backup.clock,
        "cut_at": cut,
        "expires_at": instant(backup.due_at),
        "verified_at": verified,
        "drill": backup.drill,
        "drilled_at": drilled,
        "failure": backup.failure,
        "version": backup.version,
        "created_at": instant(backup.created_at),
        "updated_at": instant(backup.updated_at),
    }


SHELF = Shelf(Backup, URL, present)


def listed(reader: Reader, window: Window, now: Any) -> Answer:
    """The company's backups, newest first. Raises InvalidContent for a cursor of another kind."""
    return listing(reader, SHELF, window, lambda backup: backup.due_at > now)


def one(reader: Reader, id: str, now: Any) -> Answer:
    """One backup. Raises NotFound, also once its term is over."""
    return Answer(present(_found(reader, id, now)))


def _found(reader: Reader, id: str, now: Any, *, complete: bool = False) -> Backup:
    backup = reader.get(Backup, id)
    if backup.due_at <= now:
        raise NotFound
    if complete and backup.status != "complete":
        raise BackupIncomplete(status=backup.status)
    return backup


def ask(world: "World", reader: Reader, call: Call) -> Answer:
    """Begin a backup, or find the one that runs. Raises BackupOff, TooManyRequests, Busy."""
    page = reader.page("transient", SORT.startswith("backup#"), descending=True, limit=5 * A_DAY)
    since = call.at - timedelta(days=1)
    recent = [
        row
        for row in page.records
        if isinstance(row, Backup) and row.created_at > since and row.asked_by != NIGHTLY and row.status != "running"
    ]
    if len(recent) >= A_DAY:
        raise TooManyRequests(retry_after=int((recent[A_DAY - 1].created_at - since).total_seconds()) + 1)
    begun = take.begin(world, call, "daily", show=present)
    world.wake("backups")
    return replace(begun.answer, location=f"/v1/jobs/{begun.job}")


def verify(world: "World", reader: Reader, call: Call, id: str) -> Answer:
    """Queue a verification. Raises NotFound, BackupIncomplete, Busy."""
    _found(reader, id, call.at, complete=True)
    return _queued(world, call, "verify", {"backup": id})


@dataclass(frozen=True)
class Wanted:
    """What to restore: into the company itself or a new one, which kinds (None: all), or only what it would do."""

    into: Literal["same", "new"] = "same"
    kinds: Sequence[str] | None = None
    dry_run: bool = False


def restore(world: "World", reader: Reader, call: Call, id: str, wanted: Wanted) -> Answer:
    """Queue a restore or its preview. Raises NotFound, BackupIncomplete, InvalidContent for an unknown kind, Busy."""
    _found(reader, id, call.at, complete=True)
    chosen(wanted.kinds)
    kinds = list(wanted.kinds) if wanted.kinds is not None else None
    inputs = {"backup": id, "into": wanted.into, "kinds": kinds, "dry_run": wanted.dry_run}
    return _queued(world, call, "restore", inputs)


def download(world: "World", reader: Reader, call: Call, id: str, *, redirect: bool) -> Answer:
    """Where the plain archive is, for some minutes: 303, or 200 with the address; 202 while a job makes it. Raises
    NotFound, BackupIncomplete, Busy."""
    _found(reader, id, call.at, complete=True)
    job = _download_job(world, reader, call, id)
    outcome = msgspec.json.decode(job.outcomes)[0] if job.status == "completed" else None
    if outcome is None:
        waiting = {"url": None, "expires_at": None, "job": job.id}
        return Answer(waiting, status=202, location=f"/v1/jobs/{job.id}")
    url, expires = world.files.url(outcome["key"], filename=outcome["filename"])
    if redirect:
        return Answer({}, status=303, location=url)
    return Answer({"url": url, "expires_at": instant(expires), "job": job.id})


def _download_job(world: "World", reader: Reader, call: Call, id: str) -> JobRow:
    """Today's job for this archive: the one that did not fail, else a new one; however often it is asked for. An
    archive that was made before a person was erased or corrected is another one: it is handed out no more."""
    store, day = reader.store, today(call.at).isoformat()
    since = (reader.head.erased or b"").hex() + replay.since(world, call.company, 0).mark
    ids = [derived_id("job", "download", call.company, id, day, since, str(number)) for number in range(TRIES)]
    rows = store.records([JobRow.ref(call.company, job) for job in ids])
    for row in rows:
        if isinstance(row, JobRow) and row.status != "failed":
            return row
    if None not in rows:
        raise TooManyRequests(retry_after=3600)
    made = row_of(call, "download", {"backup": id}, ids[rows.index(None)])

    def decide(snapshot: Snapshot) -> Decision:
        known = snapshot.get(JobRow, made.id)
        return Decision(new=() if known else (made,))

    transact(store, call, [made.key], decide, SYSTEM_WHILE_OPEN)
    world.wake(NAME)
    return made


def _queued(world: "World", call: Call, task: str, inputs: dict[str, Any]) -> Answer:
    job = row_of(call, task, inputs)

    def decide(_: Snapshot) -> Decision:
        return Decision(Answer(present_job(job), status=202, location=f"/v1/jobs/{job.id}"), new=(job,))

    answer = transact(world.store, call, [], decide, ACCOUNT).answer
    world.wake(NAME)
    return answer


def row_of(call: Call, task: str, inputs: dict[str, Any], id: str | None = None) -> JobRow:
    """A job for what is asked of a backup, not written; `id` where it is not a new one's."""
    id = id or new_id(JobRow.PREFIX, call.at, call.random("job"))
    return JobRow(
        company=call.company,
        id=id,
        created_at=call.at,
        updated_at=call.at,
        due=NAME,
        due_at=call.at,
        task=task,
        actor=call.actor,
        inputs=msgspec.json.encode(inputs),
        outcomes=b"[]",
        total=0,
        expires_at=int(call.at.timestamp()) + JOB_DAYS * 86_400,
    )
