"""A backup run: one commit begins it, a runner advances it part by part, another commit ends it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.backups.backup import (
    Backup,
    BackupPlan,
    KeyClass,
    KeyDestruction,
    StatutoryKey,
    Tier,
    WorkingKey,
)
from chalicelib.domain.backups.backup_errors import BackupDamaged, BackupKeyDestroyed, BackupOff
from chalicelib.domain.call import Call
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound, TooLarge
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.policy.ends import end
from chalicelib.services.backup.create.plans import begun as planned
from chalicelib.services.backup.create.plans import month_of, week_of
from chalicelib.services.backup.create.writer import BackupWriter
from chalicelib.services.backup.format import manifest as manifests
from chalicelib.services.backup.proving import proven
from chalicelib.services.evidence import anchors
from chalicelib.services.evidence.pieces import advanced
from chalicelib.services.evidence.recording import note_full
from chalicelib.services.job_rows import new_job
from chalicelib.services.replies import id_of
from chalicelib.store.decision import SYSTEM_STEP, SYSTEM_WHILE_OPEN, Committed, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT
from chalicelib.workflow import engine
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Failure, Workflow, Written
from chalicelib.workflow.failure import StepFailed

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.backup")
UNFINISHED: Final = timedelta(days=2)
"""The age at which an unfinished backup counts as failed."""
ROW_KEPT: Final = timedelta(days=7)
"""The time after `due_at` at which the table's TTL deletes a backup's row. The job `expiry` deletes the row and the
objects together at `due_at`; an earlier TTL could delete the row first, and its objects would have no owner."""
KEYS: Final[dict[KeyClass, type[StatutoryKey | WorkingKey]]] = {"statutory": StatutoryKey, "working": WorkingKey}


@dataclass(frozen=True)
class Begun:
    """The running backup, its job, and the commit that began or found it."""

    backup: Backup
    job: str
    committed: Committed[Backup]


def begin(world: "World", call: Call, tier: Tier, *, next_at: datetime | None = None) -> Begun:
    """Begin a backup, or find the running one. One commit puts its row, its job, the company's data keys if missing,
    and the company's plan (due again at `next_at`, if given).

    Raises BackupOff, CloudStorageOff, BackupKeyDestroyed, CompanyBlocked, NotFound, Busy.
    """
    keys, new_keys = _keys(world, call)
    row = _row(call, tier, keys)

    def decide_begin(snapshot: Snapshot) -> Decision[Backup]:
        if not snapshot.head.cloud_backup:
            raise BackupOff
        found, destructions = snapshot.get(BackupPlan), snapshot.find(KeyDestruction, *keys.values())
        plan = found or planned(call.company, call.at)[0]
        moved: dict[str, Any] = {"due_at": next_at, "attempts": 0} if next_at else {}
        running = snapshot.get(Backup, plan.running) if plan.running else None
        if running is not None and running.status == "running":
            return Decision(running, puts=(plan.edited(call.at, **moved),) if moved else ())
        if any(destructions):
            raise BackupKeyDestroyed
        clock = snapshot.clock + 1
        new = replace(row, begun=clock, layers=(clock,), previous=plan.last_hash)
        now = plan.edited(call.at, running=row.id, **moved) if found else replace(plan, running=row.id, **moved)
        return Decision(new, new=(new, _job(call, row), *new_keys), puts=(now,))

    reads = [BackupPlan.ref(call.company), *(KeyDestruction.ref(call.company, key) for key in keys.values())]
    committed = transact(world.store, call, reads, decide_begin)
    (found,) = world.store.records([Backup.ref(call.company, id_of(committed))])
    if not isinstance(found, Backup):  # The reply is older than the backup's row.
        raise NotFound
    return Begun(found, job_of(found.id), committed)


def _row(call: Call, tier: Tier, keys: Mapping[KeyClass, str]) -> Backup:
    return call.make(
        Backup,
        tier=tier,
        asked_by=call.actor,
        statutory_key=keys["statutory"],
        working_key=keys["working"],
        begun=0,
        layers=(),
        due_at=call.at + UNFINISHED,
        expires_at=_epoch(call.at + UNFINISHED + ROW_KEPT),
    )


def job_of(backup: str) -> str:
    """The id of the job that makes a backup."""
    return f"{JobRow.PREFIX}_{backup.partition('_')[2]}"


def _job(call: Call, backup: Backup) -> JobRow:
    return new_job(call, "backups", "backup", msgspec.json.encode({"backup": backup.id}), id=job_of(backup.id))


def _keys(world: "World", call: Call) -> tuple[dict[KeyClass, str], tuple[Record, ...]]:
    """The ids of the company's data keys, and the rows of new keys to store."""
    found: dict[KeyClass, str] = {}
    new_keys: list[Record] = []
    for key_class, cls in KEYS.items():
        page = world.store.query(cls.TABLE, call.company, SORT.startswith(f"{cls.KIND}#"), descending=True, limit=1)
        if page.records:
            found[key_class] = page.records[0].id
            continue
        id = call.new_id(cls)
        new_keys.append(call.make(cls, id=id, wrapped=world.vault.wrapped(call.company, id)))
        found[key_class] = id
    return found, tuple(new_keys)


def advance(world: "World", backup: Backup) -> Backup:
    """Do the next step of a running backup and save its progress; return the new row. Raises Overtaken if another
    runner was faster, Busy."""
    if backup.status != "running":
        return backup
    after = engine.advance(world, WORKFLOW, backup)
    assert after is not None  # noqa: S101 — no step deletes the row
    return after


def _make(context: "_BackupContext", backup: Backup, deadline: Deadline) -> Backup:
    """Write the next parts; after the last one, fix the manifest on the row."""
    writer = BackupWriter(context.world, backup)
    writer.run(deadline)
    return writer.row


class LedgerContradictsJournal(StepFailed):
    """The rows of the ledger are not those that the journal states. A backup of them would keep the damage."""

    code = "evidence_broken"


def _proven(world: "World", backup: Backup, deadline: Deadline) -> Backup | None:
    """The backup after the full pass of the evidence over its own rows; None if the pass needs another step. Raises
    LedgerContradictsJournal."""
    company = backup.company
    objects = BackupWriter(world, backup).objects
    proof = advanced(backup.id, lambda: proven(objects, backup.parts, company, anchors.known(world, company)), deadline)
    if proof is None:
        return None
    found, at = proof.verdict, world.now()
    note_full(world, company, found, at)
    if not found.verified:
        log.error("the ledger contradicts the journal", extra={"company": company, "ref": backup.id})
        raise LedgerContradictsJournal
    return replace(backup, proven_at=at)


def _complete(context: "_BackupContext", backup: Backup, deadline: Deadline) -> Backup | Written[Backup]:
    """Prove the ledger, store the manifest, and end the backup in one commit."""
    world = context.world
    good = backup if backup.proven_at else _proven(world, backup, deadline)
    return backup if good is None else Written(_stored(world, good))


def _stored(world: "World", backup: Backup) -> Backup:
    """Store the manifest, and end the backup in one commit."""
    assert backup.manifest is not None  # noqa: S101 — it is what leads to this step
    key = prefixes.backup(backup.tier, backup.company, backup.id) + manifests.NAME
    if not world.files.put(key, backup.manifest, "application/json"):
        _require_ours(world, key, backup)
    call = world.call(backup.company, backup.asked_by, "backup_complete", key=f"{backup.id}:complete")
    periods = {"monthly": month_of(backup.created_at)} if backup.tier == "monthly" else {}
    periods |= {"weekly": week_of(backup.created_at)} if backup.tier == "weekly" else {}
    until = ends(backup, call.at)

    def decide_completion(snapshot: Snapshot) -> Decision:
        now, plan = snapshot.get(Backup, backup.id), snapshot.get(BackupPlan)
        if now is None or now.status != "running":
            return Decision()
        if any(snapshot.find(KeyDestruction, backup.statutory_key, backup.working_key)):
            raise BackupKeyDestroyed
        if plan is None or not snapshot.head.cloud_backup:
            raise BackupOff
        ended: dict[str, Any] = {"due_at": until, "expires_at": _epoch(until + ROW_KEPT)}
        done = now.edited(call.at, status="complete", proven_at=backup.proven_at, **ended)
        last = plan.edited(call.at, running=None, last=backup.id, last_hash=backup.manifest_hash, **periods)
        return Decision(puts=(done, last))

    return _ended(world, call, backup, decide_completion)


def _require_ours(world: "World", key: str, backup: Backup) -> None:
    """Require that an existing manifest is the one that a killed run stored. Raises BackupDamaged, Busy."""
    try:
        found = world.files.read(key, manifests.LIMIT)
    except TooLarge as error:
        raise BackupDamaged(reason="size", where=manifests.NAME) from error
    if manifests.hash_of(found) != backup.manifest_hash:
        raise BackupDamaged(reason="hash", where=manifests.NAME)


def fail(world: "World", backup: Backup, code: str) -> Backup:
    """End a backup as failed; the previous one stays. Its objects are deleted together with its row. Raises Busy."""
    call = world.call(backup.company, backup.asked_by, "backup_fail", key=f"{backup.id}:fail")

    def decide_failure(snapshot: Snapshot) -> Decision:
        now, plan = snapshot.get(Backup, backup.id), snapshot.get(BackupPlan)
        if now is None or now.status != "running":
            return Decision()
        free = plan is not None and plan.running == backup.id
        last = (plan.edited(call.at, running=None),) if plan is not None and free else ()
        return Decision(puts=(now.edited(call.at, status="failed", failure=code), *last))

    ended = _ended(world, call, backup, decide_failure)
    if ended.status == "failed":
        world.telemetry.figures({"BackupFailed": 1})
    return ended


def _ended(world: "World", call: Call, backup: Backup, decide: Any) -> Backup:
    reads = [
        Backup.ref(call.company, backup.id),
        BackupPlan.ref(call.company),
        *(KeyDestruction.ref(call.company, key) for key in (backup.statutory_key, backup.working_key)),
    ]
    failing = call.verb == "backup_fail"  # The backup of a company that was blocked in the meantime ends too.
    transact(world.store, call, reads, decide, SYSTEM_STEP if failing else SYSTEM_WHILE_OPEN)
    (found,) = world.store.records([Backup.ref(call.company, backup.id)])
    return found if isinstance(found, Backup) else replace(backup, status="failed", failure="expired")


@dataclass(frozen=True)
class _BackupContext:
    world: "World"
    row: Backup


def _failed(context: _BackupContext, backup: Backup, failure: Failure) -> Written[Backup]:
    extra = {"error": failure.code, "company": backup.company, "ref": backup.id}
    log.error("backup failed", exc_info=failure, extra=extra)
    return Written(fail(context.world, backup, failure.code))


WORKFLOW: Final[Workflow[Backup, _BackupContext, Backup]] = Workflow(
    name="backup",
    context=_BackupContext,
    load=lambda context: context.row,
    row=lambda _, backup: backup,
    steps={"make": _make, "complete": _complete},
    step_of=lambda _, backup: "complete" if backup.manifest else "make",
    failed=_failed,
)
"""The creation of a backup. Its own row is the state."""


def ends(backup: Backup, at: datetime) -> datetime:
    """The end of the term of a backup's tier."""
    return end(f"backup.{backup.tier}", at)


def _epoch(at: datetime) -> int:
    return int(at.timestamp())
