"""Backups that an earlier version made or was making: they end, verify, are handed out and restored."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import pytest

from tests.client import Client
from tests.stored.scenes import as_then, bodies, scene
from tests.stored.stage import Stage, fetched, job

BOOKS = bodies("books")
ISSUED = {
    path: body
    for path, body in BOOKS.items()
    if path.startswith(("/v1/invoices/", "/v1/credit-notes/")) and body.get("number")
}
KEPT = (
    "/v1/customers",
    "/v1/suppliers",
    "/v1/items",
    "/v1/invoices",
    "/v1/credit-notes",
    "/v1/series",
    "/v1/register",
    "/v1/register/verify",
    "/v1/register/verify?series=AV-2026",
    *(path for path in BOOKS if path.endswith("/payments")),
)
"""Addresses of all that a restore brings back."""
COUNTS = {
    "company": 1,
    "customers": 5,
    "suppliers": 1,
    "items": 3,
    "drafts": 1,
    "series": 2,
    "invoices": 5,
    "balances": 3,
    "credit_notes": 2,
    "register": 7,
    "payments": 2,
    "payment_ids": 2,
}
LOST = ("customers", "suppliers", "items", "drafts", "invoices", "balances")
"""Kinds of rows that the company lost before `restore-same-…` and `restore-preview`."""
OUTCOMES = {kind: {"restored" if kind in LOST else "unchanged": number} for kind, number in COUNTS.items()}
MADE_LATER = ("status", "version", "updated_at", "paid", "credited", "balance")
"""Attributes of an invoice that follow from its payments and credit notes."""


@pytest.mark.parametrize("name", ["backup-queued", "backup-half", "backup-manifest", "backup-archiving"])
def test_a_running_backup_ends_and_verifies(stage: Stage, name: str) -> None:
    """Its parts, its manifest and the statutory archive go on from where each was."""
    found, client = stage.resume(name)
    backup = f"/v1/backups/{found.id('transient', 'backup')}"
    before = stage.objects("archive")
    stage.run("backups")
    assert job(client, found.id("transient", "job"))["status"] == "completed"
    made = client.get(backup).json
    assert made["status"] == "complete"
    assert {kind: made["counts"][kind] for kind in COUNTS} == COUNTS
    archived = stage.objects("archive")
    assert len(archived) == COUNTS["invoices"] + COUNTS["credit_notes"]
    assert {key: archived[key] for key in before} == before
    asked = client.post(f"{backup}/verify").json["id"]
    stage.run("restores")
    assert job(client, asked)["status"] == "completed"
    assert client.get(backup).json["verified_at"] is not None


def test_a_running_verification_ends(stage: Stage) -> None:
    """It goes on in the middle of the ledger and states the counts of the whole backup."""
    found, client = stage.resume("verify-half")
    id = found.id("transient", "job", task="verify")
    assert job(client, id)["status"] == "running"
    stage.run("restores")
    after = job(client, id)
    assert (after["status"], after["done"]) == ("completed", after["total"])
    assert {kind: after["outcomes"][0]["counts"][kind] for kind in COUNTS} == COUNTS
    assert client.get(f"/v1/backups/{found.id('transient', 'backup')}").json["verified_at"] is not None


@pytest.mark.parametrize(
    "name", ["restore-same-queued", "restore-same-begun", "restore-same-rows", "restore-same-search"]
)
def test_a_running_restore_into_the_same_company_ends(stage: Stage, name: str) -> None:
    """Every lost document and record is again what it was, and the company is open."""
    found, client = stage.resume(name)
    shut = client.get("/v1/company")
    assert shut.status == (200 if name == "restore-same-queued" else 409)
    stage.run("restores")
    after = job(client, found.id("transient", "job", task="restore"))
    assert (after["status"], after["outcomes"]) == ("completed", [{"company": found.company, "kinds": OUTCOMES}])
    _compare(client, BOOKS)


def test_a_balance_below_zero_becomes_unapplied_credit(stage: Stage) -> None:
    """An invoice of 4,584.00 was paid, then credited. The restore makes the entry that its balance lacks."""
    found, client = stage.resume("restore-same-begun")
    older, here = scene("overpaid").rows["ledger"], scene("books").rows["ledger"]
    for key, row in older.items():
        if row != here.get(key):
            stage.put("ledger", row)
    stage.run("restores")
    after = job(client, found.id("transient", "job", task="restore"))
    assert after["status"] == "completed"
    (entry,) = (
        entry
        for customer in client.get("/v1/customers").json["data"]
        for entry in client.get(f"/v1/customers/{customer['id']}/credit").json["data"]
    )
    assert (entry["source"], entry["amount"], entry["unapplied"]) == ("credit_note", "4584.00", "4584.00")
    invoice = client.get(f"/v1/invoices/{entry['document']}").json
    assert (invoice["status"], invoice["paid"], invoice["balance"]) == ("credited", "0.00", "0.00")
    refund = {"amount": "4584.00", "method": "transfer", "date": entry["date"]}
    assert client.post(f"/v1/invoices/{entry['document']}/refunds", refund).status == 201


@pytest.mark.parametrize("name", ["restore-new-founded", "restore-new-rows", "restore-new-registers"])
def test_a_running_restore_into_a_new_company_ends(stage: Stage, name: str) -> None:
    """The copy states what the company states; its documents are specimens, since the company goes on beside it."""
    found, client = stage.resume(name)
    stage.run("restores")
    after = job(client, found.id("transient", "job", task="restore"))
    (outcome,) = after["outcomes"]
    assert (after["status"], outcome["kinds"]) == ("completed", {kind: {"restored": n} for kind, n in COUNTS.items()})
    _compare(stage.client(outcome["company"]), _specimens())


def test_a_running_preview_ends(stage: Stage) -> None:
    """It states what a restore would do, and changes nothing."""
    found, client = stage.resume("restore-preview")
    stage.run("restores")
    after = job(client, found.id("transient", "job", task="restore"))
    would = {
        kind: {k: n for k, n in own.items() if k != "made_since"} for kind, own in after["outcomes"][0]["would"].items()
    }
    assert (after["status"], would) == ("completed", OUTCOMES)
    assert len(stage.tables.all("ledger")) == len(found.rows["ledger"])


@pytest.mark.parametrize("name", ["download-tables", "download-sending", "download-clear"])
def test_a_running_download_ends(stage: Stage, name: str) -> None:
    """The ZIP is whole, and no piece of it is left."""
    found, client = stage.resume(name)
    address = f"/v1/backups/{found.id('transient', 'backup')}/download"
    waiting = client.get(address, accept="application/json")
    assert (waiting.status, waiting.json["job"]) == (202, found.id("transient", "job", task="download"))
    stage.run("restores")
    _require_whole(client, address)
    assert len(stage.objects("files", "exports/")) == 1


@pytest.mark.parametrize("name", ["drill-rows", "drill-sweep"])
def test_a_running_drill_ends(stage: Stage, name: str) -> None:
    """The backup passes, and the tables of drills are empty."""
    found, client = stage.resume(name)
    assert stage.tables.all("drill-ledger") != []
    stage.run("drill")
    assert client.get(f"/v1/backups/{found.id('transient', 'backup')}").json["drill"] == "passed"
    assert [stage.tables.all(f"drill-{table}") for table in ("workspace", "ledger", "journal")] == [[], [], []]


def test_a_finished_backup_can_be_downloaded(stage: Stage) -> None:
    """The present code makes the ZIP from the first row on."""
    found, client = stage.resume("backup-complete")
    address = f"/v1/backups/{found.id('transient', 'backup')}/download"
    assert client.get(address, accept="application/json").status == 202
    stage.run("restores")
    _require_whole(client, address)


@pytest.mark.parametrize("into", ["same", "new"])
def test_a_finished_backup_is_restored(stage: Stage, into: str) -> None:
    """The company lost all rows of two tables but the register's series; the backup brings back every one."""
    found, client = stage.resume("backup-complete")
    lost = [(table, key) for table in ("workspace", "ledger") for key in found.rows[table] if _is_lost(key[1])]
    for table in ("workspace", "ledger"):
        stage.delete(table, [key for own, key in lost if own == table])
    asked = client.post(f"/v1/backups/{found.id('transient', 'backup')}/restore", {"into": into})
    assert asked.status == 202
    stage.run("restores")
    after = job(client, asked.json["id"])
    assert after["status"] == "completed"
    _compare(stage.client(after["outcomes"][0]["company"]), BOOKS if into == "same" else _specimens())


def test_a_restore_adds_what_lists_need(stage: Stage) -> None:
    """The backup has a balance for three of five invoices, and none of them states what is owed."""
    found, client = stage.resume("backup-complete")
    for table in ("workspace", "ledger"):
        stage.delete(table, [key for key in found.rows[table] if _is_lost(key[1])])
    asked = client.post(f"/v1/backups/{found.id('transient', 'backup')}/restore", {"into": "same"})
    assert asked.status == 202
    stage.run("restores")
    assert job(client, asked.json["id"])["status"] == "completed"
    invoices = [body for body in ISSUED.values() if body["object"] == "invoice"]
    open_ids = [body["id"] for body in sorted(invoices, key=_due) if Decimal(body["balance"]) > 0]
    assert len(open_ids) >= 2
    assert _ids(client, "/v1/invoices?open=true") == open_ids
    for body in invoices:
        assert _ids(client, f"/v1/invoices?number={body['number']}") == [body["id"]]
        assert body["id"] in _ids(client, f"/v1/invoices?customer={body['customer']}")
        assert body["id"] in _ids(client, f"/v1/invoices?issued_from={body['issue_date']}")
    for customer in BOOKS["/v1/customers"]["data"]:
        assert customer["id"] in _ids(client, f"/v1/customers?q={quote(customer['name'])}")


def _due(body: Any) -> tuple[str, str]:
    return body["due_date"], body["id"]


def _ids(client: Client, path: str) -> list[str]:
    return [each["id"] for each in client.get(path).json["data"]]


def _is_lost(sort: str) -> bool:
    return sort.startswith(("customer#", "supplier#", "item#", "invoice#", "credit_note#", "register#", "payment"))


def _compare(client: Client, said: Any) -> None:
    assert {path: as_then(client.get(path).json, said[path]) for path in KEPT} == {path: said[path] for path in KEPT}


def _specimens() -> Any:
    """The bodies of a copy in test mode."""

    def specimen(body: Any) -> Any:
        if "data" in body:
            return body | {"data": [specimen(one) for one in body["data"]]}
        return body | {"specimen": True} if body.get("number") and "specimen" in body else body

    return {path: specimen(body) for path, body in BOOKS.items()}


def _require_whole(client: Client, address: str) -> None:
    """Every issued document is in the ZIP as it was issued."""
    ready = client.get(address, accept="application/json")
    assert ready.status == 200
    with ZipFile(fetched(ready.json["url"])) as archive:
        assert archive.testzip() is None
        tables = [json.loads(archive.read(f"data/{name}.json")) for name in ("invoices", "credit_notes")]
    issued = {body["id"]: body for body in ISSUED.values()}
    documents = [document for table in tables for document in table]
    said = [_frozen(issued[document["id"]]) for document in documents]
    assert as_then([_frozen(document) for document in documents], said) == said
    assert len(documents) == len(issued)


def _frozen(document: Any) -> Any:
    return {name: value for name, value in document.items() if name not in MADE_LATER}
