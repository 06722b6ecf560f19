"""Credit notes through the API: amounts, taxes and sizes that follow their invoice."""

import random
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.services.documents.view import issued_view
from chalicelib.wiring import World
from tests.conftest import Shop

LINE = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}
JSON = "application/json"


def credited(shop: Shop, invoice: dict[str, Any], *parts: tuple[int, str]) -> dict[str, Any]:
    """The credit note of these quantities by line, or of all that is left."""
    body = {"lines": [{"line": line, "quantity": quantity} for line, quantity in parts]} if parts else {}
    got = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", body)
    assert got.status == 201, got.text
    note: dict[str, Any] = got.json
    return note


def public_body(shop: Shop) -> str:
    """The id of a customer who withholds taxes."""
    body = {"name": "Commune", "kind": "public_body", "withholder": "public_body", "address": {"city": "Fès"}}
    made = shop.owner.post("/v1/customers", body)
    assert made.status == 201, made.text
    return str(made.json["id"])


def test_the_rest_of_an_invoice_with_withheld_tax_is_never_negative(shop: Shop) -> None:
    fee = {"description": "Copie", "quantity": "3", "unit_price": "1.05", "vat_rate": "20", "nature": "fees"}
    free = LINE | {"description": "Offert", "discount": {"percent": "100"}}
    invoice = shop.issued(customer=public_body(shop), lines=[fee, free])
    for _ in range(3):
        credited(shop, invoice, (1, "1"))
    note = credited(shop, invoice)
    assert Decimal(note["totals"]["payable"]) >= 0
    assert shop.owner.get(f"/v1/credit-notes/{note['id']}/pdf", accept=JSON).status == 200


def test_each_of_many_small_credits_has_the_vat_of_its_own_base(shop: Shop) -> None:
    invoice = shop.issued(lines=[{"description": "Cahier", "quantity": "20", "unit_price": "6.43", "vat_rate": "20"}])
    shares = [credited(shop, invoice, (1, "1"))["totals"]["vat"][0] for _ in range(20)]
    off = [abs(Decimal(share["amount"]) - Decimal(share["base"]) / 5) for share in shares]
    assert max(off) <= Decimal("0.011"), shares
    (whole,) = invoice["totals"]["vat"]
    assert sum(Decimal(share["amount"]) for share in shares) == Decimal(whole["amount"])


def test_a_credit_note_keeps_the_regime_of_its_invoice(shop: Shop, world: World) -> None:
    invoice = shop.issued()
    assert shop.owner.patch("/v1/company", {"regime": "auto_entrepreneur"}, "*").status == 200
    (note,) = world.store.records([CreditNote.ref(shop.company, credited(shop, invoice)["id"])])
    assert isinstance(note, CreditNote)
    assert note.totals.vat_total == 600
    assert [mention for mention in issued_view(note, "fr").mentions if "non applicable" in mention] == []


def test_the_largest_invoice_can_be_credited(shop: Shop) -> None:
    pick = random.Random(1)
    lines = [
        {
            "description": "".join(chr(pick.randrange(0x4E00, 0x9000)) for _ in range(114)),
            "quantity": "3.5",
            "unit_price": "12.345678",
            "vat_rate": "20",
        }
        for _ in range(1000)
    ]
    credited(shop, shop.issued(lines=lines))


def test_an_invoice_of_zero_is_credited_in_full(shop: Shop) -> None:
    invoice = shop.issued(lines=[LINE | {"discount": {"percent": "100"}}])
    credited(shop, invoice)
    assert shop.owner.get(f"/v1/invoices/{invoice['id']}").json["status"] == "credited"


def test_the_stamp_duty_of_a_cash_invoice_falls_with_what_is_withheld(shop: Shop) -> None:
    line = LINE | {"nature": "services", "quantity": "10", "unit_price": "1000.00"}
    invoice = shop.issued(customer=public_body(shop), settlement="cash", lines=[line])
    assert (invoice["totals"]["stamp_duty"], invoice["balance"]) == ("30.00", "12030.00")
    payment = {"amount": "0.00", "method": "other", "date": str(shop.today), "withheld_vat": "1500.00"}
    assert shop.owner.post(f"/v1/invoices/{invoice['id']}/payments", payment).status == 201
    # 0.25 % of the 10,500.00 that are still open in cash (CGI art. 252-I-B).
    assert shop.owner.get(f"/v1/invoices/{invoice['id']}").json["balance"] == "10526.25"


def test_an_invoice_is_not_found_among_credit_notes(shop: Shop) -> None:
    assert shop.owner.get(f"/v1/credit-notes/{shop.draft()['id']}/pdf", accept=JSON).status == 404


def test_an_amount_off_one_piece(shop: Shop) -> None:
    invoice = shop.issued(lines=[LINE | {"quantity": "1", "unit": "day", "unit_price": "1000000.00"}])
    url = f"/v1/invoices/{invoice['id']}"
    made = shop.owner.post(f"{url}/credit", {"lines": [{"line": 1, "amount": "333.33"}], "reason": "Rabais"})
    assert made.status == 201, made.text
    (line,) = made.json["lines"]
    shown = {
        name: line[name] for name in ("description", "quantity", "unit", "unit_price", "discount", "net", "credits")
    }
    assert shown == {
        "description": "Conseil",
        "quantity": "1",
        "unit": None,
        "unit_price": "333.33",
        "discount": None,
        "net": "333.33",
        "credits": 1,
    }
    assert (made.json["totals"]["net"], made.json["totals"]["gross"]) == ("333.33", "400.00")
    assert shop.owner.get(url).json["balance"] == "1199600.00"
    rest = credited(shop, invoice)
    assert (rest["totals"]["net"], shop.owner.get(url).json["status"]) == ("999666.67", "credited")


def test_an_amount_over_the_document(shop: Shop) -> None:
    lines = [LINE, LINE | {"vat_rate": "10", "unit_price": "500.00"}, LINE | {"vat_rate": "0", "exemption": "92-I-1"}]
    invoice = shop.issued(lines=lines)
    url = f"/v1/invoices/{invoice['id']}"
    made = shop.owner.post(f"{url}/credit", {"amount": "333.33", "reason": "Ristourne annuelle"})
    assert made.status == 201, made.text
    assert [(line["description"], line["vat_rate"], line["net"], line["credits"]) for line in made.json["lines"]] == [
        (f"Réduction sur la facture {invoice['number']}", rate, net, None)
        for rate, net in (("20", "142.86"), ("10", "47.62"), ("0", "142.85"))
    ]
    assert shop.owner.get(made.headers["location"]).json == made.json
    assert shop.owner.get(f"{made.headers['location']}/pdf", accept=JSON).status == 200
    whole = shop.owner.post(f"{url}/credit", {"amount": "6666.67"})
    assert whole.status == 201, whole.text
    read = shop.owner.get(url).json
    assert (read["status"], read["balance"], read["credited"]) == ("credited", "0.00", invoice["totals"]["payable"])


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"lines": [{"line": 1, "amount": "3000.01"}]}, "/lines/0/amount", "credit_amount_above_remaining"),
        ({"amount": "3000.01"}, "/amount", "credit_amount_above_remaining"),
        ({"amount": "0.00"}, "/amount", "not_positive"),
        ({"amount": "0.001"}, "/amount", "too_many_decimals"),
        ({"lines": [{"line": 1, "amount": "0.00"}]}, "/lines/0/amount", "not_positive"),
        ({"lines": [{"line": 1, "amount": "1.00", "quantity": "1"}]}, "/lines/0", "credit_ambiguous"),
        ({"lines": [{"line": 1}]}, "/lines/0", "credit_ambiguous"),
        ({"lines": [{"line": 1, "amount": "1.00"}], "amount": "1.00"}, "", "credit_lines_or_amount"),
        ({"lines": [{"line": 2, "amount": "1.00"}]}, "/lines/0/line", "credit_line_unknown"),
    ],
)
def test_a_wrong_amount_is_refused_and_changes_nothing(
    shop: Shop, body: dict[str, Any], pointer: str, code: str
) -> None:
    url = f"/v1/invoices/{shop.issued()['id']}/credit"
    before = shop.clock
    refused = shop.owner.post(url, body)
    assert (refused.status, refused.codes, shop.clock) == (422, [(pointer, code)], before)


def test_a_refusal_states_what_is_left(shop: Shop) -> None:
    url = f"/v1/invoices/{shop.issued()['id']}/credit"
    assert shop.owner.post(url, {"lines": [{"line": 1, "amount": "0.01"}]}).status == 201
    (fault,) = shop.owner.post(url, {"amount": "3000.00"}).json["errors"]
    assert "2999.99" in fault["detail"]
