"""Pushes that no honest device sends: each answer is a clear refusal that names its place, and nothing else changes."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.sync.outcomes import IssueRequest
from chalicelib.services.commits import entries_after
from chalicelib.store.read import open_company
from chalicelib.wiring import World
from tests.client import Client, Got
from tests.conftest import Shop
from tests.privacy.test_erased_persons import TRACES, erased, person
from tests.sync.devices import Device, codes, customer, device_of, draft, issue_request, item, new_id, payment
from tests.sync.test_push_issue import outcome, run_bulk

DAY = "2026-11-30"


def changed(shop: Shop, since: int) -> set[str]:
    """The kinds of rows that commits after a clock changed."""
    entries = entries_after(open_company(shop.world.store, shop.company), since, 100)
    return {change.kind for entry in entries for change in entry.changes}


def lines(**cells: Any) -> str:
    """The text of one line."""
    row = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}
    return json.dumps([row | cells])


def asked(**cells: Any) -> dict[str, Any]:
    """A request about no draft."""
    return issue_request(new_id("inv"), 1, **cells)


def paid(document: Any) -> dict[str, Any]:
    """A payment of a document."""
    return payment(document, DAY)


CUSTOMER = new_id("cus")
ROWS: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("items", item(name=5), "wrong_type", "/name"),
    ("items", item(name=10**400), "wrong_type", "/name"),
    ("items", item(name=True), "wrong_type", "/name"),
    ("items", item(name={"first": "Vis"}), "wrong_type", "/name"),
    ("items", item(name=["Vis"]), "wrong_type", "/name"),
    ("items", item(unit_price=1.5), "wrong_type", "/unit_price"),
    ("items", item(unit_price="1e999999999"), "bad_number", "/unit_price"),
    ("items", item(name="x" * 900_000), "too_long", "/name"),
    ("items", item(name="a\0b"), "control_character", "/name"),
    ("items", item() | {"id": ""}, "bad_id", "/id"),
    ("items", item("itm_../../x"), "bad_id", "/id"),
    ("items", item("itm_\0"), "bad_id", "/id"),
    ("items", item(new_id("cus")), "bad_id", "/id"),
    ("customers", customer(new_id("itm")), "bad_id", "/id"),
    ("customers", customer(address="[1]"), "wrong_type", "/address"),
    ("customers", customer(address='{"street": {"name": "X"}}'), "wrong_type", "/address/street"),
    ("customers", customer(metadata='{"a": 1}'), "wrong_type", "/metadata/a"),
    ("drafts", draft(CUSTOMER, new_id("xyz")), "bad_id", "/id"),
    ("drafts", draft(CUSTOMER, kind=5), "not_one_of", "/kind"),
    ("drafts", draft(CUSTOMER, kind=["invoice"]), "not_one_of", "/kind"),
    ("drafts", draft(new_id("itm")), "bad_id", "/customer"),
    ("drafts", draft(CUSTOMER, lines="["), "not_json_text", "/lines"),
    ("drafts", draft(CUSTOMER, lines="{}"), "wrong_type", "/lines"),
    ("drafts", draft(CUSTOMER, lines="[" * 5_000 + "]" * 5_000), "not_json_text", "/lines"),
    ("drafts", draft(CUSTOMER, lines='[{"quantity": NaN}]'), "not_json_text", "/lines"),
    ("drafts", draft(CUSTOMER, lines='[{"description": "\\ud800"}]'), "not_json_text", "/lines"),
    ("drafts", draft(CUSTOMER, lines=lines(quantity="1e9999999")), "bad_number", "/lines/0/quantity"),
    ("payments", paid(5), "bad_id", "/document_id"),
    ("payments", paid(None), "bad_id", "/document_id"),
    ("payments", paid([new_id("inv")]), "bad_id", "/document_id"),
    ("payments", paid(new_id("quo")), "bad_id", "/document_id"),
    ("issue_requests", asked(seen_clock="1"), "wrong_type", "/seen_clock"),
    ("issue_requests", asked(seen_clock=True), "wrong_type", "/seen_clock"),
    ("issue_requests", asked(seen_clock=1.5), "wrong_type", "/seen_clock"),
    ("issue_requests", asked(seen_clock=-1), "out_of_range", "/seen_clock"),
    ("issue_requests", asked(requested_at="hier"), "bad_instant", "/requested_at"),
    ("issue_requests", asked(requested_at="9999-12-31T23:59:59Z"), "out_of_range", "/requested_at"),
    ("issue_requests", asked(requested_at="0001-01-01T00:00:00+14:00"), "out_of_range", "/requested_at"),
    ("documents", {"id": new_id("inv")}, "already_issued", None),
    ("company", {"id": new_id("cmp")}, "read_only", None),
    ("dreams", {"id": "x"}, "unknown_table", None),
    ("a\0b", {"id": "x"}, "unknown_table", None),
]


def test_a_row_that_cannot_be_stored_names_its_table_its_id_and_its_field(shop: Shop) -> None:
    phone, wrong = device_of(shop), []
    for table, row, code, pointer in ROWS:
        clock = shop.clock
        good = item()
        got = phone.push({table: {"created": [row]}} | ({} if table == "items" else {"items": {"created": [good]}}))
        found = [(each["table"], each["id"], each["code"], each["pointer"]) for each in got.json.get("results", ())]
        stored = changed(shop, clock) - {"sync_notice"}
        if (got.status, found, stored) != (
            200,
            [(table, row["id"], code, pointer)],
            set() if table == "items" else {"item"},
        ):
            wrong.append((table, str(row)[:80], got.text[:200], stored))
    assert wrong == []


BODIES: list[tuple[dict[str, Any], int, str, str]] = [
    ({"last_pulled_at": -1}, 422, "out_of_range", "/last_pulled_at"),
    ({"last_pulled_at": 2**63}, 422, "out_of_range", "/last_pulled_at"),
    ({"last_pulled_at": 1.5}, 422, "wrong_type", "/last_pulled_at"),
    ({"last_pulled_at": "7"}, 422, "wrong_type", "/last_pulled_at"),
    ({"schema_version": 0}, 422, "out_of_range", "/schema_version"),
    ({"schema_version": 99}, 422, "out_of_range", "/schema_version"),
    ({"device": "dev_1"}, 422, "bad_id", "/device"),
    ({"device": new_id("cus")}, 422, "bad_id", "/device"),
    ({"changes": {"items": []}}, 422, "wrong_type", "/changes/items"),
    ({"changes": {"items": None}}, 422, "wrong_type", "/changes/items"),
    ({"changes": {"items": {"erased": []}}}, 422, "unknown_field", "/changes/items/erased"),
    ({"changes": {"items": {"deleted": [5]}}}, 422, "wrong_type", "/changes/items/deleted/0"),
    ({"changes": {"items": {"created": [{"name": "Vis"}]}}}, 422, "missing", "/changes/items/created/0/id"),
    ({"changes": {"items": {"created": [{"id": 5}]}}}, 422, "wrong_type", "/changes/items/created/0/id"),
    ({"changes": {"items": {"created": [{"id": "x" * 65}]}}}, 422, "too_long", "/changes/items/created/0/id"),
]


def test_a_body_of_another_form_changes_nothing(shop: Shop) -> None:
    phone, wrong = device_of(shop), []
    base = {"device": phone.id, "last_pulled_at": phone.clock, "changes": {"items": {"created": [item()]}}}
    for body, status, code, pointer in BODIES:
        got = shop.owner.post("/v1/sync/push", base | body, idempotency_key="")
        found = [(each["code"], each["pointer"]) for each in got.json.get("errors", ())]
        if (got.status, found) != (status, [(code, pointer)]):
            wrong.append((body, got.text))
    assert wrong == []
    assert shop.clock == phone.clock


def test_the_name_of_a_table_is_bounded(shop: Shop) -> None:
    phone = device_of(shop)
    assert phone.push({"a" * 65: {"deleted": ["x"]}}).status == 422
    assert shop.clock == phone.clock


def test_a_lone_surrogate_in_the_body_is_refused(shop: Shop) -> None:
    phone = device_of(shop)
    row = json.dumps(item(name="?")).replace("?", "\\ud800")
    body = f'{{"device": "{phone.id}", "last_pulled_at": 1, "changes": {{"items": {{"created": [{row}]}}}}}}'
    got = shop.owner.post("/v1/sync/push", raw=body.encode(), idempotency_key="")
    assert got.status == 400, got.text
    assert shop.clock == phone.clock


@pytest.mark.parametrize("count", [0, 1, 10_001])
def test_the_number_of_rows(shop: Shop, count: int) -> None:
    phone = device_of(shop)
    got = phone.push(deleted={"items": [new_id("itm") for _ in range(count)]})
    if count <= 1:
        assert (codes(got), shop.clock) == ([], phone.clock)
    else:
        assert (got.status, got.json["code"], got.json["limit"]) == (413, "push_too_large", "1000 rows")


def test_a_body_of_six_megabytes(shop: Shop) -> None:
    phone = device_of(shop)
    got = phone.push(created={"items": [item(name="x" * 6_000_000)]})
    assert (got.status, got.json["code"], shop.clock) == (413, "push_too_large", phone.clock)


def test_a_row_that_no_transaction_takes_does_not_stop_the_others(shop: Shop) -> None:
    phone, good = device_of(shop), item()
    line = {"quantity": "1", "unit_price": "1", "vat_rate": "20"}
    many = json.dumps([{"description": secrets.token_hex(900), **line} for _ in range(480)])
    large = draft(shop.customer, lines=many)
    assert codes(phone.push(created={"drafts": [large], "items": [good]})) == [(large["id"], "too_large")]
    assert shop.owner.get(f"/v1/items/{good['id']}").status == 200


def test_the_last_state_of_a_row_that_comes_several_times_counts(shop: Shop) -> None:
    phone, vis = device_of(shop), item()
    created, updated = [vis, vis | {"name": "Deux"}], [vis | {"name": "Trois"}]
    assert codes(phone.push(created={"items": created}, updated={"items": updated})) == []
    assert shop.owner.get(f"/v1/items/{vis['id']}").json["name"] == "Trois"
    assert shop.clock == phone.clock + 1


def test_two_devices_choose_the_same_new_id(shop: Shop) -> None:
    """The second one learns of the first, also if its clock says that it had seen everything."""
    phone, tablet, own = device_of(shop), device_of(shop), customer(name="Atlas")
    assert codes(phone.push(created={"customers": [own]})) == []
    other = own | {"name": "Rif"}
    got = tablet.push(created={"customers": [other]})
    assert (got.status, got.json["code"]) == (409, "sync_conflict")
    assert shop.owner.get(f"/v1/customers/{own['id']}").json["name"] == "Atlas"
    assert codes(tablet.push(created={"customers": [own]})) == [], "equal content is no conflict"


def test_ids_of_another_company_are_unknown_here(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    other = new_shop()
    vis = other.owner.post("/v1/items", {"name": "Vis", "unit_price": "1.50", "vat_rate": "20"}).json
    theirs, issued = other.draft(), other.issued()
    clock, phone = other.clock, device_of(shop)
    mine, own = item(vis["id"], name="À moi"), draft(other.customer)
    request, money = issue_request(theirs["id"], phone.clock), payment(issued["id"], str(shop.today))
    got = phone.push(
        created={"drafts": [own], "issue_requests": [request], "payments": [money]},
        updated={"items": [mine]},
        deleted={"customers": [other.customer], "drafts": [theirs["id"]]},
    )
    assert sorted(codes(got)) == sorted([(own["id"], "unknown_customer"), (money["id"], "not_found")])
    assert outcome(shop, request["id"]) == ("refused", None, "not_found")
    assert shop.owner.get(f"/v1/items/{vis['id']}").json["name"] == "À moi", "an id is one of its company"
    assert (other.clock, other.owner.get(f"/v1/items/{vis['id']}").json["name"]) == (clock, "Vis")
    assert other.owner.get(f"/v1/customers/{other.customer}").status == 200


def test_a_device_of_another_company_is_no_device_here(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    other = new_shop()
    phone = device_of(other)
    body = {"last_pulled_at": None, "schema_version": 1, "device": phone.id}
    assert other.owner.post("/v1/sync/pull", body).status == 200
    clock = other.clock
    here = Device(shop.owner, shop.clock, phone.id)
    assert codes(here.push(created={"items": [item()]})) == []
    assert other.clock == clock


def rxdb(client: Client, table: str, **row: Any) -> Got:
    """A push of one document in RxDB's form."""
    body = {"rows": [row], "device": new_id("dev")}
    return client.post(f"/v1/sync/rxdb/{table}/push", body, idempotency_key="")


def test_a_text_deletes_nothing_in_rxdb(shop: Shop) -> None:
    vis = item()
    device_of(shop).push(created={"items": [vis]})
    for word in ("false", "yes", 0, 1, None):
        got = rxdb(shop.owner, "items", newDocumentState=vis | {"_deleted": word}, assumedMasterState=vis)
        assert got.json["errors"][0]["pointer"] == "/rows/0/newDocumentState/_deleted"
    assert shop.owner.get(f"/v1/items/{vis['id']}").status == 200


def test_a_request_with_a_wrong_year_from_an_earlier_version_stops_no_queue(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a request failed each push of the company with a request, and made a dead letter of its queue."""
    phone, bad, good = device_of(shop), draft(shop.customer), draft(shop.customer)
    requests = [issue_request(bad["id"], phone.clock), issue_request(good["id"], phone.clock)]
    with monkeypatch.context() as patch:
        patch.setattr("chalicelib.api.sync_push.serve_requests", lambda context, pushed: pushed.clock)
        phone.push(created={"drafts": [bad, good], "issue_requests": requests})
    world.store.connection.client.update_item(
        **world.store.key(IssueRequest.ref(shop.company, requests[0]["id"])),
        UpdateExpression="SET requested_at = :at",
        ExpressionAttributeValues={":at": {"S": "9999-12-31T23:59:59Z"}},
    )
    run_bulk(world)
    assert [outcome(shop, each["id"])[0] for each in requests] == ["issued", "issued"]


@pytest.mark.parametrize("way", ["created", "updated"])
def test_nothing_of_an_erased_person_comes_back(shop: Shop, caplog: pytest.LogCaptureFixture, way: str) -> None:
    """A device that was offline during the erasure sends all that it had, under every clock."""
    buyer = person(shop)
    own = shop.draft(customer=buyer)
    phone = device_of(shop)
    row = customer(buyer, name="Zineb Alaoui", notes="Née en 1980", email="zineb@shop.example")
    erased(shop, buyer, carried=True)
    clock = shop.clock
    changes: dict[str, Any] = {
        "customers": {way: [row]},
        "drafts": {way: [draft(buyer, own["id"], notes="Zineb Alaoui")]},
        "payments": {"created": [payment(own["id"], str(shop.today), reference="Zineb Alaoui")]},
        "issue_requests": {"created": [issue_request(own["id"], phone.clock)]},
    }
    for since in (phone.clock, clock, 10**9, 0):
        got = phone.push(changes, since=since)
        if since < clock:  # The erasure changed the draft.
            assert (got.status, got.json["code"]) == (409, "sync_conflict")
        else:
            assert (buyer, "person_erased") in codes(got)
        assert [trace for trace in (*TRACES, "Zineb", "zineb") if trace in got.text + caplog.text] == []
    assert changed(shop, clock) <= {"sync_notice", "issue_request", "job"}
    assert shop.owner.get(f"/v1/customers/{buyer}").status == 404
    found = json.dumps([_stored(shop, "transient"), _stored(shop, "journal")])
    assert [trace for trace in ("Zineb", "zineb") if trace in found] == []


def _stored(shop: Shop, table: str) -> list[str]:
    """The rows of the company in a table, as they are stored."""
    store = shop.world.store
    answer = store.connection.client.query(
        TableName=store.names[table],
        KeyConditionExpression="company = :company",
        ExpressionAttributeValues={":company": {"S": shop.company}},
    )
    return [str(row) for row in answer["Items"]]


def test_a_notice_holds_no_text_of_an_app(shop: Shop) -> None:
    phone = device_of(shop)
    named = [item("Zineb Alaoui"), item("a1b2c3d4e5f6g7h8")]
    names: dict[str, Any] = {"Zineb Alaoui": {"deleted": ["x"]}, "items": {"created": named}}
    assert [code for _, code in codes(phone.push(names))] == ["unknown_table", "bad_id", "bad_id"]
    assert len([row for row in _stored(shop, "transient") if "sync_notice" in row]) == 1
    assert "Zineb" not in str(_stored(shop, "transient"))
