"""The account of a customer from rows: older documents, stamp duty from day to day, and dates that go back."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.documents.balance import Balance, fresh, left, with_stamp_duty
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.payment import Payment, applied, taken_back
from chalicelib.domain.documents.statement import Account, PayableDocument, Statement, statement
from tests.unit.samples import DAY, STAMPS, issued, line

D = Decimal
Lines = list[tuple[str, str]]


def payment(id: str, amount: str, ago: int = 0, **more: Any) -> Payment:
    given: dict[str, Any] = {"method": "transfer", "date": DAY + timedelta(days=ago)} | more
    return Payment(**STAMPS, id=id, invoice="inv_01", amount=D(amount), **given)


def paid(invoice: Invoice, *payments: Payment) -> PayableDocument:
    """The document after these payments, with the balance that they make."""
    balance = fresh(invoice)
    for each in payments:
        balance = applied(invoice, balance, each)[0]
    return PayableDocument(invoice, balance, payments)


def shown(payable: PayableDocument, to: date = DAY + timedelta(days=99)) -> Statement:
    """The whole account of one document. It must agree with the document's balance."""
    found = statement(Account([payable]), date(2026, 1, 1), to)
    if to > DAY + timedelta(days=90):
        assert found.open == left(payable.document, payable.balance)
    assert found.unapplied == 0
    return found


def amounts(found: Statement) -> Lines:
    return [(row.line.kind, str(row.line.amount)) for row in found.lines]


@pytest.fixture
def withheld() -> Invoice:
    """A document from before withholding moved to the payment: 12,000.00 less 1,500.00 of RAS-TVA."""
    invoice = issued(line("10", "1000"))
    assert invoice.totals.gross == 12000
    return replace(invoice, totals=replace(invoice.totals, withheld_vat=D("1500.00"), payable=D("10500.00")))


def cash() -> Invoice:
    """3,600.00 in cash, with a stamp duty of 9.00."""
    invoice = issued(settlement="cash", payment_mode="cash")
    assert invoice.totals.payable == D("3609.00")
    return invoice


class TestOlderDocuments:
    def test_its_own_withholding_counts_from_the_issue(self, withheld: Invoice) -> None:
        found = shown(PayableDocument(withheld))
        assert amounts(found) == [("invoice", "12000.00"), ("withholding", "-1500.00")]
        assert found.closing == D("10500.00")

    def test_it_still_counts_when_the_rest_is_paid(self, withheld: Invoice) -> None:
        found = shown(paid(withheld, payment("pay_1", "10500.00", 5)))
        assert amounts(found)[2:] == [("payment", "-10500.00")]
        assert found.closing == 0

    def test_a_payment_that_states_its_own_takes_its_place(self, withheld: Invoice) -> None:
        found = shown(paid(withheld, payment("pay_1", "9000.00", 5, withheld_vat=D("1000.00"))))
        assert amounts(found)[2:] == [("payment", "-9000.00"), ("withholding", "1500.00"), ("withholding", "-1000.00")]
        assert found.closing == D("2000.00")

    def test_money_beyond_what_it_asked_for_shows_that_nothing_was_withheld(self, withheld: Invoice) -> None:
        found = shown(paid(withheld, payment("pay_1", "12000.00", 5)))
        assert amounts(found)[2:] == [("payment", "-12000.00"), ("withholding", "1500.00")]
        assert found.closing == 0

    def test_a_balance_without_a_calculated_duty_changes_nothing(self) -> None:
        """It was paid before the duty followed the cash: the printed duty stays."""
        balance = replace(fresh(cash()), paid=D("3609.00"), version=1)
        assert isinstance(balance, Balance)
        rows = (payment("pay_1", "1000.00", 1), payment("pay_2", "2609.00", 2))
        found = shown(PayableDocument(cash(), balance, rows))
        assert [kind for kind, _ in amounts(found)] == ["invoice", "payment", "payment"]
        assert found.closing == 0


class TestStampDuty:
    def test_it_follows_the_cash_from_day_to_day(self) -> None:
        """A transfer of 1,000.00 takes 2.50 of the duty away on its own day (CGI art. 252-I-B)."""
        payable = paid(cash(), payment("pay_1", "1000.00", 10), payment("pay_2", "2606.50", 40, method="cash"))
        found = shown(payable)
        assert amounts(found) == [
            ("invoice", "3609.00"),
            ("payment", "-1000.00"),
            ("stamp_duty", "-2.50"),
            ("payment", "-2606.50"),
        ]
        assert found.closing == 0

    def test_a_past_period_stays_as_it_was(self) -> None:
        first = payment("pay_1", "1000.00", 10)
        later = payment("pay_2", "2606.50", 40, method="cash")
        until = DAY + timedelta(days=20)
        before, after = shown(paid(cash(), first), until), shown(paid(cash(), first, later), until)
        assert amounts(before) == amounts(after)
        assert before.closing == after.closing == after.open == D("2606.50")


class TestDates:
    def test_a_counter_entry_never_counts_before_its_payment(self) -> None:
        """A cheque is cashed on day 20, and its return is dated on day 15."""
        invoice = issued()
        cheque = payment("pay_1", "3600.00", 10, method="cheque", cashed_on=DAY + timedelta(days=20))
        balance = with_stamp_duty(invoice, taken_back(invoice, applied(invoice, fresh(invoice), cheque)[0], cheque))
        counter = payment("pay_2", "-3600.00", 15, method="cheque", reverses="pay_1", reversal_reason="returned_unpaid")
        rows = (replace(cheque, reversed_by="pay_2"), counter)
        found = shown(PayableDocument(invoice, balance, rows))
        days = [(row.line.kind, (row.line.day - DAY).days, str(row.balance)) for row in found.lines]
        assert days == [
            ("invoice", 0, "3600.00"),
            ("pending", 10, "3600.00"),
            ("payment", 20, "0.00"),
            ("reversal", 20, "3600.00"),
        ]
        assert found.pending == 0

    def test_nothing_is_open_before_the_issue(self) -> None:
        found = shown(PayableDocument(issued()), DAY - timedelta(days=1))
        assert not found.lines
        assert found.open == found.closing == 0
