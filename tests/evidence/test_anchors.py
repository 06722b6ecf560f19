"""The nights and the anchors: what a person who also rewrites the journal cannot rewrite."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.clock import MOROCCO, today
from chalicelib.domain.evidence import AnchorPlan, Evidence
from chalicelib.domain.jobs import SYSTEM
from chalicelib.domain.journal import JobRow
from chalicelib.files.anchors import key_of
from chalicelib.jobs.evidence import EVIDENCE
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run, run_scheduled
from chalicelib.services.evidence import anchors, nightly
from chalicelib.services.evidence.nights import FROM_HOUR, WINDOW, period
from chalicelib.services.evidence.recording import evidence_of
from chalicelib.store.codec import from_row
from tests.conftest import Shop
from tests.evidence.tamperings import buyer_changed, tail_cut
from tests.evidence.test_full import books, full_pass
from tests.evidence.worlds import Stranger, codes, rewritten, verdict
from tests.rows import delete_row, put_row

__all__ = ["books"]
DAYS = count(1)
pytestmark = pytest.mark.usefixtures("embedded_s3")


@pytest.fixture(autouse=True)
def no_anchor_before(shop: Shop) -> None:
    """The anchor of the day is written by the test itself."""
    delete_row(shop.world.store, AnchorPlan.ref(SYSTEM))


def evidence(shop: Shop) -> Evidence:
    """The company's row."""
    found = evidence_of(shop.world, shop.company)
    assert found is not None
    return found


def night(shop: Shop) -> datetime:
    """The next night, and the anchor in its morning. Its instant: no test has another one's day."""
    later = (shop.world.now() + timedelta(days=next(DAYS))).astimezone(MOROCCO)
    end = later.replace(hour=FROM_HOUR, minute=30) + WINDOW  # Every company's pass is due, and the anchor is not.
    for at in (end.astimezone(UTC), end.astimezone(UTC) + timedelta(hours=2)):
        report = run(shop.world, EVIDENCE, now=at, left=within(60))
        assert report.outcome == "done"
        assert not report.failures
    return at


def test_a_night_verifies_what_changed_and_the_morning_anchors_it(books: Shop) -> None:
    night(books)
    row = evidence(books)
    assert (row.noted_clock, row.daily_code) == (books.clock, None)
    anchor = anchors.last(books.world, books.company)
    assert anchor is not None
    assert (anchor.clock, anchor.chain) == (row.noted_clock, row.noted_chain)


def test_an_anchor_names_nobody_and_is_linked_to_the_one_before_it(books: Shop) -> None:
    night(books)
    world = books.world
    (first,) = [from_row("journal", item) for item in Stranger(replace(books, company=SYSTEM)).items("journal")]
    assert isinstance(first, AnchorPlan)
    books.issued()
    raw = world.archive.first(key_of(today(night(books))), 10**6)
    stated: dict[str, Any] = msgspec.json.decode(raw)
    assert stated["previous"] == first.last_hash
    assert set(stated["companies"][0]) == {"company", "clock", "chain"}
    assert books.company.encode() not in raw
    assert anchors.digest_of(world.settings, books.company) in {each["company"] for each in stated["companies"]}


@pytest.mark.parametrize("tamper", [buyer_changed, tail_cut])
def test_a_rewritten_journal_contradicts_its_anchor(books: Shop, tamper: Any) -> None:
    night(books)
    stranger = Stranger(books)
    tamper(stranger)
    rewritten(stranger)
    assert verdict(books).verified, "without the anchor every row agrees"
    found = full_pass(books)
    assert (found["verified"], found["faults"][0]["code"]) == (False, "anchor_mismatch")


def test_a_journal_that_ends_before_its_anchor_is_named(books: Shop) -> None:
    """All tables set back to an earlier state, as a recovery does."""
    stranger = Stranger(books)
    early = {table: stranger.items(table) for table in ("ledger", "journal")}
    books.issued()
    night(books)
    for table, rows in early.items():
        for item in stranger.items(table):
            stranger.delete(table, item["sort"]["S"])
        for item in rows:
            stranger.put(table, item)
    assert codes(verdict(books)) == set()
    assert full_pass(books)["faults"][0]["code"] == "anchor_ahead"


def test_a_night_that_finds_a_fault_finds_it_again(books: Shop) -> None:
    night(books)
    noted = evidence(books).noted_clock
    books.issued()
    buyer_changed(Stranger(books))
    for _ in range(2):
        night(books)
        assert (evidence(books).daily_code, evidence(books).noted_clock) == ("row_changed", noted)


def test_nobody_removes_or_replaces_an_anchor(books: Shop) -> None:
    """The emulated S3 must be as strict as AWS: an object's lock is neither shortened nor lifted."""
    day = today(night(books))
    archive = books.world.archive
    place = {"Bucket": archive.bucket, "Key": key_of(day)}
    honest = archive.first(place["Key"], 10**6)
    until = archive.locked_until(place["Key"])
    (version,) = archive.client.list_object_versions(Bucket=archive.bucket, Prefix=place["Key"])["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        archive.client.delete_object(**place, VersionId=version["VersionId"])
    with pytest.raises(ClientError, match="AccessDenied"):
        archive.client.delete_object(**place, VersionId=version["VersionId"], BypassGovernanceRetention=True)
    for mode, end in (("COMPLIANCE", until - timedelta(days=1)), ("GOVERNANCE", until)):
        with pytest.raises(ClientError, match="AccessDenied"):
            archive.client.put_object_retention(**place, Retention={"Mode": mode, "RetainUntilDate": end})
    archive.client.put_object(**place, Body=b'{"form":"1","day":"x","at":"x","previous":null,"companies":[]}')
    archive.client.delete_object(**place)
    assert archive.first(place["Key"], 10**6) == honest
    assert until.year == day.year + 10


def test_a_company_without_backups_gets_a_full_pass_each_period(books: Shop) -> None:
    def passes() -> int:
        jobs = [from_row("transient", item) for item in Stranger(books).items("transient", "job#")]
        return sum(isinstance(job, JobRow) and job.task == "evidence" for job in jobs)

    def at_night(at: datetime) -> int:
        assert nightly.night(books.world.at(at), evidence(books))
        return passes()

    start = books.world.now() + timedelta(days=1)
    while period(books.company, start) == period(books.company, start - timedelta(days=1)):
        start += timedelta(days=1)
    assert [at_night(start + timedelta(days=days)) for days in (0, 1, 29)] == [1, 1, 1], "it is queued once"
    run_scheduled(books.world, "bulk")
    assert evidence(books).full_found == 0
    put_row(books.world.store, replace(evidence(books), full_at=start))
    assert [at_night(start + timedelta(days=days)) for days in (1, 29, 30)] == [1, 1, 2]
