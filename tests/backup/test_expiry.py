"""The end of backups: past their term or never complete, their objects go with every version, and then their rows."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.backups.backup import Backup, BackupPlan
from chalicelib.files import erase, prefixes
from chalicelib.jobs import backups as jobs
from chalicelib.jobs.job import within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import run
from chalicelib.policy.load import current
from chalicelib.services.backup import operator
from chalicelib.services.backup.create import backup_run
from chalicelib.services.privacy.legal import holds
from chalicelib.workflow import deadline
from tests.backup.remains import remains
from tests.backup.worlds import Books, begun, taken, turned_on
from tests.conftest import Shop
from tests.crash import Work, prove


def ran(books: Books, **after: float) -> Report:
    return run(books.world, jobs.EXPIRY_JOB, now=books.world.now() + timedelta(**after), left=within(120))


def own(books: Books, backup: Backup) -> int:
    """The number of versions of its objects."""
    return erase.count(books.world.files, prefixes.of_company(prefixes.BACKUPS[backup.tier], books.company), backup.id)


def rows(books: Books) -> list[str]:
    return [row.id for row in operator.backups(books.world, books.company)]


@pytest.mark.parametrize(("tier", "days"), [("daily", 7), ("weekly", 35), ("monthly", 365)])
def test_a_backup_goes_when_its_tiers_term_is_over(books: Books, tier: Any, days: int) -> None:
    backup = taken(books, tier)
    term = current().rules[f"backup.{tier}"].term
    assert term is not None
    assert (term.after(backup.cut_at.date()) - backup.cut_at.date()).days == days  # type: ignore[union-attr]
    assert own(books, backup) > 5
    ran(books, days=days - 1)
    assert rows(books) == [backup.id]
    ran(books, days=days, hours=1)
    assert rows(books) == []
    assert own(books, backup) == 0


def test_other_backups_and_companies_are_not_touched(books: Books, new_shop: Any) -> None:
    neighbour = turned_on(new_shop())
    theirs, keeps, goes = taken(neighbour, "weekly"), taken(books, "weekly"), taken(books)
    counted = own(books, keeps), own(neighbour, theirs)
    ran(books, days=8)
    assert rows(books) == [keeps.id]
    assert rows(neighbour) == [theirs.id]
    assert own(books, goes) == 0
    assert (own(books, keeps), own(neighbour, theirs)) == counted


def test_one_that_never_ended_goes_and_another_may_begin(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = begun(books)
    with monkeypatch.context() as short:
        short.setattr(deadline, "STEP_SECONDS", 0.0)
        backup_run.advance(books.world, stuck)  # some of its parts are there; then nobody continues it
    (row,) = books.world.store.records([stuck.key])
    assert isinstance(row, Backup)
    assert row.status == "running"
    (plan,) = books.world.store.records([BackupPlan.ref(books.company)])
    assert isinstance(plan, BackupPlan)
    assert plan.running == stuck.id
    ran(books, days=1)
    assert rows(books) == [stuck.id]
    ran(books, days=2, hours=1)
    assert rows(books) == []
    assert own(books, stuck) == 0
    assert taken(books).status == "complete"


def test_a_hold_keeps_everything(books: Books) -> None:
    backup = taken(books)
    hold = holds.place(books.world, books.company, "enquiry 7", "opr_1")
    assert ran(books, days=30).held >= 1
    assert rows(books) == [backup.id]
    holds.release(books.world, books.company, hold.id, "opr_1")
    ran(books, days=31)
    assert rows(books) == []


def test_killed_at_any_call_nothing_is_left(new_shop: Any) -> None:
    def prepare() -> tuple[Books, Backup]:
        shop: Shop = new_shop()
        books = turned_on(shop)
        return books, taken(books)

    def go(made: tuple[Books, Backup]) -> None:
        ran(made[0], days=8)

    def again(made: tuple[Books, Backup]) -> None:
        for hours in (1, 2):
            ran(made[0], days=8, hours=hours)

    def state(made: tuple[Books, Backup]) -> object:
        return rows(made[0]), own(*made), remains(made[0].world, made[0].company)

    books, _ = prepare()
    world = books.world
    ran(books, days=400)  # what other tests left would be done by the first run alone
    assert prove([world.store.connection.client, world.files.client], Work(prepare, go, again, state)) >= 6
