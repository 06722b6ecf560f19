"""The weekly drill: restore a company's latest backup into separate tables with the normal code, compare it with its
manifest, and delete it. The backup's row records the result.

A drill that finds a fault records it and ends for the week. An interrupted drill continues.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from chalicelib import session
from chalicelib.domain.backups.backup import BackupPlan, DrillPlan
from chalicelib.domain.canonical import plain_number
from chalicelib.domain.companies.company import Series
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.documents.registry import in_register
from chalicelib.domain.entity import Record
from chalicelib.domain.money import ZERO
from chalicelib.services.backup.create import plans
from chalicelib.services.backup.format.archive import Archive, open_archive
from chalicelib.services.backup.format.kinds import KINDS, NAMES, row_kinds
from chalicelib.services.backup.format.manifest import Manifest
from chalicelib.services.backup.restoring import copy, replay, steps
from chalicelib.services.backup.restoring.batches import RestoreProgress, SelectedRows
from chalicelib.services.backup.restoring.steps import Into, NotClosedByRestore
from chalicelib.services.backup.verify import note
from chalicelib.store.conflicts import patiently
from chalicelib.store.drill import cleared, companies
from chalicelib.store.wire import RowPage, start_after
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow
from chalicelib.workflow.failure import GivenUp

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.backups")
ROWS: Final = 2_000
"""Rows deleted between two checks of the time."""
PAGE: Final = 100
GONE: Final = frozenset({"not_found", "backup_key_destroyed"})
"""The backup expired, or the account was deleted, during the drill. The backup has no fault."""
ACTOR: Final = "drill"
COMPARED_TABLES: Final = ("workspace", "ledger")
STORED: Final = "stored"
"""The name under which counts of the drill tables are stored in the progress."""
INTERRUPTED: Final = "drill_interrupted"


@dataclass(frozen=True)
class Drill:
    """A drill: its backup and its progress. The first state names no backup."""

    backup: str | None
    progress: RestoreProgress

    @property
    def step(self) -> str:
        """The next step."""
        return self.progress.step

    def at(self, progress: RestoreProgress) -> "Drill":
        """The drill with other progress."""
        return replace(self, progress=progress)


class _DrillContext:
    """The drill of one backup."""

    def __init__(self, world: "World", plan: DrillPlan) -> None:
        self.world, self.plan, self.company, self.backup = world, plan, plan.company, plan.backup or ""
        self.store = world.drills
        self.into = Into(world, self.store, plan.company, self.backup, ACTOR)

    def archive(self) -> Archive:
        return open_archive(self.world, self.company, self.backup)

    def since(self, clock: int) -> replay.Replay:
        """Keep records past their term too: the copy is compared with the complete backup and deleted within
        minutes."""
        return replace(replay.since(self.world, self.company, clock), swept=None)


def _load(context: _DrillContext) -> Drill:
    plan = context.plan
    if plan.backup is None:
        return Drill(None, RestoreProgress(step="begin"))
    return Drill(plan.backup, msgspec.json.decode(plan.step or "{}", type=RestoreProgress))


def _row(context: _DrillContext, state: Drill) -> DrillPlan:
    plan = context.plan
    if state.step == DONE:
        next_week = plans.next_drill(plan.company, context.world.now())
        return replace(plan, backup=None, step=None, due_at=next_week)
    return replace(plan, backup=state.backup, step=msgspec.json.encode(state.progress).decode())


def _begin(context: _DrillContext, _: Drill, deadline: Deadline) -> Drill:
    """Choose the company's latest backup. A company without backups is done for the week."""
    orphans(context.world, deadline)
    (found,) = context.world.store.records([BackupPlan.ref(context.company)])
    latest = found.last if isinstance(found, BackupPlan) else None
    return Drill(latest, RestoreProgress(step="clear" if latest else DONE))


def _clear(context: _DrillContext, state: Drill, deadline: Deadline) -> Drill:
    """Delete the tables of an earlier drill, or of an outdated part of this one."""
    return state.at(RestoreProgress(step="verify")) if _emptied(context, deadline) else state


def _sweep(context: _DrillContext, state: Drill, deadline: Deadline) -> Drill:
    """Drop this drill's tables."""
    return state.at(replace(state.progress, step=DONE)) if _emptied(context, deadline) else state


def _emptied(context: _DrillContext, deadline: Deadline) -> bool:
    while not cleared(context.store, context.company, most=ROWS):
        if deadline.passed:
            return False
    return True


def _verify(context: _DrillContext, state: Drill, deadline: Deadline) -> Drill:
    after = state.progress.verified(context.archive(), deadline, "rows")
    if after.step == "rows":
        call = context.world.call(context.company, ACTOR, "drill", key=f"{context.backup}:drill")
        copy.Founding(context.backup, "test").found(context.store, call)
    return state.at(after)


def _rows(context: _DrillContext, state: Drill, deadline: Deadline) -> Drill:
    archive = context.archive()
    selected = SelectedRows(archive, context.company, row_kinds(KINDS), context.since(archive.manifest.clock))
    after = steps.rows(context.into, selected, state.progress, deadline)
    return state.at(replace(after, step="registers") if after.step == "logos" else after)


def _registers(context: _DrillContext, state: Drill, deadline: Deadline) -> Drill:
    return state.at(steps.registers(context.into, state.progress, deadline))


def _search(context: _DrillContext, state: Drill, deadline: Deadline) -> Drill:
    after = steps.search(context.into, context.since(0), state.progress, deadline)
    if after.step == "search" and (after.found or after.cursor is None):
        return state.at(
            RestoreProgress(step="clear")
        )  # A person was erased in the meantime: the drill tables are outdated.
    return state.at(replace(after, step="compare") if after.step == "open" else after)


def _compare(context: _DrillContext, state: Drill, deadline: Deadline) -> Drill:
    """Count the rows in the drill tables, and compare them with the manifest after the last one."""
    archive, progress = context.archive(), state.progress
    stored = _DrillCounts.of(progress)
    for table in COMPARED_TABLES[COMPARED_TABLES.index((progress.cursor or COMPARED_TABLES[0]).partition("\x1f")[0]) :]:
        after = (progress.cursor or "").partition(f"{table}\x1f")[2] or None
        while True:
            page = _page(context, table, after)
            stored.add(page.records)
            if page.next is None:
                break
            after = page.next["sort"]["S"]
            if deadline.passed:
                return state.at(stored.kept(progress, f"{table}\x1f{after}"))
    failure = progress.failure or _fault(context, archive.manifest, progress, stored)
    return state.at(replace(progress, step="sweep", cursor=None, failure=failure))


def _page(context: _DrillContext, table: str, after: str | None) -> RowPage:
    start = start_after(context.company, after) if after else None
    return patiently(lambda: context.store.query(table, context.company, after=start, limit=PAGE))


def _fault(context: _DrillContext, manifest: Manifest, progress: RestoreProgress, stored: "_DrillCounts") -> str | None:
    """The difference from the manifest; None if there is none."""
    for name in NAMES.values():
        away = progress.counts.get(name, {}).get("erased", 0)
        if stored.counts[name] + away != manifest.counts.get(name, 0):
            return "drill_counts"
    if any(stored.gross.get(name, ZERO) != total for name, total in manifest.gross.items()):
        return "drill_totals"
    rows = [row for row in context.into.reader().all("ledger", "series#") if isinstance(row, Series)]
    expected = {head.series: (head.next, head.chain) for head in manifest.series}
    found = {row.id: (row.next, row.chain) for row in rows if in_register(row.document)}
    return None if found == expected else "drill_registers"


@dataclass(frozen=True)
class _DrillCounts:
    """Counts of rows in the drill tables, and sums of gross, by name."""

    counts: Counter[str]
    gross: dict[str, Decimal]

    @classmethod
    def of(cls, progress: RestoreProgress) -> "_DrillCounts":
        """The counts so far."""
        gross = {name: Decimal(text) for name, text in progress.gross.items()}
        return cls(Counter(progress.counts.get(STORED, {})), gross)

    def add(self, records: Iterable[Record]) -> None:
        """Add these rows to the counts."""
        for row in records:
            name = NAMES.get((row.TABLE, row.KIND), row.KIND)
            self.counts[name] += 1
            own = row.totals.gross if isinstance(row, Issued) else row.gross if isinstance(row, RegisterEntry) else ZERO
            self.gross[name] = self.gross.get(name, ZERO) + own

    def kept(self, progress: RestoreProgress, cursor: str) -> RestoreProgress:
        """The progress with these counts."""
        gross = {name: plain_number(total) for name, total in self.gross.items()}
        return replace(progress, counts={**progress.counts, STORED: dict(self.counts)}, gross=gross, cursor=cursor)


def _failed(_: _DrillContext, state: Drill, failure: Failure) -> Drill:
    """Drop the drill tables, then record the backup's fault. A drill that never ends counts as interrupted."""
    progress, given_up = state.progress, isinstance(failure, GivenUp)
    code = INTERRUPTED if given_up else failure.code
    if isinstance(failure, NotClosedByRestore):
        return state.at(replace(progress, step="clear", cursor=None))
    if progress.step not in ("begin", "clear", "sweep"):
        return state.at(replace(progress, step="sweep", cursor=None, failure=code))
    if state.backup is None or not given_up:
        raise failure
    return state.at(replace(progress, step=DONE, failure=progress.failure or code))


def _ended(context: _DrillContext, state: Drill) -> None:
    """Record the drill's result on the backup's row, and publish the figure. Skips a backup deleted in the meantime."""
    failure = state.progress.failure
    if state.backup is None or failure in GONE:
        return
    result: Literal["passed", "failed"] = "failed" if failure else "passed"
    now = context.world.now()
    passed = {} if failure else {"verified_at": now}
    note(context.world, context.company, state.backup, now, drilled_at=now, drill=result, **passed)
    if failure:
        log.error("drill failed: %s", failure, extra={"company": context.company, "ref": state.backup})
    context.world.telemetry.figures({"DrillFailed" if failure else "DrillPassed": 1})


WORKFLOW: Final = Workflow(
    name="drill",
    context=_DrillContext,
    load=_load,
    row=_row,
    steps={
        "begin": _begin,
        "clear": _clear,
        "verify": _verify,
        "rows": _rows,
        "registers": _registers,
        "search": _search,
        "compare": _compare,
        "sweep": _sweep,
    },
    failed=_failed,
    ended=_ended,
)


def orphans(world: "World", deadline: Deadline) -> int:
    """Delete rows in the drill tables of companies without a running drill, whose account or switch is gone. Returns
    the number of companies. One run deletes a bounded number. Raises Busy."""
    store, found = world.drills, 0
    with session.under(None):  # Only the function's own role can list all companies.
        lying = companies(store)
    for company in lying:
        with world.confined(ACTOR, company):
            (plan,) = world.store.records([DrillPlan.ref(company)])
            if isinstance(plan, DrillPlan) and plan.backup is not None:
                continue
            while not cleared(store, company, most=ROWS):
                if deadline.passed:
                    return found
        found += 1
    return found
