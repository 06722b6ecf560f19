"""What meets what: a restore and its backup's end, a stranger's object and ours, a wait and what is said of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.backup import Backup
from chalicelib.domain.disclosure import Disclosure
from chalicelib.domain.journal import JobRow
from chalicelib.domain.member import Member
from chalicelib.domain.party import Customer
from chalicelib.files import prefixes
from chalicelib.files.zips import Member as Written
from chalicelib.files.zips import Pieces
from chalicelib.jobs.backups import EXPIRY_JOB, RESTORES_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.backup import download, running, statutory, take, verify, walk
from chalicelib.services.privacy.retention import Rule
from chalicelib.store import due
from chalicelib.store.wire import SORT
from tests.backup.restoring import Kept, ended, step
from tests.backup.test_zips import AT, Memory
from tests.backup.worlds import Books, taken, turned_on
from tests.conftest import Shop
from tests.privacy.conftest import shared_privacy_world, vault
from tests.privacy.worlds import Turned

__all__ = ["shared_privacy_world", "vault"]
WHY = ("--reason", "asked by telephone", "--by", "opr_1")


@pytest.fixture
def kept(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every piece of work is as small as can be."""
    for module in (walk, verify, download):
        monkeypatch.setattr(module, "PART_SECONDS", 0.0)


def expire(kept: Kept, **after: float) -> None:
    run(kept.world, EXPIRY_JOB, now=kept.world.now() + timedelta(**after), left=within(60))


# The merchant whose last good backup is nearly seven days old


def test_a_backup_does_not_end_under_the_restore_that_reads_it(kept: Kept) -> None:
    backup = kept.taken()
    kept.lose(Customer.ref(kept.id, kept.other))
    job = step(kept.world, step(kept.world, kept.job(backup=backup)))
    assert kept.head().state == "restoring"
    expire(kept, days=7, hours=1)
    assert ended(kept.world, job).get("company") == kept.id
    assert kept.there(Customer.ref(kept.id, kept.other)) is not None
    expire(kept, days=7, hours=3)
    assert kept.there(Backup.ref(kept.id, backup)) is None, "nobody reads it any more"


def test_what_is_asked_after_its_term_keeps_no_backup(kept: Kept) -> None:
    backup = kept.taken()
    late = replace(kept.job(backup=backup), created_at=kept.world.now() + timedelta(days=7, hours=1))
    due.remember(kept.world.store, late, kept.world.random(16))
    expire(kept, days=7, hours=2)
    assert kept.there(Backup.ref(kept.id, backup)) is None


def test_whoever_is_no_owner_any_more_gets_no_copy(kept: Kept) -> None:
    job = kept.job(backup=kept.taken(), into="new")
    (owner,) = [
        row
        for row in kept.world.store.query("identity", kept.id).records
        if isinstance(row, Member) and row.id == job.actor
    ]
    kept.put(replace(owner, role="accountant"))
    assert ended(kept.world, job)["code"] == "forbidden"


# Whoever may write into the bucket


def test_a_strangers_manifest_ends_no_backup(kept: Kept) -> None:
    before = kept.taken()
    row = take.begin(kept.world, kept.call("backup"), "daily").backup
    place = prefixes.backup(row.tier, row.company, row.id) + "manifest.json"
    kept.world.files.put(place, b"{}\nstranger", "application/json")
    while row.status == "running":
        row = take.advance(kept.world, row)
    assert (row.status, row.failure) == ("failed", "backup_damaged")
    assert kept.backup(before).status == "complete"


@pytest.mark.usefixtures("embedded_s3")
@pytest.mark.parametrize("how", ["put", "deleted"])
def test_what_lies_over_a_locked_original_hides_nothing(new_shop: Callable[..., Shop], how: str) -> None:
    books = turned_on(new_shop(mode="live"))
    invoice = books.shop.issued()
    taken(books)
    while not statutory.advance(books.world, books.company):
        continue
    digest, page = statutory.fetch(books.world, books.company, invoice["id"])
    place = {"Bucket": books.world.archive.bucket, "Key": prefixes.archived(books.company, digest)}
    if how == "put":
        books.world.archive.client.put_object(**place, Body=b"stranger")
    else:
        books.world.archive.client.delete_object(**place)
    assert statutory.fetch(books.world, books.company, invoice["id"]) == (digest, page)


# Whoever waits


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("task", "advance"), [("verify", verify.advance), ("download", download.advance)])
def test_what_has_no_bound_says_how_far_it_is(kept: Kept, task: str, advance: Callable[..., JobRow]) -> None:
    job, told = kept.job(task, backup=kept.taken()), [(0, 0)]
    while job.status not in ("completed", "failed"):
        job = step(kept.world, job, advance)
        told.append((job.done, job.total))
    assert job.status == "completed"
    assert job.done == job.total > 0
    assert told == sorted(told)
    assert len(set(told)) > 3
    assert all(done <= total for done, total in told)


def test_a_backup_says_how_many_rows_it_has(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take, "SECONDS", 0.0001)
    begun = take.begin(kept.world, kept.call("backup"), "daily")
    job = kept.there(JobRow.ref(kept.id, begun.job))
    told = []
    while isinstance(job, JobRow) and job.status not in ("completed", "failed"):
        job = step(kept.world, job, running.advance)
        told.append((job.done, job.total))
    counts = kept.backup(begun.backup.id).counts or {}
    assert told[-1] == (sum(counts.values()), sum(counts.values()))
    assert len({done for done, _ in told}) > 3
    assert all(total == 0 for _, total in told[:-1]), "nobody knows how many there will be"


def test_an_archive_that_is_given_up_leaves_no_pieces(kept: Kept, hasty: None) -> None:
    job = kept.job("download", backup=kept.taken())
    own = prefixes.export_parts(kept.id, job.id)
    while not list(kept.world.files.list(own)):
        job = step(kept.world, job, download.advance)
    assert RESTORES_JOB.buried is not None
    RESTORES_JOB.buried(kept.world, job)
    assert list(kept.world.files.list(own)) == []
    now = kept.there(job.key)
    assert isinstance(now, JobRow)
    assert now.status == "failed"


# The operator


def test_a_kind_that_is_none_is_told_before_anything_is_entered(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--company", kept.id, "--backup", kept.taken(), "--kinds", "customer,items")
    for verb in (("preview", *words), ("restore", *words, *WHY)):
        assert main(["backups", *verb], lambda: kept.world) == 1
        assert "customers, suppliers" in capsys.readouterr().err
    found = kept.world.store.query(Disclosure.ROOM, kept.id, SORT.startswith("disclosure#")).records
    assert found == []


# Whoever leaves the cloud


def test_a_fetched_backup_goes_with_the_backups(shop: Shop) -> None:
    books: Books = turned_on(shop)
    backup = taken(books)
    got = shop.owner.get(f"/v1/backups/{backup.id}/download")
    run(books.world, RESTORES_JOB, now=books.world.now(), left=within(60))
    own = f"{prefixes.of_company(prefixes.EXPORTS, books.company)}job_"
    assert shop.owner.get(got.headers["location"]).json["status"] == "completed"
    assert len(list(books.world.files.list(own))) == 1
    off = {"cloud": {"sync": False, "backup": False}, "erase": True}
    assert shop.owner.patch("/v1/settings", off, "*").status == 202
    run(books.world, EXPIRY_JOB, now=books.world.now(), left=within(60))
    assert list(books.world.files.list(own)) == []


# The tax inspector


@pytest.mark.usefixtures("embedded_s3")
def test_a_document_whose_term_is_over_is_not_locked_again(new_shop: Callable[..., Shop]) -> None:
    books = turned_on(new_shop(mode="live"))
    books.shop.issued()
    taken(books)
    world = books.world
    now: datetime = world.now()
    assert now.date() > date(2000, 1, 1)
    locks: list[datetime] = []
    lock = world.archive.lock

    def locked(key: str, content: bytes, until: datetime) -> bool:
        locks.append(until)
        return lock(key, content, until)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.archive, "lock", locked)
        patch.setattr(Rule, "kept_until", lambda *_: now.date() - timedelta(days=30))
        while not statutory.advance(world, books.company):
            continue
    assert locks == [], "S3 takes no lock that has ended, and every later backup would wait for this one"


def test_a_table_of_three_gigabytes_is_told_in_zip64() -> None:
    pieces = Pieces(Memory(), "p/", AT)
    header = pieces._header("data/invoices.json", Written(size=3_000_000_000, packed=300_000_000, crc=1))
    assert header.endswith(
        b"\x01\x00\x10\x00" + (3_000_000_000).to_bytes(8, "little") + (300_000_000).to_bytes(8, "little")
    )
