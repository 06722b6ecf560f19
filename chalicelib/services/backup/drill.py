"""The weekly drill: restore a company's latest backup into separate tables with the normal code, compare it with its
manifest, and delete it. The backup's row records the result.

A drill that finds a fault records it and ends for the week. An interrupted drill continues.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from chalicelib import session
from chalicelib.domain.backups.backup import Backup, BackupPlan, DrillPlan
from chalicelib.domain.canonical import plain_number
from chalicelib.domain.companies.company import Series
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Refusal
from chalicelib.domain.money import ZERO
from chalicelib.services.backup.create import plans
from chalicelib.services.backup.format.archive import Archive, open_archive
from chalicelib.services.backup.format.kinds import KINDS, NAMES, places
from chalicelib.services.backup.format.manifest import Manifest
from chalicelib.services.backup.restoring import copy, replay, steps
from chalicelib.services.backup.restoring.batches import Progress, Walk
from chalicelib.services.backup.restoring.steps import Into, NotOurs
from chalicelib.store import due
from chalicelib.store.conflicts import patiently
from chalicelib.store.drill import DrillStore, cleared, companies
from chalicelib.store.wire import Page, start_after

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.backups")
ROWS: Final = 2_000
"""Rows deleted between two checks of the time."""
PAGE: Final = 100
GONE: Final = frozenset({"not_found", "backup_key_destroyed"})
"""The backup expired, or the account was deleted, during the drill. The backup has no fault."""
ACTOR: Final = "drill"
ROOMS: Final = ("workspace", "ledger")
STORED: Final = "stored"
"""The name under which counts of the drill tables are stored in the progress."""
INTERRUPTED: Final = "drill_interrupted"


class Overtaken(Exception):
    """Another runner works on this plan: this runner's claim lapsed."""

    code = "overtaken"


def advance(world: "World", plan: DrillPlan) -> bool:
    """Do and store the next part of a company's drill; True once nothing remains to do this week. Raises Busy,
    Overtaken."""
    if plan.backup is None:
        orphans(world)
        latest = _latest(world, plan.company)
        if latest is None:
            return _kept(world, plan, _next_week(world, plan), over=True)
        begun = replace(plan, backup=latest, step=_encoded(Progress(step="clear")))
        return _kept(world, plan, begun, over=False)
    progress = msgspec.json.decode(plan.step or "{}", type=Progress)
    try:
        after = _Drill(world, plan, plan.backup).step(progress)
    except NotOurs:
        after = replace(progress, step="clear", cursor=None)
    except Refusal as refusal:
        if refusal.passing or progress.step in ("clear", "sweep"):
            raise
        after = replace(progress, step="sweep", cursor=None, failure=refusal.code)
    if after.step != "done":
        return _kept(world, plan, replace(plan, step=_encoded(after)), over=False)
    _record(world, plan.company, plan.backup, after)
    return _kept(world, plan, _next_week(world, plan), over=True)


def _latest(world: "World", company: str) -> str | None:
    (found,) = world.store.records([BackupPlan.ref(company)])
    return found.last if isinstance(found, BackupPlan) else None


def _next_week(world: "World", plan: DrillPlan) -> DrillPlan:
    return replace(plan, backup=None, step=None, due_at=plans.next_drill(plan.company, world.now()))


def _kept(world: "World", seen: DrillPlan, after: DrillPlan, *, over: bool) -> bool:
    if not due.save(world.store, after.edited(world.now(), attempts=0), seen, world.random(16)):
        raise Overtaken
    return over


def _encoded(progress: Progress) -> str:
    return msgspec.json.encode(progress).decode()


class _Drill:
    """The drill of one backup."""

    def __init__(self, world: "World", plan: DrillPlan, backup: str) -> None:
        self.world, self.company, self.backup = world, plan.company, backup
        self.store = DrillStore(world.settings)
        self.into = Into(world, self.store, plan.company, backup, ACTOR)

    def step(self, progress: Progress) -> Progress:  # noqa: PLR0911 — one return a step
        """Do the next part. Raises the errors of the backup, Busy."""
        if progress.step in ("clear", "sweep"):
            return self._empty(progress)
        if progress.step == "registers":
            return steps.registers(self.into, progress)
        if progress.step == "search":
            after = steps.search(self.into, self._since(0), progress)
            if after.step == "search" and (after.found or after.cursor is None):
                return Progress(step="clear")  # A person was erased in the meantime: the drill tables are outdated.
            return replace(after, step="compare") if after.step == "open" else after
        archive = open_archive(self.world, self.company, self.backup)
        if progress.step == "compare":
            return self._compare(archive, progress)
        if progress.step == "verify":
            after = progress.verified(archive, "rows")
            if after.step == "rows":
                self._found()
            return after
        after = steps.rows(self.into, self._walk(archive), progress)
        return replace(after, step="registers") if after.step == "logos" else after

    def _since(self, clock: int) -> replay.Replay:
        """Keep records past their term too: the copy is compared with the complete backup and deleted within
        minutes."""
        return replace(replay.since(self.world, self.company, clock), swept=None)

    def _walk(self, archive: Archive) -> Walk:
        return Walk(archive, self.company, places(KINDS), self._since(archive.manifest.clock))

    def _found(self) -> None:
        call = self.world.call(self.company, ACTOR, "drill", key=f"{self.backup}:drill")
        copy.Founding(self.backup, "test").found(self.store, call)

    def _empty(self, progress: Progress) -> Progress:
        end = time.monotonic() + steps.PART_SECONDS
        while not cleared(self.store, self.company, most=ROWS):
            if time.monotonic() >= end:
                return progress
        return Progress(step="verify") if progress.step == "clear" else replace(progress, step="done")

    def _compare(self, archive: Archive, progress: Progress) -> Progress:
        """Count the rows in the drill tables, and compare them with the manifest after the last one."""
        end = time.monotonic() + steps.PART_SECONDS
        stored = _Stored.of(progress)
        for room in ROOMS[ROOMS.index((progress.cursor or ROOMS[0]).partition("\x1f")[0]) :]:
            after = (progress.cursor or "").partition(f"{room}\x1f")[2] or None
            while True:
                page = self._page(room, after)
                stored.add(page.records)
                if page.next is None:
                    break
                after = page.next["sort"]["S"]
                if time.monotonic() >= end:
                    return stored.kept(progress, f"{room}\x1f{after}")
        failure = progress.failure or self._fault(archive.manifest, progress, stored)
        return replace(progress, step="sweep", cursor=None, failure=failure)

    def _page(self, room: str, after: str | None) -> Page:
        start = start_after(self.company, after) if after else None
        return patiently(lambda: self.store.query(room, self.company, after=start, limit=PAGE))

    def _fault(self, manifest: Manifest, progress: Progress, stored: "_Stored") -> str | None:
        """The difference from the manifest; None if there is none."""
        for name in NAMES.values():
            away = progress.counts.get(name, {}).get("erased", 0)
            if stored.counts[name] + away != manifest.counts.get(name, 0):
                return "drill_counts"
        if any(stored.gross.get(name, ZERO) != total for name, total in manifest.gross.items()):
            return "drill_totals"
        rows = [row for row in self.into.reader().all("ledger", "series#") if isinstance(row, Series)]
        told = {head.series: (head.next, head.chain) for head in manifest.series}
        return None if {row.id: (row.next, row.chain) for row in rows} == told else "drill_registers"


@dataclass(frozen=True)
class _Stored:
    """Counts of rows in the drill tables, and sums of gross, by name."""

    counts: Counter[str]
    gross: dict[str, Decimal]

    @classmethod
    def of(cls, progress: Progress) -> "_Stored":
        """The counts so far."""
        gross = {name: Decimal(text) for name, text in progress.gross.items()}
        return cls(Counter(progress.counts.get(STORED, {})), gross)

    def add(self, records: Iterable[Record]) -> None:
        """Add these rows to the counts."""
        for row in records:
            name = NAMES.get((row.ROOM, row.KIND), row.KIND)
            self.counts[name] += 1
            own = row.totals.gross if isinstance(row, Issued) else row.gross if isinstance(row, RegisterEntry) else ZERO
            self.gross[name] = self.gross.get(name, ZERO) + own

    def kept(self, progress: Progress, cursor: str) -> Progress:
        """The progress with these counts."""
        gross = {name: plain_number(total) for name, total in self.gross.items()}
        return replace(progress, counts={**progress.counts, STORED: dict(self.counts)}, gross=gross, cursor=cursor)


def _record(world: "World", company: str, backup: str, progress: Progress) -> None:
    """Record the drill's result on the backup's row, and publish the figure. Skips a backup deleted in the meantime."""
    if progress.failure in GONE:
        return
    result: Literal["passed", "failed"] = "failed" if progress.failure else "passed"
    (row,) = world.store.records([Backup.ref(company, backup)])
    if isinstance(row, Backup):
        now = world.now()
        verified = row.verified_at if progress.failure else now
        noted = row.edited(now, drilled_at=now, drill=result, verified_at=verified)
        if not due.save(world.store, noted, row, world.random(16)):
            raise Overtaken
    if progress.failure:
        log.error("drill failed: %s", progress.failure, extra={"company": company, "ref": backup})
    world.telemetry.figures({"DrillFailed" if progress.failure else "DrillPassed": 1})


def give_up(world: "World", work: Record) -> None:
    """Called before a plan is dead-lettered, after an unknown failure. Reset the attempts, drop the drill tables,
    report the failure, and schedule next week's drill."""
    (plan,) = world.store.records([work.key])
    if not isinstance(plan, DrillPlan) or plan.backup is None:
        return
    progress = msgspec.json.decode(plan.step or "{}", type=Progress)
    ended = progress.step in ("clear", "sweep")
    if ended:
        _record(world, plan.company, plan.backup, replace(progress, failure=progress.failure or INTERRUPTED))
        _kept(world, plan, _next_week(world, plan), over=True)
    else:
        last = _encoded(replace(progress, step="sweep", cursor=None, failure=INTERRUPTED))
        _kept(world, plan, replace(plan, step=last, due_at=world.now()), over=False)


def orphans(world: "World") -> int:
    """Delete rows in the drill tables of companies without a running drill, whose account or switch is gone. Returns
    the number of companies. One run deletes a bounded number. Raises Busy."""
    store, found, end = DrillStore(world.settings), 0, time.monotonic() + steps.PART_SECONDS
    with session.under(None):  # Only the function's own role can list all companies.
        lying = companies(store)
    for company in lying:
        with world.confined(ACTOR, company):
            (plan,) = world.store.records([DrillPlan.ref(company)])
            if isinstance(plan, DrillPlan) and plan.backup is not None:
                continue
            while not cleared(store, company, most=ROWS):
                if time.monotonic() >= end:
                    return found
        found += 1
    return found
