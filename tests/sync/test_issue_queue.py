"""The queue of issue requests while the company's state, its switches or the device's rights change."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.documents import issuing
from chalicelib.domain.journal import JobRow
from chalicelib.domain.sync.outcomes import IssueRequest
from chalicelib.services.sync import issue_queue, issue_requests
from chalicelib.services.sync.issue_requests import queue_ref
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.client import Client
from tests.conftest import Shop
from tests.sync.devices import Device, codes, device_of, draft, issue_request
from tests.sync.phone import Phone
from tests.sync.test_push_issue import number, outcome, run_bulk


def set_head(shop: Shop, **changes: Any) -> None:
    """Change the company's head, as the workflows of deletion and restore do."""
    call = shop.world.call(shop.company, "system", "test", key=f"test:{changes}{shop.clock}")
    transact(shop.world.store, call, [], lambda _: Decision(head=changes), SYSTEM_STEP)


def queue(shop: Shop) -> JobRow:
    """The company's queue."""
    (row,) = shop.world.store.records([queue_ref(shop.company)])
    assert isinstance(row, JobRow)
    return row


def pushed(shop: Shop, monkeypatch: pytest.MonkeyPatch, client: Client | None = None) -> dict[str, Any]:
    """A request that a push stored and did not serve."""
    phone, own = device_of(shop, client), draft(shop.customer)
    asked = issue_request(own["id"], phone.clock)
    with monkeypatch.context() as patch:
        patch.setattr("chalicelib.api.sync_push.serve_requests", lambda context, pushed: pushed.clock)
        assert codes(phone.push(created={"drafts": [own], "issue_requests": [asked]})) == []
    return asked


@pytest.mark.parametrize("state", ["blocked", "restoring"])
def test_a_queue_waits_until_the_company_is_open_again(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Eleven looks: a failure of each would make a dead letter of the queue."""
    asked = pushed(shop, monkeypatch)
    set_head(shop, state=state)
    for hours in range(11):
        run_bulk(world, hours=hours)
    assert (outcome(shop, asked["id"])[0], queue(shop).due) == ("pending", "bulk")
    set_head(shop, state="active")
    run_bulk(world, hours=12)
    assert outcome(shop, asked["id"]) == ("issued", number(shop, asked["document_id"]), None)
    assert queue(shop).due is None


def test_a_queue_waits_while_nothing_is_stored_in_the_cloud(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = pushed(shop, monkeypatch)
    set_head(shop, cloud_sync=False, cloud_backup=False)
    run_bulk(world)
    assert outcome(shop, asked["id"])[0] == "pending"
    set_head(shop, cloud_sync=True)
    run_bulk(world, hours=1)
    assert outcome(shop, asked["id"])[0] == "issued"


def test_without_synchronisation_the_number_is_given_all_the_same(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request was accepted, and backup stores business data."""
    asked = pushed(shop, monkeypatch)
    set_head(shop, cloud_sync=False, cloud_backup=True)
    run_bulk(world)
    assert outcome(shop, asked["id"])[0] == "issued"


def test_the_queue_of_a_closed_account_ends(shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pushed(shop, monkeypatch)
    set_head(shop, state="closed")
    run_bulk(world)
    assert outcome(shop, asked["id"])[0] == "pending"
    assert (json.loads(queue(shop).inputs), queue(shop).due) == ({"ids": []}, None)


def test_a_queue_that_waits_ends_with_its_requests(shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The term of a request ends after 90 days."""
    asked = pushed(shop, monkeypatch)
    set_head(shop, state="blocked")
    run_bulk(world)
    ref = IssueRequest.ref(shop.company, asked["id"])
    world.store.connection.client.delete_item(**world.store.key(ref))
    run_bulk(world, hours=1)
    assert queue(shop).due is None


def test_a_push_is_stored_though_the_company_is_blocked_before_its_requests_are_served(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, own = device_of(shop), draft(shop.customer)
    asked, serve = issue_request(own["id"], phone.clock), issue_requests.serve

    def blocked(*inputs: Any) -> bool:
        set_head(shop, state="blocked")
        return serve(*inputs)

    monkeypatch.setattr(issue_requests, "serve", blocked)
    assert codes(phone.push(created={"drafts": [own], "issue_requests": [asked]})) == []
    set_head(shop, state="active")
    monkeypatch.undo()
    run_bulk(world)
    assert outcome(shop, asked["id"])[0] == "issued"


def test_a_document_that_is_too_large_refuses_its_request_alone(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row of a document is larger than that of its draft."""
    phone, large, small = device_of(shop), draft(shop.customer), draft(shop.customer)
    asked = [issue_request(each["id"], phone.clock, id) for each, id in zip((large, small), ids(), strict=True)]
    issue = issuing.issue

    def inflated(document_type: Any, own: Any, *more: Any) -> Any:
        document, entry, series = issue(document_type, own, *more)
        if own.id == large["id"]:
            document = document.edited(document.updated_at, notes=world.random(400_000).hex())
        return document, entry, series

    monkeypatch.setattr(issuing, "issue", inflated)
    assert codes(phone.push(created={"drafts": [large, small], "issue_requests": asked})) == []
    assert outcome(shop, asked[0]["id"]) == ("refused", None, "too_large")
    assert outcome(shop, asked[1]["id"])[0] == "issued"


def ids() -> list[str]:
    """Two ids of requests in their order."""
    return sorted(issue_request("", 0)["id"] for _ in range(2))


Change = Callable[[Shop, str], object]


def _member(shop: Shop, user: str) -> str:
    id: str = next(row["id"] for row in shop.owner.get("/v1/members").json["data"] if row["user"] == user)
    return id


def _demoted(shop: Shop, user: str) -> object:
    return shop.owner.patch(f"/v1/members/{_member(shop, user)}", {"role": "viewer"}, "*")


def _removed(shop: Shop, user: str) -> object:
    return shop.owner.delete(f"/v1/members/{_member(shop, user)}", "*")


@pytest.mark.parametrize("change", [_demoted, _removed])
def test_an_accepted_request_is_served_after_its_member_lost_the_right(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    """The right is that of the moment at which the server accepted the request, as for a job of the API."""
    clerk = shop.member("accountant", user := f"an-accountant-{change.__name__}")
    asked = pushed(shop, monkeypatch, clerk)
    change(shop, user)
    run_bulk(world)
    assert outcome(shop, asked["id"])[0] == "issued"


def test_a_request_of_a_revoked_device_is_served_and_the_device_learns_nothing(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = Phone(shop.owner)
    phone.pull()
    device, own = Device(shop.owner, phone.clock or 0, phone.id), draft(shop.customer)
    asked = issue_request(own["id"], device.clock)
    with monkeypatch.context() as patch:
        patch.setattr("chalicelib.api.sync_push.serve_requests", lambda context, pushed: pushed.clock)
        device.push(created={"drafts": [own], "issue_requests": [asked]})
    assert shop.owner.delete(f"/v1/devices/{phone.id}", "*").status == 200
    run_bulk(world)
    assert outcome(shop, asked["id"])[0] == "issued"
    later = issue_request(own["id"], shop.clock)
    assert device.push(created={"issue_requests": [later]}).json["wipe"] is True
    assert phone.ask().json["code"] == "device_revoked"


def test_a_request_after_the_member_lost_the_right_is_refused(shop: Shop) -> None:
    clerk = shop.member("accountant", user := "an-accountant-who-falls")
    phone, own = device_of(shop, clerk), draft(shop.customer)
    phone.push(created={"drafts": [own]})
    shop.owner.patch(f"/v1/members/{_member(shop, user)}", {"role": "clerk"}, "*")
    asked = issue_request(own["id"], shop.clock)
    assert codes(phone.push(created={"issue_requests": [asked]}, since=shop.clock)) == [(asked["id"], "forbidden")]
    assert number(shop, own["id"]) is None


def test_the_wait_of_a_queue_is_bounded() -> None:
    assert timedelta(minutes=5) <= issue_queue.LOOK_AGAIN <= timedelta(hours=1)
