"""Devices: made by a first pull, listed, named, revoked; and told to wipe when their person may no longer read."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.sync import device as domain
from chalicelib.domain.sync.device import Device
from tests.client import Client
from tests.conftest import Shop
from tests.sync.phone import Phone, device_id, touched


def _row(shop: Shop, id: str) -> Device:
    (row,) = shop.world.store.records([Device.ref(shop.company, id)])
    assert isinstance(row, Device)
    return row


def _devices(client: Client) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = client.get("/v1/devices").json["data"]
    return data


def _member_id(shop: Shop, user: str) -> str:
    return str(next(row["id"] for row in shop.owner.get("/v1/members").json["data"] if row["user"] == user))


def _refused(phone: Phone, **further: Any) -> tuple[int, str]:
    got = phone.ask(**further)
    return got.status, got.json["code"]


def test_a_first_pull_makes_the_device_and_further_pulls_write_nothing(shop: Shop) -> None:
    before, phone = shop.clock, Phone(shop.owner)
    phone.pull()
    assert shop.clock == before + 1
    made = _row(shop, phone.id)
    phone.pull()
    assert (shop.clock, _row(shop, phone.id)) == (before + 1, made)
    (shown,) = _devices(shop.owner)
    assert (shown["id"], shown["status"], shown["label"]) == (phone.id, "active", None)
    assert (shown["member"], shown["last_pulled_at"]) == (made.member, before), "the clock of the first pull"


def test_a_pull_a_day_later_notes_it_without_a_commit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    made, clock = _row(shop, phone.id), shop.clock
    monkeypatch.setattr("chalicelib.services.sync.devices.SEEN_EVERY", timedelta(0))
    phone.pull()
    noted = _row(shop, phone.id)
    assert (noted.pulled, noted.version) == (clock, made.version + 1)
    assert noted.seen_at > made.seen_at
    assert noted.expires_at >= made.expires_at
    assert shop.clock == clock


def test_a_device_gets_a_name(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    url = f"/v1/devices/{phone.id}"
    stale = shop.owner.get(url).etag
    named = shop.owner.patch(url, {"label": "Caisse"}, stale)
    assert (named.status, named.json["label"]) == (200, "Caisse")
    assert shop.owner.patch(url, {"label": "Autre"}, stale).status == 412
    assert [row["label"] for row in _devices(shop.owner)] == ["Caisse"]


def test_a_revoked_device_is_told_to_wipe(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    assert shop.owner.delete(f"/v1/devices/{phone.id}", "*").json["deleted"] is True
    clock = shop.clock
    assert shop.owner.delete(f"/v1/devices/{phone.id}", "*").status == 200
    assert shop.clock == clock
    for further in ({}, {"last_pulled_at": None}, {"replace": True}):
        got = phone.ask(**further)
        assert (got.status, got.json["code"], got.json["wipe"]) == (403, "device_revoked", True)
    assert [row["status"] for row in _devices(shop.owner)] == ["revoked"]


def test_a_removed_members_device_is_told_to_wipe_and_a_stranger_learns_nothing(shop: Shop) -> None:
    member = shop.member("clerk", user := f"leaver-{device_id()}")
    phone = Phone(member)
    phone.pull()
    shop.owner.patch(f"/v1/devices/{phone.id}", {"label": "De Fatima"}, "*")
    assert shop.owner.delete(f"/v1/members/{_member_id(shop, user)}", "*").status == 200
    got = phone.ask()
    assert (got.status, got.json["code"], got.json["wipe"]) == (403, "device_revoked", True)
    row = _row(shop, phone.id)
    assert (row.member, row.label) == (None, None)
    assert user not in repr(row)
    assert _refused(Phone(member)) == (404, "not_found")
    stranger = Client(shop.owner.gateway, shop.issuer.token(f"stranger-{phone.id}"), shop.company)
    assert _refused(Phone(stranger, phone.id)) == (404, "not_found")
    assert member.get("/v1/devices").status == 404


def test_another_members_device_is_taken(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    assert _refused(Phone(shop.member("owner"), phone.id)) == (409, "device_taken")


def test_a_viewer_pulls_and_sees_their_own_devices_alone(shop: Shop) -> None:
    owners, viewers = Phone(shop.owner), Phone(shop.member("viewer"))
    owners.pull()
    viewers.pull()
    owners.pull()
    assert viewers.copy == owners.copy
    assert [row["id"] for row in _devices(viewers.client)] == [viewers.id]
    assert {row["id"] for row in _devices(shop.owner)} == {owners.id, viewers.id}
    url = f"/v1/devices/{owners.id}"
    assert [viewers.client.get(url).status, viewers.client.delete(url, "*").status] == [404, 404]
    assert viewers.client.delete(f"/v1/devices/{viewers.id}", "*").status == 200


def test_an_api_key_holds_no_device(shop: Shop) -> None:
    key, _ = shop.key("changes.read", "parties.read")
    assert _refused(Phone(key)) == (403, "forbidden")


def test_a_change_of_role_makes_the_device_push_and_start_anew(shop: Shop) -> None:
    member = shop.member("clerk", user := f"promoted-{device_id()}")
    phone = Phone(member)
    phone.pull()
    held = {name: dict(rows) for name, rows in phone.copy.items()}
    shop.owner.patch(f"/v1/members/{_member_id(shop, user)}", {"role": "viewer"}, "*")
    assert _refused(phone) == (409, "push_first")
    (page,) = phone.pull(replace=True)
    assert page["experimentalStrategy"] == "replacement"
    assert phone.copy == held
    assert touched(phone.pull()[0]) == {}


def test_turning_synchronisation_off_forgets_the_devices(shop: Shop) -> None:
    phones = [Phone(shop.owner), Phone(shop.member("viewer"))]
    for phone in phones:
        phone.pull()
    shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*")
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": False}}, "*").status == 200
    assert _devices(shop.owner) == []
    assert _refused(phones[0]) == (409, "synchronisation_off")
    shop.owner.delete(f"/v1/customers/{shop.customer}", "*")
    shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*")
    pages = phones[0].pull()
    assert touched(pages[0]) == {"customers": {"deleted": [shop.customer]}}, "the clock of the device still counts"
    assert [row["id"] for row in _devices(shop.owner)] == [phones[0].id]


def test_turning_everything_off_with_erasure_forgets_the_devices(shop: Shop) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    off = shop.owner.patch("/v1/settings", {"cloud": {"sync": False}, "erase": True}, "*")
    assert off.status == 202, off.text
    assert _devices(shop.owner) == []


def test_one_device_more_than_a_member_may_have_replaces_the_longest_unseen(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.services.sync.devices.MOST_OF_MEMBER", 2)
    phones = [Phone(shop.owner) for _ in range(3)]
    for phone in phones[:2]:
        phone.pull()
    shop.owner.delete(f"/v1/devices/{phones[0].id}", "*")
    phones[2].pull()
    kept = {row["id"]: row["status"] for row in _devices(shop.owner)}
    assert kept == {phones[0].id: "revoked", phones[2].id: "active"}, "a revocation is never forgotten"
    shop.owner.delete(f"/v1/devices/{phones[2].id}", "*")
    assert _refused(phones[1]) == (422, "invalid_content")
    assert domain.MOST_OF_MEMBER == 10


def test_a_device_may_not_belong_to_another_person_of_the_same_id(shop: Shop) -> None:
    """The digest of a holder depends on the company and on the person."""
    assert domain.holder_digest("cmp_1", "a") != domain.holder_digest("cmp_2", "a")
    assert domain.holder_digest("cmp_1", "a") != domain.holder_digest("cmp_1", "b")
