"""The persons that a deletion may name, how often it may, and what its receipt says of them."""

from datetime import date
from typing import Any

import pytest

from tests.conftest import Shop
from tests.privacy.persons import URL, asked, carry, confirmed, nobody_in, person


def test_a_deleted_customer_whom_a_document_names_can_be_erased(shop: Shop) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer, notes="Cadeau")
    assert shop.owner.delete(f"/v1/customers/{customer}", "*", query={"force": "true"}).status == 200
    id = asked(shop, subject=customer)
    assert confirmed(shop, id).json["status"] == "verified"
    nobody_in(shop.owner.get(f"/v1/invoices/{invoice['id']}"))
    carry(shop)
    receipt = shop.owner.get(f"{URL}/{id}/receipt").json["content"]
    (own,) = [line for line in receipt["stores"] if line["match"] == "own" and "customer" in line["kinds"]]
    assert own["removed"] == 0, "the record had gone before"
    kept = [line for line in receipt["stores"] if line["place"] == "ledger" and "invoice" in line["kinds"]]
    assert sum(line["kept"] for line in kept) == 1
    again = shop.owner.post(URL, {"kind": "deletion", "subject": customer})
    assert again.status == 404, "once is enough"


def test_a_deleted_customer_whom_no_document_names_is_not_found(shop: Shop) -> None:
    gone = person(shop)
    shop.draft(customer=gone)
    shop.issued()
    assert shop.owner.delete(f"/v1/customers/{gone}", "*", query={"force": "true"}).status == 200
    for nobody in (gone, "cus_01J00000000000000000000000", "sup_01J00000000000000000000000"):
        assert shop.owner.post(URL, {"kind": "deletion", "subject": nobody}).status == 404


def test_a_record_deleted_before_the_confirmation_does_not_stop_the_erasure(shop: Shop) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer)
    id = asked(shop, subject=customer)
    assert shop.owner.delete(f"/v1/customers/{customer}", "*", query={"force": "true"}).status == 200
    confirmed(shop, id)
    nobody_in(shop.owner.get(f"/v1/invoices/{invoice['id']}"))


def test_a_former_member_can_be_erased_once(shop: Shop) -> None:
    clerk = shop.member("clerk", "clerk-who-left")
    assert clerk.post("/v1/support", {"subject": "Cadeau", "text": "Cadeau"}).status == 201
    (member,) = [row for row in shop.owner.get("/v1/members").json["data"] if row["user"] == "clerk-who-left"]
    assert shop.owner.delete(f"/v1/members/{member['id']}", "*").status == 200
    id = asked(shop, subject=member["id"])
    confirmed(shop, id)
    carry(shop)
    nobody_in(shop.owner.get("/v1/support"))
    receipt = shop.owner.get(f"{URL}/{id}/receipt").json["content"]
    (own,) = [line for line in receipt["stores"] if line["match"] == "own" and "member" in line["kinds"]]
    assert own["removed"] == 0, "the membership had gone before"
    assert shop.owner.post(URL, {"kind": "deletion", "subject": member["id"]}).status == 404


@pytest.mark.parametrize("role", ["customer", "member"])
def test_a_person_in_two_requests_is_erased_once(shop: Shop, role: str) -> None:
    subject = shop.customer
    if role == "member":
        clerk = shop.member("clerk", "clerk-asked-twice")
        assert clerk.post("/v1/support", {"subject": "x", "text": "y"}).status == 201
        rows = shop.owner.get("/v1/members").json["data"]
        (subject,) = [row["id"] for row in rows if row["user"] == "clerk-asked-twice"]
    else:
        shop.issued()
    first, second = asked(shop, subject=subject), asked(shop, subject=subject)
    confirmed(shop, first)
    assert shop.owner.post(f"{URL}/{second}/confirm", {}).status == 404


def test_a_dry_run_counts_as_the_receipt_does(shop: Shop) -> None:
    customer = person(shop)
    shop.issued(customer=customer)
    shop.draft(customer=customer)
    tried = shop.owner.post(URL, {"kind": "deletion", "subject": customer, "dry_run": True}).json
    id = asked(shop, subject=customer)
    confirmed(shop, id)
    carry(shop)
    receipt = shop.owner.get(f"{URL}/{id}/receipt").json["content"]

    def table(lines: list[dict[str, Any]]) -> dict[str, Any]:
        rows = [line for line in lines if line["store"] == "table" and line["place"] in ("workspace", "ledger")]
        return {f"{r['place']} {r['kinds']} {r['match']}": (r["removed"], r["kept"]) for r in rows}

    assert table(tried["steps"]) == table(receipt["stores"])
    assert table(receipt["stores"])


def test_a_dry_run_names_the_day_until_which_the_sweep_keeps(shop: Shop) -> None:
    """A document dated under an earlier financial year's end is kept until the later of both terms."""
    for end in ("06-30", "12-31"):
        assert shop.owner.patch("/v1/company", {"financial_year_end": end}, "*").status == 200
    customer = person(shop)
    shop.issued(customer=customer)
    year = shop.today.year
    kept = (date(year + 10, 12, 31) if shop.today <= date(year, 6, 30) else date(year + 11, 6, 30)).isoformat()
    for subject in (customer, None):
        tried = shop.owner.post(URL, {"kind": "deletion", "subject": subject, "dry_run": True}).json
        said = {step["until"] for step in tried["steps"] if step["place"] in ("ledger", "archive/")}
        assert said == {kept}, subject
