"""No action on one company's data changes a byte of another's: all rows and all versions, before and after."""

from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256

import pytest

from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.schedules import new_schedule
from chalicelib.services.privacy.requests import requests
from tests.privacy.canaries import Garden, buckets
from tests.privacy.crashes import put
from tests.privacy.test_canaries import everything_due, files_of
from tests.privacy.test_terms import Calendar, sweep
from tests.privacy.worlds import Books, Turned
from tests.rows import put_row


def fingerprint(world: Turned, company: str) -> dict[str, str]:
    """A hash of each row, each version of each object, and each unfinished upload of a company, by its address."""
    found: dict[str, bytes] = {}
    client = world.store.connection.client
    for table, name in world.store.names.items():
        for page in client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
            rows = [row for row in page["Items"] if row["company"]["S"] == company]
            found |= {f"{table}/{row['sort']['S']}": repr(sorted(row.items())).encode() for row in rows}
    for files in buckets(world):
        own = {"Bucket": files.bucket}
        for page in files.client.get_paginator("list_object_versions").paginate(**own):
            for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                if f"/{company}/" in each["Key"]:
                    name = f"{each['Key']}@{each['VersionId']}"
                    marker = "ETag" not in each
                    named = {"Key": each["Key"], "VersionId": each["VersionId"]}
                    found[name] = b"" if marker else files.client.get_object(**own, **named)["Body"].read()
        for upload in files.client.list_multipart_uploads(**own).get("Uploads", ()):
            if f"/{company}/" in upload["Key"]:
                found[f"{upload['Key']}@{upload['UploadId']}"] = b""
    return {name: sha256(content).hexdigest() for name, content in found.items()}


def neighbour(world: Turned) -> Books:
    """A company with a row of every kind and objects under every prefix, its statutory records not due."""
    books = Books(world)
    garden = Garden(world, books.id)
    for row in garden.rows():
        if row.KIND not in ("company", "term"):
            put_row(world.store, row)
    put(books, new_schedule(books.profile, books.at + timedelta(days=20 * 366)))
    files_of(world, books.id, garden)
    return books


def account(world: Turned) -> None:
    """A whole account goes."""
    Books(world).confirmed(waive=True)


def customer(world: Turned) -> None:
    """One customer goes."""
    books = Books(world)
    books.confirmed(books.customer)


def access(world: Turned) -> None:
    """Everything is handed out."""
    books = Books(world)
    id = requests.ask(world, books.call(), books.owner(), "access", None).outcome.id
    requests.confirm(world, books.call(), books.owner(), id)


def lapsed(world: Turned) -> None:
    """The statutory term ends."""
    shop = Calendar(world, [date(2026, 12, 31), date(2027, 1, 1)], "12-31")
    sweep(world, date(2038, 1, 1))
    assert shop.kept == set()


@pytest.mark.parametrize("work", [account, customer, access, lapsed])
def test_another_company_is_not_touched(alone: Turned, work: Callable[[Turned], None]) -> None:
    beside = neighbour(alone)
    before = fingerprint(alone, beside.id)
    assert {name.partition("/")[0] for name in before} >= {*alone.store.names, "pdf", "exports", "uploads", "logos"}
    work(alone)
    everything_due(alone)
    run_later(alone)
    assert fingerprint(alone, beside.id) == before


def run_later(world: Turned) -> None:
    """Run each of these jobs as of eleven minutes later."""
    for job in JOBS:
        run(world, job, now=world.now() + timedelta(minutes=11), left=within(120))


def test_a_touched_byte_is_found(alone: Turned) -> None:
    beside = neighbour(alone)
    before = fingerprint(alone, beside.id)
    (draft, *_) = alone.store.query("workspace", beside.id).records
    put(beside, draft.edited(alone.now()))
    after = fingerprint(alone, beside.id)
    assert [name for name in before if before[name] != after[name]] == [f"workspace/{draft.key.sort}"]
