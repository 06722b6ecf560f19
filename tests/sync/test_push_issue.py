"""Requests of devices to issue: numbers are given online, once, in one order."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.documents.payment import PaymentId
from chalicelib.domain.sync.outcomes import IssueRequest
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.sync import issue_requests
from chalicelib.services.sync.issue_requests import queue_ref
from chalicelib.wiring import World
from tests.conftest import Shop
from tests.sync.devices import codes, device_of, draft, issue_request, new_id, payment
from tests.sync.phone import Phone


def outcome(shop: Shop, id: str) -> tuple[str, str | None, str | None]:
    """The state, the number and the reason of a request."""
    (row,) = shop.world.store.records([IssueRequest.ref(shop.company, id)])
    assert isinstance(row, IssueRequest)
    return row.state, row.number, row.reason


def number(shop: Shop, id: str) -> str | None:
    """The number of a document."""
    found: str | None = shop.owner.get(f"/v1/invoices/{id}").json["number"]
    return found


def run_bulk(world: World, *, hours: float = 0) -> None:
    """Run the job that serves what a push left, when it is due."""
    now = world.now() + 2 * issue_requests.SERVED_BY_PUSH + timedelta(hours=hours)
    assert run(world, named("bulk"), now=now, left=within(60)).failures == []


def test_a_request_is_stored_and_served_in_the_push(shop: Shop) -> None:
    phone = device_of(shop)
    own = draft(shop.customer)
    asked = issue_request(own["id"], phone.clock)
    got = phone.push(created={"drafts": [own], "issue_requests": [asked]})
    assert (codes(got), got.json["clock"]) == ([], shop.clock)
    issued = shop.owner.get(f"/v1/invoices/{own['id']}").json
    assert outcome(shop, asked["id"]) == ("issued", issued["number"], None)
    assert (issued["issue_date"], issued["operation_date"]) == (str(shop.today), "2026-11-30")


def test_the_same_request_twice_is_one_number(shop: Shop) -> None:
    phone = device_of(shop)
    own, asked = draft(shop.customer), issue_request("", phone.clock)
    asked["document_id"] = own["id"]
    phone.push(created={"drafts": [own], "issue_requests": [asked]})
    clock, first = shop.clock, number(shop, own["id"])
    assert codes(phone.push(created={"issue_requests": [asked]})) == []
    assert (shop.clock, number(shop, own["id"])) == (clock, first)
    second = issue_request(own["id"], phone.clock)
    assert codes(phone.push(created={"issue_requests": [second]})) == []
    assert outcome(shop, second["id"]) == ("issued", first, None)


def test_requests_of_one_push_are_served_by_their_time_then_by_id(shop: Shop) -> None:
    phone = device_of(shop)
    drafts = [draft(shop.customer) for _ in range(4)]
    times = ["2026-11-30T10:00:00Z", "2026-11-30T09:00:00Z", "2026-11-30T11:30:00+02:00", "2026-11-30T08:00:00Z"]
    asked = [issue_request(own["id"], phone.clock, requested_at=at) for own, at in zip(drafts, times, strict=True)]
    assert codes(phone.push(created={"issue_requests": asked, "drafts": drafts})) == []
    numbers = [number(shop, own["id"]) for own in drafts]
    assert all(numbers)
    assert sorted(range(4), key=lambda at: str(numbers[at])) == [3, 1, 2, 0]


def test_a_draft_that_somebody_else_changed_is_not_issued(shop: Shop) -> None:
    own = shop.draft()
    phone = device_of(shop)
    clerk = shop.member("accountant")
    clerk.patch(f"/v1/invoices/{own['id']}", {"notes": "Remise accordée"}, "*")
    asked = issue_request(own["id"], phone.clock)
    assert codes(phone.push(created={"issue_requests": [asked]})) == []
    assert outcome(shop, asked["id"]) == ("refused", None, "draft_changed")
    assert number(shop, own["id"]) is None
    again = issue_request(own["id"], shop.clock)
    phone.push(created={"issue_requests": [again]})
    assert outcome(shop, again["id"]) == ("issued", number(shop, own["id"]), None)


def test_the_devices_own_change_is_no_obstacle(shop: Shop) -> None:
    """The answer to the push of the change was lost, and the request keeps the clock at which the person asked."""
    own = shop.draft()
    phone = device_of(shop)
    row = draft(shop.customer, own["id"], notes="Remise accordée")
    assert codes(phone.push(updated={"drafts": [row]})) == []
    asked = issue_request(own["id"], phone.clock)
    phone.push(created={"issue_requests": [asked]}, since=shop.clock)
    assert outcome(shop, asked["id"])[0] == "issued"


@pytest.mark.parametrize("by", ["another device", "the web"])
def test_a_draft_that_the_same_member_changed_elsewhere_is_not_issued(shop: Shop, by: str) -> None:
    """The person pressed "issue" on a device that did not show the change."""
    own = shop.draft()
    phone, tablet = device_of(shop), device_of(shop)
    row = draft(shop.customer, own["id"], notes="Remise accordée")
    if by == "the web":
        shop.owner.patch(f"/v1/invoices/{own['id']}", {"notes": "Remise accordée"}, "*")
    else:
        assert codes(tablet.push(updated={"drafts": [row]})) == []
    asked = issue_request(own["id"], phone.clock)
    assert codes(phone.push(created={"issue_requests": [asked]}, since=shop.clock)) == []
    assert outcome(shop, asked["id"]) == ("refused", None, "draft_changed")
    later = row | {"order_reference": "PO 7"}
    again = issue_request(own["id"], shop.clock)
    got = phone.push(updated={"drafts": [later]}, created={"issue_requests": [again]}, since=shop.clock)
    assert (codes(got), outcome(shop, again["id"])[0]) == ([], "issued")


def test_a_later_own_change_does_not_hide_that_of_another_device(shop: Shop) -> None:
    own = shop.draft()
    phone, tablet = device_of(shop), device_of(shop)
    row = draft(shop.customer, own["id"], notes="Remise accordée")
    tablet.push(updated={"drafts": [row]})
    asked = issue_request(own["id"], phone.clock)
    mine = row | {"order_reference": "PO 7"}
    phone.push(updated={"drafts": [mine]}, created={"issue_requests": [asked]}, since=shop.clock)
    assert outcome(shop, asked["id"]) == ("refused", None, "draft_changed")


def test_a_request_of_an_earlier_version_states_no_device(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shop.draft()
    phone = device_of(shop)
    asked = issue_request(own["id"], phone.clock)
    monkeypatch.setattr("chalicelib.api.sync_push.serve_requests", lambda context, pushed: pushed.clock)
    phone.push(created={"issue_requests": [asked]})
    ref = IssueRequest.ref(shop.company, asked["id"])
    store = world.store
    store.connection.client.update_item(**store.key(ref), UpdateExpression="REMOVE device")
    shop.owner.patch(f"/v1/invoices/{own['id']}", {"notes": "Remise accordée"}, "*")
    run_bulk(world)
    assert outcome(shop, asked["id"])[0] == "issued"


def test_a_refused_draft_is_not_issued_as_it_was(shop: Shop) -> None:
    own = shop.draft()
    phone = device_of(shop)
    bad = draft(
        shop.customer, own["id"], lines='[{"description": "X", "quantity": "1", "unit_price": "1", "vat_rate": "14"}]'
    )
    asked = issue_request(own["id"], phone.clock)
    got = phone.push(updated={"drafts": [bad]}, created={"issue_requests": [asked]})
    assert codes(got) == [(own["id"], "vat_rate_not_in_force"), (asked["id"], "draft_rejected")]
    assert number(shop, own["id"]) is None


def test_a_draft_that_is_not_ready_is_refused_with_its_reason(shop: Shop) -> None:
    phone = device_of(shop)
    own = draft(shop.customer, lines="[]")
    nothing = issue_request(draft(shop.customer)["id"], phone.clock)
    asked = issue_request(own["id"], phone.clock)
    assert codes(phone.push(created={"drafts": [own], "issue_requests": [asked, nothing]})) == []
    assert outcome(shop, asked["id"]) == ("refused", None, "lines_required")
    assert outcome(shop, nothing["id"]) == ("refused", None, "not_found")


def test_a_draft_that_somebody_else_issued(shop: Shop) -> None:
    own = shop.draft()
    phone = device_of(shop)
    shop.member("accountant").post(f"/v1/invoices/{own['id']}/issue")
    asked = issue_request(own["id"], phone.clock)
    phone.push(created={"issue_requests": [asked]})
    assert outcome(shop, asked["id"]) == ("refused", None, "already_issued")


@pytest.mark.parametrize("killed", ["before", "between"])
def test_what_a_push_left_is_served_by_the_job(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    phone = device_of(shop)
    drafts = [draft(shop.customer) for _ in range(3)]
    ids = sorted(new_id("isr") for _ in drafts)
    asked = [issue_request(own["id"], phone.clock, id) for own, id in zip(drafts, ids, strict=True)]
    left = iter([killed == "between"] + [False] * 9)

    class Short:
        """The deadline of a push that has no time, or time for one request."""

        @property
        def passed(self) -> bool:
            return not next(left)

    monkeypatch.setattr("chalicelib.api.sync_push.Deadline.within", lambda seconds: Short())
    phone.push(created={"drafts": drafts, "issue_requests": asked})
    monkeypatch.undo()
    states = [outcome(shop, each["id"])[0] for each in asked]
    assert states == (["issued"] if killed == "between" else ["pending"]) + ["pending"] * 2
    run_bulk(world)
    numbers = [number(shop, own["id"]) for own in drafts]
    assert [outcome(shop, each["id"]) for each in asked] == [("issued", each, None) for each in numbers]
    assert sorted(numbers, key=str) == numbers
    (queue,) = world.store.records([queue_ref(shop.company)])
    assert (json.loads(queue.inputs), queue.due, queue.status) == ({"ids": []}, None, "completed")  # type: ignore[union-attr]


def test_earlier_pushes_come_first(shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = device_of(shop)
    first, second = draft(shop.customer), draft(shop.customer)
    late, early = "2026-11-30T12:00:00Z", "2026-11-30T07:00:00Z"
    monkeypatch.setattr("chalicelib.api.sync_push.serve_requests", lambda context, pushed: pushed.clock)
    asked = issue_request(first["id"], phone.clock, requested_at=late)
    phone.push(created={"drafts": [first], "issue_requests": [asked]})
    monkeypatch.undo()
    phone.push(created={"drafts": [second], "issue_requests": [issue_request(second["id"], 0, requested_at=early)]})
    assert str(number(shop, first["id"])) < str(number(shop, second["id"]))


def test_a_payment_before_the_number_is_applied_when_it_is_given(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = device_of(shop)
    own = draft(shop.customer)
    paid, more = payment(own["id"], str(shop.today)), payment(own["id"], str(shop.today), amount="500.00")
    changes: dict[str, Any] = {"drafts": {"created": [own]}, "payments": {"created": [paid, more]}}
    assert codes(phone.push(changes)) == []
    clock = shop.clock
    assert codes(phone.push(changes)) == []
    assert shop.clock == clock
    credit = shop.owner.get(f"/v1/customers/{shop.customer}/credit").json["data"]
    assert sorted((each["amount"], each["document"]) for each in credit) == [
        ("1000.00", own["id"]),
        ("500.00", own["id"]),
    ]
    phone.clock = shop.clock
    assert codes(phone.push(created={"issue_requests": [issue_request(own["id"], phone.clock)]})) == []
    issued = shop.owner.get(f"/v1/invoices/{own['id']}").json
    assert (issued["paid"], issued["status"]) == ("1500.00", "partially_paid")
    payments = shop.owner.get(f"/v1/invoices/{own['id']}/payments").json["data"]
    assert {each["id"]: each["amount"] for each in payments} == {paid["id"]: "1000.00", more["id"]: "500.00"}
    clock = shop.clock
    assert codes(phone.push(changes)) == []
    assert shop.clock == clock


def test_what_only_a_payment_can_state_waits_for_the_number(shop: Shop) -> None:
    phone = device_of(shop)
    own = draft(shop.customer)
    paid = payment(own["id"], str(shop.today), withheld_vat="100.00")
    got = phone.push(created={"drafts": [own], "payments": [paid], "issue_requests": [issue_request(own["id"], 0)]})
    assert codes(got) == [(paid["id"], "not_issued")]
    assert codes(phone.push(created={"payments": [paid]})) == []
    assert shop.owner.get(f"/v1/invoices/{own['id']}").json["withheld"] == "100.00"


def test_devices_see_a_payment_before_and_after_the_number(shop: Shop) -> None:
    phone, other = device_of(shop), Phone(shop.owner)
    own = draft(shop.customer)
    paid = payment(own["id"], str(shop.today), reference="VIR 1")
    phone.push(created={"drafts": [own], "payments": [paid]})
    other.pull()
    seen = other.copy["payments"][paid["id"]]
    assert {name: seen[name] for name in paid} == paid
    assert (seen["status"], seen["applied"]) == ("unapplied", "0.00")
    fresh = Phone(shop.owner)
    fresh.pull(replace=True)
    assert fresh.copy["payments"] == other.copy["payments"]
    phone.push(created={"issue_requests": [issue_request(own["id"], shop.clock)]})
    other.pull()
    assert [(id, row["status"], row["applied"]) for id, row in other.copy["payments"].items()] == [
        (paid["id"], "received", "1000.00")
    ]
    revived = other.page(revive={"payments": [paid["id"]]})
    assert [row["status"] for row in revived["changes"]["payments"]["created"]] == ["received"]


def test_a_request_of_a_company_that_left_the_cloud_has_an_outcome_when_it_comes_back(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = device_of(shop)
    own = draft(shop.customer)
    asked = issue_request(own["id"], phone.clock)
    monkeypatch.setattr("chalicelib.api.sync_push.serve_requests", lambda context, pushed: pushed.clock)
    phone.push(created={"drafts": [own], "issue_requests": [asked]})
    monkeypatch.undo()
    left = shop.owner.patch("/v1/settings", {"cloud": {"sync": False}, "erase": True}, "*")
    assert left.status < 300, left.text
    run_bulk(world)
    assert outcome(shop, asked["id"])[0] == "pending"
    back = shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*")
    assert back.status < 300, back.text
    run_bulk(world, hours=1)
    gone = shop.owner.get(f"/v1/invoices/{own['id']}").status == 404
    assert outcome(shop, asked["id"])[::2] == (("refused", "not_found") if gone else ("issued", None))
    (queue,) = world.store.records([queue_ref(shop.company)])
    assert (json.loads(queue.inputs), queue.due) == ({"ids": []}, None)  # type: ignore[union-attr]


def test_a_clock_that_the_device_cannot_have_seen(shop: Shop) -> None:
    own = shop.draft()
    phone = device_of(shop)
    asked = issue_request(own["id"], shop.clock + 100)
    phone.push(created={"issue_requests": [asked]})
    assert outcome(shop, asked["id"]) == ("refused", None, "draft_changed")


def test_many_requests_of_one_push_are_served_in_several_looks(shop: Shop) -> None:
    phone = device_of(shop)
    drafts = [draft(shop.customer) for _ in range(issue_requests.TOGETHER + 2)]
    ids = sorted(new_id("isr") for _ in drafts)
    asked = [issue_request(own["id"], phone.clock, id) for own, id in zip(drafts, ids, strict=True)]
    assert codes(phone.push(created={"drafts": drafts, "issue_requests": asked})) == []
    numbers = [number(shop, own["id"]) for own in drafts]
    assert numbers == sorted(numbers, key=str)
    assert None not in numbers


def test_a_payment_keeps_its_id_without_its_reservation(shop: Shop) -> None:
    """A restore leaves out the reserved id of a payment that does not exist yet."""
    phone = device_of(shop)
    own = draft(shop.customer)
    paid = payment(own["id"], str(shop.today))
    phone.push(created={"drafts": [own], "payments": [paid]})
    place, store = PaymentId.ref(shop.company, paid["id"]), shop.world.store
    store.connection.delete_item(store.names[place.table], place.company, place.sort)
    phone.push(created={"issue_requests": [issue_request(own["id"], shop.clock)]})
    assert shop.owner.get(f"/v1/payments/{paid['id']}").json["applied"] == "1000.00"
