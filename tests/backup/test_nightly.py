"""The clockwork: each night every company whose switch is on is backed up once, and what was issued is archived."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from chalicelib.domain.backups.backup import Backup, BackupPlan
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.jobs import backups as jobs
from chalicelib.jobs.job import within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import run
from chalicelib.services.archive import statutory
from chalicelib.services.backup import operator
from chalicelib.services.backup.create import backup_run, plans, schedule
from chalicelib.services.backup.format.archive import open_archive
from chalicelib.store import bookkeeping
from chalicelib.store.decision import ACCOUNT, ACCOUNT_WHILE_BLOCKED, Decision
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.backup.remains import remains
from tests.backup.restoring import given_up, step
from tests.backup.worlds import Books, begun, turned_on
from tests.clocks import clock_at
from tests.conftest import Shop
from tests.crash import Work, prove, watched
from tests.rows import delete_row
from tests.workflow import tables


def plan_of(books: Books) -> BackupPlan:
    (found,) = books.world.store.records([BackupPlan.ref(books.company)])
    assert isinstance(found, BackupPlan)
    return found


def tonight(books: Books, **changes: Any) -> None:
    """Let the company's night have come."""
    world, plan = books.world, plan_of(books)
    assert bookkeeping.save(
        world.store, plan.edited(world.now(), due_at=world.now() - timedelta(minutes=1), **changes), plan, b"s" * 16
    )


def ran(books: Books, job: Any) -> Report:
    return run(books.world, job, now=books.world.now(), left=within(120))


def all_of(books: Books) -> list[Backup]:
    return operator.backups(books.world, books.company)


def head(books: Books, **changes: Any) -> None:
    world = books.world
    call = world.call(books.company, "test", "test", key=world.random(8).hex())
    decision = Decision(head=changes)
    transact(world.store, call, [], lambda _: decision, ACCOUNT_WHILE_BLOCKED)


def test_a_night_begins_a_backup_and_its_job_completes_it(books: Books) -> None:
    invoice = books.shop.issued()
    tonight(books)
    assert ran(books, jobs.NIGHTLY_JOB).dead == 0
    (backup,) = all_of(books)
    assert (backup.tier, backup.status, backup.asked_by) == ("monthly", "running", "backups")
    plan = plan_of(books)
    assert plan.due_at == plans.next_night(books.company, backup.created_at)
    assert plan.running == backup.id
    assert ran(books, jobs.BACKUPS_JOB).failures == []
    (backup,) = all_of(books)
    assert backup.status == "complete"
    assert plan_of(books).last == backup.id
    rows = open_archive(books.world, books.company, backup.id).rows(["invoices"])
    assert [(line.kind, line.record(books.company).id) for line in rows] == [
        ("invoice", invoice["id"]),
        ("balance", invoice["id"]),
    ]
    (job,) = books.world.store.records([JobRow.ref(books.company, backup_run.job_of(backup.id))])
    assert isinstance(job, JobRow)
    assert (job.status, job.due) == ("completed", None)
    assert msgspec.json.decode(job.outcomes)[0]["counts"]["invoices"] == 1


def test_a_night_that_runs_twice_begins_once(books: Books) -> None:
    tonight(books)
    ran(books, jobs.NIGHTLY_JOB)
    schedule.begin_night(books.world, books.company)
    assert len(all_of(books)) == 1
    ran(books, jobs.BACKUPS_JOB)


def test_the_tiers_follow_the_calendar(books: Books) -> None:
    found = []
    for _ in range(3):
        tonight(books)
        schedule.begin_night(books.world, books.company)
        ran(books, jobs.BACKUPS_JOB)
        found.append(all_of(books)[0].tier)
        # The key of a night's call is the next night's date: another night has another.
        _another_day(books)
    assert found == ["monthly", "weekly", "daily"]


def _another_day(books: Books) -> None:
    """Forget that tonight's backup was begun."""
    client, table = books.world.store.connection.client, books.world.store.names["transient"]
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="company = :c AND begins_with(#s, :p)",
        ExpressionAttributeNames={"#s": "sort"},
        ExpressionAttributeValues={":c": {"S": books.company}, ":p": {"S": "idempotency#§night"}},
    )
    for page in pages:
        for row in page["Items"]:
            client.delete_item(TableName=table, Key={"company": row["company"], "sort": row["sort"]})


@pytest.mark.parametrize("state", [{"state": "blocked"}, {"state": "restoring"}])
def test_a_company_that_is_not_open_waits_for_the_next_night(books: Books, state: dict[str, str]) -> None:
    tonight(books)
    head(books, **state)
    report = ran(books, jobs.NIGHTLY_JOB)
    assert report.failures == []
    assert all_of(books) == []
    assert plan_of(books).due_at > books.world.now()
    head(books, state="active")


def test_issued_documents_are_archived_after_the_backup(new_shop: Callable[..., Shop]) -> None:
    books = turned_on(new_shop(mode="live"))
    invoice = books.shop.issued()
    tonight(books)
    ran(books, jobs.NIGHTLY_JOB)
    ran(books, jobs.BACKUPS_JOB)
    world = books.world
    assert list(world.archive.list(prefixes.of_company(prefixes.ARCHIVE, books.company))) == [
        prefixes.archived(books.company, invoice["register"]["hash"])
    ]


def test_a_dead_lettered_backup_lets_the_next_one_begin(books: Books) -> None:
    backup = begun(books)
    world = books.world
    call = world.call(books.company, "test", "test", key=world.random(8).hex())
    job = backup_run._job(call, backup)
    transact(world.store, call, [], lambda _: Decision(new=(job,)), ACCOUNT)
    given_up(world, job, schedule.WORKFLOW)
    (found,) = all_of(books)
    assert (found.status, found.failure) == ("failed", "given_up")
    assert plan_of(books).running is None
    (row,) = world.store.records([job.key])
    assert isinstance(row, JobRow)
    assert row.status == "failed"
    delete_row(world.store, job.key)


def test_a_job_whose_backup_is_gone_fails(books: Books) -> None:
    backup = begun(books)
    world = books.world
    call = world.call(books.company, "test", "test", key=world.random(8).hex())
    job = backup_run._job(call, backup)
    transact(world.store, call, [], lambda _: Decision(new=(job,)), ACCOUNT)
    delete_row(world.store, backup.key)
    after = step(world, job, schedule.WORKFLOW)
    assert (after.status, msgspec.json.decode(after.outcomes)[0]["code"]) == ("failed", "not_found")
    delete_row(world.store, job.key)


def test_killed_at_any_call_the_night_ends_the_same(
    new_shop: Callable[..., Shop], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun, made and archived: each company has one complete backup and its document in the archive."""
    monkeypatch.setattr(statutory, "original", lambda *_: b"%PDF")  # a page is rendered for every kill otherwise

    def prepare() -> Books:
        books = turned_on(new_shop(mode="live"))
        books.shop.issued()
        tonight(books)
        return books

    def night(books: Books) -> None:
        run(books.world, jobs.NIGHTLY_JOB, now=books.world.now(), left=within(60))
        run(books.world, jobs.BACKUPS_JOB, now=books.world.now(), left=within(60))

    def later(books: Books) -> None:
        for _ in range(2):
            at = books.world.now() + timedelta(minutes=30)
            run(books.world, jobs.NIGHTLY_JOB, now=at, left=within(60))
            run(books.world, jobs.BACKUPS_JOB, now=at, left=within(60))

    def state(books: Books) -> object:
        found = all_of(books)
        own = prefixes.of_company(prefixes.BACKUPS["monthly"], books.company)
        archived = list(books.world.archive.list(prefixes.of_company(prefixes.ARCHIVE, books.company)))
        plan = plan_of(books)
        return (
            [(each.status, each.tier, each.counts, len(each.parts)) for each in found],
            len(list(books.world.files.list(own))),
            len(archived),
            plan.running,
            plan.last == found[0].id,
            plan.due_at > books.world.now(),
            remains(books.world, books.company),
        )

    noon = world.now().replace(hour=12)  # by night, a company's own hour may come within the half hour of `later`
    with clock_at(world, noon):
        books = prepare()
        later(books)
        clients = [world.store.connection.client, world.files.client, world.archive.client, world.vault.client]
        with tables.noted() as steps:
            assert prove(clients, Work(prepare, night, later, state)) > 50
    declared = tables.tables()
    assert steps == {name: declared[name] for name in ("backup", "backup job")}


def test_an_idle_run_writes_nothing(books: Books) -> None:
    world = books.world
    for job in (jobs.NIGHTLY_JOB, jobs.BACKUPS_JOB):
        ran(books, job)
        with watched([world.store.connection.client, world.files.client]) as calls:
            ran(books, job)
        assert calls.writes == []
