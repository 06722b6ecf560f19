"""The events of a debt through the API: withheld, returned, cashed later, paid too much, in advance, given back.

Each example names the rule that it shows: the law's article, or the rule of the API that decides where the law is
silent.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.money import amount_text
from tests.api.samples import CUSTOMER, LINE
from tests.api.test_credit_notes import public_body
from tests.bench.traffic import Traffic
from tests.client import Got
from tests.conftest import Shop

SERVICES = LINE | {"nature": "services", "quantity": "10", "unit_price": "1000.00"}
"""10,000.00 before TVA, 12,000.00 with it."""


def post(shop: Shop, path: str, body: Any = None) -> dict[str, Any]:
    got = shop.owner.post(path, body or {})
    assert got.status < 300, got.text
    found: dict[str, Any] = got.json
    return found


def pay(shop: Shop, invoice: str, amount: str, **more: str) -> dict[str, Any]:
    body = {"amount": amount, "method": "transfer", "date": str(shop.today)} | more
    return post(shop, f"/v1/invoices/{invoice}/payments", body)


def reverse(shop: Shop, payment: str, **more: str) -> Got:
    return shop.owner.post(f"/v1/payments/{payment}/reverse", {"reason": "returned_unpaid"} | more)


def money(shop: Shop, amount: str, **more: str) -> dict[str, str]:
    return {"amount": amount, "method": "transfer", "date": str(shop.today)} | more


def state(shop: Shop, invoice: str) -> tuple[str, str, str, str]:
    """The status of an invoice, what was paid and withheld, and what is still owed."""
    shown = shop.owner.get(f"/v1/invoices/{invoice}").json
    return shown["status"], shown["paid"], shown["withheld"], shown["balance"]


def unapplied(shop: Shop, customer: str) -> list[tuple[str, str, str]]:
    """The entries of a customer's unapplied credit: source, amount and what is left."""
    listed = shop.owner.get(f"/v1/customers/{customer}/credit").json
    return [(entry["source"], entry["amount"], entry["unapplied"]) for entry in listed["data"]]


def customer_of(shop: Shop) -> str:
    return str(post(shop, "/v1/customers", CUSTOMER)["id"])


class TestWithholding:
    """The event is the payment (CGI art. 117; circular 733)."""

    def test_the_payable_and_its_words_are_never_less_a_withholding(self, shop: Shop) -> None:
        invoice = shop.issued(customer=public_body(shop), lines=[SERVICES])
        assert invoice["totals"]["payable"] == "12000.00"
        assert invoice["amount_in_words"]["fr"] == "Douze mille dirhams"
        assert invoice["expected_withholding"] == {"vat": "1500.00", "fees": "0.00"}
        assert (invoice["totals"]["withheld"], invoice["withheld"]) == ("0.00", "0.00")

    def test_nothing_is_expected_on_a_line_that_is_marked(self, shop: Shop) -> None:
        """Décret 2-23-1118 leaves electricity, water, telecom and brokers out (DOMAIN 4.1)."""
        buyer, fees = public_body(shop), SERVICES | {"nature": "fees"}
        both = shop.draft(customer=buyer, lines=[SERVICES, fees])
        # RAS-TVA of 75 % of 2,000.00 on each line, and RAS of 5 % on the fees.
        assert both["expected_withholding"] == {"vat": "3000.00", "fees": "500.00"}
        marked = shop.issued(customer=buyer, lines=[SERVICES, fees | {"withholding": "none"}])
        assert marked["expected_withholding"] == {"vat": "1500.00", "fees": "0.00"}
        assert [line["withholding"] for line in marked["lines"]] == [None, "none"]
        assert marked["totals"]["payable"] == "24000.00"
        neither = shop.issued(customer=buyer, lines=[SERVICES | {"withholding": "none"}])
        assert neither["expected_withholding"] == {"vat": "0.00", "fees": "0.00"}

    def test_a_public_body_that_pays_all_has_paid(self, shop: Shop) -> None:
        invoice = shop.issued(customer=public_body(shop), lines=[SERVICES])["id"]
        pay(shop, invoice, "12000.00")
        assert state(shop, invoice) == ("paid", "12000.00", "0.00", "0.00")

    def test_money_and_withholding_together_pay_the_invoice(self, shop: Shop) -> None:
        invoice = shop.issued(customer=public_body(shop), lines=[SERVICES])["id"]
        paid = pay(shop, invoice, "10500.00", withheld_vat="1500.00", certificate="ATT-2026-118")
        assert (paid["withheld_vat"], paid["certificate"]) == ("1500.00", "ATT-2026-118")
        assert state(shop, invoice) == ("paid", "10500.00", "1500.00", "0.00")

    def test_a_client_who_withholds_without_being_expected_to_has_paid(self, shop: Shop) -> None:
        invoice = shop.issued(lines=[SERVICES])["id"]
        pay(shop, invoice, "9500.00", withheld_vat="1500.00", withheld_fees="1000.00")
        assert state(shop, invoice) == ("paid", "9500.00", "2500.00", "0.00")

    def test_the_certificate_may_come_later(self, shop: Shop) -> None:
        invoice = shop.issued(lines=[SERVICES])["id"]
        pay(shop, invoice, "10500.00")
        assert state(shop, invoice) == ("partially_paid", "10500.00", "0.00", "1500.00")
        pay(shop, invoice, "0.00", withheld_vat="1500.00")
        assert state(shop, invoice) == ("paid", "10500.00", "1500.00", "0.00")

    def test_nothing_is_withheld_beyond_what_is_owed(self, shop: Shop) -> None:
        invoice = shop.issued(lines=[SERVICES])["id"]
        clock = shop.clock
        body = money(shop, "0.00", withheld_vat="12000.01")
        refused = shop.owner.post(f"/v1/invoices/{invoice}/payments", body)
        assert refused.codes == [("/withheld_vat", "withheld_above_balance")]
        assert shop.clock == clock


class TestReversal:
    """A payment is never edited: a counter-entry takes it back (DOMAIN 4.6)."""

    def test_a_returned_cheque_opens_the_invoice_again(self, shop: Shop) -> None:
        invoice = shop.issued()["id"]
        paid = pay(shop, invoice, "3600.00", method="cheque", withheld_vat="0.00")
        before = shop.owner.get(f"/v1/invoices/{invoice}").etag
        counter = reverse(shop, paid["id"], date=str(shop.today))
        assert counter.status == 201, counter.text
        assert counter.headers["location"] == f"/v1/payments/{counter.json['id']}"
        shown = counter.json
        assert (shown["reverses"], shown["reason"], shown["amount"]) == (paid["id"], "returned_unpaid", "-3600.00")
        assert state(shop, invoice) == ("issued", "0.00", "0.00", "3600.00")
        assert shop.owner.get(f"/v1/invoices/{invoice}").etag != before
        original = shop.owner.get(f"/v1/payments/{paid['id']}").json
        assert (original["status"], original["reversed_by"]) == ("reversed", shown["id"])
        listed = shop.owner.get(f"/v1/invoices/{invoice}/payments").json["data"]
        assert [row["amount"] for row in listed] == ["3600.00", "-3600.00"]

    def test_it_happens_once(self, shop: Shop) -> None:
        paid = pay(shop, shop.issued()["id"], "100.00")
        counter = reverse(shop, paid["id"]).json
        clock = shop.clock
        again = reverse(shop, paid["id"])
        assert (again.status, again.json["code"]) == (409, "already_reversed")
        back = reverse(shop, counter["id"])
        assert (back.status, back.json["code"]) == (409, "not_reversible")
        assert shop.clock == clock

    def test_its_withholding_goes_with_it(self, shop: Shop) -> None:
        invoice = shop.issued()["id"]
        paid = pay(shop, invoice, "3150.00", withheld_vat="450.00")
        reverse(shop, paid["id"])
        assert state(shop, invoice) == ("issued", "0.00", "0.00", "3600.00")

    @pytest.mark.parametrize(("days", "code"), [(1, "payment_date_in_future"), (-3, "before_payment")])
    def test_its_day_is_between_the_payment_and_today(self, shop: Shop, days: int, code: str) -> None:
        paid = pay(shop, shop.issued()["id"], "100.00")
        refused = reverse(shop, paid["id"], date=str(shop.today + timedelta(days=days)))
        assert refused.codes == [("/date", code)]

    def test_it_takes_its_excess_back(self, shop: Shop) -> None:
        invoice = shop.issued()
        paid = pay(shop, invoice["id"], "4000.00")
        assert unapplied(shop, invoice["customer"]) == [("excess", "400.00", "400.00")]
        reverse(shop, paid["id"])
        assert unapplied(shop, invoice["customer"]) == [("excess", "400.00", "0.00")]

    def test_an_excess_that_pays_elsewhere_is_open_there_again(self, shop: Shop) -> None:
        first, customer = shop.issued(), ""
        customer = first["customer"]
        second = shop.issued(customer=customer)["id"]
        paid = pay(shop, first["id"], "4000.00")
        post(shop, f"/v1/customers/{customer}/credit/apply", {"to": [{"document": second, "amount": "400.00"}]})
        assert state(shop, second) == ("partially_paid", "400.00", "0.00", "3200.00")
        assert reverse(shop, paid["id"]).status == 201
        assert state(shop, first["id"]) == ("issued", "0.00", "0.00", "3600.00")
        assert state(shop, second) == ("issued", "0.00", "0.00", "3600.00")
        rows = shop.owner.get(f"/v1/invoices/{second}/payments").json["data"]
        assert [(row["status"], row["amount"]) for row in rows] == [
            ("reversed", "400.00"),
            ("counter_entry", "-400.00"),
        ]

    def test_an_excess_that_was_refunded_stays(self, shop: Shop) -> None:
        invoice = shop.issued()
        paid = pay(shop, invoice["id"], "4000.00")
        post(shop, f"/v1/customers/{invoice['customer']}/refunds", money(shop, "300.00"))
        clock = shop.clock
        refused = reverse(shop, paid["id"])
        assert (refused.status, refused.json["code"], shop.clock) == (409, "credit_used", clock)

    def test_applied_credit_goes_back_to_its_entry(self, shop: Shop) -> None:
        customer = customer_of(shop)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "1000.00"))
        invoice = shop.issued(customer=customer)["id"]
        apply = {"to": [{"document": invoice, "amount": "600.00"}]}
        (made,) = post(shop, f"/v1/customers/{customer}/credit/apply", apply)["data"]
        assert unapplied(shop, customer) == [("advance", "1000.00", "400.00")]
        reverse(shop, made["id"], reason="entered_in_error")
        assert unapplied(shop, customer) == [("advance", "1000.00", "1000.00")]
        assert state(shop, invoice) == ("issued", "0.00", "0.00", "3600.00")


class TestCheques:
    """A cheque or a bill that matures later pays nothing until it is cashed."""

    def test_it_is_pending_until_it_is_cashed(self, shop: Shop) -> None:
        invoice = shop.issued()["id"]
        paid = pay(shop, invoice, "3600.00", method="cheque", matures_on=str(shop.today + timedelta(days=60)))
        assert (paid["status"], paid["applied"]) == ("pending", "0.00")
        assert state(shop, invoice) == ("issued", "0.00", "0.00", "3600.00")
        assert shop.owner.get(f"/v1/invoices/{invoice}").json["pending"] == "3600.00"
        cashed = post(shop, f"/v1/payments/{paid['id']}/cash", {"date": str(shop.today)})
        assert (cashed["status"], cashed["cashed_on"]) == ("received", str(shop.today))
        assert state(shop, invoice) == ("paid", "3600.00", "0.00", "0.00")
        assert shop.owner.get(f"/v1/invoices/{invoice}").json["pending"] == "0.00"
        again = shop.owner.post(f"/v1/payments/{paid['id']}/cash", {"date": str(shop.today)})
        assert (again.status, again.json["code"]) == (409, "not_pending")

    def test_one_that_comes_back_never_paid_anything(self, shop: Shop) -> None:
        invoice = shop.issued()["id"]
        matures_on = str(shop.today + timedelta(days=60))
        paid = pay(shop, invoice, "3600.00", method="bill_of_exchange", matures_on=matures_on)
        reverse(shop, paid["id"])
        assert state(shop, invoice) == ("issued", "0.00", "0.00", "3600.00")
        shown = shop.owner.get(f"/v1/payments/{paid['id']}").json
        assert (shown["status"], shown["applied"]) == ("reversed", "0.00")
        assert shop.owner.get(f"/v1/invoices/{invoice}").json["pending"] == "0.00"

    def test_one_that_matured_counts_at_once(self, shop: Shop) -> None:
        invoice = shop.issued()["id"]
        paid = pay(shop, invoice, "3600.00", method="cheque", matures_on=str(shop.today))
        assert (paid["status"], state(shop, invoice)[0]) == ("received", "paid")

    def test_money_in_a_bank_has_no_maturity(self, shop: Shop) -> None:
        body = money(shop, "1.00", matures_on="2099-01-01")
        refused = shop.owner.post(f"/v1/invoices/{shop.issued()['id']}/payments", body)
        assert refused.codes == [("/matures_on", "matures_only_cheque_or_bill")]


class TestUnappliedCredit:
    """Money in excess or in advance is the customer's; only `credit/apply` takes it."""

    def test_a_payment_in_excess_is_split(self, shop: Shop) -> None:
        invoice = shop.issued()
        paid = pay(shop, invoice["id"], "3600.01")
        assert (paid["amount"], paid["applied"]) == ("3600.01", "3600.00")
        assert state(shop, invoice["id"]) == ("paid", "3600.00", "0.00", "0.00")
        (entry,) = shop.owner.get(f"/v1/customers/{invoice['customer']}/credit").json["data"]
        assert (entry["id"], entry["payment"], entry["unapplied"]) == (paid["excess_entry"], paid["id"], "0.01")

    def test_a_payment_before_the_invoice_is_an_advance(self, shop: Shop) -> None:
        invoice, day = shop.issued(), str(shop.today - timedelta(days=20))
        paid = pay(shop, invoice["id"], "1000.00", date=day)
        assert paid["date"] == day
        assert state(shop, invoice["id"]) == ("partially_paid", "1000.00", "0.00", "2600.00")
        (entry,) = shop.owner.get(f"/v1/customers/{invoice['customer']}/credit").json["data"]
        assert (entry["source"], entry["date"], entry["unapplied"]) == ("advance", day, "0.00")
        assert [use["payment"] for use in entry["uses"]] == [paid["id"]]
        reverse(shop, paid["id"])
        assert state(shop, invoice["id"]) == ("issued", "0.00", "0.00", "3600.00")
        assert unapplied(shop, invoice["customer"]) == [("advance", "1000.00", "0.00")]

    def test_an_advance_that_names_a_draft_is_taken_at_its_issue(self, shop: Shop) -> None:
        customer, day = customer_of(shop), str(shop.today)
        draft = shop.draft(customer=customer)["id"]
        entry = post(shop, f"/v1/customers/{customer}/credit", money(shop, "5000.00", document=draft))
        other = shop.issued(customer=customer)["id"]
        apply = {"to": [{"document": other, "amount": "1.00"}]}
        refused = shop.owner.post(f"/v1/customers/{customer}/credit/apply", apply)
        assert refused.codes == [("/to/0/amount", "above_unapplied_credit")]
        issued = post(shop, f"/v1/invoices/{draft}/issue")
        assert (issued["status"], issued["paid"], issued["balance"]) == ("paid", "3600.00", "0.00")
        assert issued == shop.owner.get(f"/v1/invoices/{draft}").json
        (payment,) = shop.owner.get(f"/v1/invoices/{draft}/payments").json["data"]
        assert (payment["credit_entry"], payment["date"]) == (entry["id"], day)
        assert unapplied(shop, customer) == [("advance", "5000.00", "1400.00")]
        post(shop, f"/v1/customers/{customer}/credit/apply", apply)

    def test_the_oldest_entries_are_applied_first(self, shop: Shop) -> None:
        customer = customer_of(shop)
        for days, amount in ((1, "100.00"), (3, "50.00"), (2, "70.00")):
            body = money(shop, amount, date=str(shop.today - timedelta(days=days)))
            post(shop, f"/v1/customers/{customer}/credit", body)
        first, second = (shop.issued(customer=customer)["id"] for _ in range(2))
        apply = {"to": [{"document": first, "amount": "60.00"}, {"document": second, "amount": "80.00"}]}
        made = post(shop, f"/v1/customers/{customer}/credit/apply", apply)["data"]
        assert [(row["invoice"], row["amount"]) for row in made] == [
            (first, "50.00"),
            (first, "10.00"),
            (second, "60.00"),
            (second, "20.00"),
        ]
        assert sorted(rest for _, _, rest in unapplied(shop, customer)) == ["0.00", "0.00", "80.00"]

    def test_it_never_pays_more_than_is_owed_nor_another_customer(self, shop: Shop) -> None:
        customer = customer_of(shop)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "5000.00"))
        own, foreign = shop.issued(customer=customer)["id"], shop.issued()["id"]
        url, clock = f"/v1/customers/{customer}/credit/apply", shop.clock
        too_much = shop.owner.post(url, {"to": [{"document": own, "amount": "3600.01"}]})
        assert too_much.codes == [("/to/0/amount", "payment_above_balance")]
        other = shop.owner.post(url, {"to": [{"document": foreign, "amount": "1.00"}]})
        assert other.codes == [("/to/0/document", "document_of_another_customer")]
        assert shop.clock == clock

    def test_a_credit_note_on_a_paid_invoice_frees_its_money(self, shop: Shop) -> None:
        invoice = shop.issued()
        pay(shop, invoice["id"], "3600.00")
        note = post(shop, f"/v1/invoices/{invoice['id']}/credit", {"lines": [{"line": 1, "quantity": "1"}]})
        assert state(shop, invoice["id"]) == ("paid", "1800.00", "0.00", "0.00")
        (entry,) = shop.owner.get(f"/v1/customers/{invoice['customer']}/credit").json["data"]
        assert (entry["source"], entry["credit_note"], entry["unapplied"]) == ("credit_note", note["id"], "1800.00")

    def test_money_goes_back_by_a_refund(self, shop: Shop) -> None:
        invoice = shop.issued()
        customer = invoice["customer"]
        pay(shop, invoice["id"], "3600.00")
        post(shop, f"/v1/invoices/{invoice['id']}/credit")
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "10.00", date=str(shop.today - timedelta(days=9))))
        refund = post(shop, f"/v1/invoices/{invoice['id']}/refunds", money(shop, "3000.00", reference="VIR 9"))
        assert (refund["amount"], refund["document"]) == ("3000.00", invoice["id"])
        assert unapplied(shop, customer) == [("credit_note", "3600.00", "600.00"), ("advance", "10.00", "10.00")]
        above = shop.owner.post(f"/v1/customers/{customer}/refunds", money(shop, "610.01"))
        assert above.codes == [("/amount", "above_unapplied_credit")]
        assert post(shop, f"/v1/customers/{customer}/refunds", money(shop, "610.00"))["amount"] == "610.00"
        assert {rest for _, _, rest in unapplied(shop, customer)} == {"0.00"}
        assert state(shop, invoice["id"])[3] == "0.00"


class TestReversalOfCredit:
    """An advance and a refund are taken back by counter-entries too (DOMAIN 4.6)."""

    def advance(self, shop: Shop, customer: str, amount: str = "1000.00", **more: str) -> str:
        """The address of an advance by cheque."""
        url = f"/v1/customers/{customer}/credit"
        return f"{url}/{post(shop, url, money(shop, amount, method='cheque', **more))['id']}"

    def taken_back(self, shop: Shop, url: str, **more: str) -> Got:
        return shop.owner.post(f"{url}/reverse", {"reason": "returned_unpaid"} | more)

    def test_a_cheque_in_advance_that_came_back_is_no_credit(self, shop: Shop) -> None:
        customer = customer_of(shop)
        url = self.advance(shop, customer)
        counter = self.taken_back(shop, url)
        assert counter.status == 201, counter.text
        shown = counter.json
        assert counter.headers["location"] == f"/v1/customers/{customer}/credit/{shown['id']}"
        assert (shown["amount"], shown["unapplied"], shown["reason"]) == ("-1000.00", "0.00", "returned_unpaid")
        original = shop.owner.get(url).json
        assert (shown["reverses"], original["reversed_by"]) == (original["id"], shown["id"])
        assert (original["unapplied"], original["taken_back"]) == ("0.00", "1000.00")
        refused = shop.owner.post(f"/v1/customers/{customer}/refunds", money(shop, "0.01"))
        assert refused.codes == [("/amount", "above_unapplied_credit")]

    def test_it_happens_once(self, shop: Shop) -> None:
        url = self.advance(shop, customer_of(shop))
        counter = self.taken_back(shop, url).json["id"]
        clock = shop.clock
        again = self.taken_back(shop, url)
        assert (again.status, again.json["code"]) == (409, "already_reversed")
        back = self.taken_back(shop, f"{url.rpartition('/')[0]}/{counter}")
        assert (back.status, back.json["code"]) == (409, "not_reversible")
        assert shop.clock == clock

    def test_what_was_applied_of_it_is_open_again(self, shop: Shop) -> None:
        customer = customer_of(shop)
        url = self.advance(shop, customer, "3900.00")
        invoices = [shop.issued(customer=customer)["id"] for _ in range(2)]
        targets = [
            {"document": id, "amount": amount} for id, amount in zip(invoices, ("3600.00", "100.00"), strict=True)
        ]
        post(shop, f"/v1/customers/{customer}/credit/apply", {"to": targets})
        assert self.taken_back(shop, url).status == 201
        assert {state(shop, id) for id in invoices} == {("issued", "0.00", "0.00", "3600.00")}
        for id in invoices:
            rows = shop.owner.get(f"/v1/invoices/{id}/payments").json["data"]
            assert [row["status"] for row in rows] == ["reversed", "counter_entry"]

    def test_what_a_credit_note_freed_of_it_comes_back_first(self, shop: Shop) -> None:
        """The invoice took the cheque and was credited by half; the freed half pays another invoice."""
        customer = customer_of(shop)
        draft = shop.draft(customer=customer)["id"]
        url = self.advance(shop, customer, "3600.00", document=draft)
        post(shop, f"/v1/invoices/{draft}/issue")
        post(shop, f"/v1/invoices/{draft}/credit", {"lines": [{"line": 1, "quantity": "1"}]})
        other = shop.issued(customer=customer)["id"]
        apply = {"to": [{"document": other, "amount": "1800.00"}]}
        post(shop, f"/v1/customers/{customer}/credit/apply", apply)
        assert state(shop, other)[3] == "1800.00"
        assert self.taken_back(shop, url).status == 201
        assert state(shop, draft) == ("issued", "0.00", "0.00", "1800.00")
        assert state(shop, other) == ("issued", "0.00", "0.00", "3600.00")
        assert {rest for _, _, rest in unapplied(shop, customer)} == {"0.00"}

    def test_its_draft_waits_for_it_no_longer(self, shop: Shop) -> None:
        customer = customer_of(shop)
        draft = shop.draft(customer=customer)["id"]
        for _ in range(21):  # A draft is named by 20 advances at most.
            assert self.taken_back(shop, self.advance(shop, customer, document=draft)).status == 201
        assert post(shop, f"/v1/invoices/{draft}/issue")["paid"] == "0.00"

    def test_what_was_refunded_of_it_must_come_back_first(self, shop: Shop) -> None:
        customer = customer_of(shop)
        url, refunds = self.advance(shop, customer), f"/v1/customers/{customer}/refunds"
        refund = post(shop, refunds, money(shop, "300.00"))["id"]
        clock = shop.clock
        refused = self.taken_back(shop, url)
        assert (refused.status, refused.json["code"], shop.clock) == (409, "credit_used", clock)
        counter = self.taken_back(shop, f"{refunds}/{refund}", reason="entered_in_error")
        assert (counter.status, counter.json["amount"], counter.json["reverses"]) == (201, "-300.00", refund)
        assert shop.owner.get(f"{refunds}/{refund}").json["reversed_by"] == counter.json["id"]
        assert unapplied(shop, customer) == [("advance", "1000.00", "1000.00")]
        again = self.taken_back(shop, f"{refunds}/{refund}")
        assert (again.status, again.json["code"]) == (409, "already_reversed")
        assert self.taken_back(shop, url).status == 201

    def test_credit_of_a_payment_leaves_with_it(self, shop: Shop) -> None:
        invoice = shop.issued()
        paid = pay(shop, invoice["id"], "4000.00")
        refused = self.taken_back(shop, f"/v1/customers/{invoice['customer']}/credit/{paid['excess_entry']}")
        assert (refused.status, refused.json["code"]) == (409, "not_reversible")

    def test_it_is_read_and_reversed_under_its_own_customer(self, shop: Shop) -> None:
        url, other = self.advance(shop, customer_of(shop)), customer_of(shop)
        foreign = f"/v1/customers/{other}/credit/{url.rpartition('/')[2]}"
        assert (shop.owner.get(foreign).status, self.taken_back(shop, foreign).status) == (404, 404)

    def test_if_match_names_the_entry(self, shop: Shop) -> None:
        customer = customer_of(shop)
        url = self.advance(shop, customer)
        seen = shop.owner.get(url).etag
        invoice = shop.issued(customer=customer)["id"]
        post(shop, f"/v1/customers/{customer}/credit/apply", {"to": [{"document": invoice, "amount": "1.00"}]})
        assert shop.owner.post(f"{url}/reverse", {"reason": "other"}, if_match=seen).status == 412

    @pytest.mark.parametrize(("days", "code"), [(1, "payment_date_in_future"), (-3, "before_payment")])
    def test_its_day_is_between_the_money_and_today(self, shop: Shop, days: int, code: str) -> None:
        url = self.advance(shop, customer_of(shop))
        refused = self.taken_back(shop, url, date=str(shop.today + timedelta(days=days)))
        assert refused.codes == [("/date", code)]


class TestStampDuty:
    """0.25 % of what is settled in cash (CGI art. 252-I-B; DOMAIN 4.3). 12,000.00 in cash: 30.00."""

    def test_a_cash_invoice_that_is_paid_by_transfer_owes_none(self, shop: Shop) -> None:
        invoice = shop.issued(payment_mode="cash", lines=[SERVICES])
        assert (invoice["totals"]["stamp_duty"], invoice["balance"]) == ("30.00", "12030.00")
        pay(shop, invoice["id"], "12000.00")
        assert state(shop, invoice["id"]) == ("paid", "12000.00", "0.00", "0.00")

    def test_half_in_cash_owes_half(self, shop: Shop) -> None:
        invoice = shop.issued(payment_mode="cash", lines=[SERVICES])["id"]
        paid = pay(shop, invoice, "6000.00")
        assert state(shop, invoice)[3] == "6015.00"
        pay(shop, invoice, "6015.00", method="cash")
        assert state(shop, invoice) == ("paid", "12015.00", "0.00", "0.00")
        # The transfer comes back: 12,000.00 are due in cash again, with the whole duty.
        reverse(shop, paid["id"])
        assert state(shop, invoice) == ("partially_paid", "6015.00", "0.00", "6015.00")

    def test_a_half_credited_invoice_owes_on_the_half(self, shop: Shop) -> None:
        invoice = shop.issued(payment_mode="cash", lines=[SERVICES])
        note = post(shop, f"/v1/invoices/{invoice['id']}/credit", {"lines": [{"line": 1, "quantity": "5"}]})
        assert (note["totals"]["stamp_duty"], note["totals"]["payable"]) == ("15.00", "6015.00")
        assert state(shop, invoice["id"])[3] == "6015.00"

    def test_cash_on_another_invoice_states_its_own(self, shop: Shop) -> None:
        invoice = shop.issued(lines=[SERVICES])["id"]
        assert pay(shop, invoice, "12000.00", method="cash")["stamp_duty"] == "30.00"
        assert state(shop, invoice)[3] == "0.00"


def test_devices_see_each_event(shop: Shop) -> None:
    """The change feed has payments, entries and refunds as the API shows them."""
    invoice, clock = shop.issued(), shop.clock
    paid = pay(shop, invoice["id"], "4000.00")
    reverse(shop, paid["id"])
    entry = post(shop, f"/v1/customers/{invoice['customer']}/credit", money(shop, "50.00"))
    refund = post(shop, f"/v1/customers/{invoice['customer']}/refunds", money(shop, "20.00"))
    for url in (f"credit/{entry['id']}", f"refunds/{refund['id']}"):
        shop.owner.post(f"/v1/customers/{invoice['customer']}/{url}/reverse", {"reason": "other"})
    seen = shop.owner.get("/v1/changes", query={"after": clock, "limit": 100}).json["data"]
    objects = {change["id"]: change["object"] for change in seen}
    assert objects[paid["id"]] == shop.owner.get(f"/v1/payments/{paid['id']}").json
    listed = shop.owner.get(f"/v1/customers/{invoice['customer']}/credit").json["data"]
    assert [objects[row["id"]] for row in listed] == listed
    assert {entry["id"], paid["excess_entry"]} <= set(objects)
    refunds = shop.owner.get(f"/v1/customers/{invoice['customer']}/refunds").json["data"]
    assert [objects[row["id"]] for row in refunds] == refunds
    assert refunds[0]["reversed_by"] == refunds[1]["id"]
    assert objects[invoice["id"]] == shop.owner.get(f"/v1/invoices/{invoice['id']}").json


class TestMoneyThatMovedOn:
    """Reversals of money that other documents, credit notes or refunds have used since."""

    def test_an_excess_that_pays_its_own_invoice_leaves_with_its_payment(self, shop: Shop) -> None:
        customer = customer_of(shop)
        invoice = shop.issued(customer=customer, lines=[SERVICES])["id"]
        first = pay(shop, invoice, "4000.00")
        second = pay(shop, invoice, "11000.00")
        reverse(shop, first["id"])
        apply = {"to": [{"document": invoice, "amount": "3000.00"}]}
        post(shop, f"/v1/customers/{customer}/credit/apply", apply)
        assert state(shop, invoice) == ("partially_paid", "11000.00", "0.00", "1000.00")
        assert reverse(shop, second["id"]).status == 201
        assert state(shop, invoice) == ("issued", "0.00", "0.00", "12000.00")
        assert {rest for _, _, rest in unapplied(shop, customer)} == {"0.00"}

    def test_a_transfer_of_the_payable_of_a_cash_invoice_leaves_the_duty_unapplied(self, shop: Shop) -> None:
        """12,000.00 by transfer owe no duty (CGI art. 252-I-B), so 30.00 of 12,030.00 stay the customer's."""
        customer = customer_of(shop)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "12030.00"))
        invoice = shop.issued(customer=customer, payment_mode="cash", lines=[SERVICES])["id"]
        apply = {"to": [{"document": invoice, "amount": "12030.00"}]}
        (made,) = post(shop, f"/v1/customers/{customer}/credit/apply", apply)["data"]
        assert made["amount"] == "12000.00"
        assert unapplied(shop, customer) == [("advance", "12030.00", "30.00")]
        assert reverse(shop, made["id"]).status == 201
        assert state(shop, invoice) == ("issued", "0.00", "0.00", "12030.00")
        assert unapplied(shop, customer) == [("advance", "12030.00", "12030.00")]

    def test_advances_in_cash_and_by_transfer_owe_the_duty_of_the_cash(self, shop: Shop) -> None:
        customer = customer_of(shop)
        draft = shop.draft(customer=customer, payment_mode="cash", lines=[SERVICES])["id"]
        url, named = f"/v1/customers/{customer}/credit", {"document": draft}
        post(shop, url, money(shop, "6000.00", **named))
        post(shop, url, money(shop, "6100.00", method="cash", **named))
        issued = post(shop, f"/v1/invoices/{draft}/issue")
        assert (issued["status"], issued["paid"], issued["balance"]) == ("paid", "12015.00", "0.00")
        assert sorted(rest for _, _, rest in unapplied(shop, customer)) == ["0.00", "85.00"]

    def test_cash_states_its_duty_once(self, shop: Shop) -> None:
        customer = customer_of(shop)
        first, second = (shop.issued(customer=customer, lines=[SERVICES])["id"] for _ in range(2))
        assert pay(shop, first, "15000.00", method="cash")["stamp_duty"] == "37.50"
        apply = {"to": [{"document": second, "amount": "3000.00"}]}
        (made,) = post(shop, f"/v1/customers/{customer}/credit/apply", apply)["data"]
        assert made["stamp_duty"] == "0.00"

    def test_a_cascade_is_dated_after_what_it_takes_back(self, shop: Shop) -> None:
        early = str(shop.today - timedelta(days=5))
        first = shop.issued()
        second = shop.issued(customer=first["customer"])["id"]
        paid = pay(shop, first["id"], "4000.00", date=early)
        apply = {"to": [{"document": second, "amount": "400.00"}]}
        post(shop, f"/v1/customers/{first['customer']}/credit/apply", apply)
        assert reverse(shop, paid["id"], date=early).json["date"] == early
        rows = shop.owner.get(f"/v1/invoices/{second}/payments").json["data"]
        assert [row["date"] for row in rows] == [str(shop.today)] * 2

    def test_a_cashed_cheque_is_not_returned_before_it_was_cashed(self, shop: Shop) -> None:
        early = str(shop.today - timedelta(days=5))
        matures_on = str(shop.today + timedelta(days=60))
        paid = pay(shop, shop.issued()["id"], "10.00", method="cheque", date=early, matures_on=matures_on)
        post(shop, f"/v1/payments/{paid['id']}/cash", {"date": str(shop.today)})
        assert reverse(shop, paid["id"], date=early).codes == [("/date", "before_payment")]

    def test_a_cheque_is_cashed_although_another_payment_settled_the_invoice(self, shop: Shop) -> None:
        invoice = shop.issued(lines=[SERVICES])["id"]
        matures_on = str(shop.today + timedelta(days=60))
        paid = pay(shop, invoice, "10500.00", method="cheque", matures_on=matures_on, withheld_vat="1500.00")
        pay(shop, invoice, "12000.00")
        body = {"date": str(shop.today)}
        refused = shop.owner.post(f"/v1/payments/{paid['id']}/cash", body)
        assert refused.codes == [("/withheld_vat", "withheld_above_balance")]
        cashed = post(shop, f"/v1/payments/{paid['id']}/cash", body | {"withheld_vat": "0.00"})
        assert (cashed["applied"], cashed["withheld_vat"]) == ("0.00", "0.00")
        assert state(shop, invoice) == ("paid", "12000.00", "0.00", "0.00")

    def test_advances_that_wait_hide_no_other_credit(self, shop: Shop) -> None:
        customer, day = customer_of(shop), str(shop.today - timedelta(days=1))
        for _ in range(2):
            draft = shop.draft(customer=customer)["id"]
            for _ in range(12):
                body = money(shop, "10.00", document=draft, date=day)
                post(shop, f"/v1/customers/{customer}/credit", body)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "500.00"))
        assert post(shop, f"/v1/customers/{customer}/refunds", money(shop, "500.00"))["amount"] == "500.00"

    def test_used_credit_is_not_read_again(self, shop: Shop) -> None:
        """A refund reads the open entry alone, however many were used up before."""
        customer = customer_of(shop)
        url = f"/v1/customers/{customer}"
        reads = []
        for used in (1, 6):
            for _ in range(used):
                post(shop, f"{url}/credit", money(shop, "10.00"))
                post(shop, f"{url}/refunds", money(shop, "10.00"))
            post(shop, f"{url}/credit", money(shop, "10.00"))
            with Traffic(shop.world.store) as traffic:
                post(shop, f"{url}/refunds", money(shop, "10.00"))
            reads.append((traffic.calls, traffic.rows))
        assert reads[0] == reads[1]

    def test_several_documents_are_read_in_one_round_trip(self, shop: Shop) -> None:
        """An advance may be applied twenty times. Its reversal took 6.7 s, of 10 s at most."""
        customer = customer_of(shop)
        calls = []
        for count in (1, 4):
            advance = post(shop, f"/v1/customers/{customer}/credit", money(shop, "40.00"))["id"]
            invoices = [shop.issued(customer=customer)["id"] for _ in range(count)]
            part = amount_text(Decimal(40) / count)
            targets = [{"document": invoice, "amount": part} for invoice in invoices]
            with Traffic(shop.world.store) as applied:
                post(shop, f"/v1/customers/{customer}/credit/apply", {"to": targets})
            with Traffic(shop.world.store) as reversed_again:
                post(shop, f"/v1/customers/{customer}/credit/{advance}/reverse", {"reason": "other"})
            calls.append((applied.calls, reversed_again.calls))
            assert [state(shop, invoice)[1] for invoice in invoices] == ["0.00"] * count
        assert calls[0] == calls[1]

    def test_a_refund_is_not_before_the_money(self, shop: Shop) -> None:
        customer = customer_of(shop)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "100.00"))
        body = money(shop, "50.00", date=str(shop.today - timedelta(days=1)))
        assert shop.owner.post(f"/v1/customers/{customer}/refunds", body).codes == [("/date", "before_payment")]

    def test_the_credit_of_a_deleted_customer_is_read_and_given_back(self, shop: Shop) -> None:
        customer = customer_of(shop)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "100.00"))
        url = f"/v1/customers/{customer}"
        gone = shop.owner.delete(url, if_match=shop.owner.get(url).etag, query={"force": "true"})
        assert gone.status == 200, gone.text
        assert unapplied(shop, customer) == [("advance", "100.00", "100.00")]
        assert post(shop, f"{url}/refunds", money(shop, "100.00"))["amount"] == "100.00"
        assert shop.owner.get(f"{url}/refunds").json["data"][0]["amount"] == "100.00"

    def test_a_draft_has_freed_nothing(self, shop: Shop) -> None:
        refused = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/refunds", money(shop, "1.00"))
        assert (refused.status, refused.json["code"]) == (409, "not_issued")
