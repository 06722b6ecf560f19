"""Invoices through the API: the life of a document, and every refusal, which changes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.clock import midnight, today
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.ids import new_id
from chalicelib.services.documents import issuing
from chalicelib.wiring import World
from tests.conftest import Shop

LINE = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}


def _new_id(prefix: str) -> str:
    import os

    return new_id(prefix, datetime.now(UTC), os.urandom(10))


def test_a_draft_has_totals_words_and_no_number(shop: Shop) -> None:
    draft = shop.draft(lines=[LINE | {"discount": {"percent": "10"}}], operation_date="2026-11-20")
    assert (draft["status"], draft["number"], draft["register"], draft["seller"]) == ("draft", None, None, None)
    assert draft["totals"]["net"] == "2700.00"
    assert draft["totals"]["vat"] == [{"rate": "20", "exemption": None, "base": "2700.00", "amount": "540.00"}]
    assert (draft["totals"]["gross"], draft["totals"]["payable"], draft["balance"]) == ("3240.00",) * 3
    assert draft["amount_in_words"]["fr"] == "Trois mille deux cent quarante dirhams"
    assert shop.owner.get(f"/v1/invoices/{draft['id']}").json == draft


def test_issue_numbers_freezes_and_registers(shop: Shop) -> None:
    first, second = shop.issued(), shop.issued()
    year = today(datetime.now(UTC)).year
    assert [first["number"], second["number"]] == [f"FA-{year}-00001", f"FA-{year}-00002"]
    assert (first["seller"]["ice"], first["buyer"]["name"]) == ("002136093000040", "Client Exemple")
    assert first["register"]["series"] == f"FA-{year}"
    assert [first["register"]["position"], second["register"]["position"]] == [1, 2]
    read = shop.owner.get(f"/v1/invoices/{first['id']}")
    assert read.json == first
    register = shop.owner.get("/v1/register").json
    assert [entry["number"] for entry in register["data"]] == [first["number"], second["number"]]
    verified = shop.owner.get("/v1/register/verify").json
    assert (verified["verified"], verified["complete"], verified["checked"]) == (True, True, 2)


def test_an_issued_invoice_does_not_change_with_the_customer(shop: Shop) -> None:
    invoice = shop.issued()
    customer = shop.owner.get(f"/v1/customers/{shop.customer}")
    renamed = shop.owner.patch(f"/v1/customers/{shop.customer}", {"name": "Autre Nom"}, customer.etag)
    assert renamed.status == 200
    assert shop.owner.get(f"/v1/invoices/{invoice['id']}").json["buyer"]["name"] == "Client Exemple"


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"lines": [LINE | {"quantity": "-1"}]}, "/lines/0/quantity", "not_positive"),
        ({"lines": [LINE | {"quantity": 2}]}, "/lines/0/quantity", "number_not_string"),
        ({"lines": [LINE | {"quantity": "0"}]}, "/lines/0/quantity", "not_positive"),
        ({"lines": [LINE | {"quantity": "1" * 40}]}, "/lines/0/quantity", "too_many_digits"),
        ({"lines": [LINE | {"unit_price": "1.1234567"}]}, "/lines/0/unit_price", "too_many_decimals"),
        ({"lines": [LINE | {"unit_price": "1e3"}]}, "/lines/0/unit_price", "bad_number"),
        ({"lines": [LINE | {"vat_rate": "14"}]}, "/lines/0/vat_rate", "vat_rate_not_in_force"),
        ({"lines": [LINE | {"vat_rate": "0"}]}, "/lines/0/exemption", "exemption_required"),
        ({"lines": [LINE | {"exemption": "92-I-1"}]}, "/lines/0/exemption", "exemption_unexpected"),
        ({"lines": [LINE | {"vat_rate": "0", "exemption": "why not"}]}, "/lines/0/exemption", "exemption_malformed"),
        ({"lines": [LINE | {"colour": "red"}]}, "/lines/0/colour", "unknown_field"),
        ({"lines": [LINE | {"description": "x" * 2001}]}, "/lines/0/description", "too_long"),
        ({"lines": [LINE | {"description": "\u3164"}]}, "/lines/0/description", "nothing_visible"),
        ({"lines": [LINE | {"description": "a\u0000b"}]}, "/lines/0/description", "control_character"),
        (
            {"lines": [LINE | {"discount": {"percent": "10", "amount": "1.00"}}]},
            "/lines/0/discount",
            "discount_ambiguous",
        ),
        ({"lines": [LINE | {"discount": {"percent": "101"}}]}, "/lines/0/discount/percent", "out_of_range"),
        ({"lines": [LINE | {"discount": {"amount": "3000.01"}}]}, "/lines/0/discount/amount", "discount_too_large"),
        ({"discount": {"amount": "3000.01"}}, "/discount/amount", "discount_too_large"),
        ({"lines": [LINE] * 1001}, "/lines", "too_many"),
        ({"lines": "none"}, "/lines", "wrong_type"),
        ({"operation_date": "9999-01-01"}, "/operation_date", "out_of_range"),
        ({"operation_date": "2026-02-30"}, "/operation_date", "bad_date"),
        ({"customer": "cus_01J00000000000000000000000"}, "/customer", "unknown_customer"),
        ({"customer": "inv_01J00000000000000000000000"}, "/customer", "bad_id"),
        ({"status": "issued"}, "/status", "unknown_field"),
        ({"language": "es"}, "/language", "not_one_of"),
        (
            {"lines": [LINE | {"unit_price": "999999999999.99", "quantity": "999999999"}]},
            "/lines/0",
            "amount_too_large",
        ),
    ],
)
def test_bad_content_is_refused_with_a_pointer_and_changes_nothing(
    shop: Shop, change: dict[str, Any], pointer: str, code: str
) -> None:
    before = shop.clock
    refused = shop.owner.post("/v1/invoices", {"customer": shop.customer, "lines": [LINE]} | change)
    assert (refused.status, refused.codes) == (422, [(pointer, code)])
    assert refused.headers["content-type"] == "application/problem+json"
    assert shop.clock == before


@pytest.mark.parametrize(("language", "words"), [("fr", "en vigueur"), ("ar", "المعمول بها"), ("en", "in force")])
def test_a_refusal_speaks_the_callers_language(shop: Shop, language: str, words: str) -> None:
    body = {"lines": [LINE | {"vat_rate": "14"}], "operation_date": "2026-11-20"}
    problem = shop.owner.post("/v1/invoices", body, accept_language=language).json
    detail = problem["errors"][0]["detail"]
    assert "14" in detail
    assert "20" in detail
    assert words in detail


def test_a_body_above_a_megabyte_is_refused(shop: Shop) -> None:
    before = shop.clock
    refused = shop.owner.post("/v1/invoices", {"notes": "x" * 1_000_001})
    assert (refused.status, refused.json["code"], shop.clock) == (413, "too_large", before)


def test_a_document_that_packs_above_300_kb_is_refused(shop: Shop) -> None:
    import os

    before = shop.clock
    lines = [LINE | {"description": os.urandom(420).hex()} for _ in range(999)]
    refused = shop.owner.post("/v1/invoices", {"customer": shop.customer, "lines": lines})
    assert (refused.status, refused.json["code"], shop.clock) == (413, "too_large", before)


def test_a_thousand_lines_are_issued(shop: Shop) -> None:
    invoice = shop.issued(lines=[LINE | {"description": f"Article {n}"} for n in range(1000)])
    assert len(invoice["lines"]) == 1000
    assert invoice["totals"]["gross"] == "3600000.00"


def test_a_repeated_key_is_answered_with_the_first_answer(shop: Shop) -> None:
    body = {"customer": shop.customer, "lines": [LINE]}
    first = shop.owner.post("/v1/invoices", body, idempotency_key="once")
    clock = shop.clock
    again = shop.owner.post("/v1/invoices", body, idempotency_key="once")
    assert (again.status, again.json, again.headers["idempotency-replayed"]) == (201, first.json, "true")
    other = shop.owner.post("/v1/invoices", body | {"notes": "x"}, idempotency_key="once")
    assert (other.status, other.json["code"], shop.clock) == (422, "idempotency_key_reused", clock)


def test_a_key_is_needed_and_a_refusal_does_not_use_it_up(shop: Shop) -> None:
    missing = shop.owner.post("/v1/invoices", {"lines": [LINE]}, idempotency_key="")
    assert (missing.status, missing.json["code"]) == (400, "idempotency_key_missing")
    refused = shop.owner.post("/v1/invoices", {"lines": [LINE | {"vat_rate": "14"}]}, idempotency_key="tried")
    assert refused.status == 422
    assert shop.owner.post("/v1/invoices", {"lines": [LINE]}, idempotency_key="tried").status == 201


def test_the_clients_own_id_is_kept_and_taken_once(shop: Shop) -> None:
    own = _new_id("inv")
    assert shop.draft(id=own)["id"] == own
    again = shop.owner.post("/v1/invoices", {"id": own, "lines": [LINE]})
    assert (again.status, again.json["code"]) == (409, "already_exists")
    assert shop.owner.post(f"/v1/invoices/{own}/issue").status == 200
    once_more = shop.owner.post("/v1/invoices", {"id": own, "lines": [LINE]})
    assert (once_more.status, once_more.json["code"]) == (409, "already_exists")


def test_an_edit_needs_the_current_version(shop: Shop) -> None:
    draft = shop.owner.get(f"/v1/invoices/{shop.draft()['id']}")
    url = f"/v1/invoices/{draft.json['id']}"
    missing = shop.owner.ask("PATCH", url, {"notes": "x"})
    assert (missing.status, missing.json["code"]) == (428, "match_required")
    edited = shop.owner.patch(url, {"notes": "x", "lines": [LINE | {"quantity": "3"}]}, draft.etag)
    assert (edited.status, edited.json["notes"], edited.json["totals"]["net"]) == (200, "x", "4500.00")
    assert edited.json["customer"] == shop.customer
    assert edited.etag != draft.etag
    clock = shop.clock
    stale = shop.owner.patch(url, {"notes": "y"}, draft.etag)
    assert (stale.status, stale.json["code"], shop.clock) == (412, "stale_version", clock)
    assert shop.owner.patch(url, {"notes": None, "customer": None}, edited.etag).json["notes"] is None
    assert shop.owner.get(url).etag == shop.owner.get(url).etag


def test_an_issued_invoice_is_neither_edited_nor_deleted_nor_issued_again(shop: Shop) -> None:
    invoice = shop.issued()
    clock, url = shop.clock, f"/v1/invoices/{invoice['id']}"
    for refused in (
        shop.owner.patch(url, {"notes": "x"}, "*"),
        shop.owner.delete(url, "*"),
        shop.owner.post(f"{url}/issue"),
    ):
        assert (refused.status, refused.json["code"]) == (409, "already_issued")
    assert shop.clock == clock


def test_a_deleted_draft_leaves_no_gap(shop: Shop) -> None:
    first = shop.issued()
    draft = shop.owner.get(f"/v1/invoices/{shop.draft()['id']}")
    gone = shop.owner.delete(f"/v1/invoices/{draft.json['id']}", draft.etag)
    assert (gone.status, gone.json) == (200, {"id": draft.json["id"], "object": "invoice", "deleted": True})
    assert shop.owner.get(f"/v1/invoices/{draft.json['id']}").status == 404
    assert shop.issued()["register"]["position"] == first["register"]["position"] + 1


def test_issue_days(shop: Shop) -> None:
    day = today(datetime.now(UTC))
    future = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue", {"issue_date": str(day + timedelta(days=1))})
    assert future.codes == [("/issue_date", "issue_date_in_future")]
    shop.issued()
    before = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue", {"issue_date": str(day - timedelta(days=1))})
    assert before.codes == [("/issue_date", "issue_date_before_last")]


def test_another_company_sees_nothing_of_it(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    other, invoice = new_shop(), shop.issued()
    url = f"/v1/invoices/{invoice['id']}"
    for answer in (
        other.owner.get(url),
        other.owner.get(f"{url}/pdf"),
        other.owner.post(f"{url}/credit"),
        other.owner.post(f"{url}/issue"),
        other.owner.patch(url, {}, "*"),
        other.owner.get("/v1/invoices", company="cmp_" + shop.company[4:]),
    ):
        assert (answer.status, answer.json["code"]) == (404, "not_found"), answer.text
    assert other.owner.get("/v1/invoices").json["data"] == []
    after = other.owner.get("/v1/invoices", query={"starting_after": invoice["id"]})
    assert after.json["data"] == []


def test_lists_page_both_ways_over_drafts_and_issued(shop: Shop) -> None:
    made = [shop.issued()["id"] if n % 2 else shop.draft()["id"] for n in range(7)]
    shop.owner.post(f"/v1/invoices/{made[1]}/payments", {"amount": "1.00", "method": "cash", "date": "2026-11-01"})
    everything = shop.owner.get("/v1/invoices", query={"limit": "100"}).json
    ids = [row["id"] for row in everything["data"]]
    assert sorted(ids, reverse=True) == ids
    assert set(ids) == set(made)
    walked, after = [], None
    while True:
        page = shop.owner.get("/v1/invoices", query={"limit": "2"} | ({"starting_after": after} if after else {})).json
        walked += page["data"]
        after = page["data"][-1]["id"]
        if not page["has_more"]:
            break
    assert walked == everything["data"]
    back = shop.owner.get("/v1/invoices", query={"limit": "3", "ending_before": ids[4]}).json
    assert (back["data"], back["has_more"]) == (everything["data"][1:4], True)
    drafts = shop.owner.get("/v1/invoices", query={"status": "draft"}).json["data"]
    assert {row["status"] for row in drafts} == {"draft"}
    assert len(drafts) == 4
    partly = shop.owner.get("/v1/invoices", query={"status": "partially_paid"}).json["data"]
    assert [row["id"] for row in partly] == [made[1]]
    none = shop.owner.get("/v1/invoices", query={"customer": "cus_01J00000000000000000000000"}).json
    assert (none["data"], none["has_more"]) == ([], False)


def test_expand_shows_the_customer_and_keeps_the_tag_usable(shop: Shop) -> None:
    draft = shop.draft()
    url = f"/v1/invoices/{draft['id']}"
    shown = shop.owner.get(url, query={"expand[]": "customer"})
    assert shown.json["customer"]["name"] == "Client Exemple"
    assert shop.owner.patch(url, {"notes": "x"}, shown.etag).status == 200
    listed = shop.owner.get("/v1/invoices", query={"expand[]": "customer"}).json["data"][0]
    assert listed["customer"]["id"] == shop.customer
    assert shop.owner.get(url, query={"expand[]": "lines"}).status == 422


def test_preview_keeps_nothing(shop: Shop) -> None:
    clock = shop.clock
    shown = shop.owner.post("/v1/invoices/preview", {"lines": [LINE], "customer": shop.customer}, idempotency_key="")
    assert (shown.status, shown.json["id"], shown.json["totals"]["gross"], shop.clock) == (200, None, "3600.00", clock)


def test_bulk_issue_is_in_order_and_all_or_nothing(shop: Shop) -> None:
    drafts = [shop.draft()["id"] for _ in range(5)]
    done = shop.owner.post("/v1/invoices/issue", {"ids": drafts[:3]})
    assert [row["outcome"] for row in done.json["data"]] == ["issued"] * 3
    assert [row["number"][-5:] for row in done.json["data"]] == ["00001", "00002", "00003"]
    clock = shop.clock
    refused = shop.owner.post("/v1/invoices/issue", {"ids": [drafts[3], drafts[0], drafts[4]]})
    assert (refused.status, refused.codes, shop.clock) == (422, [("/ids/1", "already_issued")], clock)
    twice = shop.owner.post("/v1/invoices/issue", {"ids": [drafts[3], drafts[3]]})
    assert twice.codes == [("/ids/1", "repeated")]
    assert shop.issued()["number"].endswith("00004")


def test_a_register_that_was_tampered_with_is_found_out(shop: Shop) -> None:
    invoices = [shop.issued() for _ in range(3)]
    table = shop.world.store.names["ledger"]
    key = {"company": {"S": shop.company}, "sort": {"S": f"invoice#{invoices[1]['id']}"}}
    client = shop.world.store.connection.client
    client.update_item(
        TableName=table, Key=key, UpdateExpression="SET notes = :n", ExpressionAttributeValues={":n": {"S": "forged"}}
    )
    found = shop.owner.get("/v1/register/verify").json
    assert (found["verified"], found["fault"]) == (False, {"position": 2, "code": "document_changed"})
    client.delete_item(TableName=table, Key=key)
    assert shop.owner.get("/v1/register/verify").json["fault"] == {"position": 2, "code": "document_missing"}
    entry = {"company": {"S": shop.company}, "sort": {"S": f"register#{invoices[1]['register']['series']}#000000002"}}
    client.delete_item(TableName=table, Key=entry)
    assert shop.owner.get("/v1/register/verify").json["fault"]["code"] == "gap"


def test_an_issue_that_commits_late_is_not_dated_before_the_last(shop: Shop, world: World) -> None:
    first, second = shop.draft()["id"], shop.draft()["id"]
    at = midnight(shop.today + timedelta(days=1))
    for id, moment in ((first, at + timedelta(milliseconds=100)), (second, at - timedelta(milliseconds=100))):
        issuing.issue(world.store, world.call(shop.company, "x", "v", key=id, at=moment), INVOICE, id)
    found = [shop.owner.get(f"/v1/invoices/{id}").json for id in (first, second)]
    assert [each["issue_date"] for each in found] == [str(shop.today + timedelta(days=1))] * 2
    assert [each["number"][-5:] for each in found] == ["00001", "00002"]


def test_a_rate_of_no_law_is_refused(shop: Shop) -> None:
    body = {"customer": shop.customer, "operation_date": "2022-12-31", "lines": [LINE | {"vat_rate": "33"}]}
    refused = shop.owner.post("/v1/invoices", body)
    assert (refused.status, refused.codes) == (422, [("/lines/0/vat_rate", "vat_rate_not_in_force")])


def test_an_operation_in_the_future_is_not_issued(shop: Shop) -> None:
    draft = shop.draft(operation_date="2100-12-31")
    refused = shop.owner.post(f"/v1/invoices/{draft['id']}/issue")
    assert (refused.status, refused.codes) == (422, [("/operation_date", "operation_date_in_future")])


def test_a_page_of_the_largest_drafts_fits_an_answer_of_lambda(shop: Shop) -> None:
    lines = [LINE | {"description": f"Prestation {n} de conseil en gestion et organisation " * 4} for n in range(1000)]
    for _ in range(20):
        shop.draft(lines=lines)
    listed = shop.owner.get("/v1/invoices")
    assert listed.status == 200
    assert listed.json["data"]
    assert len(listed.text.encode()) < 6_000_000


@pytest.mark.parametrize("prefix", ["cus", "pay"])
def test_a_cursor_of_another_kind_is_refused(shop: Shop, prefix: str) -> None:
    refused = shop.owner.get("/v1/invoices", query={"starting_after": f"{prefix}_01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    assert refused.status == 422


def test_the_flag_of_reverse_charge_alone_drops_no_vat(shop: Shop) -> None:
    """A taxable seller who charges none names the exemption (CGI art. 145-III-6°): the draft is refused at once."""
    body = {"customer": shop.customer, "lines": [LINE | {"vat_rate": "0"}], "reverse_charge": True}
    for path in ("/v1/invoices", "/v1/invoices/preview"):
        refused = shop.owner.post(path, body)
        assert (refused.status, refused.codes[0]) == (422, ("/reverse_charge", "reverse_charge_taxable_seller"))
