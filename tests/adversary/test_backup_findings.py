"""What a merchant, an attacker, a privacy officer, a tax inspector and an operator tried with backups; what holds."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.backup import DrillPlan
from chalicelib.domain.company import Company, Term
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.journal import JobRow
from chalicelib.domain.party import Customer
from chalicelib.jobs.runner import run_scheduled
from chalicelib.services import disclosures
from chalicelib.services.backup import asking, download, drill, restore, statutory
from chalicelib.services.disclosures import Told
from chalicelib.store import due
from chalicelib.store.door import ACCOUNT_WHILE_BLOCKED, Decision, transact
from chalicelib.store.drill import DrillStore, drill_settings
from chalicelib.store.read import open_company
from chalicelib.store.tables import create_tables
from tests.backup.restoring import Kept, ended, step
from tests.backup.worlds import Books, taken, turned_on
from tests.client import Client
from tests.conftest import Shop
from tests.privacy.conftest import shared_privacy_world, vault
from tests.privacy.worlds import Turned, carried

__all__ = ["shared_privacy_world", "vault"]
WHY = ("--reason", "asked by telephone, identity proven", "--by", "opr_1")
BACKUPS = "/v1/backups"


@pytest.fixture
def kept(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


@pytest.fixture
def books(shop: Shop) -> Books:
    return turned_on(shop)


def tool(world: Any, *words: str) -> int:
    return main(["backups", *words], lambda: world)


def headed(world: Any, company: str, **head: Any) -> None:
    call = world.call(company, "test", "test", key=world.random(8).hex())
    transact(world.store, call, [], lambda _: Decision(head=head), ACCOUNT_WHILE_BLOCKED)


def job_of(kept: Kept, made: asking.Download) -> JobRow:
    found = kept.there(made.job.key)
    assert isinstance(found, JobRow)
    return found


# The privacy officer


def test_the_archive_of_the_morning_is_not_handed_out_after_an_erasure(kept: Kept) -> None:
    backup = kept.taken()

    def fetched() -> asking.Download:
        return asking.download(kept.world, open_company(kept.world.store, kept.id), kept.call("download"), backup)

    ended(kept.world, job_of(kept, fetched()), download.advance)
    assert fetched().link is not None
    kept.confirmed(kept.customer)
    again = fetched()
    assert again.link is None, "the archive holds somebody who was erased since"
    outcome = ended(kept.world, job_of(kept, again), download.advance)
    assert fetched().link is not None
    with zipfile.ZipFile(io.BytesIO(kept.world.files.read(outcome["key"]))) as bundle:
        assert kept.customer not in bundle.read("data/customers.json").decode()


def test_an_erasure_in_the_middle_of_a_drill_is_no_failure(kept: Kept) -> None:
    create_tables(drill_settings(kept.world.settings))
    backup = kept.taken()

    def plan() -> DrillPlan:
        found = kept.there(DrillPlan.ref(kept.id))
        assert isinstance(found, DrillPlan)
        return found

    erased = False
    for _ in range(60):
        if not erased and '"step":"registers"' in (plan().step or ""):
            kept.confirmed(kept.customer)
            carried(kept.world)
            erased = True
        if drill.advance(kept.world, plan()):
            break
    assert erased
    assert kept.backup(backup).drill == "passed"
    rows = DrillStore(kept.world.settings).query("workspace", kept.id).records
    assert rows == []


def test_a_demand_about_one_person_hands_out_nobody_else(kept: Kept, tmp_path: Path) -> None:
    backup = kept.taken()
    told = Told("lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), kept.day, subject=kept.customer)
    demand = disclosures.record(kept.world, kept.id, told, "opr_1").id
    job = kept.job("download", backup=backup, operator=True, disclosure=demand)
    assert ended(kept.world, job, download.advance)["code"] == "forbidden"
    headed(kept.world, kept.id, state="blocked")
    for verb in (("fetch", "--to", str(tmp_path / "a.zip")), ("restore", "--into", "new", "--owner", "sub")):
        words = (*verb, "--company", kept.id, "--backup", backup, *WHY, "--disclosure", demand)
        assert tool(kept.world, *words) == 1


def test_a_blocked_companys_archive_is_not_made_for_it(kept: Kept) -> None:
    backup = kept.taken()
    job = kept.job("download", backup=backup)
    headed(kept.world, kept.id, state="blocked")
    assert ended(kept.world, job, download.advance)["code"] == "forbidden"


@pytest.mark.usefixtures("embedded_s3")
def test_an_erased_buyers_page_leaves_the_archive_only_on_a_lawful_demand(
    new_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    books = turned_on(new_shop(mode="live"))
    shop, world = books.shop, books.world
    invoice = shop.issued()
    taken(books)
    while not statutory.advance(world, books.company):
        pass
    one = ("archive-fetch", "--company", books.company, "--to", str(tmp_path / "a.pdf"), *WHY)
    by_id = (*one, "--document", invoice["id"])
    by_hash = (*one, "--document", invoice["register"]["hash"])
    assert tool(world, *by_id) == 0
    made = shop.owner.post("/v1/privacy/requests", {"kind": "deletion", "subject": shop.customer})
    assert shop.owner.post(f"/v1/privacy/requests/{made.json['id']}/confirm", {}).status == 200
    (tmp_path / "a.pdf").unlink()
    assert (tool(world, *by_id), tool(world, *by_hash)) == (1, 1)
    assert not (tmp_path / "a.pdf").exists()
    told = Told("lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), datetime.now(UTC).date())
    demand = disclosures.record(world, books.company, told, "opr_1").id
    assert tool(world, *by_id, "--disclosure", demand) == 0


@pytest.mark.parametrize("tier", ["daily", "weekly", "monthly"])
def test_every_backup_of_the_window_brings_back_nobody(kept: Kept, tier: str) -> None:
    backups = []
    for _ in range(2):
        backups.append(kept.taken())
        kept.put(kept.there(Customer.ref(kept.id, kept.other)).edited(kept.world.now(), notes=f"{tier}"))  # type: ignore[union-attr]
    invoice = kept.there(Invoice.ref(kept.id, kept.invoice))
    kept.confirmed(kept.customer)
    carried(kept.world)
    kept.lose(Invoice.ref(kept.id, kept.invoice))
    for backup in backups:
        for into in ("same", "new"):
            outcome = kept.restored(backup, into=into)
            company = outcome["company"]
            workspace = [row for (room, _), row in kept.content(company).items() if room == "workspace"]
            assert kept.customer not in repr(workspace)
            back = kept.there(Invoice.ref(company, kept.invoice))
            assert isinstance(back, Invoice)
            assert replace(back, company=kept.id) == invoice


# The attacker


def test_an_old_sign_in_makes_no_key_that_fetches_everything(books: Books) -> None:
    shop = books.shop
    (subject,) = [row["user"] for row in shop.owner.get("/v1/members").json["data"]]
    stale = shop.issuer.token(subject, auth_time=int((datetime.now(UTC) - timedelta(minutes=11)).timestamp()))
    client = Client(shop.owner.gateway, stale, books.company)
    refused = client.post("/v1/api-keys", {"name": "k", "scopes": ["backups.restore"]})
    assert (refused.status, refused.json["code"]) == (403, "proof_needed")
    assert client.post("/v1/api-keys", {"name": "k", "scopes": ["backups.read"]}).status == 201
    assert shop.owner.post("/v1/api-keys", {"name": "k", "scopes": ["backups.restore"]}).status == 201


def test_names_in_the_fetched_page_are_text(kept: Kept) -> None:
    profile = kept.there(Company.ref(kept.id))
    assert isinstance(profile, Company)
    kept.put(replace(profile, name='<script>alert(1)</script>"><img src=x>'))
    outcome = ended(kept.world, kept.job("download", backup=kept.taken()), download.advance)
    with zipfile.ZipFile(io.BytesIO(kept.world.files.read(outcome["key"]))) as bundle:
        page = bundle.read("index.html").decode()
    assert "<script" not in page
    assert "<img" not in page


@pytest.mark.parametrize("id", ["..%2f..%2fx", "../x", "bak_", "bak_" + "0" * 26, "bak_%00", "cmp_" + "0" * 26])
def test_an_id_leads_nowhere_else(books: Books, id: str) -> None:
    for got in (books.shop.owner.get(f"{BACKUPS}/{id}"), books.shop.owner.get(f"{BACKUPS}/{id}/download")):
        assert got.status in (400, 404, 422)
    got = books.shop.owner.post(f"{BACKUPS}/{id}/restore", {})
    assert got.status in (400, 404, 422)


# The operator


def test_a_company_shut_by_a_run_that_was_killed_at_once_opens_again(kept: Kept) -> None:
    job = step(kept.world, kept.job(backup=kept.taken()))
    assert b'"step":"begin"' in job.inputs
    restore.advance(kept.world, job)  # and killed before its place was kept, each time until it is given up
    assert kept.head().state == "restoring"
    restore.give_up(kept.world, job)
    assert ended(kept.world, job)["code"] == "given_up"
    assert kept.head().state == "active"


def test_a_company_whose_restore_was_lost_is_opened_by_another(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    backup = kept.taken()
    job = kept.job(backup=backup)
    for _ in range(2):
        job = step(kept.world, job)
    due.finish(kept.world.store, job.key)  # thirty days later: nobody looked at what was given up
    words = ("--company", kept.id, "--backup", backup, *WHY)
    assert kept.head().state == "restoring"
    capsys.readouterr()
    row = kept.job(backup=backup, operator=True, reason="r")
    assert ended(kept.world, row)["company"] == kept.id
    assert kept.head().state == "active"
    headed(kept.world, kept.id, state="restoring", restore=job.id)
    restore_job = tool(kept.world, "restore", *words)
    assert restore_job == 0, capsys.readouterr().out
    assert kept.head().state == "active"


def test_a_running_restore_is_not_taken_over(kept: Kept) -> None:
    backup = kept.taken()
    job = kept.job(backup=backup)
    for _ in range(2):
        job = step(kept.world, job)
    assert ended(kept.world, kept.job(backup=backup, operator=True))["code"] == "company_restoring"
    assert kept.head().restore == job.id
    ended(kept.world, job)


# The merchant


def test_a_device_with_an_older_copy_is_told_and_learns_what_came_back(books: Books) -> None:
    shop, url = books.shop, f"/v1/customers/{books.shop.customer}"
    before = shop.owner.get(url)
    backup = taken(books)
    edited = shop.owner.patch(url, {"notes": "later"}, before.headers["etag"])
    assert edited.status == 200
    clock = shop.clock
    for name in (None, "gone"):
        if name:
            assert shop.owner.delete(url, "*").status == 200
        got = shop.owner.post(f"{BACKUPS}/{backup.id}/restore", {})
        run_scheduled(books.world, "restores")
        assert shop.owner.get(got.headers["location"]).json["status"] == "completed"
        assert shop.owner.patch(url, {"notes": "offline"}, edited.headers["etag"]).status == 412
    changes = shop.owner.get("/v1/changes", query={"after": str(clock)})
    assert changes.status == 200, changes.text
    assert shop.customer in json.dumps(changes.json)


def test_restored_twice_while_issuing_goes_on_numbers_are_given_once(books: Books) -> None:
    shop = books.shop
    numbers = [shop.issued()["number"]]
    old = taken(books)
    numbers += [shop.issued()["number"] for _ in range(2)]
    for _ in range(2):
        shop.owner.post(f"{BACKUPS}/{old.id}/restore", {})
        shop.owner.post(f"{BACKUPS}/{old.id}/restore", {"kinds": ["invoices"]})
        run_scheduled(books.world, "restores")
        numbers.append(shop.issued()["number"])
    assert len(set(numbers)) == 5
    assert [int(number[-5:]) for number in numbers] == [1, 2, 3, 4, 5]
    assert shop.owner.get("/v1/register/verify").json["verified"]


def test_a_key_that_restores_into_a_new_company_is_told_at_once(books: Books) -> None:
    backup = taken(books)
    key, _ = books.shop.key("backups.restore")
    got = key.post(f"{BACKUPS}/{backup.id}/restore", {"into": "new"})
    assert got.status == 403


# The tax inspector


def test_what_goes_with_a_swept_document_does_not_come_back_without_it(kept: Kept) -> None:
    payment = next(row for row in kept.content().values() if isinstance(row, Payment))
    kept.put(PaymentId(company=kept.id, id=payment.id, created_at=kept.at, updated_at=kept.at, invoice=kept.invoice))
    backup = kept.taken()
    gone = [Invoice.ref(kept.id, kept.invoice), Balance.ref(kept.id, kept.invoice), payment.key]
    gone += [PaymentId.ref(kept.id, payment.id)]
    entries = [row.key for row in kept.content().values() if row.KIND == "register_entry"]
    kept.lose(*gone, *entries)
    term = Term(
        company=kept.id,
        id=kept.id,
        created_at=kept.at,
        updated_at=kept.at,
        ends=("12-31",),
        period="P10Y",
        swept=kept.day,
        due_at=kept.at + timedelta(days=400),
    )
    kept.put(term)
    for kinds in (None, ("payments",), ("invoices",)):
        kept.restored(backup, kinds=kinds)
        assert [ref for ref in [*gone, *entries] if kept.there(ref) is not None] == []


def test_a_closed_companys_numbers_go_on_in_one_copy_alone(kept: Kept) -> None:
    backup = kept.taken()
    headed(kept.world, kept.id, state="closed")
    told = Told("lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), kept.day)
    demand = disclosures.record(kept.world, kept.id, told, "opr_1").id
    asked: dict[str, Any] = {"backup": backup, "into": "new", "operator": True, "owner": "sub", "disclosure": demand}
    copies = [ended(kept.world, kept.job(**asked))["company"] for _ in range(2)]
    assert [kept.head(company).mode for company in copies] == ["live", "test"]
