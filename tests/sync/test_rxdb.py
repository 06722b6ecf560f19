"""RxDB's dialect: one table, documents with `_deleted`, and a checkpoint that is the company's clock."""

from typing import Any

import pytest

from chalicelib.domain.journal import JournalEntry
from chalicelib.services.sync import pull
from tests.conftest import Shop
from tests.sync.phone import device_id


def _pull(shop: Shop, table: str, device: str, clock: int | None, limit: int = 100) -> dict[str, Any]:
    checkpoint = None if clock is None else {"clock": clock}
    got = shop.owner.post(f"/v1/sync/rxdb/{table}/pull", {"checkpoint": checkpoint, "limit": limit, "device": device})
    assert got.status == 200, got.text
    body: dict[str, Any] = got.json
    return body


def test_a_replication_ends_with_the_rows_of_its_table(shop: Shop) -> None:
    device = device_id()
    item = shop.owner.post("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20"}).json["id"]
    first = _pull(shop, "items", device, None)
    (document,) = first["documents"]
    assert (document["id"], document["_deleted"], document["name"]) == (item, False, "X")
    assert document["clock"] == first["checkpoint"]["clock"]
    shop.owner.delete(f"/v1/items/{item}", "*")
    after = _pull(shop, "items", device, first["checkpoint"]["clock"])
    assert after["documents"] == [{"_deleted": True, "clock": shop.clock, "id": item}]
    idle = _pull(shop, "items", device, after["checkpoint"]["clock"])
    assert (idle["documents"], idle["checkpoint"]) == ([], {"clock": shop.clock})


def test_a_pull_without_a_checkpoint_has_deletions(shop: Shop) -> None:
    device = device_id()
    assert _pull(shop, "items", device, None)["documents"] == []
    item = shop.owner.post("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20"}).json["id"]
    shop.owner.delete(f"/v1/items/{item}", "*")
    draft = shop.draft()["id"]
    shop.owner.post(f"/v1/invoices/{draft}/issue")
    gone = [_pull(shop, table, device, None)["documents"] for table in ("items", "drafts")]
    assert [[(each["id"], each["_deleted"]) for each in table] for table in gone] == [[(item, True)], [(draft, True)]]


def test_fewer_documents_than_the_limit_mean_the_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "MOST_ENTRIES", 1)
    device = device_id()
    made = [shop.owner.post("/v1/suppliers", {"name": "S", "kind": "consumer"}).json["id"] for _ in range(5)]
    found: list[str] = []
    clock = None
    while True:
        page = _pull(shop, "suppliers", device, clock, limit=2)
        found += [document["id"] for document in page["documents"]]
        clock = page["checkpoint"]["clock"]
        assert page["more"] is (len(page["documents"]) >= 2)
        if not page["more"]:
            break
    assert (found, clock) == (made, shop.clock)


def test_a_document_comes_once_in_an_answer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "MOST_ENTRIES", 1)
    item = shop.owner.post("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20"}).json["id"]
    shop.owner.patch(f"/v1/items/{item}", {"name": "Y"}, "*")
    (document,) = _pull(shop, "items", device_id(), None)["documents"]
    assert (document["name"], document["clock"]) == ("Y", shop.clock - 1)


def test_an_issued_draft_is_deleted_in_one_collection_and_comes_in_the_other(shop: Shop) -> None:
    device, draft = device_id(), shop.draft()["id"]
    clock = _pull(shop, "drafts", device, None)["checkpoint"]["clock"]
    shop.owner.post(f"/v1/invoices/{draft}/issue")
    (gone,) = _pull(shop, "drafts", device, clock)["documents"]
    (come,) = _pull(shop, "documents", device, clock)["documents"]
    assert (gone["id"], gone["_deleted"], come["id"], come["_deleted"]) == (draft, True, draft, False)


def test_a_journal_without_its_beginning_gives_the_whole_table(shop: Shop) -> None:
    first = JournalEntry.ref(shop.company, clock=1).sort
    shop.world.store.connection.delete_item(shop.world.store.names["journal"], shop.company, first)
    page = _pull(shop, "customers", device_id(), None)
    assert [document["id"] for document in page["documents"]] == [shop.customer]
    assert page["more"] is False


def test_an_unknown_collection_is_not_found_and_an_old_checkpoint_is_refused(shop: Shop) -> None:
    body = {"checkpoint": None, "device": device_id()}
    assert shop.owner.post("/v1/sync/rxdb/robots/pull", body).status == 404
    ahead = shop.owner.post("/v1/sync/rxdb/items/pull", body | {"checkpoint": {"clock": shop.clock + 9}})
    assert (ahead.status, ahead.json["code"]) == (410, "clock_too_old")
