"""Asking for backups over HTTP: taking, listing, verifying, fetching, restoring; who may, and who may not."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3

from chalicelib.domain.backups.backup import Backup
from chalicelib.domain.ids import new_id
from chalicelib.jobs.runner import run_scheduled
from chalicelib.services.backup import operations
from chalicelib.store import bookkeeping
from tests.backup.worlds import Books, begun, taken, turned_on
from tests.client import Client, Got
from tests.conftest import Shop

BACKUPS = "/v1/backups"


def done(books: Books, job: str, runner: str) -> Any:
    """A job once its runner ran."""
    run_scheduled(books.world, runner)
    got = books.shop.owner.get(job)
    assert got.status == 200, got.text
    return got.json


def asked(books: Books, path: str, body: Any = None, runner: str = "restores") -> Any:
    got = books.shop.owner.post(f"{BACKUPS}/{path}", body or {})
    assert got.status == 202, got.text
    assert got.headers["location"] == f"/v1/jobs/{got.json['id']}"
    return done(books, got.headers["location"], runner)


def test_a_backup_is_asked_for_made_and_shown(books: Books) -> None:
    invoice = books.shop.issued()
    got = books.shop.owner.post(BACKUPS, {})
    assert got.status == 202
    assert (got.json["status"], got.json["counts"], got.json["bytes"], got.json["clock"]) == ("running", None, 0, None)
    job = done(books, got.headers["location"], "backups")
    assert (job["status"], job["task"], job["outcomes"][0]["backup"]) == ("completed", "backup", got.json["id"])
    shown = books.shop.owner.get(f"{BACKUPS}/{got.json['id']}")
    assert shown.json["status"] == "complete"
    assert shown.json["counts"]["invoices"] == 1
    assert shown.json["counts"]["customers"] == 1
    assert shown.json["bytes"] > 1000
    assert shown.json["clock"] > 3
    assert shown.json["verified_at"] is None
    ends = datetime.fromisoformat(shown.json["expires_at"]) - datetime.fromisoformat(shown.json["cut_at"])
    assert timedelta(days=6, hours=23) < ends < timedelta(days=7, hours=1)
    listed = books.shop.owner.get(BACKUPS).json
    assert listed["data"] == [shown.json]
    assert invoice["id"] not in listed["data"][0].values()


def test_a_repeated_request_has_its_first_answer(books: Books) -> None:
    first = books.shop.owner.post(BACKUPS, {}, idempotency_key="once")
    run_scheduled(books.world, "backups")
    again = books.shop.owner.post(BACKUPS, {}, idempotency_key="once")
    assert (again.status, again.json) == (first.status, first.json)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert len(books.shop.owner.get(BACKUPS).json["data"]) == 1


def test_one_runs_at_a_time(books: Books) -> None:
    first, second = books.shop.owner.post(BACKUPS, {}), books.shop.owner.post(BACKUPS, {})
    assert (second.status, second.json["id"]) == (202, first.json["id"])
    run_scheduled(books.world, "backups")


def test_while_backup_is_off_none_is_made(shop: Shop) -> None:
    got = shop.owner.post(BACKUPS, {})
    assert (got.status, got.json["code"]) == (409, "backup_off")
    assert shop.owner.get(BACKUPS).json["data"] == []


def test_the_list_is_paged_newest_first_without_backups_past_their_term(books: Books) -> None:
    ids = [taken(books).id for _ in range(3)]
    pages = books.shop.owner.get(BACKUPS, query={"limit": "2"}).json
    assert ([each["id"] for each in pages["data"]], pages["has_more"]) == ([ids[2], ids[1]], True)
    rest = books.shop.owner.get(BACKUPS, query={"limit": "2", "starting_after": ids[1]}).json
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == ([ids[0]], False)
    (row,) = books.world.store.records([Backup.ref(books.company, ids[0])])
    assert isinstance(row, Backup)
    past = row.edited(books.world.now(), due_at=books.world.now() - timedelta(seconds=1))
    assert bookkeeping.save(books.world.store, past, row, b"s" * 16)
    assert [each["id"] for each in books.shop.owner.get(BACKUPS).json["data"]] == ids[:0:-1]
    assert books.shop.owner.get(f"{BACKUPS}/{ids[0]}").status == 404


def test_verifying_notes_when_on_the_backup(books: Books) -> None:
    backup = taken(books)
    job = asked(books, f"{backup.id}/verify")
    assert job["status"] == "completed"
    assert job["outcomes"][0]["counts"] == backup.counts
    assert books.shop.owner.get(f"{BACKUPS}/{backup.id}").json["verified_at"]


def test_a_damaged_backup_is_found_and_the_job_says_so(books: Books) -> None:
    backup = taken(books)
    from chalicelib.files import prefixes

    prefix = prefixes.backup(backup.tier, books.company, backup.id)
    books.world.files.delete(prefix + backup.parts[0].name)
    job = asked(books, f"{backup.id}/verify")
    assert (job["status"], job["outcomes"][0]["code"], job["outcomes"][0]["reason"]) == (
        "failed",
        "backup_damaged",
        "missing",
    )
    assert books.shop.owner.get(f"{BACKUPS}/{backup.id}").json["verified_at"] is None


def test_the_archive_is_decrypted_by_a_job_and_then_a_link(books: Books) -> None:
    invoice = books.shop.issued()
    backup = taken(books)
    path = f"{BACKUPS}/{backup.id}/download"
    waiting = books.shop.owner.get(path)
    assert waiting.status == 202
    assert waiting.json["url"] is None
    assert books.shop.owner.get(path).json == waiting.json, "asked again, it is the same job"
    job = done(books, waiting.headers["location"], "restores")
    assert job["status"] == "completed"
    assert "key" not in job["outcomes"][0], "where it lies is told by its own address alone"
    linked = books.shop.owner.get(path, accept="application/json")
    assert linked.status == 200
    lives = datetime.fromisoformat(linked.json["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=4) < lives <= timedelta(minutes=15)
    content = urllib3.request("GET", linked.json["url"]).data
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        assert invoice["number"] in bundle.read("data/invoices.csv").decode()
    redirected = books.shop.owner.get(path)
    assert redirected.status == 303
    assert redirected.headers["location"].startswith("http")


def test_a_preview_counts_and_changes_nothing(books: Books) -> None:
    backup = taken(books)
    shop = books.shop
    assert shop.owner.delete(f"/v1/customers/{shop.customer}", "*", query={"force": "true"}).status == 200
    clock = shop.clock
    job = asked(books, f"{backup.id}/restore", {"dry_run": True})
    assert job["outcomes"][0]["would"]["customers"]["restored"] == 1
    assert shop.owner.get(f"/v1/customers/{shop.customer}").status == 404
    assert shop.clock == clock + 1, "the job itself, and nothing else"


def test_a_restore_puts_missing_rows_back(books: Books) -> None:
    shop = books.shop
    invoice = shop.issued()
    backup = taken(books)
    assert shop.owner.delete(f"/v1/customers/{shop.customer}", "*", query={"force": "true"}).status == 200
    job = asked(books, f"{backup.id}/restore", {"kinds": ["customers"]})
    assert job["status"] == "completed", job
    assert job["outcomes"][0]["kinds"]["customers"]["restored"] == 1
    assert shop.owner.get(f"/v1/customers/{shop.customer}").json["name"] == "Client Exemple"
    assert shop.owner.get(f"/v1/invoices/{invoice['id']}").json["number"] == invoice["number"]


@pytest.mark.parametrize("verb", ["verify", "restore"])
def test_a_backup_that_runs_has_nothing_to_give(books: Books, verb: str) -> None:
    backup = begun(books)
    got = books.shop.owner.post(f"{BACKUPS}/{backup.id}/{verb}", {})
    assert (got.status, got.json["code"]) == (409, "backup_incomplete")
    assert books.shop.owner.get(f"{BACKUPS}/{backup.id}/download").json["code"] == "backup_incomplete"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"into": "other"}, "/into"), ({"kinds": []}, "/kinds"), ({"kinds": ["members"]}, "/kinds/0"), ({"x": 1}, "/x")],
)
def test_an_impossible_restore_is_refused(books: Books, body: dict[str, Any], pointer: str) -> None:
    got = books.shop.owner.post(f"{BACKUPS}/{taken(books).id}/restore", body)
    assert got.status == 422
    assert got.codes[0][0] == pointer


def test_another_companys_backup_is_not_there(books: Books, new_shop: Callable[..., Shop]) -> None:
    backup, stranger = taken(books), turned_on(new_shop()).shop.owner
    for got in everything(stranger, backup.id):
        assert (got.status, got.json["code"]) == (404, "not_found")
    none = new_id("bak", books.world.now(), books.world.random(10))
    assert {got.status for got in everything(books.shop.owner, none)} == {404}


def everything(client: Client, id: str) -> list[Got]:
    one = f"{BACKUPS}/{id}"
    return [
        client.get(one),
        client.get(one + "/download"),
        client.post(one + "/verify", {}),
        client.post(one + "/restore", {}),
        client.post(one + "/restore", {"into": "new"}),
    ]


def test_a_person_restores_and_fetches_only_after_signing_in_anew(books: Books) -> None:
    backup, shop = taken(books), books.shop
    (subject,) = [row["user"] for row in shop.owner.get("/v1/members").json["data"]]
    stale = shop.issuer.token(subject, auth_time=int((datetime.now(UTC) - timedelta(minutes=11)).timestamp()))
    client = Client(shop.owner.gateway, stale, books.company)
    one = f"{BACKUPS}/{backup.id}"
    assert client.post(one + "/restore", {}).json["code"] == "proof_needed"
    assert client.get(one + "/download").json["code"] == "proof_needed"
    assert client.post(one + "/restore", {"dry_run": True}).status == 202
    assert client.post(one + "/verify", {}).status == 202
    run_scheduled(books.world, "restores")


def test_a_key_may_use_only_its_scopes(books: Books) -> None:
    backup, shop = taken(books), books.shop
    one = f"{BACKUPS}/{backup.id}"
    reads, _ = shop.key("backups.read")
    assert reads.get(one).status == 200
    assert reads.post(BACKUPS, {}).status == 403
    restores, _ = shop.key("backups.restore")
    assert restores.get(one).status == 403
    assert restores.get(one + "/download").status == 202
    assert restores.post(one + "/restore", {"dry_run": True}).status == 202
    run_scheduled(books.world, "restores")
    for role in ("viewer", "clerk", "accountant"):
        assert shop.member(role).get(BACKUPS).status == 403


def test_too_many_in_a_day_are_refused(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "A_DAY", 2)
    for _ in range(2):
        taken(books)
    got = books.shop.owner.post(BACKUPS, {})
    assert got.status == 429
    assert 0 < int(got.headers["retry-after"]) <= 86_401


def test_while_a_restore_runs_its_job_is_shown_and_nothing_else(books: Books) -> None:
    from chalicelib.store.decision import ACCOUNT_WHILE_BLOCKED, Decision
    from chalicelib.store.transaction import transact

    shop, world, backup = books.shop, books.world, taken(books)
    got = shop.owner.post(f"{BACKUPS}/{backup.id}/restore", {"dry_run": True})
    other = shop.owner.post(f"{BACKUPS}/{backup.id}/verify", {})

    def shut(**head: Any) -> None:
        call = world.call(books.company, "test", "test", key=world.random(8).hex())
        transact(world.store, call, [], lambda _: Decision(head=head), ACCOUNT_WHILE_BLOCKED)

    shut(state="restoring", restore=got.json["id"])
    assert shop.owner.get(f"/v1/jobs/{got.json['id']}").json["id"] == got.json["id"]
    assert shop.owner.get(f"/v1/jobs/{other.json['id']}").json["code"] == "company_restoring"
    assert shop.owner.get(BACKUPS).json["code"] == "company_restoring"
    shut(state="blocked", restore=None)
    assert shop.owner.get(f"/v1/jobs/{got.json['id']}").json["code"] == "company_blocked"
    shut(state="active")
    run_scheduled(world, "restores")


def zipped(books: Books, path: str) -> zipfile.ZipFile:
    """Today's ZIP of a backup, asked for and made."""
    waiting = books.shop.owner.get(path, accept="application/json")
    if waiting.status == 202:
        done(books, waiting.headers["location"], "restores")
        waiting = books.shop.owner.get(path, accept="application/json")
    assert waiting.status == 200, waiting.text
    return zipfile.ZipFile(io.BytesIO(urllib3.request("GET", waiting.json["url"]).data))


def test_a_zip_of_the_same_day_is_another_one_after_a_correction_and_after_an_erasure(books: Books) -> None:
    shop = books.shop
    path = f"{BACKUPS}/{taken(books).id}/download"
    first = zipped(books, path).read("data/customers.csv").decode()
    asked_for = {"kind": "rectification", "subject": shop.customer, "corrections": {"name": "Nom Juste"}}
    assert shop.owner.post("/v1/privacy/requests", asked_for).status == 201
    run_scheduled(books.world, "requests")
    second = zipped(books, path).read("data/customers.csv").decode()
    assert "Nom Juste" not in first
    assert "Nom Juste" in second
    asked_for = {"kind": "deletion", "subject": shop.customer}
    got = shop.owner.post("/v1/privacy/requests", asked_for)
    assert got.status == 201, got.text
    confirmed = shop.owner.post(f"/v1/privacy/requests/{got.json['id']}/confirm", {})
    assert confirmed.status == 200, confirmed.text
    run_scheduled(books.world, "requests")
    third = zipped(books, path).read("data/customers.csv").decode()
    assert shop.customer in second
    assert shop.customer not in third


def test_a_request_for_a_backup_or_restore_starts_its_job_at_once(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(books.world, "wake", woken.append)
    backup = taken(books)
    owner = books.shop.owner
    assert owner.post(BACKUPS, {}).status == 202
    for path, body in (("verify", {}), ("restore", {"dry_run": True})):
        assert owner.post(f"{BACKUPS}/{backup.id}/{path}", body).status == 202
    assert owner.get(f"{BACKUPS}/{backup.id}/download").status == 202
    assert woken == ["backups", "restores", "restores", "restores"]
    assert owner.get(f"{BACKUPS}/{backup.id}/download").status == 202
    assert len(woken) == 4, "asked again, it is the same job"
