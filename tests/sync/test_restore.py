"""A device after the restore of a backup: it gets what came back, and loses nothing that it did not send."""

from typing import Any

from tests.backup.worlds import taken, turned_on
from tests.sync.devices import Device, customer
from tests.sync.phone import Phone
from tests.toy.backups import job_of


def test_a_device_gets_restored_rows_and_keeps_its_own_edit(new_shop: Any) -> None:
    shop = new_shop()
    lost = shop.owner.post("/v1/customers", {"name": "Salma", "kind": "consumer"}).json["id"]
    backup = taken(turned_on(shop))
    job_of(shop, f"/v1/backups/{backup.id}/verify", {})
    assert shop.owner.delete(f"/v1/customers/{lost}", "*").status == 200
    assert shop.owner.patch(f"/v1/customers/{shop.customer}", {"notes": "Mardi"}, "*").status == 200
    phone = Phone(shop.owner)
    phone.pull()
    assert lost not in phone.copy["customers"]
    edit = phone.copy["customers"][shop.customer] | {"phone": "+212661223344"}
    new = customer(name="Hors ligne")
    job_of(shop, f"/v1/backups/{backup.id}/restore", {})
    device = Device(shop.owner, phone.clock or 0, phone.id)
    refused = device.push(created={"customers": [new]}, updated={"customers": [edit]})
    assert (refused.status, [each["id"] for each in refused.json["conflicts"]]) == (409, [shop.customer])
    phone.pull()
    assert phone.copy["customers"][lost]["name"] == "Salma"
    assert phone.copy["customers"][shop.customer]["notes"] is None
    device.clock = phone.clock or 0
    merged = phone.copy["customers"][shop.customer] | {"phone": "+212661223344"}
    sent = device.push(created={"customers": [new]}, updated={"customers": [merged]})
    assert (sent.status, sent.json["results"]) == (200, [])
    phone.pull()
    assert {new["id"], lost, shop.customer} == phone.copy["customers"].keys()
    assert phone.copy["customers"][shop.customer]["phone"] == "+212661223344"
