"""Lines priced with tax: the total is exactly what was written, and TVA within a centime of net × rate."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.documents.balance import fresh, left
from chalicelib.domain.documents.crediting import Credit, LineCredit, credit
from chalicelib.domain.documents.model import Discount
from chalicelib.domain.documents.totals import LineInput, line_net, totals
from chalicelib.domain.money import CENT, cents, percentage, total
from tests.unit.samples import draft, issued, line

D = Decimal
RATES = st.sampled_from([D(20), D(10), D(14), D(7)])


def priced(price: str, rate: str = "10", quantity: str = "1", percent: str | None = None) -> LineInput:
    return LineInput(D(quantity), D(price), D(percent) if percent else None, None, D(rate), with_tax=True)


@pytest.mark.parametrize(
    ("price", "rate", "net", "vat"),
    [
        ("500.00", "10", "454.55", "45.45"),
        ("100.00", "20", "83.33", "16.67"),
        ("0.01", "20", "0.01", "0.00"),
        ("999999.99", "7", "934579.43", "65420.56"),
        ("120.00", "0", "120.00", "0.00"),
    ],
)
def test_a_price_that_no_price_without_tax_reaches(price: str, rate: str, net: str, vat: str) -> None:
    """500.00 at 10 %: 454.55 gives 45.46 by net × rate, so 500.01. What was written counts."""
    found = totals([priced(price, rate)])
    assert (found.net, found.vat_total, found.gross) == (D(net), D(vat), D(price))


@st.composite
def lines(draw: st.DrawFn) -> LineInput:
    cents = draw(st.integers(1, 10_000_000))
    percent = draw(st.sampled_from([None, D(5), D("33.3333")]))
    return LineInput(D(draw(st.integers(1, 99))), D(cents) / 100, percent, None, draw(RATES), with_tax=True)


@given(st.lists(lines(), min_size=1, max_size=8))
def test_the_total_is_what_was_written(document: list[LineInput]) -> None:
    found = totals(document)
    assert found.gross == total([line_net(each) for each in document])
    assert found.line_total == total(list(found.line_nets)) == found.net
    assert all(abs(share.amount - percentage(share.base, share.rate)) <= CENT for share in found.vat)


@given(
    st.lists(lines(), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 1_000_000), RATES), max_size=4),
    st.sampled_from([None, D(3), D("12.5"), D(100)]),
)
def test_vat_stays_within_a_centime_in_mixed_documents(
    taxed: list[LineInput], others: list[tuple[int, Decimal]], percent: Decimal | None
) -> None:
    plain = [LineInput(D(1), D(cents) / 100, None, None, rate) for cents, rate in others]
    found = totals([*taxed, *plain], percent)
    assert found.gross == found.net + found.vat_total + found.rounding
    assert not found.rounding or (percent and not others)
    assert all(abs(share.amount - percentage(share.base, share.rate)) <= CENT for share in found.vat)


@given(st.lists(lines(), min_size=1, max_size=8), st.decimals(0, 100, places=2))
def test_a_discount_on_written_prices_is_exact(document: list[LineInput], percent: Decimal) -> None:
    """The total is the written total less its discount. A rounding is left only where TVA is at its limit."""
    found, whole = totals(document, percent), total([line_net(each) for each in document])
    assert found.gross == whole - cents(percentage(whole, percent))
    assert all(share.rate or not share.amount for share in found.vat)
    further = CENT.copy_sign(found.rounding)
    for share in found.vat if found.rounding else ():
        assert abs(share.amount + further - percentage(share.base, share.rate)) > CENT or share.amount + further < 0


def test_the_rounding_that_no_tax_reaches() -> None:
    """10.50 less 15 % is 8.92: 8.12 and 0.80, but 8.12 × 10 % is 0.812, so TVA is 0.81 at least."""
    found = totals([priced("10.50")], D(15))
    assert (found.net, found.vat_total, found.rounding, found.gross) == (D("8.12"), D("0.81"), D("-0.01"), D("8.92"))


def test_the_issue_keeps_the_written_price_and_states_the_price_without_tax() -> None:
    invoice = issued(line(rate="10", price="0", quantity="3", unit_price_incl=D("500.00")))
    (kept,) = invoice.lines
    assert (kept.unit_price_incl, kept.unit_price, kept.net) == (D("500.00"), D("454.545455"), D("1363.64"))
    assert invoice.totals.gross == D("1500.00")


def test_a_discount_on_a_price_with_tax_includes_tax() -> None:
    reduced = line("1", "0", "20", unit_price_incl=D("120.00"), discount=Discount(amount=D("20.00")))
    assert issued(reduced).totals.gross == D("100.00")
    assert draft(reduced).lines[0].unit_price_incl == D("120.00")


@given(st.lists(lines(), min_size=1, max_size=5), st.data())
@settings(max_examples=60)
def test_a_credit_note_has_the_written_prices_of_its_lines(priced_lines: list[LineInput], data: st.DataObject) -> None:
    """Any lines, each whole, in any order: exactly what was written, also for one of several lines of a rate."""
    written = (line(str(one.quantity), "0", str(one.vat_rate), unit_price_incl=one.unit_price) for one in priced_lines)
    invoice = issued(*written, operation_date=date(2023, 5, 2))
    balance = fresh(invoice)
    for at in data.draw(st.permutations(range(len(priced_lines)))):
        one = priced_lines[at]
        note = credit(invoice, balance, [LineCredit(at + 1, one.quantity)])
        assert note.totals.gross == note.totals.payable == cents(one.quantity * one.unit_price)
        assert all(abs(share.amount - percentage(share.base, share.rate)) <= CENT for share in note.totals.vat)
        balance = note.balance
    assert left(invoice, balance) == 0


@given(st.lists(lines(), min_size=1, max_size=4), st.data())
@settings(max_examples=60)
def test_credit_notes_end_exactly_at_the_written_total(priced_lines: list[LineInput], data: st.DataObject) -> None:
    """Quantities, then all that is left: the sums are those of the invoice, line by line and rate by rate."""
    written = (line(str(one.quantity), "0", str(one.vat_rate), unit_price_incl=one.unit_price) for one in priced_lines)
    invoice = issued(*written, operation_date=date(2023, 5, 2))  # All of RATES were in force.
    balance, notes = fresh(invoice), list[Credit]()
    for number, one in enumerate(priced_lines, 1):
        if (quantity := data.draw(st.integers(0, int(one.quantity)))) > 0:
            notes.append(credit(invoice, balance, [LineCredit(number, D(quantity))]))
            balance = notes[-1].balance
    if sum(done.quantity for done in balance.lines) < sum(one.quantity for one in invoice.lines):
        notes.append(credit(invoice, balance, None))
    returned = [note.totals for note in notes]
    assert total([each.gross for each in returned]) == invoice.totals.gross
    for share in invoice.totals.vat:
        amounts = [part.amount for each in returned for part in each.vat if part.rate == share.rate]
        assert total(amounts) == share.amount
