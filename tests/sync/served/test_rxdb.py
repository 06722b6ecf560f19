"""Real RxDB with the reference client, against the served service."""

import json
from typing import Any, cast

import pytest

from tests.sync.served.company import Wire, clock_of, member, new_id
from tests.sync.served.conftest import NewDevice
from tests.sync.served.node_device import NodeDevice
from tests.sync.served.real_device import RealDevice, RxdbDevice
from tests.sync.simulation.model import ModelDevice, Wiped
from tests.sync.simulation.network import Lost, Refused
from tests.sync.simulation.world import Company

LINE = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}
ADDRESS = json.dumps({"street": "12 rue Ibn Batouta", "city": "Fès"})


def customer_on(device: RealDevice, **cells: Any) -> str:
    """A new customer of a device."""
    id = new_id("cus")
    device.create("customers", id, {"name": "Atlas Négoce", "kind": "consumer", "address": ADDRESS} | cells)
    return id


def draft_on(device: RealDevice, customer: str) -> str:
    """A new draft of a device."""
    id = new_id("inv")
    device.create("drafts", id, {"customer": customer, "lines": json.dumps([LINE])})
    return id


def kept(device: ModelDevice) -> list[tuple[str, str, Any]]:
    """The rows that the device kept."""
    return [(each.table, each.id, each.cells) for each in device.unsent]


def test_a_number_that_was_asked_for_offline_comes_with_the_synchronisation(
    new_device: NewDevice, founded: Company
) -> None:
    shop, phone = new_device(kind=RxdbDevice), new_device(kind=RxdbDevice)
    for device in (shop, phone):
        device.sync()
    document = draft_on(phone, customer_on(phone))
    request = phone.node.do("issue", document=document)
    phone.sync()
    cells = phone.tables["issue_requests"][request].cells
    assert (cells["state"], cells["reason"], document in phone.tables["drafts"]) == ("issued", None, False)
    assert phone.tables["documents"][document].cells["number"] == cells["number"]
    shop.sync()
    assert shop.tables["documents"][document].cells["number"] == cells["number"]


def test_edits_of_two_devices_are_merged_by_column(new_device: NewDevice, founded: Company) -> None:
    shop, phone = new_device(kind=RxdbDevice), new_device(kind=RxdbDevice)
    for device in (shop, phone):
        device.sync()
    shop.edit("customers", founded.customer, {"notes": "Paie tard"})
    phone.edit("customers", founded.customer, {"email": "atlas@client.example"})
    for device in (shop, phone, shop):
        device.sync()
    stored = founded.owner.get(f"/v1/customers/{founded.customer}").json
    assert (stored["notes"], stored["email"]) == ("Paie tard", "atlas@client.example")
    for device in (shop, phone):
        cells = device.tables["customers"][founded.customer].cells
        assert (cells["notes"], cells["email"]) == ("Paie tard", "atlas@client.example")


def test_a_push_whose_answer_was_lost_is_stored_once(new_device: NewDevice, founded: Company) -> None:
    phone = new_device(kind=RxdbDevice)
    phone.sync()
    id = customer_on(phone)
    phone.network.plan = ["lose_push_answer"]
    with pytest.raises(Lost):
        phone.sync()
    phone.edit("customers", id, {"name": "Atlas Import"})
    phone.sync()
    assert founded.owner.get(f"/v1/customers/{id}").json["name"] == "Atlas Import"
    clock = clock_of(founded.owner)
    phone.sync()
    assert clock_of(founded.owner) == clock


def test_a_refused_edit_is_kept_and_the_stored_document_comes_back(new_device: NewDevice, founded: Company) -> None:
    phone = new_device(kind=RxdbDevice)
    phone.sync()
    wrong = customer_on(phone, kind="business", ice="123")
    phone.edit("customers", founded.customer, {"ice": "123"})
    phone.sync()
    assert {each[:2] for each in kept(phone)} == {("customers", wrong), ("customers", founded.customer)}
    assert ("customers", founded.customer, {"ice": "123"}) in kept(phone)
    assert phone.tables["customers"][founded.customer].cells["ice"] == "002136093000040"
    assert wrong not in phone.tables["customers"]
    assert {row.cells["code"] for row in phone.tables["notices"].values()} == {"ice_malformed"}


def test_an_edit_of_a_draft_that_was_issued_elsewhere_is_kept(new_device: NewDevice, founded: Company) -> None:
    phone = new_device(kind=RxdbDevice)
    phone.sync()
    document = draft_on(phone, founded.customer)
    phone.sync()
    assert founded.owner.post(f"/v1/invoices/{document}/issue").status == 200
    phone.edit("drafts", document, {"notes": "Livré mardi"})
    phone.sync()
    assert kept(phone) == [("drafts", document, {"notes": "Livré mardi"})]
    assert (document in phone.tables["drafts"], document in phone.tables["documents"]) == (False, True)


def test_a_customer_in_use_that_was_deleted_comes_back(new_device: NewDevice, founded: Company) -> None:
    phone = new_device(kind=RxdbDevice)
    phone.sync()
    draft_on(phone, founded.customer)
    phone.sync()
    phone.remove("customers", founded.customer)
    phone.sync()
    assert founded.customer in phone.tables["customers"]
    assert founded.owner.get(f"/v1/customers/{founded.customer}").status == 200


def test_a_revoked_device_offers_what_was_not_sent_and_wipes(new_device: NewDevice, founded: Company) -> None:
    phone = new_device(kind=RxdbDevice)
    phone.sync()
    lost = customer_on(phone)
    shown = founded.owner.get(f"/v1/devices/{phone.id}")
    assert founded.owner.delete(f"/v1/devices/{phone.id}", shown.etag).status < 300
    with pytest.raises(Wiped):
        phone.sync()
    assert {table for table, rows in phone.tables.items() if rows} == set()
    assert [each["id"] for each in phone.offered[0]["pending"]] == [lost]
    with pytest.raises(Wiped):
        phone.sync()


def test_a_viewer_keeps_what_is_pending_and_still_reads_everything(new_device: NewDevice, founded: Company) -> None:
    owner, clerk = founded.owner, member(founded.owner, "clerk")
    phone = new_device(clerk, kind=RxdbDevice)
    phone.sync()
    phone.edit("customers", founded.customer, {"notes": "Avant"})
    (id,) = [each["id"] for each in owner.get("/v1/members").json["data"] if each["role"] == "clerk"]
    path = f"/v1/members/{id}"
    assert owner.patch(path, {"role": "viewer"}, owner.get(path).etag).status == 200
    item = owner.post("/v1/items", {"name": "Vis", "unit_price": "1", "vat_rate": "20"}).json["id"]
    phone.sync()
    assert kept(phone) == [("customers", founded.customer, {"notes": "Avant"})]
    assert item in phone.tables["items"]
    phone.edit("customers", founded.customer, {"notes": "Après"})
    other = owner.post("/v1/items", {"name": "Vis", "unit_price": "1", "vat_rate": "20"}).json["id"]
    with pytest.raises(Refused, match="forbidden"):
        phone.sync()
    assert (other in phone.tables["items"], cells_of(phone, founded)["notes"]) == (True, "Après")


def cells_of(device: RealDevice, founded: Company) -> dict[str, Any]:
    """The cells of the company's customer on a device."""
    return device.tables["customers"][founded.customer].cells


def test_an_app_without_a_checkpoint_learns_that_its_row_was_deleted(founded: Company) -> None:
    """RxDB stores no checkpoint until a pull brings a document, so a collection without one may hold rows."""
    device, item = new_id("dev"), new_id("itm")
    client = founded.owner
    published = client.get("/v1/sync/schema").json
    url = f"http://127.0.0.1:{cast('Wire', client.gateway).port}"
    opened = {"url": url, "token": client.token, "company": client.company, "published": published}
    plain = NodeDevice.start("rxdb", plain=True, device=device, table="items", **opened)
    try:
        plain.do("create", id=item, content={"name": "Vis", "unit_price": "1.00", "vat_rate": "20"})
        assert plain.do("sync") == [None]
        assert client.delete(f"/v1/items/{item}", "*").status < 300
        assert plain.do("dump") == [item]
        assert plain.do("sync") == [None]
        assert plain.do("dump") == []
        (checkpoint,) = plain.do("sync")
        assert checkpoint["clock"] == clock_of(client)
    finally:
        plain.stop()
