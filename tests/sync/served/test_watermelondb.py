"""Real WatermelonDB with the reference client, against the served service."""

import json
from typing import Any

import pytest

from tests.sync.served.company import member, new_id
from tests.sync.served.conftest import NewDevice
from tests.sync.served.real_device import RealDevice
from tests.sync.simulation.model import Wiped
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


def issue_on(device: RealDevice, document: str) -> str:
    """A device's request for a number."""
    id: str = device.node.do("issue", document=document)
    device.refresh()
    return id


def cells(device: RealDevice, table: str, id: str) -> dict[str, Any]:
    """The cells of a row."""
    return device.tables[table][id].cells


def both(first: RealDevice, second: RealDevice) -> None:
    """Each synchronises until both have the same."""
    for device in (first, second, first):
        device.sync()


def notices(device: RealDevice) -> set[tuple[str, str]]:
    """The rows and codes of which a device was told."""
    return {(row.cells["row_id"], row.cells["code"]) for row in device.tables["notices"].values()}


def test_a_number_that_was_asked_for_offline_comes_with_the_synchronisation(new_device: NewDevice) -> None:
    shop, phone = new_device(), new_device()
    both(shop, phone)
    document = draft_on(phone, customer_on(phone))
    request = issue_on(phone, document)
    assert cells(phone, "issue_requests", request)["state"] is None
    phone.sync()
    number = cells(phone, "issue_requests", request)["number"]
    assert cells(phone, "issue_requests", request)["state"] == "issued"
    assert cells(phone, "documents", document)["number"] == number
    assert (document in phone.tables["drafts"], phone.pending()) == (False, set())
    shop.sync()
    assert cells(shop, "documents", document) == cells(phone, "documents", document)


def test_edits_of_two_devices_are_merged_by_column(new_device: NewDevice, founded: Company) -> None:
    shop, phone = new_device(), new_device()
    both(shop, phone)
    shop.edit("customers", founded.customer, {"notes": "Paie tard"})
    phone.edit("customers", founded.customer, {"email": "atlas@client.example"})
    both(shop, phone)
    stored = founded.owner.get(f"/v1/customers/{founded.customer}").json
    assert (stored["notes"], stored["email"]) == ("Paie tard", "atlas@client.example")
    assert cells(shop, "customers", founded.customer) == cells(phone, "customers", founded.customer)


def test_a_row_whose_answer_was_lost_and_that_was_edited_is_stored_once(
    new_device: NewDevice, founded: Company
) -> None:
    phone = new_device()
    phone.sync()
    id = customer_on(phone)
    phone.network.plan = [None, "lose_answer"]
    with pytest.raises(Lost):
        phone.sync()
    phone.edit("customers", id, {"name": "Atlas Import"})
    phone.sync()
    assert founded.owner.get(f"/v1/customers/{id}").json["name"] == "Atlas Import"
    assert len(founded.owner.get("/v1/customers").json["data"]) == 2
    clock = founded.clock()
    phone.sync()
    assert (founded.clock(), phone.pending()) == (clock, set())


@pytest.mark.parametrize("misuse", ["edit", "remove"])
def test_an_issued_document_comes_back(new_device: NewDevice, misuse: str) -> None:
    phone = new_device()
    phone.sync()
    document = draft_on(phone, customer_on(phone))
    issue_on(phone, document)
    phone.sync()
    before = cells(phone, "documents", document)
    if misuse == "edit":
        phone.edit("documents", document, {"notes": "Remise promise"})
    else:
        phone.remove("documents", document)
    phone.sync()
    assert (cells(phone, "documents", document), phone.pending()) == (before, set())
    kept = [each.cells for each in phone.unsent]
    assert kept == ([{"notes": "Remise promise"}] if misuse == "edit" else [])


def test_an_edit_of_a_draft_that_was_issued_elsewhere_is_kept(new_device: NewDevice, founded: Company) -> None:
    phone = new_device()
    phone.sync()
    document = draft_on(phone, founded.customer)
    phone.sync()
    assert founded.owner.post(f"/v1/invoices/{document}/issue").status == 200
    phone.edit("drafts", document, {"notes": "Livré mardi"})
    phone.sync()
    assert [(each.table, each.id, each.cells) for each in phone.unsent] == [
        ("drafts", document, {"notes": "Livré mardi"})
    ]
    assert (document in phone.tables["drafts"], document in phone.tables["documents"]) == (False, True)
    assert phone.pending() == set()


def test_a_refused_row_does_not_block_the_others_and_is_shown(new_device: NewDevice, founded: Company) -> None:
    phone = new_device()
    phone.sync()
    wrong, right = customer_on(phone, kind="business", ice="123"), customer_on(phone)
    phone.sync()
    assert founded.owner.get(f"/v1/customers/{right}").status == 200
    assert phone.pending() == {("customers", wrong)}
    assert notices(phone) == {(wrong, "ice_malformed")}
    phone.node.do("discard", table="customers", id=wrong)
    phone.sync()
    assert (phone.pending(), wrong in phone.tables["customers"]) == (set(), False)


def test_a_refused_edit_that_is_given_up_brings_the_servers_row_back(new_device: NewDevice, founded: Company) -> None:
    phone = new_device()
    phone.sync()
    before = cells(phone, "customers", founded.customer)
    phone.edit("customers", founded.customer, {"ice": "123"})
    phone.sync()
    assert phone.pending() == {("customers", founded.customer)}
    phone.node.do("discard", table="customers", id=founded.customer)
    phone.sync()
    assert (cells(phone, "customers", founded.customer), phone.pending(), phone.unsent) == (before, set(), [])


def test_a_customer_in_use_that_was_deleted_comes_back(new_device: NewDevice, founded: Company) -> None:
    phone = new_device()
    phone.sync()
    draft_on(phone, founded.customer)
    phone.sync()
    phone.remove("customers", founded.customer)
    phone.sync()
    assert founded.customer in phone.tables["customers"]
    assert (phone.pending(), notices(phone)) == (set(), {(founded.customer, "in_use")})


def test_a_revoked_device_offers_what_was_not_sent_and_wipes(new_device: NewDevice, founded: Company) -> None:
    phone = new_device()
    phone.sync()
    lost = customer_on(phone)
    shown = founded.owner.get(f"/v1/devices/{phone.id}")
    assert founded.owner.delete(f"/v1/devices/{phone.id}", shown.etag).status < 300
    with pytest.raises(Wiped):
        phone.sync()
    assert phone.offered[0]["pending"][0]["id"] == lost
    assert {table for table, rows in phone.tables.items() if rows} == set()
    with pytest.raises(Wiped):
        phone.sync()


def test_a_change_of_role_replaces_the_copy_and_loses_nothing(new_device: NewDevice, founded: Company) -> None:
    owner = founded.owner
    clerk = member(owner, "clerk")
    (id,) = [each["id"] for each in owner.get("/v1/members").json["data"] if each["role"] == "clerk"]
    phone = new_device(clerk)
    phone.sync()
    phone.edit("customers", founded.customer, {"notes": "Avant"})
    path = f"/v1/members/{id}"
    changed = owner.patch(path, {"role": "viewer"}, owner.get(path).etag)
    assert changed.status == 200, changed.text
    with pytest.raises(Refused, match="forbidden"):
        phone.sync()
    assert phone.pending() == {("customers", founded.customer)}
    assert cells(phone, "customers", founded.customer)["notes"] == "Avant"


@pytest.mark.slow
def test_a_large_push_is_split_and_survives_a_cut_between_its_parts(new_device: NewDevice, founded: Company) -> None:
    phone, count = new_device(), 1_200
    phone.sync()
    rows = [
        {"id": new_id("itm"), "name": f"Article {number}", "unit_price": "1.00", "vat_rate": "20"}
        for number in range(count)
    ]
    phone.node.do("create_many", table="items", rows=rows)
    phone.network.plan = [None, None, "lose_answer"]
    with pytest.raises(Lost):
        phone.sync()
    assert len(phone.pending()) == count - 1_000
    phone.sync()
    assert phone.pending() == set()
    fresh = new_device()
    fresh.sync()
    assert len(fresh.tables["items"]) == count


def test_a_refusal_of_the_whole_service_keeps_everything(new_device: NewDevice, founded: Company) -> None:
    phone = new_device()
    phone.sync()
    id = customer_on(phone)
    settings = founded.owner.get("/v1/settings")
    off = founded.owner.patch("/v1/settings", {"cloud": {"sync": False, "backup": True}}, settings.etag)
    assert off.status == 200, off.text
    with pytest.raises(Refused, match="synchronisation_off"):
        phone.sync()
    assert phone.pending() == {("customers", id)}
