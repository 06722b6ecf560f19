"""A restore works under a session of its company and of the one that it puts rows into, and of no third (ADR 0059)."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.backups.backup import StatutoryKey
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.jobs.backups import RESTORES_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import run
from chalicelib.services.backup.format.archive import open_archive
from chalicelib.services.backup.restoring import steps
from chalicelib.services.backup.restoring.copy import company_of
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.workflow import deadline
from tests.backup.restoring import Kept
from tests.iam import WATCH
from tests.privacy.conftest import alone
from tests.privacy.worlds import Turned, carried
from tests.rows import delete_row, put_row

__all__ = ["alone"]


@pytest.fixture
def vault(alone: Turned) -> Turned:
    """A world whose jobs are this module's alone, and no session is kept."""
    alone.sessions._kept.clear()
    return alone


@pytest.fixture
def shop(vault: Turned) -> Kept:
    return Kept(vault, small=True)


def work(world: Turned) -> Report:
    return run(world, RESTORES_JOB, now=world.now(), left=within(120))


@contextmanager
def lent(world: Turned) -> Iterator[Counter[tuple[str, str]]]:
    """The number of sessions requested from STS for each pair of companies: the source and the target."""
    found: Counter[tuple[str, str]] = Counter()

    def asked(params: dict[str, Any], **_: Any) -> None:
        tags = {tag["Key"]: tag["Value"] for tag in params["Tags"]}
        assert tags.keys() == {"company", "into"}
        found[tags["company"], tags["into"]] += 1

    events = world.sessions.client.meta.events
    events.register("provide-client-params.sts.AssumeRole", asked)
    try:
        yield found
    finally:
        events.unregister("provide-client-params.sts.AssumeRole", asked)


def test_a_restore_costs_one_call_of_sts_and_one_more_into_a_new_company(
    shop: Kept, vault: Turned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)  # many parts
    backup = shop.taken()
    jobs = [
        shop.job(task, backup=backup, into=into)
        for task, into in (
            ("restore", "same"),
            ("restore", "new"),
            ("verify", "same"),
            ("download", "same"),
        )
    ]
    with lent(vault) as asked:
        report = work(vault)
    assert report.failures == []
    assert report.applied > len(jobs)
    made = company_of(jobs[1].id)
    assert asked == {(shop.id, shop.id): 1, (shop.id, made): 1}
    assert [row.status for row in map(shop.there, (job.key for job in jobs)) if isinstance(row, JobRow)] == (
        ["completed"] * len(jobs)
    )
    assert shop.content(made).keys() == shop.content().keys()


def test_a_closed_company_goes_on_in_a_copy_within_the_fence(shop: Kept, vault: Turned) -> None:
    backup = shop.taken()
    stored = {key: vault.files.read(key) for key in vault.files.list(prefixes.backup("daily", shop.id, backup))}
    shop.confirmed(None, waive=True)
    carried(vault)
    for key, content in stored.items():
        vault.files.put(key, content, "application/octet-stream")
    told = DisclosureInput(
        kind="lawful_demand",
        recipient="Tribunal",
        basis="CPP art. 57",
        data=("document.buyer",),
        disclosed_on=shop.day,
    )
    demand = disclosures.record(vault, shop.id, told, "op-1").id
    job = shop.job(backup=backup, into="new", operator=True, owner="sub-judge", disclosure=demand)
    assert work(vault).failures == []
    assert (shop.head(company_of(job.id)).mode, shop.head().restore) == ("live", job.id)


Bug = Callable[[], object]


def writes(shop: Kept, third: Kept, backup: str) -> Bug:
    made = replace(shop.profile, company=third.id, id=third.id)
    return lambda: put_row(shop.world.store, made)


def writes_back(shop: Kept, third: Kept, backup: str) -> Bug:
    return lambda: put_row(shop.world.store, shop.profile)


def reads(shop: Kept, third: Kept, backup: str) -> Bug:
    return lambda: open_archive(shop.world, third.id, backup)


def reads_objects(shop: Kept, third: Kept, backup: str) -> Bug:
    return lambda: shop.world.files.read(prefixes.backup("daily", third.id, backup) + "manifest.json")


def opens_key(shop: Kept, third: Kept, backup: str) -> Bug:
    """As if the wrapped key were still in memory."""
    kept = shop.world.store.query("journal", third.id).records
    (key,) = [row for row in kept if isinstance(row, StatutoryKey)]
    return lambda: shop.world.vault.unwrapped(third.id, key.id, key.wrapped)


@pytest.mark.parametrize(
    ("planted", "may_not"),
    [
        (writes, "dynamodb:PutItem on WorkspaceTable"),
        (writes_back, "dynamodb:PutItem on WorkspaceTable"),
        (reads, "dynamodb:GetItem on TransientTable"),
        (reads_objects, "s3:GetObject on FilesBucket/backups/daily/x"),
        (opens_key, "kms:Decrypt on BackupKey"),
    ],
)
def test_a_bug_that_reaches_beyond_is_refused(
    shop: Kept,
    vault: Turned,
    monkeypatch: pytest.MonkeyPatch,
    planted: Callable[[Kept, Kept, str], Bug],
    may_not: str,
) -> None:
    third, backup, rows = Kept(vault, small=True), shop.taken(), steps.rows
    theirs, kept = third.taken(), third.content()
    bug, job = planted(shop, third, theirs), shop.job(backup=backup, into="new")

    def wrong(*asked: Any) -> Any:
        bug()
        return rows(*asked)

    with monkeypatch.context() as patch:
        patch.setattr(steps, "rows", wrong)
        report, noted = refused(vault)
    assert [(failure.ref, failure.error) for failure in report.failures] == [(job.key, "AccessDeniedException")]
    assert noted
    assert all(line.startswith(f"restores, on one company may not {may_not}") for line in noted), noted
    assert third.content() == kept
    delete_row(vault.store, job.key)


def refused(world: Turned) -> tuple[Report, list[str]]:
    """A run, and what was refused in it: taken out of the watch, or this very test would fail."""
    before = len(WATCH.refused)
    report = work(world)
    noted = WATCH.refused[before:]
    del WATCH.refused[before:]
    return report, noted


def test_a_restore_job_names_only_its_own_company_or_a_new_one(shop: Kept) -> None:
    """And what is not understood is done within the row's company, where its failure can be counted."""
    assert RESTORES_JOB.into is not None
    job = shop.job(backup="bak_1", into="new")
    verified = replace(job, task="verify")
    broken = replace(job, inputs=b"no JSON")
    elsewhere = replace(job, inputs=b'{"backup": "bak_1", "source": "cmp_2"}')
    assert RESTORES_JOB.into(job) == company_of(job.id)
    assert {RESTORES_JOB.into(row) for row in (verified, broken, elsewhere)} == {shop.id}
    delete_row(shop.world.store, job.key)
