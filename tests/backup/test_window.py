"""A full window of backups: a year of nights leaves what the policy says, and no backup of it resurrects anybody."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

import app
from chalicelib.domain.backups.backup_errors import BackupKeyDestroyed
from chalicelib.domain.clock import MOROCCO, today
from chalicelib.domain.companies.company import Series
from chalicelib.domain.entity import Record
from chalicelib.files import prefixes
from chalicelib.services.backup.format.archive import open_archive
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.services.documents import register
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.store.codec import digest
from chalicelib.store.read import open_company
from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from local.issuer import Issuer
from tests import crash
from tests.backup import year as years
from tests.backup.restoring import content_of
from tests.backup.worlds import turned_on
from tests.backup.year import Year
from tests.client import Client
from tests.conftest import Shop
from tests.privacy.worlds import Turned


@pytest.fixture(scope="module")
def year(world: World, new_shop: Callable[..., Shop], issuer: Issuer) -> Iterator[Year]:
    """A company that has lived for a year, in a world of its own behind the application, whose clock is turned. The
    tests share it, in their order: the last one ends it."""
    known = world.settings
    made = Turned(replace(known, table_prefix=f"{known.table_prefix}year-", files_bucket=f"{known.files_bucket}-year"))
    create_tables(made.settings)
    files, bucket = made.files.client, made.settings.files_bucket
    files.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": known.region})
    files.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    end = years.last_day(today(made.now()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "world", lambda: made)
        made.offset = datetime.combine(years.nights(end)[0], time(), UTC) - timedelta(days=1) - datetime.now(UTC)
        shop = replace(new_shop(), world=made)
        (member,) = shop.owner.get("/v1/members").json["data"]
        signed_in = datetime.combine(end, time(), UTC) + timedelta(days=90)  # just now, whenever that is
        shop.owner.token = issuer.token(member["user"], auth_time=int(signed_in.timestamp()))
        lived = Year(shop, made, end, owner_id=member["id"])
        lived.settled()
        turned_on(shop)
        lived.lives()
        yield lived


def test_a_year_of_nights_leaves_seven_days_five_weeks_and_twelve_months(year: Year) -> None:
    """By the API, by what lies in the bucket, and by the calendar: nothing that should be there is missing."""
    wanted = years.kept(year.tiers, year.end)
    assert Counter(wanted.values()) == {"daily": 6, "weekly": 5, "monthly": 12}
    last_week = {year.end - day * years.DAY for day in range(7)}
    assert last_week <= set(wanted), "a night of the last seven has no backup"
    assert Counter(year.tiers.values()) > Counter(wanted.values()), "none has expired"
    shown = {backup["id"]: backup["tier"] for backup in year.backups()}
    assert [backup["status"] for backup in year.backups()] == ["complete"] * 23
    nights = {
        datetime.fromisoformat(each["cut_at"]).astimezone(MOROCCO).date(): each["tier"] for each in year.backups()
    }
    assert nights == wanted
    lying = {
        (tier, key.split("/")[3])
        for tier, prefix in prefixes.BACKUPS.items()
        for key in year.versions(prefixes.of_company(prefix, year.company))
    }
    assert lying == {(tier, id) for id, tier in shown.items()}


def test_no_backup_of_the_window_brings_an_erased_person_back(year: Year) -> None:
    """A customer with invoices, a supplier and a member are erased; then backups are restored, after a disaster took
    what is in all of them."""
    assert set(found(year.owner)) == set(years.TRACES)
    ledger = stored(year, year.company)
    for subject in (year.person, year.supplier, year.member):
        year.erases(subject)
    assert found(year.owner) == []
    for backup in year.backups() if crash.every_call else ends_of_tiers(year):
        year.disaster()
        job = year.restored(backup["id"])
        assert job["status"] == "completed", job
        assert (backup["id"], found(year.owner, everything=False)) == (backup["id"], [])
        assert job["outcomes"][0]["kinds"]["customers"]["stays_deleted"] == 1
        assert stored(year, year.company) == ledger
        assert_valid(year, year.company)
    assert found(year.owner) == []
    tiers = {backup["tier"]: backup["id"] for backup in year.backups()}  # the oldest of each
    for backup in tiers.values():
        copy = str(year.restored(backup, into="new")["outcomes"][0]["company"])
        assert (backup, found(replace(year.owner, company=copy))) == (backup, [])
        rows = stored(year, copy)
        assert len(rows) > 4
        assert rows.items() <= ledger.items()
        assert_valid(year, copy)


def ends_of_tiers(year: Year) -> list[dict[str, Any]]:
    """The oldest and the latest backup of each tier, the sample of `make test`."""
    tiers: dict[str, list[dict[str, Any]]] = {}
    for backup in year.backups():  # the latest first
        tiers.setdefault(backup["tier"], []).append(backup)
    return [backup for each in tiers.values() for backup in (each[0], each[-1])]


def test_every_backup_of_a_deleted_account_opens_its_statutory_records_only(year: Year) -> None:
    """As a copy of the bucket may still have them all: the working key is destroyed, the statutory one opens."""
    backups, ledger = year.backups(), stored(year, year.company)
    own = [prefixes.of_company(prefix, year.company) for prefix in prefixes.BACKUPS.values()]
    copy = {key: year.world.files.read(key) for prefix in own for key in year.world.files.list(prefix)}
    year.erases(None)
    assert [key for prefix in own for key in year.versions(prefix)] == []
    for key, content in copy.items():
        year.world.files.put(key, content, "application/octet-stream")
    told = DisclosureInput("lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), year.end)
    demand = disclosures.record(year.world, year.company, told, "opr_1").id
    assert Counter(backup["tier"] for backup in backups) == {"daily": 6, "weekly": 5, "monthly": 12}
    for backup in backups:
        archive = open_archive(year.world, year.company, backup["id"])
        for group in WORKING:
            with pytest.raises(BackupKeyDestroyed):
                list(archive.rows([group]))
        rows = {line.sort: encoded(line.record(year.company)) for line in archive.rows(LEDGER)}
        assert len(rows) > 4
        documents = {sort: content for sort, content in rows.items() if not sort.startswith(MOVING)}
        assert documents.items() <= ledger.items()
        invoices = [sort for sort in rows if sort.startswith("invoice#") and not sort.endswith("#balance")]
        assert len(invoices) == backup["counts"]["invoices"]
    for backup in {backup["tier"]: backup["id"] for backup in backups}.values():
        assert year.asked(backup, dry_run=True)["code"] == "backup_key_destroyed"
        would = year.asked(backup, dry_run=True, operator=True, disclosure=demand)["would"]
        assert would["invoices"]["unchanged"] > 1
        gone = year.asked(backup, into="new", operator=True, disclosure=demand, owner="sub-judge", reason="order 12")
        assert stored(year, str(gone["company"])).items() <= ledger.items()
        assert_valid(year, str(gone["company"]))


MOVING = ("series#", "balance#")
"""Rows of the ledger that are not issued: how far a series is, and what was paid."""
LEDGER = tuple(group.name for group in GROUPS if group.table == "ledger")
EMPTY = ("templates", "attachments", "import_mappings")
WORKING = tuple(group.name for group in GROUPS if group.key_class == "working" and group.name not in EMPTY)
"""The groups under the working key that hold rows: nobody replaced a template, attached or imported a file here."""


def encoded(record: Record) -> bytes:
    """The hash of a row's canonical bytes, whosever it is."""
    return digest(replace(record, company=""), b"")


def stored(year: Year, company: str) -> dict[str, bytes]:
    """The canonical bytes of every issued document and register entry of a company, by sort key."""
    rows = content_of(year.world, company)
    return {
        sort: encoded(row) for (table, sort), row in rows.items() if table == "ledger" and not sort.startswith(MOVING)
    }


def found(client: Client, *, everything: bool = True) -> list[str]:
    """The traces of erased persons that the API shows."""
    shown = years.read(client, everything=everything)
    return [trace for trace in years.TRACES if trace in shown]


def assert_valid(year: Year, company: str) -> None:
    """Every series' chain verifies to its last number, recomputed from the documents."""
    reader = open_company(year.world.store, company)
    names = [row.id for row in content_of(year.world, company).values() if isinstance(row, Series)]
    assert names
    for name in names:
        told = register.verify(reader, name, 0)
        assert (told.fault, told.complete) == (None, True)
