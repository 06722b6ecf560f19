"""The balance of a document: today's rule, and that of documents from before withholding moved to the payment."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.documents.balance import Balance, freed_by_credit, fresh, left, owed, status, suffered
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import VatShare
from chalicelib.domain.documents.payment import Payment, applied
from tests.unit.samples import AT, DAY, issued, line

D, NOTHING = Decimal, Decimal(0)


@pytest.fixture
def old() -> Invoice:
    """An invoice of 12,000.00 that says: 1,500.00 are withheld, 10,500.00 are to be paid."""
    invoice = issued(line("1", "10000"))
    totals = replace(invoice.totals, withheld_vat=D("1500.00"), payable=D("10500.00"))
    return replace(invoice, totals=totals)


def paid(invoice: Invoice, amount: str, withheld: str = "0", method: str = "transfer") -> Payment:
    return Payment(
        company=invoice.company,
        id="pay_1",
        created_at=AT,
        updated_at=AT,
        invoice=invoice.id,
        amount=D(amount),
        method=method,  # type: ignore[arg-type]  # a method of the tests
        date=DAY,
        withheld_vat=D(withheld),
    )


def test_an_old_invoice_keeps_its_balance(old: Invoice) -> None:
    assert (owed(old, None), suffered(old, None), left(old, None)) == (D(12000), D(1500), D(10500))
    after, excess = applied(old, fresh(old), paid(old, "10500"))
    assert (excess, suffered(old, after), left(old, after), status(old, after)) == (NOTHING, D(1500), NOTHING, "paid")


def test_an_old_invoice_that_is_paid_in_full_was_not_withheld_from(old: Invoice) -> None:
    after, excess = applied(old, fresh(old), paid(old, "12000"))
    assert (excess, suffered(old, after), left(old, after)) == (NOTHING, NOTHING, NOTHING)
    more, excess = applied(old, fresh(old), paid(old, "11000"))
    assert (excess, left(old, more)) == (NOTHING, D(1000))


def test_what_a_payment_states_replaces_what_an_old_invoice_states(old: Invoice) -> None:
    after, excess = applied(old, fresh(old), paid(old, "10000", "2000"))
    assert (excess, suffered(old, after), left(old, after)) == (NOTHING, D(2000), NOTHING)


def test_half_of_an_old_invoice_is_credited_with_half_of_its_withholding(old: Invoice) -> None:
    half = VatShare(rate=D(20), base=D(5000), amount=D(1000))
    balance = replace(fresh(old), credited=D("5250.00"), vat=(half,), withheld_vat=D("750.00"))
    assert (suffered(old, balance), left(old, balance)) == (D(750), D(5250))
    after, excess = applied(old, balance, paid(old, "6000"))
    assert (excess, suffered(old, after), left(old, after)) == (NOTHING, NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("money", "freed"),
    [
        ("10500", "5250"),  # It asked for 10,500.00 with 1,500.00 withheld; now for 5,250.00 with 750.00.
        ("8000", "2750"),
        ("5250", "0"),
        ("3000", "0"),
        ("12000", "6000"),  # Nothing was withheld.
        ("11000", "5000"),
    ],
)
def test_half_of_a_paid_old_invoice_frees_what_it_asks_for_no_more(old: Invoice, money: str, freed: str) -> None:
    before = applied(old, fresh(old), paid(old, money))[0]
    half = VatShare(rate=D(20), base=D(5000), amount=D(1000))
    after = replace(before, credited=D("5250.00"), vat=(half,), withheld_vat=D("750.00"))
    assert freed_by_credit(old, before, after) == D(freed)
    settled = after.freeing(D(freed))
    assert settled.money + suffered(old, settled) + left(old, settled) == D(6000)


def test_an_old_balance_that_was_credited_after_its_payment_frees_all_at_the_next_credit(old: Invoice) -> None:
    """An earlier version refused more than 10,500.00 and freed nothing. Three quarters ask for 2,625.00 (API.md)."""
    half = VatShare(rate=D(20), base=D(5000), amount=D(1000))
    before = replace(fresh(old), owed=None, paid=D(10500), credited=D(5250), vat=(half,), withheld_vat=D(750))
    most = VatShare(rate=D(20), base=D(7500), amount=D(1500))
    after = replace(before, credited=D(7875), vat=(most,), withheld_vat=D(1125))
    assert freed_by_credit(old, before, after) == D(7875)


def test_a_stored_balance_below_zero_reads_as_paid(old: Invoice) -> None:
    """Before the ledger, a credit note on a paid invoice left a negative balance."""
    invoice = issued(line("1", "10000"))
    half = VatShare(rate=D(20), base=D(5000), amount=D(1000))
    balance = replace(fresh(invoice), paid=D(12000), credited=D(6000), vat=(half,))
    assert (left(invoice, balance), status(invoice, balance)) == (NOTHING, "paid")


def test_an_old_cash_invoice_keeps_its_duty_until_something_moves() -> None:
    invoice = issued(line("1", "10000"), settlement="cash")
    balance = replace(fresh(invoice), paid=D("6000.00"))
    assert (owed(invoice, balance), left(invoice, balance)) == (D("12030.00"), D("6030.00"))
    after, _ = applied(invoice, balance, paid(invoice, "2000"))
    # 2,000.00 were not paid in cash: 0.25 % of 10,000.00.
    assert (after.stamp_duty, left(invoice, after)) == (D("25.00"), D("4025.00"))


def test_a_row_without_the_new_attributes_is_read_and_hashed_as_before() -> None:
    """Sparse attributes at their default are in no row and no hash."""
    from chalicelib.domain.canonical import canonical
    from chalicelib.store.codec import to_row

    balance = Balance(company="cmp_1", id="inv_1", created_at=AT, updated_at=AT, paid=D(5))
    older = {"sort", "_kind", "_salt", "company", "id", "version", "created_at", "updated_at"}
    older |= {"paid", "credited", "lines", "vat", "discount", "withheld_vat", "withheld_fees"}
    assert set(to_row(balance, b"")) == older
    assert b"freed" not in canonical(balance)
    assert b"freed" in canonical(replace(balance, freed=D(1)))
