"""Disabling the cloud: a dry run lists the rows, then they and the backups are erased; statutory records stay."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.domain.backups.backup import Backup, KeyDestruction, WorkingKey
from chalicelib.domain.backups.backup_errors import BackupKeyDestroyed
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.jobs.backups import EXPIRY_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.retention import proofs_job
from chalicelib.jobs.runner import run
from chalicelib.policy.ends import first_day_gone
from chalicelib.services.backup import disable_cloud
from chalicelib.services.backup.create import backup_run
from chalicelib.services.backup.format.archive import open_archive
from chalicelib.services.privacy.legal import holds
from chalicelib.store.wire import SORT
from tests.api.samples import sample, send
from tests.backup.remains import remains
from tests.backup.worlds import Books, taken, turned_on
from tests.client import Client, Got
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.workflow import tables

OFF = {"cloud": {"sync": False, "backup": False}}


def off(books: Books, **more: Any) -> Got:
    return books.shop.owner.patch("/v1/settings", OFF | more, "*")


def expire(books: Books, **after: float) -> Any:
    return run(books.world, EXPIRY_JOB, now=books.world.now() + timedelta(**after), left=within(120))


def kinds(books: Books, table: str) -> list[str]:
    return sorted(row.KIND for row in books.world.store.query(table, books.company).records)


def objects(books: Books, *places: str) -> list[str]:
    own = [prefixes.of_company(place, books.company) for place in places]
    return [key for prefix in own for key in books.world.files.list(prefix)]


def test_a_dry_run_counts_the_rows_to_erase_and_changes_nothing(books: Books) -> None:
    books.shop.draft()
    books.shop.owner.post("/v1/support", {"subject": "x", "text": "y"})
    before = books.shop.clock
    told = off(books, dry_run=True)
    assert (told.status, told.json["goes"]) == (200, {"customer": 1, "invoice": 1})
    assert told.json["cloud"] == {"sync": False, "backup": False}
    assert books.shop.clock == before
    one = books.shop.owner.patch("/v1/settings", {"cloud": {"sync": False}, "dry_run": True}, "*")
    assert one.json["goes"] == {}, "the other one is still on"
    assert books.shop.owner.get("/v1/settings").json["cloud"] == {"sync": True, "backup": True}


def test_without_erase_it_is_refused(books: Books) -> None:
    assert off(books).json["code"] == "workspace_not_empty"


def test_business_data_and_backups_are_erased_and_statutory_records_stay(books: Books) -> None:
    shop = books.shop
    invoice = shop.issued()
    shop.draft()
    backup = taken(books)
    prefix = prefixes.backup(backup.tier, books.company, backup.id)
    copy = {key: books.world.files.read(key) for key in books.world.files.list(prefix)}
    books.world.files.put(prefixes.sync(books.company, "dev_1", "copy"), b"{}", "application/json")
    gone = off(books, erase=True)
    assert gone.status == 202
    assert gone.json["cloud"] == {"sync": False, "backup": False}
    assert shop.owner.post("/v1/customers", {"name": "x"} | {"kind": "consumer"}).json["code"] == "cloud_storage_off"
    expire(books)
    job = shop.owner.get(gone.headers["location"]).json
    assert (job["status"], job["outcomes"][0]["outcome"]) == ("completed", "complete")
    assert kinds(books, "workspace") == ["company"]
    assert objects(books, *prefixes.BACKUPS.values(), prefixes.PDF, prefixes.SYNC) == []
    assert books.world.store.query("transient", books.company, SORT.startswith("backup#")).records == []
    assert set(kinds(books, "ledger")) == {"invoice", "balance", "register_entry", "series"}
    assert shop.owner.get(f"/v1/invoices/{invoice['id']}").json["code"] == "cloud_storage_off", "kept, and blocked"
    assert shop.owner.get("/v1/register/verify").json["fault"] is None
    for key, content in copy.items():
        books.world.files.put(key, content, "application/octet-stream")
    archive = open_archive(books.world, books.company, backup.id, tier=backup.tier)
    with pytest.raises(BackupKeyDestroyed):
        list(archive.rows(["customers"]))
    assert [line.kind for line in archive.rows(["invoices"])] == ["invoice", "balance"]


def test_a_returning_company_starts_anew_under_another_key(books: Books) -> None:
    first = taken(books)
    off(books, erase=True)
    expire(books)
    assert books.shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    second = taken(books)
    assert second.status == "complete"
    assert second.working_key != first.working_key
    assert second.statutory_key == first.statutory_key


def test_the_proof_of_a_destroyed_key_ends_after_five_years(books: Books) -> None:
    taken(books)
    off(books, erase=True)
    expire(books)
    (proof,) = books.world.store.all_of(KeyDestruction, books.company)
    at = first_day_gone("request.proof", proof.created_at)
    for shift, left in ((-timedelta(seconds=1), [proof]), (timedelta(0), [])):
        run(books.world, proofs_job(), now=at + shift, left=within(60))
        assert [*books.world.store.all_of(KeyDestruction, books.company)] == left


def test_turning_a_switch_on_again_stops_the_deletion(books: Books) -> None:
    gone = off(books, erase=True)
    assert books.shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*").status == 200
    expire(books)
    job = books.shop.owner.get(gone.headers["location"]).json
    assert (job["status"], job["outcomes"][0]["code"]) == ("failed", "switched_on")
    assert books.shop.owner.get(f"/v1/customers/{books.shop.customer}").status == 200


def test_a_hold_keeps_it(books: Books) -> None:
    off(books, erase=True)
    hold = holds.place(books.world, books.company, "enquiry 9", "opr_1")
    assert expire(books).held >= 1
    assert "customer" in kinds(books, "workspace")
    holds.release(books.world, books.company, hold.id, "opr_1")
    expire(books)
    assert kinds(books, "workspace") == ["company"]


def test_the_settings_show_the_erasure_until_it_ends(books: Books) -> None:
    assert books.shop.owner.get("/v1/settings").json.get("job") is None
    gone = off(books, erase=True)
    shown = books.shop.owner.get("/v1/settings").json
    assert shown["job"] == gone.json["job"]
    assert books.shop.owner.get(f"/v1/jobs/{shown['job']}").json["status"] == "queued"
    expire(books)
    assert books.shop.owner.get("/v1/settings").json.get("job") is None
    done = books.shop.owner.get(f"/v1/jobs/{shown['job']}").json
    assert (done["status"], done["done"]) == ("completed", 1)


def test_the_erasure_is_due_each_minute() -> None:
    assert EXPIRY_JOB.schedule == "rate(1 minute)"


@pytest.mark.parametrize("issued", [True, False])
def test_the_erasure_leaves_the_identity_of_the_profile(books: Books, issued: bool) -> None:
    owner = books.shop.owner
    business = {
        "bank_name": "Banque Populaire",
        "phone": "+212522000000",
        "signature_box": True,
        "template": "<p>x</p>",
    }
    edited = owner.patch("/v1/company", business | {"legal_form": "SARL", "financial_year_end": "06-30"}, "*")
    assert edited.status == 200, edited.text
    logo = next(endpoint for endpoint in ENDPOINTS if endpoint.path == "/v1/company/logo" and endpoint.method == "PUT")
    assert send(owner, logo, sample(logo, books.shop)).status == 200
    if issued:
        books.shop.issued()
    off(books, erase=True)
    hold = holds.place(books.world, books.company, "enquiry 9", "opr_1")
    expire(books)
    assert owner.get("/v1/company").json["bank_name"] == business["bank_name"], "held"
    holds.release(books.world, books.company, hold.id, "opr_1")
    expire(books)
    left = owner.get("/v1/company").json
    assert (left["bank_name"], left["phone"], left["signature_box"], left["logo"]) == (None, None, False, None)
    assert (left["name"], left["legal_form"], left["financial_year_end"]) == ("Boutique Exemple", "SARL", "06-30")
    assert ("template" in kinds(books, "workspace"), bool(objects(books, prefixes.LOGOS))) == (issued, issued)


def test_a_profile_beyond_the_account_is_not_removed_without_erase(books: Books) -> None:
    owner = books.shop.owner
    assert owner.delete(f"/v1/customers/{books.shop.customer}", "*").status == 200
    assert owner.patch("/v1/company", {"bank_name": "Banque Populaire"}, "*").status == 200
    assert off(books).json["code"] == "workspace_not_empty"
    assert owner.patch("/v1/company", {"bank_name": None}, "*").status == 200
    assert off(books).status == 200


def test_backups_are_not_left_without_erase(books: Books) -> None:
    taken(books)
    assert books.shop.owner.delete(f"/v1/customers/{books.shop.customer}", "*").status == 200
    assert off(books).json["code"] == "workspace_not_empty"


def test_only_a_person_who_has_just_signed_in_erases(books: Books) -> None:
    shop = books.shop
    (subject,) = [row["user"] for row in shop.owner.get("/v1/members").json["data"]]
    stale = shop.issuer.token(subject, auth_time=int((datetime.now(UTC) - timedelta(minutes=11)).timestamp()))
    key, _ = shop.key("company.write")
    for client in (Client(shop.owner.gateway, stale, books.company), key):
        assert client.patch("/v1/settings", OFF | {"erase": True}, "*").json["code"] == "proof_needed"
    assert shop.owner.get("/v1/settings").json["cloud"]["backup"]


def test_killed_at_any_call_it_ends_the_same(new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disable_cloud, "TOGETHER", 1)
    monkeypatch.setattr(disable_cloud, "FILES", (prefixes.BACKUPS["daily"],))

    def prepare() -> Books:
        books = turned_on(new_shop())
        taken(books)
        assert off(books, erase=True).status == 202
        return books

    def later(books: Books) -> None:
        for hours in (1, 2):
            expire(books, hours=hours)

    def state(books: Books) -> object:
        rows = books.world.store.query("transient", books.company).records
        jobs = [row.status for row in rows if isinstance(row, JobRow) and row.task == disable_cloud.TASK]
        keys = books.world.store.query("identity", books.company).records
        return (
            kinds(books, "workspace"),
            objects(books, prefixes.BACKUPS["daily"]),
            jobs,
            [row for row in rows if isinstance(row, Backup)],
            [row for row in keys if isinstance(row, WorkingKey)],
            remains(books.world, books.company),
        )

    books = prepare()
    expire(books, days=400)
    world = books.world
    with tables.noted() as steps:
        assert prove([world.store.connection.client, world.files.client], Work(prepare, expire, later, state)) > 20
    prepared = {"backup": set(backup_run.WORKFLOW.steps)}
    assert steps == {**prepared, "disabling of the cloud": set(disable_cloud.WORKFLOW.steps)}
