"""A deletion killed before and after each of its AWS calls ends as an undisturbed one does, receipt and all."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.request import Receipt
from chalicelib.policy.erasure import Plan
from chalicelib.services.privacy import deletion
from tests.crash import Work, prove, watched
from tests.privacy.test_deletion import ROOMS, head
from tests.privacy.worlds import Books, Turned, carried, carry


def clients(world: Turned) -> list[Any]:
    return [world.store.connection.client, world.files.client, world.keys.client]


@pytest.fixture
def one_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the prefixes, which are all treated alike, the one that the small company has objects under."""
    full = deletion.planned

    def planned(*arguments: Any) -> Plan:
        found = full(*arguments)
        return replace(found, steps=tuple(s for s in found.steps if s.store == "table" or s.place == "pdf/"))

    monkeypatch.setattr(deletion, "planned", planned)


@pytest.mark.usefixtures("one_prefix")
@pytest.mark.parametrize("subject", ["company", "customer"])
def test_killed_at_any_call_it_ends_the_same(vault: Turned, subject: str) -> None:
    def prepare() -> tuple[Books, str]:
        shop = Books(vault, small=True)
        return shop, shop.confirmed(None, waive=True) if subject == "company" else shop.confirmed(shop.customer)

    def again(_: object) -> None:
        carry(vault, hours=1)
        carry(vault, hours=2)

    def state(made: tuple[Books, str]) -> object:
        shop, id = made
        stored = vault.store.records([Receipt.ref(shop.id, id)])[0]
        assert isinstance(stored, Receipt)
        said = json.loads(stored.content)
        request = shop.request(id)
        return (
            {room: shop.kinds(room) for room in ROOMS}, shop.versions(), head(shop).state, head(shop).clock,
            said["stores"], said["last_trace"], request.status, request.due, [m.done for m in request.measures],
        )  # fmt: skip

    _ = vault.keys.public_key
    carried(vault)  # what other tests left to do would be done, and counted, by the first run alone
    crashes = prove(clients(vault), Work(prepare, lambda _: carried(vault), again, state))
    assert crashes > 50


def test_an_idle_run_writes_nothing(vault: Turned) -> None:
    with watched(clients(vault)) as calls:
        carry(vault)
    assert calls.writes == []
