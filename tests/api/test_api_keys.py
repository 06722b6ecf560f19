"""API keys: a cap, an optional end and the day of the last use."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pynamodb.expressions.operand import Path as Attribute

from chalicelib.domain.clock import instant
from chalicelib.domain.companies.member import ApiKey
from chalicelib.services.companies import access
from tests.conftest import Shop
from tests.privacy.worlds import Turned

KEYS = "/v1/api-keys"
NEW = {"name": "Caisse", "scopes": ["parties.read"]}


def row_of(shop: Shop, id: str) -> ApiKey:
    (row,) = shop.world.store.records([ApiKey.ref(shop.company, id)])
    assert isinstance(row, ApiKey)
    return row


def test_keys_beyond_the_cap_are_refused_until_one_is_revoked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MAX_KEYS", 3)
    made = [shop.owner.post(KEYS, NEW, idempotency_key=f"key-{number}") for number in range(3)]
    assert [got.status for got in made] == [201] * 3
    clock, refused = shop.clock, shop.owner.post(KEYS, NEW)
    assert (refused.status, refused.json["code"], shop.clock) == (409, "too_many_api_keys", clock)
    assert "3" in refused.json["detail"]
    again = shop.owner.post(KEYS, NEW, idempotency_key="key-2")
    assert (again.status, again.json["id"]) == (201, made[2].json["id"])
    assert shop.owner.delete(f"{KEYS}/{made[0].json['id']}", "*").status == 200
    assert shop.owner.post(KEYS, NEW).status == 201


def test_keys_made_at_the_same_time_keep_the_cap(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MAX_KEYS", 3)
    with ThreadPoolExecutor(6) as pool:
        made = [each.result().status for each in [pool.submit(shop.owner.post, KEYS, NEW) for _ in range(6)]]
    assert sorted(made) == [201] * 3 + [409] * 3


def test_an_expired_key_opens_nothing_and_does_not_count(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MAX_KEYS", 1)
    end = instant(shop.world.now() + timedelta(hours=1))
    made = shop.owner.post(KEYS, NEW | {"expires_at": end})
    assert made.status == 201, made.text
    assert made.json["expires_at"] == end
    row = row_of(shop, made.json["id"])
    assert row.expires_at is not None
    assert row.opens(row.expires_at - timedelta(seconds=1))
    assert not row.opens(row.expires_at)
    client = type(shop.owner)(shop.owner.gateway, made.json["key"])
    assert client.get("/v1/customers").status == 200
    past = instant(shop.world.now() - timedelta(seconds=1))
    store, ref = shop.world.store, row.key
    store.connection.update_item(
        store.names[ref.table], shop.company, ref.sort, actions=[Attribute("expires_at").set(past)]
    )
    assert client.get("/v1/customers").status == 401
    assert shop.owner.post(KEYS, NEW).status == 201


def test_an_end_in_the_past_is_refused(shop: Shop) -> None:
    past = instant(shop.world.now() - timedelta(minutes=1))
    refused = shop.owner.post(KEYS, NEW | {"expires_at": past})
    assert (refused.status, refused.codes) == (422, [("/expires_at", "expiry_in_past")])


def test_the_last_use_is_written_once_a_day_and_shown(shop: Shop) -> None:
    client, made = shop.key("parties.read")
    assert made["last_used_on"] is None
    assert client.get("/v1/items").status == 403
    assert row_of(shop, made["id"]).last_used_on is None, "a refused request is no use"
    before = shop.clock
    for _ in range(3):
        assert client.get("/v1/customers").status == 200
    assert shop.clock == before + 1
    shown = shop.owner.get(f"{KEYS}/{made['id']}")
    assert shown.json["last_used_on"] == shop.today.isoformat()
    assert shown.json["version"] == made["version"]
    assert shop.owner.get(KEYS).json["data"][0]["last_used_on"] == shop.today.isoformat()


def test_a_use_of_another_day_is_written_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    client, made = shop.key("parties.read")
    assert client.get("/v1/customers").status == 200
    import app

    world = Turned(shop.world.settings)
    world.offset = timedelta(days=1)
    monkeypatch.setattr(app, "world", lambda: world)
    assert client.get("/v1/customers").status == 200
    assert row_of(shop, made["id"]).last_used_on == shop.today + timedelta(days=1)


def test_a_row_of_an_earlier_release_has_neither(shop: Shop) -> None:
    client, made = shop.key("parties.read")
    store, ref = shop.world.store, ApiKey.ref(shop.company, made["id"])
    table = store.names[ref.table]
    stored = store.connection.get_item(table, shop.company, ref.sort)["Item"]
    assert {"expires_at", "last_used_on"}.isdisjoint(stored)
    assert client.get("/v1/customers").status == 200
