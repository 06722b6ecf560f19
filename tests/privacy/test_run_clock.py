"""A run of a job has one clock: all its rows have the time of `--now`, and no row is dead-lettered for it.

The clock of the world lies decades before or after the run's, so that each instant that is read off it shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.backups.backup import BackupPlan, DrillPlan
from chalicelib.domain.entity import Record
from chalicelib.jobs.catalogue import JOBS, named
from chalicelib.jobs.job import Job, within
from chalicelib.jobs.runner import MOST_ATTEMPTS, run
from chalicelib.services.backup import disable_cloud, operations
from chalicelib.services.backup.create import plans
from chalicelib.services.backup.operator import backups
from chalicelib.services.documents import issuing
from chalicelib.store import bookkeeping
from chalicelib.store.decision import Decision
from chalicelib.store.drill import drill_settings
from chalicelib.store.read import open_company
from chalicelib.store.tables import create_tables
from chalicelib.store.transaction import transact
from tests.histories.books import seeded
from tests.jobs.conftest import empty
from tests.privacy.crashes import Case, cases
from tests.privacy.worlds import Turned
from tests.written import Reading, Written, instants, written

NOW, MINUTE = timedelta(0), timedelta(minutes=1)
FAR = {"future": timedelta(days=-40 * 365), "past": timedelta(days=60 * 365)}
"""How far the world's own clock is from that of the run: the run is in its future, or in its past."""
NEAR = timedelta(days=15 * 365)
"""Longer than any term; an instant this near to the world's clock was read off it."""
AGAIN = timedelta(hours=7)
"""Longer than a retry waits."""
SLACK = timedelta(minutes=2)


@dataclass
class Rehearsal:
    """Runs of jobs whose clock is far from that of their world."""

    world: Turned
    far: timedelta
    made_in: set[str]
    reading: Reading

    def go(self, job: Job, at: datetime, *, restores: bool = False) -> bool:
        """Run a job at an instant, and check each row that the run wrote; True if anything is otherwise than before."""
        before = self.reading.now()
        self.world.offset = NOW
        self.world.offset = at + self.far - self.world.now()
        try:
            report = run(self.world, job, now=at, left=within(120))
        finally:
            self.world.offset = NOW
        assert (report.outcome, report.failures) == ("done", [])
        after = self.reading.now()
        for row in written(before, after):
            self._check(row, at, restores=restores)
        self.made_in |= {job.name} if after != before else set()
        return after != before

    def _check(self, row: Written, at: datetime, *, restores: bool) -> None:
        wrong = at + self.far
        for name, value in row.changed.items():
            # A claim lies ahead of the clocks of all runners. It means nothing once the row is not due any more.
            if name == "due_at" and wrong > at:
                continue
            for stated in instants(value):
                assert abs(stated - wrong) > NEAR, f"{row.place}: {name} is {value}"
        if row.after.get("version") != row.before.get("version") and not restores:
            assert at <= datetime.fromisoformat(row.after["updated_at"]) <= at + SLACK, row.place

    def nothing_is_dead(self) -> None:
        """No row was given up."""
        assert [
            place for place, row in self.reading.now().items() if str(row.get("due")).endswith(bookkeeping.DEAD)
        ] == []


@pytest.fixture(params=FAR)
def rehearsal(alone: Turned, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    """Jobs on empty tables."""
    monkeypatch.setattr(issuing, "BULK", 2)
    for table in alone.store.names.values():
        empty(alone, table)
    alone.offset = NOW
    yield Rehearsal(alone, FAR[request.param], set(), Reading(alone.store))
    alone.offset = NOW


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name.replace(" ", "_"))
def test_every_row_of_a_run_bears_the_time_of_the_run(rehearsal: Rehearsal, case: Case) -> None:
    case.prepare(rehearsal.world)
    start, job = rehearsal.world.now(), named(case.job)
    shifts = case.shifts(rehearsal.world)
    assert True in [rehearsal.go(job, start + moment) for moment in shifts]
    for number in range(1, MOST_ATTEMPTS + 2):
        rehearsal.go(job, start + shifts[-1] + number * AGAIN)
    rehearsal.nothing_is_dead()


def test_backups_from_the_night_to_their_end_bear_the_time_of_the_run(rehearsal: Rehearsal) -> None:
    world = rehearsal.world
    company = seeded(world, f"rehearsed-{rehearsal.far.days}", 3, line_count=2)
    create_tables(drill_settings(world.settings))
    for plan in plans.begun(company, world.now()):
        bookkeeping.remember(world.store, plan, world.random(16))
    night = _due(world, BackupPlan.ref(company)) + MINUTE
    rehearsal.go(named("nightly"), night)
    rehearsal.go(named("backups"), night + MINUTE)
    (backup,) = backups(world, company)
    assert (backup.status, night < backup.created_at < night + SLACK) == ("complete", True)
    at = world.at(night + 2 * MINUTE)
    reader = open_company(world.store, company)
    operations.verify(at, reader, at.call(company, "usr_1", "verify", key="v"), backup.id)
    operations.download(at, reader, at.call(company, "usr_1", "download", key="d"), backup.id)
    operations.restore(
        at, reader, at.call(company, "usr_1", "restore", key="r"), backup.id, operations.RestoreRequest()
    )
    rehearsal.go(named("restores"), night + 3 * MINUTE, restores=True)
    rehearsal.go(named("drill"), _due(world, DrillPlan.ref(company)) + MINUTE)
    assert backups(world, company)[0].drill == "passed"
    rehearsal.go(named("uploads"), night + timedelta(days=9))
    rehearsal.go(named("expiry"), backups(world, company)[0].due_at + MINUTE)
    assert backups(world, company) == []
    at = world.at(night + timedelta(days=30))
    gone = disable_cloud.queued(call := at.call(company, "usr_1", "switch_off", key="o"))
    off = Decision(new=(gone,), head={"cloud_sync": False, "cloud_backup": False})
    transact(world.store, call, [], lambda _: off)
    rehearsal.go(named("expiry"), night + timedelta(days=30, minutes=1))
    assert rehearsal.made_in == {"nightly", "backups", "restores", "drill", "uploads", "expiry"}
    for job in JOBS:
        rehearsal.go(job, night + timedelta(days=31))
    rehearsal.nothing_is_dead()


def _due(world: Turned, ref: object) -> datetime:
    (row,) = world.store.records([ref])  # type: ignore[list-item]
    assert isinstance(row, Record)
    return bookkeeping.due_at(row)
