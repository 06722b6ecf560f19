"""Progress of backups, verifications and downloads, and the cleaning after them."""

import pytest

from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.jobs.backups import EXPIRY_JOB, RESTORES_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.backup import download, verify
from chalicelib.services.backup.create import backup_run, schedule
from chalicelib.workflow import deadline
from tests.backup.restoring import Jobs, Kept, step
from tests.backup.worlds import taken, turned_on
from tests.conftest import Shop


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every piece of work is as small as can be."""
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("task", "workflow"), [("verify", verify.WORKFLOW), ("download", download.WORKFLOW)])
def test_a_job_of_many_parts_reports_its_progress(kept: Kept, task: str, workflow: Jobs) -> None:
    job, told = kept.job(task, backup=kept.taken()), [(0, 0)]
    while job.status not in ("completed", "failed"):
        job = step(kept.world, job, workflow)
        told.append((job.done, job.total))
    assert job.status == "completed"
    assert job.done == job.total > 0
    assert told == sorted(told)
    assert len(set(told)) > 3
    assert all(done <= total for done, total in told)


def test_a_backup_reports_the_rows_that_it_has_copied(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0001)
    begun = backup_run.begin(kept.world, kept.call("backup"), "daily")
    job = kept.there(JobRow.ref(kept.id, begun.job))
    told = []
    while isinstance(job, JobRow) and job.status not in ("completed", "failed"):
        job = step(kept.world, job, schedule.WORKFLOW)
        told.append((job.done, job.total))
    counts = kept.backup(begun.backup.id).counts or {}
    assert told[-1] == (sum(counts.values()), sum(counts.values()))
    assert len({done for done, _ in told}) > 3
    assert all(total == 0 for _, total in told[:-1]), "nobody knows how many there will be"


def test_a_dead_lettered_download_leaves_no_parts(kept: Kept, hasty: None) -> None:
    job = kept.job("download", backup=kept.taken())
    own = prefixes.export_parts(kept.id, job.id)
    while not list(kept.world.files.list(own)):
        job = step(kept.world, job, download.WORKFLOW)
    assert RESTORES_JOB.before_dead_letter is not None
    RESTORES_JOB.before_dead_letter(kept.world, job)
    assert list(kept.world.files.list(own)) == []
    now = kept.there(job.key)
    assert isinstance(now, JobRow)
    assert now.status == "failed"


def test_a_downloaded_backup_is_deleted_with_the_backups(shop: Shop) -> None:
    books = turned_on(shop)
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
