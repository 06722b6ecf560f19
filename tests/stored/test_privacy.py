"""Privacy requests that an earlier version left in each of their states: they go on, end, and their proof verifies."""

import json
from collections import Counter
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.client import Client
from tests.stored.scenes import PLACE, Scene, as_then, bodies
from tests.stored.stage import Stage, fetched

BOOKS, ERASED = bodies("books"), bodies("erased")
REQUESTS = "/v1/privacy/requests"
LEDGER = {
    "series": 2,
    "register_entry": 7,
    "invoice": 5,
    "balance": 3,
    "credit_note": 2,
    "payment": 2,
    "payment_id": 2,
}
"""The rows of the ledger by kind: the law keeps them whatever is erased."""


def address(found: Scene) -> str:
    """The address of a scene's one request."""
    return f"{REQUESTS}/{found.id('requests', 'request')}"


def shown(found: Scene, client: Client) -> Any:
    """The one request of a scene, as the API shows it."""
    got = client.get(address(found))
    assert got.status == 200, got.text
    return got.json


def kinds(stage: Stage, table: str) -> Counter[str]:
    """The rows of a table by kind."""
    return Counter(str(row["_kind"]["S"]) for row in stage.tables.all(table))


def require_closed(stage: Stage, found: Scene, client: Client) -> None:
    """An account's data is gone, its ledger is there, and the receipt is signed."""
    stage.later(minutes=15)
    stage.run("requests")
    assert shown(found, client)["status"] == "completed"
    assert [kinds(stage, table) for table in ("workspace", "identity")] == [{}, {}]
    assert kinds(stage, "requests") == {"request": 1, "receipt": 1, "destruction": 1, "acceptance": 1}
    left = {(row["company"]["S"], row["_kind"]["S"]) for row in stage.tables.all("transient")}
    assert {row for row in left if row[0] != "system"} <= {("public", "sign_in")}
    assert kinds(stage, "ledger") == LEDGER
    assert stage.objects("files") == {}
    receipt = client.get(f"{address(found)}/receipt").json
    assert (receipt["content"]["request"], receipt["content"]["affects"]) == (receipt["id"], "company")
    assert client.get("/v1/invoices").status == 404


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("account-waived", "verified"),
        ("account-begun", "running"),
        ("account-erasing", "running"),
        ("account-closed", "completed"),
    ],
)
def test_a_running_deletion_of_an_account_ends(stage: Stage, name: str, status: str) -> None:
    """It goes on with its stored plan."""
    found, client = stage.resume(name)
    assert shown(found, client)["status"] == status
    stage.run("requests", "outbox")
    require_closed(stage, found, client)


def test_the_grace_of_an_account_ends(stage: Stage) -> None:
    """The owners are reminded twice; the account is then erased. Until then it is blocked."""
    found, client = stage.resume("account-grace")
    row = (found.company, f"request#{found.id('requests', 'request')}")
    assert client.get("/v1/invoices").json["code"] == "company_blocked"
    for days, reminders in ((23, 1), (6, 2)):
        stage.later(days=days)
        stage.run("requests", "outbox")
        client = stage.client(found.company)
        assert shown(found, client)["status"] == "grace"
        assert stage.row("requests", row)["reminders"] == {"N": str(reminders)}
    stage.later(days=1)
    stage.run("requests", "outbox")
    require_closed(stage, found, stage.client(found.company))


def test_the_grace_of_an_account_is_cancelled(stage: Stage) -> None:
    """The account is open again, and states what it stated."""
    found, client = stage.resume("account-grace")
    assert client.post(f"{address(found)}/cancel").json["status"] == "cancelled"
    assert as_then(client.get("/v1/invoices").json, BOOKS["/v1/invoices"]) == BOOKS["/v1/invoices"]


def test_a_requested_deletion_is_confirmed_or_lapses(stage: Stage) -> None:
    """A confirmation without grace verifies it; without one it lapses after seven days."""
    found, client = stage.resume("account-requested")
    assert client.post(f"{address(found)}/confirm", {"waive_grace": True}).json["status"] == "verified"
    stage.tables.clear()
    found, client = stage.resume("account-requested")
    stage.later(days=7)
    stage.run("requests")
    lapsed = shown(found, stage.client(found.company))
    assert (lapsed["status"], lapsed["reason"]) == ("cancelled", "not_confirmed")


@pytest.mark.parametrize("name", ["person-verified", "person-erasing", "person-erased"])
def test_a_deletion_of_a_person_ends(stage: Stage, name: str) -> None:
    found, client = stage.resume(name)
    require_person_erased(stage, found, client)


def test_a_requested_deletion_of_a_person_ends_after_its_confirmation(stage: Stage) -> None:
    found, client = stage.resume("person-requested")
    assert client.post(f"{address(found)}/confirm").json["status"] == "verified"
    require_person_erased(stage, found, client)


def require_person_erased(stage: Stage, found: Scene, client: Client) -> None:
    """Run the request. Require the documents of `erased`, and the kept answers without their bodies."""
    stage.run("requests")
    done = shown(found, client)
    assert done["status"] == "completed"
    steps = {(step["place"], *step["kinds"]): (step["removed"], step["kept"]) for step in done["steps"]}
    assert steps["workspace", "customer"] == (1, 0)
    assert steps["transient", "idempotency"] == (9, 0)
    assert steps["ledger", "invoice"] == (0, 1)
    assert client.get(f"/v1/customers/{done['subject']}").status == 404
    own = [path for path, body in BOOKS.items() if body.get("customer") == done["subject"] and body.get("number")]
    assert len(own) == 2
    assert {path: as_then(client.get(path).json, ERASED[path]) for path in own} == {path: ERASED[path] for path in own}
    assert client.get(f"{address(found)}/receipt").json["content"]["subject"] == done["subject"]
    assert kinds(stage, "ledger") == LEDGER


def test_a_deletion_of_a_member_ends(stage: Stage) -> None:
    """The owner stays; three kept answers name the member."""
    found, client = stage.resume("member-begun")
    assert shown(found, client)["status"] == "running"
    stage.run("requests")
    done = shown(found, client)
    assert done["status"] == "completed"
    steps = {(step["place"], *step["kinds"]): step["removed"] for step in done["steps"]}
    assert (steps["identity", "member"], steps["transient", "idempotency"]) == (1, 3)
    assert kinds(stage, "identity") == {"member": 1, "api_key": 1, "consent": 1}


def test_two_requests_of_one_company_end(stage: Stage) -> None:
    """One erases a customer, one corrects another; a third one was over."""
    found, client = stage.resume("erased")
    ids = [row["id"]["S"] for row in found.rows["requests"].values() if row["_kind"]["S"] == "request"]
    before = Counter(client.get(f"{REQUESTS}/{id}").json["status"] for id in ids)
    assert before == {"completed": 1, "verified": 1, "running": 1}
    stage.run("outbox", "requests")
    assert {client.get(f"{REQUESTS}/{id}").json["status"] for id in ids} == {"completed"}


@pytest.mark.parametrize("name", ["rectification-running", "rectification-counted"])
def test_a_rectification_ends(stage: Stage, name: str) -> None:
    """The customer is corrected; the issued documents stay, and the API lists them."""
    found, client = stage.resume(name)
    assert shown(found, client)["status"] == "running"
    stage.run("outbox", "requests")
    _require_corrected(found, client, "Riad Exact SARL", {"AV-2026-00001", "FA-2026-00001"})


def test_a_rectification_that_waits_for_details_ends(stage: Stage) -> None:
    """The clock stands until somebody states what is right."""
    found, client = stage.resume("rectification-waiting")
    assert shown(found, client)["awaiting_details"]["missing"] == ["name"]
    right = {"corrections": {"name": "Commune de Fès"}}
    assert client.post(f"{address(found)}/details", right).status == 200
    stage.run("outbox", "requests")
    _require_corrected(found, client, "Commune de Fès", {"FA-2026-00002"})


def test_a_rectification_lapses_without_details(stage: Stage) -> None:
    """Nobody states within thirty days what is right."""
    found, _ = stage.resume("rectification-waiting")
    stage.later(days=30)
    stage.run("requests")
    lapsed = shown(found, stage.client(found.company))
    assert (lapsed["status"], lapsed["reason"]) == ("cancelled", "details_not_given")


@pytest.mark.parametrize(
    ("name", "invoices", "pages"), [("access-verified", 5, 7), ("access-gathering", 5, 7), ("access-zip", 0, 0)]
)
def test_an_access_export_ends(stage: Stage, name: str, invoices: int, pages: int) -> None:
    """The ZIP is whole. `access-zip` is of a supplier, whom no document names."""
    found, client = stage.resume(name)
    stage.run("requests")
    done = shown(found, client)
    assert done["status"] == "completed"
    ready = client.get(done["download"], accept="application/json")
    with ZipFile(fetched(ready.json["url"])) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        suppliers = json.loads(archive.read("data/suppliers.json"))
        documents = json.loads(archive.read("data/invoices.json")) if "data/invoices.json" in names else []
    assert {one["number"] for one in documents} == {f"FA-2026-{n:05}" for n in range(1, invoices + 1)}
    assert [one["id"] for one in suppliers] == [one["id"] for one in BOOKS["/v1/suppliers"]["data"]]
    assert sum(name.startswith("pdf/") for name in names) == pages


def test_the_picture_within_a_message_is_read_exported_and_ends_with_its_thread(stage: Stage) -> None:
    """Since then, messages name attachments. What lies within a message of that day is still a file of its thread."""
    found, client = stage.resume("access-verified")
    ((key, picture),) = stage.objects("files", "uploads/").items()
    address = f"/v1/support/{found.id('workspace', 'support_thread')}"
    (message,) = client.get(address).json["messages"]
    (file,) = message["attachments"]
    assert (file["file"], file["id"], file["status"]) == (key.rpartition("/")[2], None, "ready")
    link = client.get(f"{address}/attachments/{file['file']}", accept="application/json").json["url"]
    assert fetched(link).read() == picture
    stage.run("requests")
    ready = client.get(shown(found, client)["download"], accept="application/json")
    with ZipFile(fetched(ready.json["url"])) as archive:
        assert [archive.read(name) for name in archive.namelist() if name.endswith(file["file"])] == [picture]
    assert client.post(f"{address}/close").status == 200
    stage.later(days=2 * 366)
    stage.run("support")
    assert stage.objects("files", "uploads/") == {}
    assert not kinds(stage, "workspace").keys() & {"support_thread", "support_message"}


def test_a_receipt_of_that_day_verifies(stage: Stage, tmp_path: Path) -> None:
    """The operator's command checks it offline; a changed one is refused."""
    receipt = json.loads((PLACE / "bodies" / "receipt.json").read_text())
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(receipt))
    assert stage.operate("privacy", "verify-receipt", str(file)) == 0
    receipt["content"]["completed_at"] = receipt["content"]["requested_at"]
    file.write_text(json.dumps(receipt))
    assert stage.operate("privacy", "verify-receipt", str(file)) == 1


def test_the_api_states_the_receipt_of_that_day(stage: Stage) -> None:
    """Its content and signature are stored; the public key is the deployment's own."""
    found, client = stage.resume("person-erased")
    receipt = json.loads((PLACE / "bodies" / "receipt.json").read_text())
    stated = client.get(f"{address(found)}/receipt").json
    assert {name: stated[name] for name in ("id", "content", "signature", "algorithm", "key")} == {
        name: receipt[name] for name in ("id", "content", "signature", "algorithm", "key")
    }


def _require_corrected(found: Scene, client: Client, name: str, differing: set[str]) -> None:
    done = shown(found, client)
    assert done["status"] == "completed"
    assert client.get(f"/v1/customers/{done['subject']}").json["name"] == name
    assert {one["number"] for one in client.get(done["documents"]).json["data"]} == differing
    assert client.get(done["receipt"]).json["content"]["request"] == done["id"]
