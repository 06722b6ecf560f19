"""Devices of an older schema: they get what it can express, and nothing else is lost."""

import json
from typing import Any

import pytest

from chalicelib.domain.sync import tables
from chalicelib.domain.sync.tables import BY_NAME
from tests.conftest import Shop
from tests.sync import newer_schema
from tests.sync.devices import Device, codes
from tests.sync.phone import Phone, touched

LINE = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}
REDUCED = LINE | {"discount": {"percent": "10"}}
MIGRATION = {
    "from": 1,
    "tables": [],
    "columns": [
        {"table": "customers", "columns": ["phone"]},
        {"table": "items", "columns": ["reference"]},
        {"table": "drafts", "columns": ["buyer_reference"]},
    ],
}


@pytest.fixture(autouse=True)
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 2 is published."""
    newer_schema.publish(monkeypatch)


def old_phone(shop: Shop) -> tuple[Phone, Device]:
    """A device of version 1 that has pulled everything, and its push."""
    phone = Phone(shop.owner)
    phone.pull(schema_version=1)
    return phone, Device(shop.owner, phone.clock or 0, phone.id)


def draft_of(shop: Shop, **cells: Any) -> str:
    """A draft on the server."""
    made = shop.owner.post("/v1/invoices", {"customer": shop.customer, "lines": [LINE]} | cells)
    assert made.status == 201, made.text
    id: str = made.json["id"]
    return id


def test_the_schema_states_since_when_a_column_is_there(shop: Shop) -> None:
    published = shop.owner.get("/v1/sync/schema").json
    columns = {each["name"]: each["since"] for each in published["tables"][1]["columns"]}
    assert (published["version"], columns["phone"], columns["name"]) == (2, 2, 1)


def test_an_old_device_keeps_the_columns_that_it_does_not_have(shop: Shop) -> None:
    shop.owner.patch(f"/v1/customers/{shop.customer}", {"phone": "+212522000000"}, "*")
    phone, device = old_phone(shop)
    row = phone.copy["customers"][shop.customer]
    assert "phone" not in row
    assert codes(device.push(updated={"customers": [row | {"notes": "Paie tard"}]}, schema_version=1)) == []
    stored = shop.owner.get(f"/v1/customers/{shop.customer}").json
    assert (stored["phone"], stored["notes"]) == ("+212522000000", "Paie tard")


def test_a_push_without_a_version_has_that_of_the_last_pull(shop: Shop) -> None:
    shop.owner.patch(f"/v1/customers/{shop.customer}", {"phone": "+212522000000"}, "*")
    phone, device = old_phone(shop)
    row = phone.copy["customers"][shop.customer] | {"phone": None, "notes": "Paie tard"}
    assert codes(device.push(updated={"customers": [row]})) == []
    assert shop.owner.get(f"/v1/customers/{shop.customer}").json["phone"] == "+212522000000"
    phone.pull(schema_version=2)
    device.clock = phone.clock or 0
    assert codes(device.push(updated={"customers": [row]})) == []
    assert shop.owner.get(f"/v1/customers/{shop.customer}").json["phone"] is None


def test_a_draft_that_a_schema_cannot_express_is_read_only_there(shop: Shop) -> None:
    plain, reduced = draft_of(shop), draft_of(shop, lines=[REDUCED, LINE])
    phone, device = old_phone(shop)
    assert [phone.copy["drafts"][id]["read_only"] for id in (plain, reduced)] == [False, True]
    edited = [phone.copy["drafts"][id] | {"notes": "Livré mardi"} for id in (plain, reduced)]
    unchanged = phone.copy["drafts"][reduced]
    assert codes(device.push(updated={"drafts": edited}, schema_version=1)) == [(reduced, "read_only")]
    assert codes(device.push(updated={"drafts": [unchanged]}, schema_version=1)) == []
    assert codes(device.push(deleted={"drafts": [reduced]}, schema_version=1)) == [(reduced, "read_only")]
    stored = shop.owner.get(f"/v1/invoices/{reduced}").json
    assert (stored["notes"], stored["lines"][0]["discount"]["percent"]) == (None, "10")
    assert shop.owner.get(f"/v1/invoices/{plain}").json["notes"] == "Livré mardi"


def test_a_draft_that_becomes_inexpressible_is_a_conflict_and_then_read_only(shop: Shop) -> None:
    draft = draft_of(shop)
    phone, device = old_phone(shop)
    row = phone.copy["drafts"][draft] | {"lines": json.dumps([LINE | {"quantity": "3"}])}
    shop.owner.patch(f"/v1/invoices/{draft}", {"lines": [REDUCED]}, "*")
    got = device.push(updated={"drafts": [row]}, schema_version=1)
    assert (got.status, got.json["code"]) == (409, "sync_conflict")
    phone.pull(schema_version=1)
    assert phone.copy["drafts"][draft]["read_only"] is True


def test_a_newer_app_gets_the_values_of_its_columns_and_writes_what_it_could_not(shop: Shop) -> None:
    shop.owner.patch(f"/v1/customers/{shop.customer}", {"phone": "+212522000000"}, "*")
    draft_of(shop)
    reduced, referred = draft_of(shop, lines=[REDUCED]), draft_of(shop, buyer_reference="BC 12")
    phone, device = old_phone(shop)
    (page,) = phone.pull(schema_version=2, migration=MIGRATION)
    assert touched(page) == {"customers": {"updated": [shop.customer]}, "drafts": {"updated": [reduced, referred]}}
    row = phone.copy["drafts"][reduced]
    assert row["read_only"] is False
    device.clock = phone.clock or 0
    assert codes(device.push(updated={"drafts": [row | {"notes": "Livré"}]}, schema_version=2)) == []


def test_rxdb_gives_the_read_only_draft_back(shop: Shop) -> None:
    reduced = draft_of(shop, lines=[REDUCED])
    phone, _ = old_phone(shop)
    known = phone.copy["drafts"][reduced]
    row = {"assumedMasterState": known, "newDocumentState": known | {"notes": "Livré"}}
    got = shop.owner.post("/v1/sync/rxdb/drafts/push", {"rows": [row], "device": phone.id, "schema_version": 1})
    assert [(each["id"], each["read_only"], each["notes"]) for each in got.json] == [(reduced, True, None)]


def test_an_app_that_is_too_old_is_refused_and_loses_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, device = old_phone(shop)
    newer_schema.stop_answering_the_first(monkeypatch)
    row = phone.copy["customers"][shop.customer] | {"notes": "Paie tard"}
    for got in (
        phone.ask(schema_version=1),
        device.push(updated={"customers": [row]}, schema_version=1),
        device.push(updated={"customers": [row]}),
    ):
        assert (got.status, got.json["code"], got.json["oldest"]) == (426, "client_schema_too_old", 2)
    phone.pull(schema_version=2, migration=MIGRATION)
    assert codes(device.push(updated={"customers": [row]}, since=phone.clock)) == []


def test_only_a_table_that_can_be_read_only_adds_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ADDED", {2: {"customers": ("address/floor",)}})
    with pytest.raises(ValueError, match="customers has no column read_only for address/floor"):
        tables._added(BY_NAME["customers"])
