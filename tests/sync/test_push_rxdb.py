"""The push of an RxDB replication: documents are taken one by one, and the stored ones come back on a conflict."""

from typing import Any

from tests.client import Got
from tests.conftest import Shop
from tests.sync.devices import customer, draft, issue_request, item, new_id

DEVICE = new_id("dev")


def send(shop: Shop, table: str, *rows: tuple[dict[str, Any], dict[str, Any] | None]) -> Got:
    """Push documents, each with the assumed one."""
    sent = [{"newDocumentState": new, **({"assumedMasterState": old} if old else {})} for new, old in rows]
    return shop.owner.post(f"/v1/sync/rxdb/{table}/push", {"rows": sent, "device": DEVICE}, idempotency_key="")


def test_documents_are_created_changed_and_deleted(shop: Shop) -> None:
    vis = item() | {"_deleted": False}
    assert send(shop, "items", (vis, None)).json == []
    assert send(shop, "items", (vis | {"name": "Vis verte"}, vis | {"clock": 1})).json == []
    assert shop.owner.get(f"/v1/items/{vis['id']}").json["name"] == "Vis verte"
    assert send(shop, "items", (vis | {"_deleted": True}, vis | {"name": "Vis verte"})).json == []
    assert shop.owner.get(f"/v1/items/{vis['id']}").status == 404


def test_a_conflict_gives_the_stored_document_and_takes_the_others(shop: Shop) -> None:
    one, other = item(), item()
    send(shop, "items", (one, None), (other, None))
    shop.owner.patch(f"/v1/items/{one['id']}", {"name": "Vis du web"}, "*")
    got = send(shop, "items", (one | {"unit": "kg"}, one), (other | {"unit": "kg"}, other))
    assert [(each["id"], each["name"], each["_deleted"], each["clock"]) for each in got.json] == [
        (one["id"], "Vis du web", False, shop.clock)
    ]
    assert shop.owner.get(f"/v1/items/{other['id']}").json["unit"] == "kg"
    assert send(shop, "items", (one | {"name": "Vis", "unit": "kg"}, got.json[0])).json == []


def test_a_repeated_push_makes_no_commit(shop: Shop) -> None:
    vis = item()
    send(shop, "items", (vis, None))
    clock = shop.clock
    assert send(shop, "items", (vis, None)).json == []
    assert shop.clock == clock


def test_a_document_that_is_gone_comes_back_as_deleted(shop: Shop) -> None:
    vis = item()
    send(shop, "items", (vis, None))
    shop.owner.delete(f"/v1/items/{vis['id']}", "*")
    got = send(shop, "items", (vis | {"unit": "kg"}, vis))
    assert [(each["id"], each["_deleted"]) for each in got.json] == [(vis["id"], True)]
    own = shop.draft()
    shop.owner.post(f"/v1/invoices/{own['id']}/issue")
    row = draft(shop.customer, own["id"])
    assert [each["_deleted"] for each in send(shop, "drafts", (row | {"notes": "Merci"}, row)).json] == [True]


def test_a_refused_document_comes_back_as_it_is_stored(shop: Shop) -> None:
    buyer = customer()
    send(shop, "customers", (buyer, None))
    got = send(shop, "customers", (buyer | {"kind": "business"}, buyer), (customer(email="x"), None))
    assert [(each["_deleted"], each.get("kind")) for each in got.json] == [(False, "consumer"), (True, None)]


def test_a_request_to_issue_is_served(shop: Shop) -> None:
    own = shop.draft()
    assert send(shop, "issue_requests", (issue_request(own["id"], shop.clock), None)).json == []
    assert shop.owner.get(f"/v1/invoices/{own['id']}").json["status"] == "issued"
    assert send(shop, "dreams", (item(), None)).status == 404
