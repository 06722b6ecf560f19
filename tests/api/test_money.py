"""Payments and credit notes through the API."""

from collections.abc import Callable
from datetime import timedelta

from tests.client import Got
from tests.conftest import Shop


def _pay(shop: Shop, invoice: str, amount: str, method: str = "transfer", **more: str) -> Got:
    body = {"amount": amount, "method": method, "date": str(shop.today)} | more
    return shop.owner.post(f"/v1/invoices/{invoice}/payments", body)


def test_payments_move_balance_status_and_tag(shop: Shop) -> None:
    invoice = shop.issued()
    url = f"/v1/invoices/{invoice['id']}"
    before = shop.owner.get(url)
    first = _pay(shop, invoice["id"], "1000.00", reference="VIR 1")
    assert (first.status, first.json["stamp_duty"]) == (201, "0.00")
    after = shop.owner.get(url)
    assert (after.json["status"], after.json["paid"], after.json["balance"]) == ("partially_paid", "1000.00", "2600.00")
    assert after.etag != before.etag
    assert _pay(shop, invoice["id"], "2600.00").status == 201
    assert (shop.owner.get(url).json["status"], shop.owner.get(url).json["balance"]) == ("paid", "0.00")
    listed = shop.owner.get(f"{url}/payments").json
    assert [row["amount"] for row in listed["data"]] == ["1000.00", "2600.00"]


def test_a_payment_of_nothing_or_of_the_future_is_refused(shop: Shop) -> None:
    invoice = shop.issued()["id"]
    clock = shop.clock
    assert _pay(shop, invoice, "0.00").codes == [("/amount", "not_positive")]
    tomorrow = str(shop.today + timedelta(days=1))
    assert _pay(shop, invoice, "1.00", date=tomorrow).codes == [("/date", "payment_date_in_future")]
    assert shop.clock == clock


def test_cash_reports_its_own_stamp_duty_and_leaves_the_balance_alone(shop: Shop) -> None:
    invoice = shop.issued()["id"]
    assert _pay(shop, invoice, "3600.00", "cash").json["stamp_duty"] == "9.00"
    assert shop.owner.get(f"/v1/invoices/{invoice}").json["balance"] == "0.00"
    declared = shop.issued(settlement="cash")
    assert (declared["totals"]["stamp_duty"], declared["totals"]["payable"]) == ("9.00", "3609.00")
    assert _pay(shop, declared["id"], "3609.00", "cash").json["stamp_duty"] == "0.00"


def test_a_draft_is_neither_paid_nor_credited(shop: Shop) -> None:
    draft = shop.draft()["id"]
    assert _pay(shop, draft, "1.00").json["code"] == "not_issued"
    assert shop.owner.post(f"/v1/invoices/{draft}/credit").json["code"] == "not_issued"


def test_credit_notes_name_the_original_and_never_exceed_it(shop: Shop) -> None:
    invoice = shop.issued()
    url = f"/v1/invoices/{invoice['id']}"
    part = shop.owner.post(f"{url}/credit", {"lines": [{"line": 1, "quantity": "1"}], "reason": "Erreur"})
    assert part.status == 201, part.text
    assert part.headers["location"] == f"/v1/credit-notes/{part.json['id']}"
    assert (part.json["invoice_number"], part.json["totals"]["gross"]) == (invoice["number"], "1800.00")
    assert part.json["number"].startswith("AV-")
    assert part.json["lines"][0]["credits"] == 1
    assert shop.owner.get(url).json["balance"] == "1800.00"
    clock = shop.clock
    above = shop.owner.post(f"{url}/credit", {"lines": [{"line": 1, "quantity": "2"}]})
    assert (above.codes, shop.clock) == ([("/lines/0/quantity", "credit_quantity_above_remaining")], clock)
    rest = shop.owner.post(f"{url}/credit")
    assert rest.json["totals"]["gross"] == "1800.00"
    assert (shop.owner.get(url).json["status"], shop.owner.get(url).json["balance"]) == ("credited", "0.00")
    assert shop.owner.post(f"{url}/credit").codes == [("", "nothing_left_to_credit")]
    listed = shop.owner.get("/v1/credit-notes").json["data"]
    assert {row["id"] for row in listed} == {part.json["id"], rest.json["id"]}
    assert shop.owner.get(part.headers["location"]).json == part.json
    assert shop.owner.get("/v1/register/verify", query={"series": part.json["register"]["series"]}).json["verified"]


def test_the_register_shows_each_documents_state(shop: Shop) -> None:
    first, second, third = (shop.issued()["id"] for _ in range(3))
    _pay(shop, second, "3600.00")
    shop.owner.post(f"/v1/invoices/{third}/credit")
    states = {row["document"]: row["status"] for row in shop.owner.get("/v1/register").json["data"]}
    assert states == {first: "issued", second: "paid", third: "credited"}


def test_numbering_of_the_company_arriving_from_another_system(shop: Shop) -> None:
    company = shop.owner.get("/v1/company")
    wanted = {"series": {"invoice": {"pattern": "B1/{year}/{seq:04}", "reset": "year", "next": 120}}}
    changed = shop.owner.patch("/v1/company", wanted, company.etag)
    assert changed.status == 200, changed.text
    assert shop.issued()["number"] == f"B1/{shop.today.year}/0120"
    again = shop.owner.patch("/v1/company", {"series": {"invoice": {"next": 5}}}, "*")
    assert (again.status, again.json["code"]) == (409, "numbering_settled")
    assert shop.issued()["number"] == f"B1/{shop.today.year}/0121"
    verified = shop.owner.get("/v1/register/verify", query={"series": f"B1/{shop.today.year}"}).json
    assert (verified["verified"], verified["checked"], verified["complete"]) == (True, 2, True)


def test_a_company_that_stores_nothing_in_the_cloud_writes_nothing(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(cloud=False)
    refused = shop.owner.post("/v1/invoices", {"lines": []})
    assert (refused.status, refused.json["code"]) == (409, "cloud_storage_off")


def test_a_payment_id_is_taken_once_in_a_company(shop: Shop) -> None:
    first, second = shop.issued()["id"], shop.issued()["id"]
    clock, id = shop.clock, "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert _pay(shop, first, "10.00", id=id).status == 201
    refused = _pay(shop, second, "10.00", id=id)
    assert (refused.status, refused.json["code"]) == (409, "already_exists")
    seen = shop.owner.get("/v1/changes", query={"after": clock, "limit": 100}).json["data"]
    assert [change["id"] for change in seen if change["kind"] == "payment"] == [id]


def test_cash_that_was_paid_before_the_invoice_has_its_stamp_duty(shop: Shop) -> None:
    paid = _pay(shop, shop.issued()["id"], "10.00", "cash", date="2014-12-31")
    assert (paid.status, paid.json["stamp_duty"]) == (201, "0.03")
