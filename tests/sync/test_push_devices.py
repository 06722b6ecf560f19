"""A push and its device: whose it is, a changed clock or changed rights, and the notices that it gets."""

import json
from typing import Any

from chalicelib.domain.sync.outcomes import SyncNotice
from chalicelib.services.sync import forgetting
from tests.conftest import Shop
from tests.privacy.test_erased_persons import TRACES, erased, person
from tests.sync.devices import Device, codes, customer, device_of, draft, item
from tests.sync.phone import Phone
from tests.sync.test_push_issue import run_bulk


def registered(shop: Shop, client: Any = None) -> tuple[Device, Phone]:
    """A device that has pulled everything, to push and to pull with."""
    phone = Phone(client or shop.owner)
    phone.pull()
    assert phone.clock is not None
    return Device(phone.client, phone.clock, phone.id), phone


def test_another_members_device_and_a_revoked_one(shop: Shop) -> None:
    device, phone = registered(shop)
    clerk = Device(shop.member("clerk"), device.clock, device.id)
    got = clerk.push(created={"items": [item()]})
    assert (got.status, got.json["code"]) == (409, "device_taken")
    shop.owner.delete(f"/v1/devices/{phone.id}", "*")
    got = device.push(created={"items": [item()]})
    assert (got.status, got.json["code"], got.json["wipe"]) == (403, "device_revoked", True)


def test_a_member_who_left_is_told_to_wipe(shop: Shop) -> None:
    clerk = shop.member("clerk", user := "a-clerk-who-leaves")
    device, _ = registered(shop, clerk)
    id = next(row["id"] for row in shop.owner.get("/v1/members").json["data"] if row["user"] == user)
    assert shop.owner.delete(f"/v1/members/{id}", "*").status == 200
    got = device.push(created={"items": [item()]})
    assert (got.status, got.json["code"], got.json["wipe"]) == (403, "device_revoked", True)
    stranger = Device(clerk, device.clock)
    assert stranger.push(created={"items": [item()]}).status == 404


def test_after_a_change_of_role_nothing_stops_the_push_before_the_replacement(shop: Shop) -> None:
    clerk = shop.member("clerk", user := "a-clerk-who-rises")
    device, phone = registered(shop, clerk)
    vis, bolt, new = item(), item(), item()
    device.push(created={"items": [vis, bolt]})
    phone.pull()
    device.clock = phone.clock or 0
    id = next(row["id"] for row in shop.owner.get("/v1/members").json["data"] if row["user"] == user)
    assert shop.owner.patch(f"/v1/members/{id}", {"role": "accountant"}, "*").status == 200
    shop.owner.patch(f"/v1/items/{vis['id']}", {"name": "Vis du web"}, "*")
    assert phone.ask().json["code"] == "push_first"
    changed = [vis | {"name": "Vis verte"}, bolt | {"name": "Boulon"}]
    assert codes(device.push(created={"items": [new]}, updated={"items": changed})) == [(vis["id"], "clock_lost")]
    phone.pull(replace=True)
    names = {id: row["name"] for id, row in phone.copy["items"].items()}
    assert names == {vis["id"]: "Vis du web", bolt["id"]: "Boulon", new["id"]: "Vis"}
    assert [row["code"] for row in phone.copy["notices"].values()] == ["clock_lost"]
    assert phone.ask().status == 200


def test_a_clock_that_nobody_can_compare(shop: Shop) -> None:
    """As after a recovery of the tables to an earlier time."""
    phone, vis, new = device_of(shop), item(), item()
    phone.push(created={"items": [vis]})
    late = shop.clock + 1_000
    got = phone.push(
        created={"items": [new, vis]},
        updated={"items": [item() | {"name": "Inconnue"}], "customers": [customer(shop.customer)]},
        since=late,
    )
    assert sorted(code for _, code in codes(got)) == ["clock_lost", "clock_lost"]
    assert shop.owner.get(f"/v1/items/{new['id']}").status == 200
    assert codes(phone.push(deleted={"items": [vis["id"]]}, since=late)) == [(vis["id"], "clock_lost")]


def test_an_old_clock_needs_a_pull_first(shop: Shop, monkeypatch: Any) -> None:
    monkeypatch.setattr("chalicelib.services.sync.examine.MOST_ENTRIES_SINCE_PULL", 2)
    phone = device_of(shop)
    for _ in range(3):
        shop.draft()
    clock = shop.clock
    got = phone.push(created={"items": [item()]})
    assert (got.status, got.json["code"], shop.clock) == (409, "pull_first", clock)


def test_a_refused_row_has_one_notice_on_its_device(shop: Shop) -> None:
    device, phone = registered(shop)
    _, other = registered(shop)
    bad = customer(kind="business", name="Zineb Alaoui")
    for _ in range(2):
        assert codes(device.push(created={"customers": [bad]})) == [(bad["id"], "ice_required")]
    phone.pull()
    other.pull()
    (notice,) = phone.copy["notices"].values()
    assert (notice["table_name"], notice["row_id"], notice["code"]) == ("customers", bad["id"], "ice_required")
    assert notice["pointer"] == "/ice"
    assert "Zineb" not in json.dumps(notice)
    assert other.copy["notices"] == {}


def test_an_erased_person_stays_erased(shop: Shop) -> None:
    buyer = person(shop)
    device, phone = registered(shop)
    row = {name: cell for name, cell in phone.copy["customers"][buyer].items() if name != "notices"}
    erased(shop, buyer, carried=True)
    document = draft(buyer)
    changes: dict[str, Any] = {
        "customers": {"updated": [row | {"phone": "+212612345678"}]},
        "drafts": {"created": [document]},
    }
    refused = [(buyer, "person_erased"), (document["id"], "unknown_customer")]
    got = device.push(changes)
    assert codes(got) == refused
    assert codes(device.push(changes, since=shop.clock)) == refused
    assert [trace for trace in TRACES if trace in got.text] == []
    pages = phone.pull()
    assert buyer in pages[0]["changes"]["customers"]["deleted"]
    assert [trace for trace in TRACES if trace in json.dumps(pages, ensure_ascii=False)] == []
    assert codes(device.push({"customers": {"created": [row]}}, since=shop.clock)) == [(buyer, "person_erased")]
    assert buyer in phone.page(revive={"customers": [buyer]})["changes"]["customers"]["deleted"]


def test_no_notice_outlives_synchronisation(shop: Shop) -> None:
    device, _ = registered(shop)
    many = [customer(kind="business") for _ in range(forgetting.TOGETHER + 1)]
    assert len(codes(device.push(created={"customers": many}))) == len(many)
    shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*")
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": False}}, "*").status == 200
    assert len([*shop.world.store.all_of(SyncNotice, shop.company)]) == len(many)
    run_bulk(shop.world)
    assert [*shop.world.store.all_of(SyncNotice, shop.company)] == []
