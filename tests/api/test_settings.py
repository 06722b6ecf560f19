"""The cloud switches through the whole pipeline: what is off stores nothing."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from chalicelib.services.companies import switches
from tests.client import Got
from tests.conftest import Shop


def _refused(got: Got) -> tuple[int, str]:
    return got.status, got.json["code"]


def test_a_company_with_the_cloud_off_stores_nothing(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(cloud=False)
    clock = shop.clock
    for path, body in (
        ("/v1/customers", {"name": "X", "kind": "consumer"}),
        ("/v1/suppliers", {"name": "X", "kind": "consumer"}),
        ("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20"}),
        ("/v1/invoices", {"lines": []}),
    ):
        assert _refused(shop.owner.post(path, body)) == (409, "cloud_storage_off")
    assert (shop.clock, shop.world.store.query("workspace", shop.company).records[1:]) == (clock, [])


def test_switches_turn_one_by_one(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(cloud=False)
    off = shop.owner.get("/v1/settings")
    on = shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, off.etag)
    assert (on.json["cloud"], on.etag != off.etag) == ({"sync": False, "backup": True}, True)
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, off.etag).status == 412
    both = shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, on.etag)
    assert both.json["cloud"] == {"sync": True, "backup": True}
    assert shop.owner.post("/v1/items", {"name": "X", "unit_price": "1", "vat_rate": "20"}).status == 201
    assert shop.owner.get("/v1/settings").etag == both.etag  # other writes do not make it stale
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": False}}, "*").json["cloud"]["backup"] is True


def test_the_last_switch_stays_on_over_a_workspace_that_holds_something(shop: Shop) -> None:
    clock = shop.clock
    refused = shop.owner.patch("/v1/settings", {"cloud": {"sync": False}}, "*")
    assert _refused(refused) == (409, "workspace_not_empty")
    assert (shop.clock, shop.owner.get("/v1/settings").json["cloud"]["sync"]) == (clock, True)
    shop.owner.delete(f"/v1/customers/{shop.customer}", "*")
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": False}}, "*").json["cloud"] == {
        "sync": False,
        "backup": False,
    }


def test_nothing_slips_in_while_the_last_switch_goes_off(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A customer that is created after the look at the workspace and before the commit is seen."""
    shop.owner.delete(f"/v1/customers/{shop.customer}", "*")
    look = switches._observe
    looks: list[bool] = []

    def slow_look(store: Any, company: str) -> Any:
        seen = look(store, company)
        if not looks:
            other = Thread(target=shop.owner.post, args=("/v1/customers", {"name": "Tardif", "kind": "consumer"}))
            other.start()
            other.join()
        looks.append(seen.empty)
        return seen

    monkeypatch.setattr(switches, "_observe", slow_look)
    refused = shop.owner.patch("/v1/settings", {"cloud": {"sync": False}}, "*")
    assert (refused.json["code"], looks) == ("workspace_not_empty", [True, False])


@pytest.mark.parametrize("body", [{"cloud": {"sync": "yes"}}, {"cloud": {"mail": True}}, {"cloud": None}, {"theme": 1}])
def test_settings_refused_change_nothing(shop: Shop, body: dict[str, Any]) -> None:
    clock = shop.clock
    assert shop.owner.patch("/v1/settings", body, "*").status == 422
    assert shop.clock == clock
