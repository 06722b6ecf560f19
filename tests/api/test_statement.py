"""The statement of a customer's account through the API: what counts, on which day, and what it sums up to."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.services.documents import statement as statements
from chalicelib.store.wire import Store
from tests.api.samples import CUSTOMER
from tests.api.test_account_pages import printed
from tests.api.test_credit_notes import public_body
from tests.api.test_payments_ledger import SERVICES, customer_of, money, pay, post, reverse
from tests.client import Got
from tests.conftest import Shop

Rows = list[tuple[str, str, str, str]]


def ask(shop: Shop, customer: str, **query: str) -> Got:
    return shop.owner.get(f"/v1/customers/{customer}/statement", query=query)


def statement(shop: Shop, customer: str, **query: str) -> dict[str, Any]:
    got = ask(shop, customer, **query)
    assert got.status == 200, got.text
    shown: dict[str, Any] = got.json
    opening, debit, credit, closing, still_open, unapplied = (
        Decimal(shown[name])
        for name in ("opening_balance", "debits", "credits", "closing_balance", "open", "unapplied_credit")
    )
    assert opening + debit - credit == closing == still_open - unapplied
    assert sum(map(Decimal, shown["ageing"].values())) == still_open
    return shown


def rows(shown: dict[str, Any]) -> Rows:
    """Kind, debit, credit and running balance of each line."""
    return [(line["kind"], line["debit"], line["credit"], line["balance"]) for line in shown["lines"]]


def day(shop: Shop, ago: int) -> str:
    return str(shop.today - timedelta(days=ago))


class TestEvents:
    def test_a_year_of_a_customer(self, shop: Shop) -> None:
        customer = customer_of(shop)
        first, second = shop.issued(customer=customer), shop.issued(customer=customer)
        paid = pay(shop, first["id"], "4000.00", reference="VIR 7")
        post(shop, f"/v1/invoices/{second['id']}/credit", {"amount": "1000.00"})
        post(shop, f"/v1/customers/{customer}/refunds", money(shop, "400.00"))
        shown = statement(shop, customer)
        assert rows(shown) == [
            ("invoice", "3600.00", "0.00", "3600.00"),
            ("invoice", "3600.00", "0.00", "7200.00"),
            ("credit_note", "0.00", "1200.00", "6000.00"),
            ("payment", "0.00", "4000.00", "2000.00"),
            ("refund", "400.00", "0.00", "2400.00"),
        ]
        assert (shown["open"], shown["unapplied_credit"]) == ("2400.00", "0.00")
        line = shown["lines"][3]
        assert (line["id"], line["document"], line["reference"]) == (paid["id"], first["id"], "VIR 7")
        assert line["number"] == first["number"]
        assert shown["lines"][0]["due_date"] == first["due_date"]
        assert shown["customer_name"] == CUSTOMER["name"]

    def test_an_application_of_credit_moves_nothing(self, shop: Shop) -> None:
        customer = customer_of(shop)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "1000.00", date=day(shop, 2)))
        invoice = shop.issued(customer=customer)["id"]
        before = rows(statement(shop, customer))
        post(shop, f"/v1/customers/{customer}/credit/apply", {"to": [{"document": invoice, "amount": "600.00"}]})
        shown = statement(shop, customer)
        assert (
            rows(shown)
            == before
            == [
                ("advance", "0.00", "1000.00", "-1000.00"),
                ("invoice", "3600.00", "0.00", "2600.00"),
            ]
        )
        assert (shown["open"], shown["unapplied_credit"]) == ("3000.00", "400.00")

    def test_an_advance_and_a_refund_that_are_taken_back(self, shop: Shop) -> None:
        """Each event counts on its own day; the invoice that took the advance is open again."""
        customer = customer_of(shop)
        url = f"/v1/customers/{customer}"
        cheque = post(shop, f"{url}/credit", money(shop, "1000.00", method="cheque", date=day(shop, 9)))["id"]
        refund = post(shop, f"{url}/refunds", money(shop, "400.00", date=day(shop, 7)))["id"]
        reversal = {"reason": "entered_in_error", "date": day(shop, 6)}
        post(shop, f"{url}/refunds/{refund}/reverse", reversal)
        invoice = shop.issued(customer=customer)["id"]
        post(shop, f"{url}/credit/apply", {"to": [{"document": invoice, "amount": "600.00"}]})
        reversal = {"reason": "returned_unpaid", "date": day(shop, 2)}
        post(shop, f"{url}/credit/{cheque}/reverse", reversal)
        shown = statement(shop, customer, **{"from": day(shop, 20)})
        assert [line["date"] for line in shown["lines"]] == [day(shop, ago) for ago in (9, 7, 6, 2, 0)]
        assert rows(shown) == [
            ("advance", "0.00", "1000.00", "-1000.00"),
            ("refund", "400.00", "0.00", "-600.00"),
            ("reversal", "0.00", "400.00", "-1000.00"),
            ("reversal", "1000.00", "0.00", "0.00"),
            ("invoice", "3600.00", "0.00", "3600.00"),
        ]
        assert shown["lines"][3]["reason"] == "returned_unpaid"
        assert (shown["open"], shown["unapplied_credit"]) == ("3600.00", "0.00")
        between = statement(shop, customer, **{"from": day(shop, 20), "to": day(shop, 4)})
        assert (between["closing_balance"], between["unapplied_credit"]) == ("-1000.00", "1000.00")

    def test_money_for_an_invoice_that_asks_for_nothing_counts(self, shop: Shop) -> None:
        free = {"description": "Essai", "quantity": "1", "unit_price": "10.00", "vat_rate": "20"}
        invoice = shop.issued(lines=[free | {"discount": {"percent": "100"}}])
        pay(shop, invoice["id"], "5.00")
        shown = statement(shop, invoice["customer"])
        assert (shown["credits"], shown["unapplied_credit"]) == ("5.00", "5.00")

    def test_a_reversal_of_the_same_day_follows_what_it_takes_back(self, shop: Shop) -> None:
        customer = customer_of(shop)
        for kind in ("credit", "refunds"):
            url = f"/v1/customers/{customer}/{kind}"
            post(shop, url, money(shop, "50.00"))
        for kind in ("refunds", "credit"):
            url = f"/v1/customers/{customer}/{kind}"
            (row,) = shop.owner.get(url).json["data"]
            post(shop, f"{url}/{row['id']}/reverse", {"reason": "entered_in_error"})
        assert [row[0] for row in rows(statement(shop, customer))] == ["advance", "refund", "reversal", "reversal"]

    def test_the_account_of_a_deleted_customer_stays(self, shop: Shop) -> None:
        """An inspector asks for the account of a customer who still owes. Its documents state who it is."""
        invoice = shop.issued()
        pay(shop, invoice["id"], "600.00")
        url = f"/v1/customers/{invoice['customer']}"
        before = statement(shop, invoice["customer"])
        assert shop.owner.delete(url, shop.owner.get(url).etag, query={"force": "true"}).status == 200
        assert statement(shop, invoice["customer"]) == before
        assert before["open"] == "3000.00"
        assert "Client Exemple" in printed(shop, f"{url}/statement/pdf")

    def test_a_deleted_customer_without_documents_is_unknown(self, shop: Shop) -> None:
        url = f"/v1/customers/{customer_of(shop)}"
        assert shop.owner.delete(url, shop.owner.get(url).etag).status == 200
        assert ask(shop, url.rpartition("/")[2]).status == 404

    def test_money_counts_on_its_own_day(self, shop: Shop) -> None:
        """Paid before the issue, it is in the opening balance of the day of the issue."""
        invoice = shop.issued()
        pay(shop, invoice["id"], "1000.00", date=day(shop, 20))
        shown = statement(shop, invoice["customer"], **{"from": day(shop, 10)})
        assert shown["opening_balance"] == "-1000.00"
        assert rows(shown) == [("invoice", "3600.00", "0.00", "2600.00")]
        before = statement(shop, invoice["customer"], **{"from": day(shop, 30), "to": day(shop, 10)})
        assert (before["closing_balance"], before["open"], before["unapplied_credit"]) == (
            "-1000.00",
            "0.00",
            "1000.00",
        )

    def test_what_was_withheld_is_a_line_of_its_own(self, shop: Shop) -> None:
        invoice = shop.issued(customer=public_body(shop), lines=[SERVICES])
        paid = pay(shop, invoice["id"], "10500.00", withheld_vat="1500.00", certificate="ATT-2026-118")
        shown = statement(shop, invoice["customer"])
        assert rows(shown)[1:] == [
            ("payment", "0.00", "10500.00", "1500.00"),
            ("withholding", "0.00", "1500.00", "0.00"),
        ]
        assert shown["lines"][2]["reference"] == "ATT-2026-118"
        reverse(shop, paid["id"])
        shown = statement(shop, invoice["customer"])
        assert rows(shown)[3:] == [
            ("reversal", "10500.00", "0.00", "10500.00"),
            ("reversal", "1500.00", "0.00", "12000.00"),
        ]
        assert shown["lines"][3]["reason"] == "returned_unpaid"

    def test_a_withholding_without_a_debt_is_no_credit_of_the_customer(self, shop: Shop) -> None:
        invoice = shop.issued(customer=public_body(shop), lines=[SERVICES])
        pay(shop, invoice["id"], "10500.00", withheld_vat="1500.00")
        post(shop, f"/v1/invoices/{invoice['id']}/credit", {})
        shown = statement(shop, invoice["customer"])
        assert ("withholding_not_needed", "1500.00", "0.00", "-10500.00") in rows(shown)
        assert (shown["open"], shown["unapplied_credit"]) == ("0.00", "10500.00")

    def test_a_pending_cheque_is_listed_and_not_counted(self, shop: Shop) -> None:
        invoice = shop.issued()
        paid = pay(shop, invoice["id"], "3600.00", method="cheque", matures_on=str(shop.today + timedelta(days=30)))
        shown = statement(shop, invoice["customer"])
        assert rows(shown)[1:] == [("pending", "0.00", "0.00", "3600.00")]
        assert (shown["pending"], shown["open"]) == ("3600.00", "3600.00")
        post(shop, f"/v1/payments/{paid['id']}/cash", {"date": str(shop.today)})
        shown = statement(shop, invoice["customer"])
        assert {row[:3] for row in rows(shown)[1:]} == {("pending", "0.00", "0.00"), ("payment", "0.00", "3600.00")}
        assert (shown["pending"], shown["closing_balance"]) == ("0.00", "0.00")

    def test_a_cheque_that_came_back_before_it_was_cashed_never_counted(self, shop: Shop) -> None:
        invoice = shop.issued()
        paid = pay(shop, invoice["id"], "3600.00", method="cheque", matures_on=str(shop.today + timedelta(days=30)))
        reverse(shop, paid["id"])
        shown = statement(shop, invoice["customer"])
        assert [row[0] for row in rows(shown)] == ["invoice", "reversal", "pending"]
        assert (shown["pending"], shown["closing_balance"], shown["credits"]) == ("0.00", "3600.00", "0.00")

    def test_stamp_duty_follows_the_cash(self, shop: Shop) -> None:
        """The invoice has its duty of 9.00; the transfer of a half takes half of the duty away (CGI art. 252-I-B)."""
        invoice = shop.issued(payment_mode="cash")
        assert invoice["totals"]["payable"] == "3609.00"
        pay(shop, invoice["id"], "1800.00")
        shown = statement(shop, invoice["customer"])
        assert rows(shown) == [
            ("invoice", "3609.00", "0.00", "3609.00"),
            ("payment", "0.00", "1800.00", "1809.00"),
            ("stamp_duty", "0.00", "4.50", "1804.50"),
        ]
        pay(shop, invoice["id"], "1804.50", method="cash")
        assert statement(shop, invoice["customer"])["closing_balance"] == "0.00"

    def test_a_credit_note_takes_its_duty_back_on_its_own_line(self, shop: Shop) -> None:
        invoice = shop.issued(payment_mode="cash")
        post(shop, f"/v1/invoices/{invoice['id']}/credit", {})
        assert rows(statement(shop, invoice["customer"])) == [
            ("invoice", "3609.00", "0.00", "3609.00"),
            ("credit_note", "0.00", "3609.00", "0.00"),
        ]

    def test_another_customer_is_not_in_it(self, shop: Shop) -> None:
        shop.issued(customer=customer_of(shop))
        post(shop, f"/v1/customers/{customer_of(shop)}/credit", money(shop, "10.00"))
        assert statement(shop, shop.customer)["lines"] == []


class TestPeriod:
    def test_each_day_joins_the_next(self, shop: Shop) -> None:
        customer = customer_of(shop)
        post(shop, f"/v1/customers/{customer}/credit", money(shop, "1000.00", date=day(shop, 3)))
        invoice = shop.issued(customer=customer)["id"]
        pay(shop, invoice, "500.00")
        earlier = statement(shop, customer, **{"from": day(shop, 9), "to": day(shop, 1)})
        later = statement(shop, customer, **{"from": day(shop, 0)})
        assert earlier["closing_balance"] == later["opening_balance"] == "-1000.00"
        assert later["closing_balance"] == "2100.00"

    def test_it_begins_with_the_year_and_ends_today(self, shop: Shop) -> None:
        shown = statement(shop, shop.customer)
        assert (shown["from"], shown["to"]) == (f"{shop.today.year}-01-01", str(shop.today))

    def test_it_does_not_end_before_it_begins(self, shop: Shop) -> None:
        refused = ask(shop, shop.customer, **{"from": "2026-02-01", "to": "2026-01-31"})
        assert refused.codes == [("/query/from", "period_reversed")]

    @pytest.mark.parametrize(
        ("late", "band"),
        [
            (0, "not_due"),
            (1, "days_1_30"),
            (30, "days_1_30"),
            (31, "days_31_60"),
            (60, "days_31_60"),
            (61, "days_61_90"),
            (90, "days_61_90"),
            (91, "over_90_days"),
        ],
    )
    def test_ageing_counts_from_the_due_date(self, shop: Shop, late: int, band: str) -> None:
        invoice = shop.issued()
        pay(shop, invoice["id"], "600.00")
        last = date.fromisoformat(invoice["due_date"]) + timedelta(days=late)
        ageing = statement(shop, invoice["customer"], to=str(last))["ageing"]
        assert {name: amount for name, amount in ageing.items() if amount != "0.00"} == {band: "3000.00"}


class TestReading:
    def test_payments_are_read_only_where_money_shows(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        """One query for the documents of each kind, one for advances, one for refunds, one for each paid document."""
        customer = customer_of(shop)
        invoices = [shop.issued(customer=customer)["id"] for _ in range(6)]
        for id in invoices[:2]:
            pay(shop, id, "10.00")
        reverse(shop, pay(shop, invoices[2], "10.00")["id"])
        found: list[str] = []
        query = Store.query

        def counting(self: Store, table: str, company: str, where: Any = None, **more: Any) -> Any:
            found.append(f"{table} {where}")
            return query(self, table, company, where, **more)

        monkeypatch.setattr(Store, "query", counting)
        statement(shop, customer)
        assert len([text for text in found if "payment#" in text]) == 3
        assert len([text for text in found if text.startswith("ledger")]) == 8

    def test_too_many_documents_are_refused(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        customer = customer_of(shop)
        monkeypatch.setattr(statements, "MOST_DOCUMENTS", 2)
        invoice = shop.issued(customer=customer)["id"]
        post(shop, f"/v1/invoices/{invoice}/credit", {})
        assert ask(shop, customer).status == 200
        shop.issued(customer=customer)
        refused = ask(shop, customer)
        assert (refused.status, refused.json["code"]) == (422, "statement_too_large")

    def test_an_unknown_customer_has_none(self, shop: Shop, new_shop: Callable[..., Shop]) -> None:
        assert ask(shop, new_shop().customer).status == 404

    def test_an_erased_customer_is_blocked_as_their_documents_are(self, shop: Shop) -> None:
        invoice = shop.issued()
        asked = post(shop, "/v1/privacy/requests", {"kind": "deletion", "subject": invoice["customer"]})
        post(shop, f"/v1/privacy/requests/{asked['id']}/confirm")
        refused = ask(shop, invoice["customer"])
        page = shop.owner.get(f"/v1/invoices/{invoice['id']}/pdf")
        assert (refused.status, refused.json["code"]) == (page.status, page.json["code"]) == (409, "document_blocked")
