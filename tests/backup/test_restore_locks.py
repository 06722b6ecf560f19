"""A restore holds its company and its backup: both are released in the end, and neither too early."""

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.backups.backup import Backup
from chalicelib.domain.companies.party import Customer
from chalicelib.jobs.backups import EXPIRY_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.backup.restoring import restore
from tests.backup.restoring import Kept, ended, given_up, operator_tool, set_head, step, unsaved
from tests.rows import delete_row, put_row

WHY = ("--reason", "asked by telephone, identity proven", "--by", "opr_1")


def expire(kept: Kept, **after: float) -> None:
    run(kept.world, EXPIRY_JOB, now=kept.world.now() + timedelta(**after), left=within(60))


def test_a_restore_killed_at_its_beginning_releases_the_company(kept: Kept) -> None:
    job = step(kept.world, kept.job(backup=kept.taken()))
    assert b'"step":"begin"' in job.inputs
    unsaved(kept.world, job, restore.WORKFLOW)  # and killed before its place was kept, each time until it is given up
    assert kept.head().state == "restoring"
    given_up(kept.world, job)
    assert ended(kept.world, job)["code"] == "given_up"
    assert kept.head().state == "active"


def test_another_restore_releases_a_company_whose_restore_was_lost(kept: Kept) -> None:
    backup = kept.taken()
    job = kept.job(backup=backup)
    for _ in range(2):
        job = step(kept.world, job)
    delete_row(kept.world.store, job.key)  # thirty days later: nobody looked at what was given up
    assert kept.head().state == "restoring"
    row = kept.job(backup=backup, operator=True, reason="r")
    assert ended(kept.world, row)["company"] == kept.id
    assert kept.head().state == "active"
    set_head(kept.world, kept.id, state="restoring", restore=job.id)
    words = ("--company", kept.id, "--backup", backup, *WHY)
    assert operator_tool(kept.world, "restore", *words) == 0
    assert kept.head().state == "active"


def test_a_running_restore_keeps_the_company(kept: Kept) -> None:
    backup = kept.taken()
    job = kept.job(backup=backup)
    for _ in range(2):
        job = step(kept.world, job)
    assert ended(kept.world, kept.job(backup=backup, operator=True))["code"] == "company_restoring"
    assert kept.head().restore == job.id
    assert ended(kept.world, job)["company"] == kept.id


def test_a_backup_is_kept_while_a_restore_reads_it(kept: Kept) -> None:
    backup = kept.taken()
    kept.lose(Customer.ref(kept.id, kept.other))
    job = step(kept.world, step(kept.world, kept.job(backup=backup)))
    assert kept.head().state == "restoring"
    expire(kept, days=7, hours=1)
    assert ended(kept.world, job).get("company") == kept.id
    assert kept.there(Customer.ref(kept.id, kept.other)) is not None
    expire(kept, days=7, hours=3)
    assert kept.there(Backup.ref(kept.id, backup)) is None, "nobody reads it any more"


def test_a_restore_asked_for_after_the_term_keeps_no_backup(kept: Kept) -> None:
    backup = kept.taken()
    late = replace(kept.job(backup=backup), created_at=kept.world.now() + timedelta(days=7, hours=1))
    put_row(kept.world.store, late)
    expire(kept, days=7, hours=2)
    assert kept.there(Backup.ref(kept.id, backup)) is None
