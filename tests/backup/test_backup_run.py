"""The run of a backup: its permissions and results. A failed run does not touch the backup before."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.backups.backup import Backup, BackupPlan, KeyDestruction, Tier, WorkingKey
from chalicelib.domain.backups.backup_errors import BackupKeyDestroyed, BackupOff, BackupUnknownKey
from chalicelib.domain.companies.company import Series
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import CompanyBlocked, NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.services.backup.create import backup_run
from chalicelib.services.backup.create import plans as planning
from chalicelib.services.backup.create.writer import BackupWriter
from chalicelib.services.backup.format import parts
from chalicelib.services.backup.format.archive import open_archive
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.services.backup.verify import check
from chalicelib.services.replies import remembering_id
from chalicelib.store import bookkeeping
from chalicelib.store.decision import ACCOUNT_WHILE_BLOCKED, Decision
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import NEVER
from chalicelib.workflow.failure import Overtaken
from tests.backup.oracle import differences
from tests.backup.worlds import Plain, begun, ended, objects, opened, stored, taken


@pytest.fixture
def books(plain: Callable[[int], Plain]) -> Plain:
    return plain(2)


def commit(books: Plain, *puts: Record, deletes: tuple[Record, ...] = (), **head: Any) -> None:
    call = books.world.call(books.company, "usr_test", "test", key=books.world.random(8).hex())
    decision = Decision(puts=puts, deletes=deletes, head=head or None)
    transact(books.world.store, call, [], lambda _: decision, ACCOUNT_WHILE_BLOCKED)


def plan(books: Plain) -> BackupPlan:
    (found,) = books.world.store.records([BackupPlan.ref(books.company)])
    assert isinstance(found, BackupPlan)
    return found


def destruction_of(books: Plain, key: str) -> KeyDestruction:
    at = books.world.now()
    return KeyDestruction(
        company=books.company, id=key, created_at=at, updated_at=at, request="req", final_on=at.date()
    )


def test_one_runs_at_a_time_and_has_a_job(books: Plain) -> None:
    call = remembering_id(books.world.call(books.company, "usr_test", "backup", key="first", request="first"))
    first = backup_run.begin(books.world, call, "daily")
    other = backup_run.begin(books.world, books.world.call(books.company, "usr_test", "backup", key="other"), "weekly")
    assert (other.backup.id, other.job, plan(books).running) == (first.backup.id, first.job, first.backup.id)
    (job,) = books.world.store.records([JobRow.ref(books.company, first.job)])
    assert isinstance(job, JobRow)
    assert (job.task, job.due, job.status) == ("backup", "backups", "queued")
    done = ended(books, first.backup)
    repeated = books.world.call(books.company, "usr_test", "backup", key="first", request="first")
    again = backup_run.begin(books.world, repeated, "daily")
    assert (again.backup.id, again.backup.status, again.committed.replayed) == (done.id, "complete", True)


def test_both_keys_are_made_once_and_wrapped_for_their_company(books: Plain) -> None:
    first, second = taken(books), taken(books)
    assert (first.statutory_key, first.working_key) == (second.statutory_key, second.working_key)
    assert first.statutory_key != first.working_key
    (key,) = books.world.store.records([WorkingKey.ref(books.company, first.working_key)])
    assert isinstance(key, WorkingKey)
    plain_key = books.world.vault.unwrapped(books.company, key.id, key.wrapped)
    assert len(plain_key) == 32
    assert plain_key not in key.wrapped


def test_it_is_refused_where_backup_is_off_or_the_company_shut(books: Plain) -> None:
    commit(books, cloud_backup=False, cloud_sync=True)
    with pytest.raises(BackupOff):
        begun(books)
    commit(books, cloud_backup=True, state="blocked")
    with pytest.raises(CompanyBlocked):
        begun(books)


@pytest.mark.parametrize(("tier", "days"), [("daily", 7), ("weekly", 35), ("monthly", 365)])
def test_a_complete_backup_lives_for_its_tier_s_term(books: Plain, tier: Tier, days: int) -> None:
    done = taken(books, tier)
    assert done.cut_at
    assert timedelta(days=days - 1) < done.due_at - done.cut_at < timedelta(days=days + 3)
    assert done.due == "expiry"
    now = plan(books)
    assert (now.running, now.last, now.last_hash) == (None, done.id, done.manifest_hash)
    assert (now.monthly is not None, now.weekly is not None) == (tier == "monthly", tier == "weekly")
    assert planning.tier_of(now, done.created_at) == ("weekly" if tier == "monthly" else "monthly")


def test_the_plan_moves_with_the_same_commit(books: Plain) -> None:
    at = books.world.now() + timedelta(days=1)
    call = books.world.call(books.company, "backups", "backup", key="night")
    backup_run.begin(books.world, call, "daily", next_at=at)
    assert plan(books).due_at == at


def failing(books: Plain, spoil: Callable[[Backup], None], caplog: pytest.LogCaptureFixture) -> Backup:
    """A backup that was spoilt after it had begun; the one before it still stands."""
    before = taken(books)
    backup = begun(books)
    spoil(backup)
    figures: list[dict[str, float]] = []
    with pytest.MonkeyPatch.context() as patch, caplog.at_level(logging.ERROR, "facture.backup"):
        patch.setattr(books.world.telemetry, "figures", lambda values, **_: figures.append(values))
        done = ended(books, backup)
    assert done.status == "failed"
    assert figures == [{"BackupFailed": 1}]
    assert [record.message for record in caplog.records] == ["backup failed"]
    (now,) = books.world.store.records([BackupPlan.ref(books.company)])
    assert isinstance(now, BackupPlan)
    assert (now.running, now.last) == (None, before.id)
    assert backup_run.advance(books.world, done) == done
    return done


def test_books_that_do_not_add_up_fail_loudly(books: Plain, caplog: pytest.LogCaptureFixture) -> None:
    def spoil(_: Backup) -> None:
        series = next(
            row for row in books.world.store.query("ledger", books.company).records if isinstance(row, Series)
        )
        commit(books, series.edited(books.world.now(), next=series.next + 1))

    assert failing(books, spoil, caplog).failure == "entries_missing"


def test_a_key_marked_for_destruction_ends_no_backup(books: Plain, caplog: pytest.LogCaptureFixture) -> None:
    def spoil(backup: Backup) -> None:
        commit(books, destruction_of(books, backup.working_key))

    done = failing(books, spoil, caplog)
    assert done.failure == "backup_key_destroyed"
    with pytest.raises(BackupKeyDestroyed):
        begun(books)


def test_a_key_marked_for_destruction_at_the_last_step_ends_no_backup(
    books: Plain, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest exists and the closing commit does not. So no backup ends under a key marked for destruction."""
    put = books.world.files.put

    def spoilt(key: str, *rest: Any, **more: Any) -> bool:
        if key.endswith("manifest.json"):
            commit(books, destruction_of(books, running.working_key))
        return put(key, *rest, **more)

    running = begun(books)
    monkeypatch.setattr(books.world.files, "put", spoilt)
    done = ended(books, running)
    assert (done.status, done.failure) == ("failed", "backup_key_destroyed")
    assert plan(books).last is None
    assert caplog.records
    with pytest.raises(NotFound):
        open_archive(books.world, books.company, done.id)


def test_a_switch_turned_off_meanwhile_ends_it(books: Plain, caplog: pytest.LogCaptureFixture) -> None:
    assert failing(books, lambda _: commit(books, cloud_backup=False), caplog).failure == "backup_off"


def test_a_company_blocked_meanwhile_ends_it(books: Plain, caplog: pytest.LogCaptureFixture) -> None:
    assert failing(books, lambda _: commit(books, state="blocked"), caplog).failure == "company_blocked"


def test_a_company_in_a_restore_at_the_cutoff_is_not_backed_up_even_if_it_opens_again(
    books: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = books.world.files.put

    def reopening(key: str, *rest: Any, **more: Any) -> bool:
        if key.endswith("manifest.json"):
            commit(books, state="active")
        return put(key, *rest, **more)

    running = begun(books)
    commit(books, state="restoring")
    monkeypatch.setattr(books.world.files, "put", reopening)
    done = ended(books, running)
    assert (done.status, done.failure) == ("failed", "company_restoring")


def test_two_runners_make_one_backup(books: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one takes over what the faster one stored, and saves nothing."""
    monkeypatch.setattr(parts, "MOST_TEXT", 3_000)
    backup = begun(books)
    slow = BackupWriter(books.world, backup)
    slow.run(NEVER)
    assert slow.row.manifest, "the faster one has made everything, and was killed before it told"
    done = ended(books, backup)
    assert done.status == "complete"
    with pytest.raises(Overtaken):
        backup_run.advance(books.world, backup)
    named = {part.name for part in opened(books, done).manifest.parts}
    assert set(objects(books, done)) == named | {"manifest.json"}
    assert stored(books, done) == done


def test_an_unknown_key_and_a_destroyed_one_are_different(books: Plain) -> None:
    done = taken(books)
    (key,) = books.world.store.records([WorkingKey.ref(books.company, done.working_key)])
    assert key is not None
    commit(books, deletes=(key,))
    archive = opened(books, done)
    assert [line.kind for line in archive.rows({"invoices"})] == ["invoice", "balance"] * 2
    with pytest.raises(BackupUnknownKey):
        list(archive.rows({"customers"}))
    with pytest.raises(BackupUnknownKey):
        check(archive, None, NEVER)
    commit(books, destruction_of(books, done.working_key))
    archive = opened(books, done)
    with pytest.raises(BackupKeyDestroyed):
        list(archive.rows({"customers"}))
    assert archive.readable("statutory")
    assert not archive.readable("working")
    check(archive, None, NEVER)
    own = [group.name for group in GROUPS if group.key_class == "statutory"]
    assert len(list(archive.rows(own))) > 4


def test_a_reader_goes_on_where_it_was(books: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_TEXT", 3_000)
    archive = opened(books, taken(books))
    whole = list(archive.rows())
    assert differences(archive, books.world.store) == []
    for place, line in enumerate(whole):
        assert list(archive.rows(after=(line.group, line.sort))) == whole[place + 1 :]


def test_a_backup_without_its_row_is_found_by_its_manifest(books: Plain) -> None:
    done = taken(books, "weekly")
    bookkeeping.finish(books.world.store, done.key)
    found = open_archive(books.world, books.company, done.id)
    assert found.digest == done.manifest_hash
    assert open_archive(books.world, books.company, done.id, tier="weekly").manifest == found.manifest
    with pytest.raises(NotFound):
        open_archive(books.world, books.company, done.id, tier="daily")
    with pytest.raises(NotFound):
        open_archive(books.world, books.company, replace(done, id="bak_none").id)
