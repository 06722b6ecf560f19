"""A push beside other writers, and a push that is cut: nothing is lost, and every cut converges."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from chalicelib.domain.sync.outcomes import SyncNotice
from chalicelib.domain.sync.push import PushedRow
from chalicelib.services.sync import forgetting
from chalicelib.services.sync import push as pushing
from chalicelib.services.sync.examine import Examined, PushRequest, examine
from chalicelib.wiring import World
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.sync.devices import Device, codes, customer, device_of, draft, issue_request, item, new_id
from tests.sync.phone import Phone
from tests.sync.test_push_issue import number, outcome, run_bulk
from tests.workflow import tables


def after_examining(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let somebody act between the examination of a push and its first transaction, once."""
    acts = iter([act])

    def then(request: PushRequest, rows: Iterable[PushedRow]) -> Examined:
        examined = examine(request, rows)
        for each in acts:
            each()
        return examined

    monkeypatch.setattr(pushing, "examine", then)


def after_batches(monkeypatch: pytest.MonkeyPatch, count: int, act: Callable[[], object]) -> None:
    """Let somebody act after so many transactions of a push, of which each stores one row."""
    monkeypatch.setattr("chalicelib.domain.sync.push.MOST_ITEMS", 1)
    store = pushing._Storing._store
    stored: list[object] = []

    def then(storing: Any, *inputs: Any) -> None:
        if len(stored) == count:
            act()
        stored.append(storing)
        store(storing, *inputs)

    monkeypatch.setattr(pushing._Storing, "_store", then)


def test_a_change_that_slips_in_is_a_conflict(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, vis = device_of(shop), item()
    phone.push(created={"items": [vis]})
    phone.clock = shop.clock
    after_examining(monkeypatch, lambda: shop.owner.patch(f"/v1/items/{vis['id']}", {"unit": "kg"}, "*"))
    got = phone.push(updated={"items": [vis | {"name": "Vis verte"}]}, created={"items": [item()]})
    assert (got.status, got.json["code"]) == (409, "sync_conflict")
    stored = shop.owner.get(f"/v1/items/{vis['id']}").json
    assert (stored["name"], stored["unit"]) == ("Vis", "kg")


@pytest.mark.parametrize("way", ["updated", "deleted"])
def test_a_change_between_two_transactions_refuses_its_row_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The answer 409 says that nothing is stored, so it is given before the first transaction only."""
    phone, bolt, new = Phone(shop.owner), item(name="Boulon"), item()
    phone.pull()
    device = Device(shop.owner, phone.clock or 0, phone.id)
    device.push(created={"items": [bolt]})
    phone.pull()
    device.clock = phone.clock or 0
    own = draft(shop.customer)
    after_batches(monkeypatch, 1, lambda: shop.owner.patch(f"/v1/items/{bolt['id']}", {"unit": "kg"}, "*"))
    mine = bolt | {"name": "Boulon vert"}
    pushed = {"created": [new]} | ({"updated": [mine]} if way == "updated" else {"deleted": [bolt["id"]]})
    got = device.push({"items": pushed, "drafts": {"created": [own]}})
    assert codes(got) == [(bolt["id"], "row_changed")]
    assert shop.owner.get(f"/v1/items/{new['id']}").status == 200
    assert shop.owner.get(f"/v1/invoices/{own['id']}").status == 200
    revive = {} if way == "updated" else {"revive": {"items": [bolt["id"]]}}
    phone.pull(**revive)
    assert [each["code"] for each in phone.copy["notices"].values()] == ["row_changed"]
    assert (phone.copy["items"][bolt["id"]]["name"], phone.copy["items"][bolt["id"]]["unit"]) == ("Boulon", "kg")
    merged = phone.copy["items"][bolt["id"]] | {"name": "Boulon vert"}
    device.clock = phone.clock or 0
    assert codes(device.push(updated={"items": [merged]})) == []
    stored = shop.owner.get(f"/v1/items/{bolt['id']}").json
    assert (stored["name"], stored["unit"]) == ("Boulon vert", "kg")


def test_too_many_commits_between_two_transactions_refuse_the_rest(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.services.sync.examine.MOST_ENTRIES_SINCE_PULL", 4)
    phone, vis, new = device_of(shop), item(), item()
    phone.push(created={"items": [vis]})
    phone.clock = shop.clock

    def act() -> None:
        for unit in "abcde":
            shop.owner.patch(f"/v1/items/{vis['id']}", {"unit": unit}, "*")

    after_batches(monkeypatch, 1, act)
    got = phone.push({"items": {"created": [new], "updated": [vis | {"name": "Vis verte"}]}})
    assert codes(got) == [(vis["id"], "row_changed")]
    assert shop.owner.get(f"/v1/items/{new['id']}").status == 200


def test_another_change_that_slips_in_is_none(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, vis = device_of(shop), item()
    after_examining(monkeypatch, shop.draft)
    assert codes(phone.push(created={"items": [vis]})) == []
    assert shop.owner.get(f"/v1/items/{vis['id']}").status == 200


def test_a_draft_that_is_issued_meanwhile_stays_issued(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    own = shop.draft()
    phone = device_of(shop)
    after_examining(monkeypatch, lambda: shop.owner.post(f"/v1/invoices/{own['id']}/issue"))
    got = phone.push(updated={"drafts": [draft(shop.customer, own["id"], notes="Merci")]})
    assert codes(got) == [(own["id"], "already_issued")]
    assert shop.owner.get(f"/v1/invoices/{own['id']}").json["notes"] is None


def test_the_same_push_twice_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, vis = device_of(shop), item()
    after_examining(monkeypatch, lambda: phone.push(created={"items": [vis]}))
    assert codes(phone.push(created={"items": [vis]})) == []
    assert shop.clock == phone.clock + 1


def test_every_cut_converges(new_shop: Callable[..., Shop], world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push of several transactions a table, killed at any call and pushed again as a client does that does not pull
    in between."""
    monkeypatch.setattr("chalicelib.domain.sync.push.MOST_ITEMS", 5)

    def prepare() -> tuple[Shop, Device, dict[str, Any]]:
        shop = new_shop()
        gone = [shop.owner.post("/v1/items", {"name": "Ancien", "unit_price": "1", "vat_rate": "20"}) for _ in range(2)]
        phone = device_of(shop)
        drafts = [draft(shop.customer) for _ in range(3)]
        created = {"items": [item(name=f"Vis {n}") for n in range(7)], "drafts": drafts}
        asked = [issue_request(own["id"], phone.clock, id) for own, id in zip(drafts, ids(3), strict=True)]
        changes: dict[str, Any] = {table: {"created": rows} for table, rows in created.items()}
        changes["items"]["deleted"] = [each.json["id"] for each in gone]
        changes["customers"] = {"created": [{"id": new_id("cus"), "name": "Sans ICE", "kind": "business"}]}
        return shop, phone, changes | {"issue_requests": {"created": asked}}

    def send(case: tuple[Shop, Device, dict[str, Any]]) -> None:
        _, phone, changes = case
        assert [code for _, code in codes(phone.push(changes))] == ["ice_required"]

    def state(case: tuple[Shop, Device, dict[str, Any]]) -> object:
        shop, _, changes = case
        names = sorted(each["name"] for each in shop.owner.get("/v1/items", query={"limit": "50"}).json["data"])
        numbers = [number(shop, row["id"]) for row in changes["drafts"]["created"]]
        outcomes = [outcome(shop, row["id"]) for row in changes["issue_requests"]["created"]]
        return names, numbers, outcomes, shop.clock - case[1].clock

    assert prove([world.store.connection.client], Work(prepare, send, send, state)) > 20


def ids(count: int) -> list[str]:
    """Ids of requests in their order."""
    return sorted(new_id("isr") for _ in range(count))


def test_the_job_killed_at_any_call_gives_each_number_once(
    new_shop: Callable[..., Shop], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare() -> tuple[Shop, list[dict[str, Any]]]:
        shop = new_shop()
        phone = device_of(shop)
        drafts = [draft(shop.customer) for _ in range(3)]
        asked = [issue_request(own["id"], phone.clock, id) for own, id in zip(drafts, ids(3), strict=True)]
        with monkeypatch.context() as patch:
            patch.setattr("chalicelib.api.sync_push.serve_requests", lambda context, pushed: pushed.clock)
            assert codes(phone.push(created={"drafts": drafts, "issue_requests": asked})) == []
        return shop, asked

    def state(case: tuple[Shop, list[dict[str, Any]]]) -> object:
        shop, asked = case
        return [outcome(shop, row["id"]) for row in asked], [number(shop, row["document_id"]) for row in asked]

    clients = [world.store.connection.client]
    work = Work(prepare, lambda _: run_bulk(world), lambda _: run_bulk_later(world), state)
    assert prove(clients, work) > 8


def test_the_deletion_of_notices_ends_the_same(
    new_shop: Callable[..., Shop], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "TOGETHER", 2)

    def prepare() -> Shop:
        shop = new_shop()
        refused = [customer(kind="business") for _ in range(5)]
        assert len(codes(device_of(shop).push(created={"customers": refused}))) == 5
        assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True, "sync": False}}, "*").status == 200
        return shop

    def state(shop: Shop) -> object:
        return [*world.store.all_of(SyncNotice, shop.company)], shop.clock

    work = Work(prepare, lambda _: run_bulk(world), lambda _: run_bulk_later(world), state)
    with tables.noted() as steps:
        assert prove([world.store.connection.client], work) > 8
    assert steps[forgetting.WORKFLOW.name] == {"forget"}


def run_bulk_later(world: World) -> None:
    """Run the job again when the claim of a killed run has ended."""
    run_bulk(world, hours=1)
