"""The cost of a pull: its round trips do not grow with the company."""

from chalicelib.services.commits import FEW_ENTRIES
from infra.cost_inputs import COUNTS
from tests.bench.traffic import Traffic
from tests.conftest import Shop
from tests.sync.devices import codes, device_of, item
from tests.sync.phone import Phone, touched


def _items(shop: Shop, count: int) -> list[str]:
    body = {"name": "Vis", "unit_price": "1.00", "vat_rate": "20"}
    return [shop.owner.post("/v1/items", body).json["id"] for _ in range(count)]


def consumed(traffic: Traffic) -> dict[str, float]:
    return {"calls": traffic.total, "read": traffic.read, "write": traffic.write}


def test_a_pull_reads_the_access_the_device_the_journal_and_the_rows(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    new = _items(shop, 10)
    with Traffic(shop.world.store) as traffic:
        (page,) = phone.pull()
    assert touched(page) == {"items": {"updated": new}}
    assert dict(traffic.calls) == {"TransactGetItems": 1, "BatchGetItem": 2}
    assert consumed(traffic) == COUNTS["devices"]["pull"], "the access, the device, ten entries and ten items"


def test_a_push_of_ten_items(shop: Shop) -> None:
    phone = device_of(shop)
    with Traffic(shop.world.store) as traffic:
        assert codes(phone.push(created={"items": [item() for _ in range(10)]})) == []
    assert consumed(traffic) == COUNTS["devices"]["push"]


def test_a_pull_costs_at_most_two_lists_of_the_same_rows(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    _items(shop, 10)
    with Traffic(shop.world.store) as listed:
        assert len(shop.owner.get("/v1/items", query={"limit": 10}).json["data"]) == 10
    with Traffic(shop.world.store) as pulled:
        phone.pull()
    assert pulled.total <= 2 * listed.total
    with Traffic(shop.world.store) as idle:
        phone.pull()
    assert idle.total <= listed.total + 1, "nothing new: access, device and journal"


def test_a_pull_reads_no_more_rows_in_a_larger_company(shop: Shop) -> None:
    read = []
    for earlier in (5, 60):
        _items(shop, earlier)
        phone = Phone(shop.owner)
        phone.pull()
        phone.pull()
        _items(shop, 10)
        with Traffic(shop.world.store) as traffic:
            phone.pull()
        read.append((traffic.total, traffic.rows))
    assert read[0] == read[1]


def test_many_entries_are_a_query(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    _items(shop, FEW_ENTRIES + 1)
    with Traffic(shop.world.store) as traffic:
        phone.pull()
    assert dict(traffic.calls) == {"TransactGetItems": 1, "BatchGetItem": 2, "Query": 1}


def test_documents_and_drafts_are_read_together(shop: Shop) -> None:
    drafts = [shop.draft()["id"] for _ in range(3)]
    phone = Phone(shop.owner)
    phone.pull()
    phone.pull()
    shop.draft()
    shop.owner.post(f"/v1/invoices/{drafts[0]}/issue")
    with Traffic(shop.world.store) as traffic:
        phone.pull()
    assert dict(traffic.calls) == {"TransactGetItems": 1, "BatchGetItem": 2}
