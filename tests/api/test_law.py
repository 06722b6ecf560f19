"""Refusals, notices and settings of the law through the API. Each example names its article."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.clock import midnight
from chalicelib.domain.companies.company import Company
from chalicelib.domain.morocco import identities
from chalicelib.wiring import World
from tests.client import Got
from tests.clocks import clock_at
from tests.conftest import Shop
from tests.rows import put_row

NewShop = Callable[..., Shop]
BUYER = {"name": "Client Exemple", "kind": "business", "ice": "002136093000040"}
ADDRESS = {"street": "1 rue X", "city": "Casablanca"}


def issue(shop: Shop, day: str | None = None, **changes: Any) -> Got:
    return shop.owner.post(f"/v1/invoices/{shop.draft(**changes)['id']}/issue", {"issue_date": day} if day else {})


def profile(shop: Shop, **changes: Any) -> Got:
    return shop.owner.patch("/v1/company", changes, "*")


def customer(shop: Shop, **changes: Any) -> str:
    made = shop.owner.post("/v1/customers", BUYER | {"address": ADDRESS} | changes)
    assert made.status == 201, made.text
    return str(made.json["id"])


def codes(body: Any) -> list[str]:
    return [notice["code"] for notice in body["notices"]]


@pytest.mark.parametrize(("missing", "fields"), [("ice", "ICE"), ("tax_id", "IF"), ("business_tax", "taxe prof")])
def test_a_live_seller_without_an_identity_issues_nothing(new_shop: NewShop, missing: str, fields: str) -> None:
    """CGI art. 145-III-2° and 3°, 145-VIII."""
    shop = new_shop(**{missing: None})
    assert "seller_identity_missing" in codes(shop.draft())
    refused = issue(shop)
    assert (refused.status, refused.codes) == (422, [("", "seller_identity_missing")])
    assert fields in refused.json["errors"][0]["detail"]
    assert profile(shop, **{missing: {"ice": "002136093000040"}.get(missing, "12345678")}).status == 200
    assert issue(shop).status == 200


def test_a_stated_reason_replaces_the_number_of_the_business_tax_alone(new_shop: NewShop) -> None:
    shop = new_shop(business_tax=None, business_tax_missing="new")
    assert "seller_identity_missing" not in codes(shop.draft())
    issued = issue(shop)
    assert issued.status == 200
    assert "new" not in issued.json["seller"].values()
    assert profile(shop, tax_id=None).status == 200
    assert issue(shop).codes == [("", "seller_identity_missing")]


def test_specimens_and_sellers_outside_art_145_need_no_identity(new_shop: NewShop) -> None:
    nobody = {"ice": None, "tax_id": None, "business_tax": None}
    assert issue(new_shop(mode="test", **nobody)).status == 200
    sole = new_shop(regime="auto_entrepreneur", person="individual", **nobody)
    line = {"description": "Conseil", "quantity": "1", "unit_price": "100.00", "vat_rate": "0"}
    assert issue(sole, lines=[line]).status == 200


def test_a_company_that_issued_before_the_rule_gets_sixty_days_of_notice(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert issue(shop).status == 200
    ends = shop.today + timedelta(days=90)
    rule = replace(identities.REQUIRED[0], valid_from=ends - timedelta(days=60))
    monkeypatch.setattr(identities, "REQUIRED", (rule,))
    (company,) = world.store.records([Company.ref(shop.company)])
    assert isinstance(company, Company)
    assert company.identities_bind_from == shop.today
    put_row(world.store, company.edited(world.now(), identities_bind_from=None, tax_id=None))
    with clock_at(world, midnight(ends) - timedelta(hours=12)):
        draft = shop.draft()
        day = [notice["params"] for notice in draft["notices"] if notice["code"] == "seller_identity_required_from"]
        assert day == [{"day": ends.isoformat()}]
        assert issue(shop).status == 200
    with clock_at(world, midnight(ends)):
        assert issue(shop).codes == [("", "seller_identity_missing")]


def test_a_business_buyer_has_an_address_or_a_recorded_reason(shop: Shop) -> None:
    """CGI art. 145-III-4°."""
    buyer = customer(shop, address=None)
    assert "buyer_address_missing" in codes(shop.draft(customer=buyer))
    refused = issue(shop, customer=buyer)
    assert (refused.status, refused.codes) == (422, [("/customer", "buyer_address_missing")])
    excused = issue(shop, customer=buyer, buyer_address_missing="not_given")
    assert (excused.status, excused.json["buyer_address_missing"]) == (200, "not_given")
    for kind in ("consumer", "public_body"):
        assert issue(shop, customer=customer(shop, kind=kind, address=None)).status == 200


def test_an_invoice_issued_late_is_due_as_if_issued_at_the_end_of_the_month(shop: Shop, world: World) -> None:
    """Code de commerce art. 78-2 (law 69-21): operation on 10 September, issued on 30 November, due on 29 November."""
    with clock_at(world, datetime(2040, 11, 30, 12, tzinfo=UTC)):
        draft = shop.draft(operation_date="2040-09-10")
        assert {"issued_after_month_of_delivery", "overdue_when_issued"} <= set(codes(draft))
        assert issue(shop, operation_date="2040-09-10").json["due_date"] == "2040-11-29"
        typed = issue(shop, operation_date="2040-09-10", due_date="2040-11-15")
        assert (typed.status, typed.json["due_date"]) == (200, "2040-11-15")
        refused = issue(shop, operation_date="2040-09-10", due_date="2040-09-29")
        assert refused.codes == [("/due_date", "due_before_issue")]


def test_monthly_dealings_and_service_done_begin_later(shop: Shop, world: World) -> None:
    with clock_at(world, datetime(2040, 11, 23, 12, tzinfo=UTC)):
        monthly = customer(shop, billing="monthly", payment_terms_days=30)
        assert issue(shop, customer=monthly).json["due_date"] == "2040-12-31"
        town = customer(shop, kind="public_body")
        paid = issue(shop, customer=town, service_done_on="2040-12-10").json
        assert (paid["service_done_on"], paid["due_date"]) == ("2040-12-10", "2041-02-08")
        draft = shop.draft(service_done_on="2040-12-10")
        assert "service_done_without_public_body" in codes(draft)
        ends = issue(shop, customer=customer(shop, payment_terms_days=30), terms_end_of_month=True).json
        assert (ends["terms_end_of_month"], ends["due_date"]) == (True, "2040-12-31")


def test_a_sector_may_agree_on_180_days(shop: Shop) -> None:
    far = str(shop.today + timedelta(days=180))
    assert issue(shop, due_date=far).codes == [("/due_date", "payment_terms_too_long")]
    assert profile(shop, payment_terms_days=180).codes == [("/payment_terms_days", "out_of_range")]
    decree = "Décret n° 2-25-001"
    assert profile(shop, sector_terms_days=180).codes == [("/sector_decree", "sector_decree_missing")]
    assert profile(shop, sector_terms_days=180, sector_decree=decree).status == 200
    assert codes(profile(shop, payment_terms_days=180).json) == []
    assert issue(shop).json["due_date"] == far
    assert profile(shop, sector_terms_days=181).codes == [("/sector_terms_days", "out_of_range")]
    assert profile(shop, sector_decree=None).codes == [("/sector_decree", "sector_decree_missing")]
    assert profile(shop, sector_decree=None, sector_terms_days=None, payment_terms_days=60).status == 200


def test_a_sector_without_decree_that_is_stored_already_stays(shop: Shop, world: World) -> None:
    (stored,) = world.store.records([Company.ref(shop.company)])
    assert isinstance(stored, Company)
    put_row(world.store, replace(stored, sector_terms_days=180))
    assert codes(shop.owner.get("/v1/company").json) == ["sector_decree_missing"]
    assert profile(shop, activity="services").status == 200
    assert profile(shop, sector_terms_days=150).codes == [("/sector_decree", "sector_decree_missing")]


@pytest.mark.parametrize(
    ("language", "days", "detail"),
    [
        ("fr", 200, "Valeur maximale : 180."),
        ("fr", 0, "Valeur minimale : 1."),
        ("en", 200, "The largest allowed value is 180."),
        ("en", 0, "The smallest allowed value is 1."),
        ("ar", 200, "أكبر قيمة مسموح بها: 180."),
        ("ar", 0, "أصغر قيمة مسموح بها: 1."),
    ],
)
def test_a_range_names_the_bound_that_is_exceeded(shop: Shop, language: str, days: int, detail: str) -> None:
    refused = shop.owner.patch("/v1/company", {"sector_terms_days": days}, "*", accept_language=language)
    assert [each["detail"] for each in refused.json["errors"]] == [detail]


def test_an_invoice_for_a_public_body_may_be_overdue_when_it_is_issued(shop: Shop, world: World) -> None:
    """Art. 78-2: the terms run from the service done."""
    with clock_at(world, datetime(2041, 1, 15, 12, tzinfo=UTC)):
        draft = shop.draft(customer=customer(shop, kind="public_body"), service_done_on="2040-11-10")
        assert "overdue_when_issued" in codes(draft)


def test_a_draft_says_that_its_due_date_would_be_refused(shop: Shop) -> None:
    """Art. 78-2: 120 days at most by agreement."""
    draft = shop.draft(due_date=str(shop.today + timedelta(days=121)))
    assert "payment_terms_too_long" in codes(draft)
    url = f"/v1/invoices/{draft['id']}"
    mended = shop.owner.patch(url, {"due_date": str(shop.today + timedelta(days=120))}, "*")
    assert "payment_terms_too_long" not in codes(mended.json)


def test_a_customers_terms_are_those_of_the_law_that_binds_it(shop: Shop) -> None:
    made = shop.owner.post("/v1/customers", BUYER | {"address": ADDRESS, "payment_terms_days": 181})
    assert made.codes == [("/payment_terms_days", "out_of_range")]
    assert customer(shop, payment_terms_days=180)
    for outside in ({"terms_law": False}, {"kind": "consumer"}, {"address": {"city": "Lyon", "country": "FR"}}):
        far = customer(shop, payment_terms_days=365, **outside)
        assert issue(shop, customer=far).json["due_date"] == str(shop.today + timedelta(days=365))
    assert profile(shop, payment_terms_law=False, payment_terms_days=200).status == 200
    assert profile(shop, payment_terms_law=None).codes == [("/payment_terms_days", "out_of_range")]


@pytest.mark.parametrize(
    ("buyer", "bound"),
    [
        ({}, True),
        ({"kind": "consumer", "ice": None}, False),
        ({"address": {"city": "Lyon", "country": "FR"}}, False),
        ({"terms_law": False}, False),
        ({"kind": "public_body"}, True),
    ],
)
def test_the_law_on_terms_binds_traders_in_morocco(shop: Shop, buyer: dict[str, Any], *, bound: bool) -> None:
    """Art. 78-1: the longest terms and the sentence of art. 78-3 concern the bound only."""
    late = {"customer": customer(shop, **buyer), "due_date": str(shop.today + timedelta(days=200))}
    issued = issue(shop, customer=late["customer"])
    assert issued.json["terms_law"] is bound
    assert issue(shop, **late).status == (422 if bound else 200)


def test_the_settings_of_the_law_are_read_as_they_were_written(shop: Shop) -> None:
    bases = [{"from": "2027-01-01", "basis": "invoices"}, {"from": "2026-01-01", "basis": "receipts"}]
    sent = {
        "activity": "liberal_profession",
        "keeps_books": False,
        "sector_terms_days": 150,
        "sector_decree": "Décret n° 2-25-001",
        "payment_terms_law": False,
        "business_tax_missing": "not_liable",
    }
    assert profile(shop, vat_basis=bases, **sent).status == 200
    read = shop.owner.get("/v1/company").json
    assert read["vat_basis"] == bases[::-1]
    assert {name: read[name] for name in sent} == sent
    twice = [{"from": "2027-01-01", "basis": basis} for basis in ("invoices", "receipts")]
    assert profile(shop, vat_basis=twice).codes == [("/vat_basis", "repeated")]
    assert profile(shop, activity=None, keeps_books=None).json["activity"] is None
    made = customer(shop, billing="monthly", terms_law=True)
    read = shop.owner.get(f"/v1/customers/{made}").json
    assert (read["billing"], read["terms_law"]) == ("monthly", True)
    assert shop.owner.get(f"/v1/customers/{shop.customer}").json["billing"] == "each"


def test_a_document_states_the_basis_of_its_day(shop: Shop, world: World) -> None:
    """CGI art. 95: TVA is due at the payment, or at the invoice from the day of the option."""
    assert issue(shop).json["vat_basis"] == "receipts"
    assert profile(shop, vat_basis=[{"from": "2040-07-01", "basis": "invoices"}]).status == 200
    with clock_at(world, datetime(2040, 7, 2, 12, tzinfo=UTC)):
        assert issue(shop, day="2040-06-30").json["vat_basis"] == "receipts"
        assert issue(shop).json["vat_basis"] == "invoices"


def test_an_overdue_invoice_shows_the_fine_that_the_buyer_owes_to_the_treasury(shop: Shop, world: World) -> None:
    """Code de commerce art. 78-3: 120,000 with TVA, three months late at 2.25 % → 3.95 % = 4,740.00."""
    line = {"description": "Conseil", "quantity": "1", "unit_price": "100000.00", "vat_rate": "20"}
    with clock_at(world, datetime(2040, 1, 15, 12, tzinfo=UTC)):
        issued = issue(shop, lines=[line], due_date="2040-01-15").json
        other = issue(shop, customer=customer(shop, terms_law=False), due_date="2040-01-15").json
    assert issued["late_payment_fine"] is None
    with clock_at(world, datetime(2040, 4, 15, 12, tzinfo=UTC)):
        read = shop.owner.get(f"/v1/invoices/{issued['id']}").json
        fine = {"estimate": "4740.00", "rate": "3.95", "months": 3, "base": "120000.00"}
        assert read["late_payment_fine"] == fine | {"owed_by": "buyer", "owed_to": "treasury"}
        assert read | {"late_payment_fine": None} == issued
        owed = shop.owner.get(f"/v1/customers/{shop.customer}/statement", query={"to": "2040-04-15"}).json
        assert (owed["closing_balance"], owed["open"]) == ("120000.00", "120000.00")
        listed = {one["id"]: one["late_payment_fine"] for one in shop.owner.get("/v1/invoices").json["data"]}
        assert listed == {issued["id"]: read["late_payment_fine"], other["id"]: None}
        paid = {"amount": "120000.00", "method": "transfer", "date": "2040-04-15"}
        assert shop.owner.post(f"/v1/invoices/{issued['id']}/payments", paid).status == 201
        assert shop.owner.get(f"/v1/invoices/{issued['id']}").json["late_payment_fine"] is None


def test_exempt_cash_owes_no_stamp_duty(shop: Shop) -> None:
    """CGI art. 252-I-B, LF 2019: fuel, medicines, and professionals who are no traders and keep no accounts."""
    assert issue(shop, payment_mode="cash").json["totals"]["stamp_duty"] == "9.00"
    own = issue(shop, payment_mode="cash", stamp_exemption="fuel").json
    assert (own["stamp_exemption"], own["totals"]["stamp_duty"], own["totals"]["payable"]) == (
        "fuel",
        "0.00",
        "3600.00",
    )
    assert profile(shop, activity="liberal_profession", keeps_books=False).status == 200
    assert issue(shop, payment_mode="cash").json["stamp_exemption"] == "no_accounts"
    mixed = issue(shop, payment_mode="cash", stamp_exemption="none").json
    assert (mixed["stamp_exemption"], mixed["totals"]["stamp_duty"]) == (None, "9.00")


def test_cash_from_20000_is_the_sellers_fine(shop: Shop) -> None:
    """CGI art. 193: 6 % for the seller. Art. 11-II: above 5,000 the payer does not deduct."""
    line = {"description": "Vente", "quantity": "1", "unit_price": "20000.00", "vat_rate": "20"}
    draft = shop.draft(lines=[line], payment_mode="cash")
    found = {notice["code"]: notice["params"] for notice in draft["notices"]}
    assert found["cash_fine"] == {"percent": "6", "limit": "20000", "fine": "1440.00"}
    assert "cash_above_limit" in found
    assert "cash_fine" not in codes(shop.draft(lines=[line], payment_mode="transfer"))


def test_cash_payments_of_a_day_add_up(shop: Shop) -> None:
    """CGI art. 11-II: above 5,000 dirhams a day the payer does not deduct. Art. 193: 6 % for the seller from 20,000."""
    line = {"description": "Vente", "quantity": "1", "unit_price": "50000.00", "vat_rate": "20"}
    url = f"/v1/invoices/{shop.issued(lines=[line])['id']}/payments"

    def pay(amount: str, method: str = "cash") -> Got:
        return shop.owner.post(url, {"amount": amount, "method": method, "date": str(shop.today)})

    first, second = pay("3000.00"), pay("3000.00")
    assert (first.status, codes(first.json), codes(second.json)) == (201, [], ["cash_above_limit"])
    assert codes(pay("9000.00", "transfer").json) == []
    assert codes(pay("14000.00").json) == ["cash_fine", "cash_above_limit"]
    listed = shop.owner.get(url).json["data"]
    assert [codes(one) for one in listed] == [[], ["cash_above_limit"], [], ["cash_fine", "cash_above_limit"]]
    reversed_by = shop.owner.post(f"/v1/payments/{listed[3]['id']}/reverse", {"reason": "entered_in_error"})
    assert (reversed_by.status, codes(reversed_by.json)) == (201, [])
    assert codes(pay("2000.00").json) == ["cash_above_limit"]


def test_a_cash_invoice_is_due_at_once(shop: Shop, world: World) -> None:
    """Its page says "Au comptant". Unpaid, it is overdue from the next day (ADR 0089)."""
    with clock_at(world, datetime(2040, 11, 20, 12, tzinfo=UTC)):
        made = [
            issue(shop, payment_mode="cash", operation_date="2040-11-02").json,
            issue(shop, settlement="cash").json,
            issue(shop, payment_mode="cash", operation_date="2040-11-25").json,
            issue(shop, payment_mode="cash", due_date="2040-11-30").json,
            issue(shop, payment_mode="transfer").json,
        ]
        expected = ["2040-11-20", "2040-11-20", "2040-11-25", "2040-11-30", "2041-01-19"]
        assert [one["due_date"] for one in made] == expected
        assert shop.owner.get("/v1/invoices", query={"overdue": "true"}).json["data"] == []
    with clock_at(world, datetime(2040, 11, 21, 12, tzinfo=UTC)):
        overdue = shop.owner.get("/v1/invoices", query={"overdue": "true"}).json["data"]
        assert {one["id"] for one in overdue} == {one["id"] for one in made[:2]}
        paid = {"amount": made[0]["totals"]["payable"], "method": "cash", "date": "2040-11-21"}
        assert shop.owner.post(f"/v1/invoices/{made[0]['id']}/payments", paid).status == 201
        (late,) = shop.owner.get("/v1/invoices", query={"overdue": "true"}).json["data"]
        assert late["id"] == made[1]["id"]


@pytest.mark.parametrize(
    ("operation", "due"),
    [("2041-09-10", "2041-11-29"), ("2041-01-15", "2041-04-01"), ("2042-05-02", "2042-01-29")],
)
def test_cash_is_due_no_later_than_the_law_allows(shop: Shop, world: World, operation: str, due: str) -> None:
    """Without an agreement, 60 days from the issue or from the end of the month of delivery (law 69-21). An invoice in
    cash of an operation that is long past, or far away, is issued too."""
    with clock_at(world, datetime(2041, 11, 30, 12, tzinfo=UTC)):
        made = issue(shop, payment_mode="cash", operation_date=operation)
    assert (made.status, made.json.get("due_date")) == (200, due), made.text


class TestCashOfACustomer:
    """CGI art. 11-II: 5,000 a day and 50,000 a month; art. 193: 20,000. All cash of a customer counts (DOMAIN 4.4)."""

    def invoice(self, shop: Shop, **changes: Any) -> str:
        line = {"description": "Vente", "quantity": "1", "unit_price": "80000.00", "vat_rate": "20"}
        return str(shop.issued(lines=[line], **changes)["id"])

    def pay(self, shop: Shop, invoice: str, amount: str, day: date, method: str = "cash") -> Any:
        money = {"amount": amount, "method": method, "date": str(day)}
        paid = shop.owner.post(f"/v1/invoices/{invoice}/payments", money)
        assert paid.status == 201, paid.text
        return paid.json

    def advance(self, shop: Shop, buyer: str, amount: str, day: date, **more: Any) -> Any:
        money = {"amount": amount, "method": "cash", "date": str(day)} | more
        made = shop.owner.post(f"/v1/customers/{buyer}/credit", money)
        assert made.status == 201, made.text
        return made.json

    def test_payments_on_several_documents_add_up(self, shop: Shop) -> None:
        first, second, today = self.invoice(shop), self.invoice(shop), shop.today
        assert codes(self.pay(shop, first, "3000.00", today)) == []
        assert codes(self.pay(shop, second, "9000.00", today, "transfer")) == []
        assert codes(self.pay(shop, second, "2000.00", today)) == []
        assert codes(self.pay(shop, second, "0.01", today)) == ["cash_above_limit"]
        (fine, _) = self.pay(shop, first, "14999.99", today)["notices"]
        assert (fine["code"], fine["params"]["fine"]) == ("cash_fine", "1200.00")

    def test_another_customer_has_limits_of_their_own(self, shop: Shop) -> None:
        self.pay(shop, self.invoice(shop), "5000.00", shop.today)
        other = self.invoice(shop, customer=customer(shop))
        assert codes(self.pay(shop, other, "5000.00", shop.today)) == []

    def test_an_advance_in_cash_counts_once(self, shop: Shop) -> None:
        invoice, today = self.invoice(shop), shop.today
        assert codes(self.advance(shop, shop.customer, "4000.00", today)) == []
        assert codes(self.advance(shop, shop.customer, "1000.01", today)) == ["cash_above_limit"]
        assert codes(self.advance(shop, shop.customer, "9000.00", today, method="transfer")) == []
        to = {"to": [{"document": invoice, "amount": "5000.01"}]}
        (taken, rest) = shop.owner.post(f"/v1/customers/{shop.customer}/credit/apply", to).json["data"]
        assert (codes(taken), codes(rest)) == ([], [])
        (fine, _) = self.pay(shop, invoice, "14999.99", today)["notices"]
        assert fine["params"]["fine"] == "1200.00"
        listed = shop.owner.get(f"/v1/customers/{shop.customer}/credit").json["data"]
        assert [codes(entry) for entry in listed] == [[], ["cash_above_limit"], []]

    def test_cash_in_excess_counts_whole_and_once(self, shop: Shop) -> None:
        today, small = shop.today, str(shop.issued()["id"])
        paid = self.pay(shop, small, "4000.00", today)
        assert (paid["applied"], codes(paid)) == ("3600.00", [])
        assert codes(self.pay(shop, self.invoice(shop), "1000.00", today)) == []
        assert codes(self.pay(shop, self.invoice(shop), "0.01", today)) == ["cash_above_limit"]

    def test_reversed_cash_counts_no_more(self, shop: Shop) -> None:
        first, second, today = self.invoice(shop), self.invoice(shop), shop.today
        paid = self.pay(shop, first, "5000.00", today)
        assert codes(self.pay(shop, second, "100.00", today)) == ["cash_above_limit"]
        undone = shop.owner.post(f"/v1/payments/{paid['id']}/reverse", {"reason": "entered_in_error"})
        assert (undone.status, codes(undone.json)) == (201, [])
        assert codes(self.pay(shop, second, "4900.00", today)) == []
        assert codes(self.pay(shop, first, "0.01", today)) == ["cash_above_limit"]

    def test_each_day_and_each_month_has_its_sum(self, shop: Shop, world: World) -> None:
        with clock_at(world, datetime(2040, 10, 1, 12, tzinfo=UTC)):
            invoice = self.invoice(shop)
        with clock_at(world, datetime(2040, 11, 30, 12, tzinfo=UTC)):
            assert codes(self.pay(shop, invoice, "5000.00", date(2040, 10, 31))) == []
            for day in range(1, 11):
                assert codes(self.pay(shop, invoice, "5000.00", date(2040, 11, day))) == []
            assert codes(self.advance(shop, shop.customer, "0.01", date(2040, 11, 30))) == ["cash_above_month_limit"]
            assert codes(self.pay(shop, invoice, "1.00", date(2040, 11, 10))) == [
                "cash_above_limit",
                "cash_above_month_limit",
            ]
            assert codes(self.pay(shop, invoice, "45000.00", date(2040, 10, 1))) == ["cash_fine", "cash_above_limit"]


def test_exempt_sales_owe_no_stamp_duty_on_a_cash_payment(shop: Shop) -> None:
    invoice = issue(shop, stamp_exemption="medicines").json
    paid = {"amount": "3600.00", "method": "cash", "date": str(shop.today)}
    assert shop.owner.post(f"/v1/invoices/{invoice['id']}/payments", paid).json["stamp_duty"] == "0.00"


def test_a_document_without_a_mode_of_payment_says_so(shop: Shop) -> None:
    """CGI art. 145-III-7°."""
    assert "payment_mode_missing" in codes(shop.draft())
    assert "payment_mode_missing" not in codes(shop.draft(payment_mode="other"))
    assert "payment_mode_missing" not in codes(shop.draft(settlement="cash"))


def test_a_reduced_rate_names_the_category_that_has_it(shop: Shop) -> None:
    """LF 2024 art. 6: 15 % in 2025 is for the rental of electricity meters."""
    line = {"description": "Location", "quantity": "1", "unit_price": "100.00", "vat_rate": "15"}
    (found,) = [n for n in shop.draft(lines=[line], operation_date="2025-03-01")["notices"] if "rate" in n["params"]]
    assert (found["pointer"], found["code"]) == ("/lines/0/vat_rate", "vat_rate_of_one_category")
    assert found["params"] == {"rate": "15", "categories": "electricity_meter"}


def test_a_long_draft_has_few_notices_of_one_kind(shop: Shop) -> None:
    line = {"description": "Location", "quantity": "1", "unit_price": "100.00", "vat_rate": "15"}
    found = codes(shop.draft(lines=[line] * 100, operation_date="2025-03-01"))
    assert (found.count("vat_rate_of_one_category"), found.count("payment_mode_missing")) == (20, 1)


@pytest.mark.parametrize(
    ("written", "article"),
    [
        ("92 (I-1°)", "92-I-1"),
        ("art. 92 § I, 1°", "92-I-1"),
        ("92/I/1", "92-I-1"),
        ("92-I-19", "92-I-19"),
        ("91-II-1", "91-II-1"),
    ],
)
def test_an_exemption_is_read_in_every_usual_writing(shop: Shop, written: str, article: str) -> None:
    line = {"description": "Vente", "quantity": "1", "unit_price": "100.00", "vat_rate": "0", "exemption": written}
    draft = shop.draft(lines=[line])
    assert draft["lines"][0]["exemption"] == article
    assert "exemption_unknown" not in codes(draft)


def test_a_guessed_identity_card_number_is_a_notice_on_every_text_of_a_document(shop: Shop) -> None:
    """Law 09-08 art. 12. A town, a register or a shop looks like one, so nothing is refused (DOMAIN 2.10)."""
    line = {"description": "Remis à BE123456", "quantity": "1", "unit_price": "100.00", "vat_rate": "20"}
    texts = {"notes": "Café F 50000", "buyer_reference": "CIN AB123456", "order_reference": "carte K45678"}
    draft = shop.draft(lines=[line], **texts)
    found = {notice["pointer"] for notice in draft["notices"] if notice["code"] == "cin_suspected"}
    assert found == {"/lines/0/description", "/notes", "/buyer_reference", "/order_reference"}
    assert issue(shop, lines=[line], **texts).status == 200
    towns = shop.draft(lines=[line | {"description": "Villa Fès 12345"}], notes="Fès 58213")
    assert "cin_suspected" not in codes(towns)


def test_documents_in_another_currency_are_out_of_scope(shop: Shop) -> None:
    """docs/limits.md: dirhams only."""
    refused = shop.owner.post("/v1/invoices", {"customer": shop.customer, "lines": [], "currency": "EUR"})
    assert (refused.status, refused.codes) == (422, [("/currency", "unknown_field")])
    assert shop.draft()["currency"] == "MAD"
