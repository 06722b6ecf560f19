"""Prices with tax through the API: on drafts, documents, credit notes and reissues."""

from typing import Any

from tests.conftest import Shop

LINE = {"description": "Nuit", "quantity": "1", "unit_price_incl": "500.00", "vat_rate": "10"}


def preview(shop: Shop, **changes: Any) -> Any:
    return shop.owner.post("/v1/invoices/preview", {"lines": [LINE | changes]})


def test_the_total_is_what_was_written(shop: Shop) -> None:
    invoice = shop.issued(lines=[LINE])
    line, totals = invoice["lines"][0], invoice["totals"]
    assert (line["unit_price_incl"], line["unit_price"], line["net"]) == ("500.00", "454.545455", "454.55")
    assert (totals["net"], totals["vat_total"], totals["gross"]) == ("454.55", "45.45", "500.00")
    assert shop.owner.get("/v1/register/verify").json["verified"] is True
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {}).json
    assert (note["totals"]["gross"], note["lines"][0]["unit_price_incl"]) == ("500.00", None)


def test_a_draft_may_be_sent_back_as_it_was_read(shop: Shop) -> None:
    draft = shop.draft(lines=[LINE])
    url = f"/v1/invoices/{draft['id']}"
    sent = [{name: value for name, value in line.items() if name != "net"} for line in draft["lines"]]
    again = shop.owner.patch(url, {"lines": sent}, shop.owner.get(url).etag)
    assert (again.status, again.json["lines"]) == (200, draft["lines"])


def test_a_line_has_one_price(shop: Shop) -> None:
    assert preview(shop, unit_price_incl=None).codes == [("/lines/0/unit_price", "missing")]
    assert preview(shop, unit_price="400.00").codes == [("/lines/0/unit_price", "price_contradicts")]
    assert preview(shop, unit_price="454.545455").json["totals"]["gross"] == "500.00"
    assert preview(shop, unit_price_incl="-1").status == 422


def test_a_reissue_keeps_the_written_price(shop: Shop) -> None:
    invoice = shop.issued(lines=[LINE | {"discount": {"percent": "10"}}])
    asked = {"kind": "rectification", "subject": invoice["customer"], "corrections": {"name": "Client Exact"}}
    request = shop.owner.post("/v1/privacy/requests", asked).json["id"]
    affected = shop.owner.get(f"/v1/privacy/requests/{request}/documents").json["data"]
    reissue = next(one["reissue"] for one in affected if one["id"] == invoice["id"])
    made = shop.owner.post(reissue["url"], reissue["body"])
    assert (made.status, made.json["totals"]["gross"]) == (201, "450.00")


def test_a_discounted_written_total_is_exact_to_the_last_payment(shop: Shop) -> None:
    """10.50 less 15 % is 8.92. It is paid and credited as 8.92."""
    reduced = {"lines": [LINE | {"unit_price_incl": "10.50"}], "discount": {"percent": "15"}}
    paid, credited = shop.issued(**reduced), shop.issued(**reduced)
    totals = paid["totals"]
    assert [totals[name] for name in ("net", "vat_total", "rounding", "gross", "payable")] == [
        *("8.12", "0.81", "-0.01", "8.92", "8.92")
    ]
    body = {"amount": "8.92", "method": "transfer", "date": str(shop.today)}
    assert shop.owner.post(f"/v1/invoices/{paid['id']}/payments", body).status == 201
    note = shop.owner.post(f"/v1/invoices/{credited['id']}/credit", {}).json
    assert (note["totals"]["rounding"], note["totals"]["gross"]) == ("-0.01", "8.92")
    for invoice, status in ((paid, "paid"), (credited, "credited")):
        found = shop.owner.get(f"/v1/invoices/{invoice['id']}").json
        assert (found["status"], found["balance"]) == (status, "0.00")
    statement = shop.owner.get(f"/v1/customers/{shop.customer}/statement").json
    assert statement["closing_balance"] == "0.00"
    assert shop.owner.get("/v1/register/verify").json["verified"] is True
