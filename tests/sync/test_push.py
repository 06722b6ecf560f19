"""A push of a device: the stored rows, and the refused ones, row by row."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.conftest import Shop
from tests.sync.devices import codes, customer, device_of, draft, issue_request, item, payment


def test_rows_of_every_table_are_stored_in_their_order(shop: Shop) -> None:
    phone, buyer = device_of(shop), customer()
    document = draft(buyer["id"])
    got = phone.push(created={"drafts": [document], "customers": [buyer], "items": [item()]})
    assert codes(got) == []
    assert got.json["clock"] == shop.clock
    stored = shop.owner.get(f"/v1/invoices/{document['id']}").json
    assert (stored["customer"], stored["totals"]["gross"], stored["status"]) == (buyer["id"], "3600.00", "draft")
    assert shop.owner.get(f"/v1/customers/{buyer['id']}").json["name"] == "Atlas Négoce"


def test_a_repeated_push_makes_no_commit(shop: Shop) -> None:
    phone, buyer = device_of(shop), customer()
    changes: dict[str, Any] = {
        "customers": {"created": [buyer]},
        "drafts": {"created": [draft(buyer["id"])]},
        "items": {"created": [item(unit_price="1.5")]},
    }
    assert codes(phone.push(changes)) == []
    clock = shop.clock
    assert codes(phone.push(changes)) == []
    assert shop.clock == clock


def test_a_created_id_that_exists_is_an_update(shop: Shop) -> None:
    phone, vis = device_of(shop), item()
    phone.push(created={"items": [vis]})
    phone.clock = shop.clock
    assert codes(phone.push(created={"items": [vis | {"name": "Vis à bois"}]})) == []
    assert shop.owner.get(f"/v1/items/{vis['id']}").json["name"] == "Vis à bois"


def test_an_update_of_an_unknown_id_creates_it_and_unknown_deletes_are_ignored(shop: Shop) -> None:
    phone, vis = device_of(shop), item()
    gone = item()["id"]
    assert codes(phone.push(updated={"items": [vis]}, deleted={"items": [gone], "customers": []})) == []
    assert shop.owner.get(f"/v1/items/{vis['id']}").status == 200


def test_a_conflict_is_found_before_anything_is_stored(shop: Shop) -> None:
    phone, vis, new = device_of(shop), item(), customer()
    phone.push(created={"items": [vis]})
    phone.clock = shop.clock
    changed = shop.owner.patch(f"/v1/items/{vis['id']}", {"name": "Vis du web"}, "*")
    clock = shop.clock
    got = phone.push(created={"customers": [new]}, updated={"items": [vis | {"name": "Vis du téléphone"}]})
    assert (got.status, got.json["code"]) == (409, "sync_conflict")
    assert got.json["conflicts"] == [{"table": "items", "id": vis["id"], "clock": clock}]
    assert shop.clock == clock
    assert shop.owner.get(f"/v1/customers/{new['id']}").status == 404
    assert shop.owner.get(f"/v1/items/{vis['id']}").json == changed.json


def test_equal_content_is_no_conflict(shop: Shop) -> None:
    phone, vis = device_of(shop), item()
    phone.push(created={"items": [vis]})
    phone.clock = shop.clock
    shop.owner.patch(f"/v1/items/{vis['id']}", {"name": "Vis du web"}, "*")
    clock = shop.clock
    same = vis | {"name": " Vis du web ", "unit_price": "1.500000", "created_at": "whatever"}
    assert codes(phone.push(updated={"items": [same]})) == []
    assert shop.clock == clock


def test_a_deletion_of_a_row_that_others_changed_is_a_conflict(shop: Shop) -> None:
    phone, vis = device_of(shop), item()
    phone.push(created={"items": [vis]})
    phone.clock = shop.clock
    shop.owner.patch(f"/v1/items/{vis['id']}", {"name": "Vis du web"}, "*")
    assert phone.push(deleted={"items": [vis["id"]]}).json["code"] == "sync_conflict"
    phone.clock = shop.clock
    assert codes(phone.push(deleted={"items": [vis["id"]]})) == []
    assert shop.owner.get(f"/v1/items/{vis['id']}").status == 404


def test_an_invalid_row_is_refused_and_does_not_block_the_others(shop: Shop) -> None:
    phone, bad, good = device_of(shop), customer(kind="business", ice="123"), item()
    got = phone.push(created={"customers": [bad], "items": [good], "drafts": [draft(bad["id"])]})
    assert got.json["experimentalRejectedIds"].keys() == {"customers", "drafts"}
    found = dict(codes(got))
    assert found[bad["id"]].startswith("ice_")
    assert found.keys() - {bad["id"]} == set(got.json["experimentalRejectedIds"]["drafts"])
    assert shop.owner.get(f"/v1/items/{good['id']}").status == 200
    assert all("Atlas" not in each["detail"] for each in got.json["results"])
    clock = shop.clock
    again = phone.push(created={"customers": [bad], "items": [good]})
    assert ([id for id, _ in codes(again)], shop.clock) == ([bad["id"]], clock)


def test_a_deletion_that_others_made_is_told_for_the_row(shop: Shop) -> None:
    phone, vis = device_of(shop), item()
    phone.push(created={"items": [vis]})
    phone.clock = shop.clock
    shop.owner.delete(f"/v1/items/{vis['id']}", "*")
    assert codes(phone.push(updated={"items": [vis | {"name": "Vis verte"}]})) == [(vis["id"], "deleted")]
    assert codes(phone.push(created={"items": [vis]})) == [(vis["id"], "deleted")]


def test_an_issued_document_is_never_edited_or_deleted(shop: Shop) -> None:
    phone, issued = device_of(shop), shop.issued()
    row = draft(shop.customer, issued["id"])
    assert codes(phone.push(created={"drafts": [row]})) == [], "the answer to its issue was lost"
    assert codes(phone.push(updated={"drafts": [row | {"notes": "Merci"}]})) == [(issued["id"], "already_issued")]
    assert codes(phone.push(deleted={"drafts": [issued["id"]]})) == [(issued["id"], "already_issued")]
    assert codes(phone.push(updated={"documents": [{"id": issued["id"]}]})) == [(issued["id"], "already_issued")]


def test_a_customer_in_use_stays(shop: Shop) -> None:
    shop.draft()
    phone = device_of(shop)
    assert codes(phone.push(deleted={"customers": [shop.customer]})) == [(shop.customer, "in_use")]


def test_a_customer_goes_with_its_drafts(shop: Shop) -> None:
    own = shop.draft()
    phone = device_of(shop)
    assert codes(phone.push(deleted={"customers": [shop.customer], "drafts": [own["id"]]})) == []
    assert shop.owner.get(f"/v1/customers/{shop.customer}").status == 404


def test_tables_that_devices_read_and_unknown_ones(shop: Shop) -> None:
    phone = device_of(shop)
    notice = {"id": "ntc_01JD0000000000000000000000"}
    got = phone.push(updated={"notices": [notice], "company": [{"id": shop.company}], "dreams": [{"id": "x"}]})
    assert {code for _, code in codes(got)} == {"read_only", "unknown_table"}
    assert codes(phone.push(created={"items": [item("a1b2c3d4e5f6g7h8")]})) == [("a1b2c3d4e5f6g7h8", "bad_id")]


def test_columns_that_the_row_lacks_stay_and_null_ones_are_emptied(shop: Shop) -> None:
    phone = device_of(shop)
    row = customer(email="a@shop.example", phone="+212612345678", metadata='{"a":"1","b":"2"}')
    phone.push(created={"customers": [row]})
    phone.clock = shop.clock
    later = {name: value for name, value in row.items() if name != "phone"}
    later |= {"email": None, "metadata": '{"b":"3"}', "address": '{"city":"Fès"}'}
    assert codes(phone.push(updated={"customers": [later]})) == []
    stored = shop.owner.get(f"/v1/customers/{row['id']}").json
    assert (stored["email"], stored["phone"], stored["metadata"]) == (None, "+212612345678", {"b": "3"})
    assert stored["address"] == {"street": None, "city": "Fès", "postal_code": None, "country": "MA"}


@pytest.mark.parametrize("table", ["customers", "items", "drafts"])
def test_metadata_of_a_row_replace_those_that_are_stored(shop: Shop, table: str) -> None:
    """A cell states all pairs, also above the bound of 20 together with those that it removes."""
    phone = device_of(shop)
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "customers": customer,
        "items": item,
        "drafts": partial(draft, shop.customer),
    }
    row = makers[table]()
    path = f"/v1/{'invoices' if table == 'drafts' else table}/{row['id']}"
    first, second = ({f"{name}{number}": "x" for number in range(20)} for name in "ab")
    for pairs in (first, second, {"b1": "y"}, {}, first, None):
        phone.clock = shop.clock
        cell = None if pairs is None else json.dumps(pairs)
        assert codes(phone.push({table: {"updated": [row | {"metadata": cell}]}})) == []
        assert shop.owner.get(path).json["metadata"] == (pairs or {})
        clock = shop.clock
        assert codes(phone.push({table: {"updated": [row | {"metadata": cell}]}}, since=clock)) == []
        assert shop.clock == clock


def test_roles_hold_for_each_table(shop: Shop) -> None:
    vis = item()
    assert device_of(shop, shop.member("viewer")).push(created={"items": [vis]}).status == 403
    own = draft(shop.customer)
    asked = issue_request(own["id"], 0)
    got = device_of(shop, shop.member("clerk")).push(
        created={"items": [vis], "drafts": [own], "issue_requests": [asked]}
    )
    assert codes(got) == [(asked["id"], "forbidden")]


def test_a_push_has_bounds(shop: Shop) -> None:
    phone = device_of(shop)
    got = phone.push(created={"items": [item() for _ in range(1_001)]})
    assert (got.status, got.json["code"], got.json["limit"]) == (413, "push_too_large", "1000 rows")
    got = phone.push(created={"items": [item(name="x" * 1_000_001)]})
    assert (got.status, got.json["code"], got.json["limit"]) == (413, "push_too_large", "1 MB")


def test_a_payment_of_an_issued_document(shop: Shop) -> None:
    issued = shop.issued()
    phone, paid = device_of(shop), payment(issued["id"], str(shop.today))
    assert codes(phone.push(created={"payments": [paid]})) == []
    assert shop.owner.get(f"/v1/invoices/{issued['id']}").json["paid"] == "1000.00"
    clock = shop.clock
    assert codes(phone.push(created={"payments": [paid | {"amount": "1000.0"}]})) == []
    assert codes(phone.push(updated={"payments": [paid | {"amount": "999.00"}]})) == [(paid["id"], "read_only")]
    assert codes(phone.push(deleted={"payments": [paid["id"]]})) == [(paid["id"], "read_only")]
    assert shop.owner.get(f"/v1/payments/{paid['id']}").json["amount"] == "1000.00"
    assert shop.clock == clock + 1  # the notice; the second one is the same


def test_synchronisation_off(shop: Shop) -> None:
    shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*")
    shop.owner.patch("/v1/settings", {"cloud": {"sync": False}}, "*")
    assert device_of(shop).push(created={"items": [item()]}).json["code"] == "synchronisation_off"
