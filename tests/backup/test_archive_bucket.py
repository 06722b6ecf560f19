"""The statutory archive: every document once, sealed, locked until its term; never a specimen, and nothing twice."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import StatutoryKey
from chalicelib.domain.backups.backup_errors import BackupDamaged, BackupUnknownKey
from chalicelib.domain.errors import NotFound
from chalicelib.domain.ids import new_id
from chalicelib.domain.privacy.erased import marked
from chalicelib.files import prefixes
from chalicelib.jobs.runner import run_scheduled
from chalicelib.policy.schedules import CompanyRetention
from chalicelib.services.archive import statutory
from chalicelib.services.backup.format.archive import Archive, open_archive
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.store.decision import ACCOUNT, Decision
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import NEVER
from tests.backup.restoring import operator_tool
from tests.backup.worlds import taken, turned_on
from tests.conftest import Shop
from tests.crash import watched

pytestmark = pytest.mark.usefixtures("embedded_s3")
WHY = ("--reason", "asked by telephone, identity proven", "--by", "opr_1")


def key_of(shop: Shop) -> str:
    """Give the company its statutory key, as its first backup does."""
    world = shop.world
    call = world.call(shop.company, "test", "test", key=world.random(8).hex())
    id = new_id(StatutoryKey.PREFIX, call.at, world.random(10))
    row = StatutoryKey(
        company=shop.company,
        id=id,
        created_at=call.at,
        updated_at=call.at,
        wrapped=world.vault.wrapped(shop.company, id),
    )
    transact(world.store, call, [], lambda _: Decision(new=(row,)), ACCOUNT)
    return id


@pytest.fixture
def live(new_shop: Callable[..., Shop]) -> Shop:
    shop = new_shop(mode="live")
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    key_of(shop)
    return shop


def archive_all(shop: Shop) -> None:
    for _ in range(20):
        if statutory.advance(shop.world, shop.company, NEVER):
            return
    raise AssertionError("the archive never ends")


def stored(shop: Shop) -> list[str]:
    return list(shop.world.archive.list(prefixes.of_company(prefixes.ARCHIVE, shop.company)))


def hash_of(invoice: dict[str, Any]) -> str:
    return str(invoice["register"]["hash"])


def test_every_issued_document_is_there_once_with_its_e_invoice(live: Shop) -> None:
    issued = [live.issued() for _ in range(3)]
    credit = live.owner.post(f"/v1/invoices/{issued[0]['id']}/credit").json
    live.draft()
    archive_all(live)
    assert stored(live) == sorted(prefixes.archived(live.company, hash_of(each)) for each in [*issued, credit])
    for each in [*issued, credit]:
        digest, page = statutory.fetch(live.world, live.company, each["id"])
        assert digest == hash_of(each)
        assert page.startswith(b"%PDF")
        assert f"{each['number']}.xml".encode() in page
        assert (digest, page) == statutory.fetch(live.world, live.company, digest), "found without the ledger too"


def test_an_archived_object_is_encrypted_and_locked_until_its_term(live: Shop) -> None:
    """Ten years from the end of the financial year (CGI art. 211), the whole last day included, in Casablanca."""
    invoice = live.issued()
    archive_all(live)
    world, key = live.world, prefixes.archived(live.company, hash_of(invoice))
    raw = world.archive.read(key)
    assert b"%PDF" not in raw
    assert b"Boutique" not in raw
    year = date.fromisoformat(invoice["issue_date"]).year
    assert world.archive.locked_until(key).astimezone(UTC) == datetime(year + 10, 12, 31, 23, tzinfo=UTC)
    (version,) = world.archive.client.list_object_versions(Bucket=world.archive.bucket, Prefix=key)["Versions"]
    with pytest.raises(ClientError, match="object lock"):
        world.archive.client.delete_object(Bucket=world.archive.bucket, Key=key, VersionId=version["VersionId"])


def test_the_lock_follows_the_companys_own_financial_year(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mode="live", financial_year_end="06-30")
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    key_of(shop)
    invoice = shop.issued()
    archive_all(shop)
    day = date.fromisoformat(invoice["issue_date"])
    year = day.year if (day.month, day.day) <= (6, 30) else day.year + 1
    until = shop.world.archive.locked_until(prefixes.archived(shop.company, hash_of(invoice)))
    assert until.astimezone(UTC) == datetime(year + 10, 6, 30, 23, tzinfo=UTC)


def test_the_cost_of_a_run_depends_on_new_documents(live: Shop) -> None:
    live.issued()
    archive_all(live)
    clients = [live.world.store.connection.client, live.world.archive.client]
    archive_all(live)
    with watched(clients) as idle:
        archive_all(live)
    assert idle.writes == []
    assert len(idle.made) <= 3, "the marks, and one look at the journal"
    live.issued()
    with watched(clients) as again:
        archive_all(live)
    assert again.made.count("PutObject") == 1


def test_a_long_journal_is_walked_in_pieces(live: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    issued = [live.issued() for _ in range(3)]
    monkeypatch.setattr(statutory, "ENTRIES", 4)
    pieces = 0
    while not statutory.advance(live.world, live.company, NEVER):
        pieces += 1
        assert pieces < 50
    assert pieces >= 2
    assert len(stored(live)) == len(issued)


def test_specimens_and_switched_off_companies_are_not_archived(new_shop: Callable[..., Shop]) -> None:
    test = new_shop(mode="test")
    assert test.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    off = new_shop(mode="live")
    for shop in (test, off):
        key_of(shop)
        shop.issued()
        assert statutory.advance(shop.world, shop.company, NEVER)
        assert stored(shop) == []
        assert shop.world.store.records([Archived.ref(shop.company)]) == [None]


def test_a_changed_or_moved_object_cannot_be_decrypted(live: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = live.issued(), live.issued()
    archive_all(live)
    world, company = live.world, live.company
    key = prefixes.archived(company, hash_of(first))
    good = world.archive.read(key)
    other = world.archive.read(prefixes.archived(company, hash_of(second)))
    for bad in (other, good[:-1], good[:60] + bytes([good[60] ^ 1]) + good[61:], b"", b"bky_x\n"):
        monkeypatch.setattr(world.archive, "first", lambda *_, found=bad: found)
        with pytest.raises(BackupDamaged):
            statutory.fetch(world, company, first["id"])
    unknown = new_id(StatutoryKey.PREFIX, world.now(), world.random(10)).encode()
    monkeypatch.setattr(world.archive, "first", lambda *_: unknown + good[good.index(b"\n") :])
    with pytest.raises(BackupUnknownKey):
        statutory.fetch(world, company, first["id"])
    with pytest.raises(NotFound):
        statutory.fetch(world, company, new_id("inv", world.now(), world.random(10)))


def test_a_buyer_who_was_erased_leaves_the_original_in_the_archive_and_no_page_elsewhere(live: Shop) -> None:
    invoice = live.issued()
    world = live.world
    call = world.call(live.company, "test", "test", key=world.random(8).hex())
    erased = {"erased": marked(None, live.customer)}
    transact(world.store, call, [], lambda _: Decision(head=erased), ACCOUNT)
    assert live.owner.get(f"/v1/invoices/{invoice['id']}/pdf").status == 409
    for key in list(world.files.list(prefixes.of_company(prefixes.PDF, live.company))):
        world.files.delete(key)
    archive_all(live)
    told = DisclosureInput("lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), live.today)
    demand = disclosures.record(world, live.company, told, "opr_1").id
    assert statutory.fetch(world, live.company, invoice["id"], disclosure=demand)[1].startswith(b"%PDF")
    assert list(world.files.list(prefixes.of_company(prefixes.PDF, live.company))) == []


def backed_up(shop: Shop) -> Archive:
    """A backup as the clock makes it, with the archive after it."""
    asked = shop.owner.post("/v1/backups", {})
    assert asked.status == 202, asked.text
    run_scheduled(shop.world, "backups")
    assert shop.owner.get(asked.headers["location"]).json["status"] == "completed"
    return open_archive(shop.world, shop.company, asked.json["id"])


def test_a_backup_names_each_pdf_by_its_hash_and_each_is_stored_once(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mode="live")
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    issued = [shop.issued() for _ in range(2)]
    issued.append(shop.owner.post(f"/v1/invoices/{issued[0]['id']}/credit").json)
    lines = [line.data or {} for line in backed_up(shop).rows({"invoices", "credit_notes"}) if line.kind != "balance"]
    assert {line["number"] for line in lines} == {each["number"] for each in issued}
    assert stored(shop) == sorted(prefixes.archived(shop.company, line["hash"]) for line in lines)
    for line in lines:
        digest, page = statutory.fetch(shop.world, shop.company, line["hash"])
        assert digest == line["hash"]
        assert page.startswith(b"%PDF")
        assert f"{line['number']}.xml".encode() in page, "with the e-invoice in it"
    before = versions(shop)
    with watched([shop.world.archive.client]) as again:
        backed_up(shop)
    assert "PutObject" not in again.made
    assert versions(shop) == before


def versions(shop: Shop) -> set[tuple[str, str]]:
    archive = shop.world.archive
    own = prefixes.of_company(prefixes.ARCHIVE, shop.company)
    found = archive.client.list_object_versions(Bucket=archive.bucket, Prefix=own)["Versions"]
    return {(each["Key"], each["VersionId"]) for each in found}


def test_an_erased_buyers_document_is_given_only_on_a_lawful_demand(
    new_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    books = turned_on(new_shop(mode="live"))
    shop, world = books.shop, books.world
    invoice = shop.issued()
    taken(books)
    archive_all(shop)
    one = ("archive-fetch", "--company", books.company, "--to", str(tmp_path / "a.pdf"), *WHY)
    by_id = (*one, "--document", invoice["id"])
    by_hash = (*one, "--document", invoice["register"]["hash"])
    assert operator_tool(world, *by_id) == 0
    made = shop.owner.post("/v1/privacy/requests", {"kind": "deletion", "subject": shop.customer})
    assert shop.owner.post(f"/v1/privacy/requests/{made.json['id']}/confirm", {}).status == 200
    (tmp_path / "a.pdf").unlink()
    assert (operator_tool(world, *by_id), operator_tool(world, *by_hash)) == (1, 1)
    assert not (tmp_path / "a.pdf").exists()
    told = DisclosureInput("lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), shop.today)
    demand = disclosures.record(world, books.company, told, "opr_1").id
    assert operator_tool(world, *by_id, "--disclosure", demand) == 0


@pytest.mark.parametrize("how", ["put", "deleted"])
def test_a_version_over_a_locked_original_does_not_hide_it(new_shop: Callable[..., Shop], how: str) -> None:
    books = turned_on(new_shop(mode="live"))
    invoice = books.shop.issued()
    taken(books)
    archive_all(books.shop)
    digest, page = statutory.fetch(books.world, books.company, invoice["id"])
    place = {"Bucket": books.world.archive.bucket, "Key": prefixes.archived(books.company, digest)}
    if how == "put":
        books.world.archive.client.put_object(**place, Body=b"stranger")
    else:
        books.world.archive.client.delete_object(**place)
    assert statutory.fetch(books.world, books.company, invoice["id"]) == (digest, page)


@pytest.mark.parametrize(("days_left", "number"), [(-30, 0), (30, 1)])
def test_a_document_past_its_term_is_not_locked(new_shop: Callable[..., Shop], days_left: int, number: int) -> None:
    """S3 refuses a lock that has ended, and every later backup would wait for it."""
    books = turned_on(new_shop(mode="live"))
    books.shop.issued()
    taken(books)
    world, until = books.world, books.shop.today + timedelta(days=days_left)
    locks: list[datetime] = []
    lock = world.archive.lock

    def locked(key: str, content: bytes, until: datetime) -> bool:
        locks.append(until)
        return lock(key, content, until)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.archive, "lock", locked)
        patch.setattr(CompanyRetention, "kept_until", lambda *_: until)
        archive_all(books.shop)
    assert len(locks) == number
