"""Credit notes by amount, of a line or over the document: in any order with quantities, they end at the invoice."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.canonical import canonical
from chalicelib.domain.documents.balance import Balance, CreditedLine, fresh, left, status
from chalicelib.domain.documents.crediting import (
    Credit,
    CreditRequest,
    DocumentAmount,
    LineAmount,
    LineCredit,
    credit,
)
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Discount, Line, Totals
from chalicelib.domain.errors import InvalidContent
from chalicelib.domain.money import cents, percentage
from chalicelib.store.codec import from_row, to_row
from tests.unit.samples import issued, line

D = Decimal
CENT = D("0.01")
NOTHING = (D(0), D(0))
PERCENT = st.decimals("0", "100", places=2) | st.sampled_from([D(0), D(100)])
DISCOUNT = st.none() | st.builds(Discount, percent=PERCENT)
RATES = st.sampled_from([("20", None), ("10", None), ("0", "92-I-1"), ("0", "91-I-A-1")])
LINES = st.lists(
    st.builds(
        lambda quantity, price, rate, discount: line(
            str(quantity), str(price), rate[0], exemption=rate[1], discount=discount
        ),
        st.integers(1, 40) | st.decimals("0.001", "40", places=3),
        st.decimals("0", "2000", places=4),
        RATES,
        DISCOUNT,
    ),
    min_size=1,
    max_size=5,
)

WITH_TAX = st.lists(
    st.builds(
        lambda quantity, price, rate, discount: line(
            str(quantity), "0", rate, unit_price_incl=price, discount=discount
        ),
        st.integers(1, 40) | st.decimals("0.001", "40", places=3),
        st.decimals("0", "2000", places=2),
        st.sampled_from(["20", "10"]),
        DISCOUNT,
    ),
    min_size=1,
    max_size=5,
)


@dataclass
class Crediting:
    """The credit notes of an invoice, one after the other. Everything is checked after each."""

    invoice: Invoice
    balance: Balance
    notes: list[Credit] = field(default_factory=list)

    def rest(self, number: int) -> tuple[Decimal, Decimal]:
        """The quantity and the net that are left of a line."""
        original = self.invoice.lines[number - 1]
        done = next((part for part in self.balance.lines if part.line == number), None)
        net = original.net or D(0)
        return (original.quantity - done.quantity, net - done.net) if done else (original.quantity, net)

    def net_left(self) -> Decimal:
        """The net of the document that is left."""
        return self.invoice.totals.net - sum((note.totals.net for note in self.notes), D(0))

    def add(self, request: CreditRequest) -> Credit:
        """Credit it, and check the note and the balance."""
        made = credit(self.invoice, self.balance, request)
        check_note(made)
        self.balance = made.balance
        self.notes.append(made)
        for name in ("lines", "discount", "net", "vat_total", "gross", "payable"):
            assert 0 <= self.sum(name) <= getattr(self.invoice.totals, name), name
        for number, original in enumerate(self.invoice.lines, 1):
            quantity, net = self.rest(number)
            assert 0 <= quantity <= original.quantity
            assert net >= 0
            assert not net or quantity
        if all(each.unit_price_incl is None for each in self.invoice.lines):
            assert made.totals.rounding is None
            for part in self.balance.vat:
                assert part.amount == cents(percentage(part.base, part.rate))
        return made

    def sum(self, name: str) -> Decimal:
        """The sum of a total of the credit notes."""
        return sum((getattr(note.totals, name) for note in self.notes), D(0))

    def finished(self) -> None:
        """Everything is credited, to the centime: line by line, rate by rate, and in the totals."""
        totals = self.invoice.totals
        assert status(self.invoice, self.balance) == "credited"
        assert [self.rest(n) for n in range(1, len(self.invoice.lines) + 1)] == [NOTHING] * len(self.invoice.lines)
        assert by_rate(self.notes) == {(s.rate, s.exemption): (s.base, s.amount) for s in totals.vat if s.base}
        for name in ("net", "vat_total", "gross", "payable"):
            assert self.sum(name) == getattr(totals, name), name
        assert (self.balance.credited, left(self.invoice, self.balance)) == (totals.payable, D(0))
        with pytest.raises(InvalidContent) as refused:
            credit(self.invoice, self.balance, None)
        assert [fault.code for fault in refused.value.faults] == ["nothing_left_to_credit"]


def by_rate(notes: Sequence[Credit]) -> dict[Any, tuple[Decimal, Decimal]]:
    """The credited base and TVA of each rate and exemption."""
    sums: dict[Any, tuple[Decimal, Decimal]] = {}
    for share in (share for note in notes for share in note.totals.vat):
        base, amount = sums.get((share.rate, share.exemption), (D(0), D(0)))
        sums[share.rate, share.exemption] = (base + share.base, amount + share.amount)
    return {key: found for key, found in sums.items() if found[0]}


def check_note(made: Credit) -> None:
    """EN 16931: lines, discount, net, TVA by rate, gross."""
    totals: Totals = made.totals
    assert len(made.lines) == len(made.numbers)
    assert totals.lines == sum((each.net or D(0) for each in made.lines), D(0))
    assert totals.net == totals.lines - totals.discount == sum((share.base for share in totals.vat), D(0))
    assert totals.gross == totals.net + totals.vat_total + (totals.rounding or D(0)) >= 0
    for share in totals.vat:
        assert min(share.base, share.amount) >= 0
        assert abs(share.amount - percentage(share.base, share.rate)) <= CENT
    for each in made.lines:
        listed = cents(each.quantity * each.unit_price)
        off = each.discount.amount if each.discount else D(0)
        assert off is not None
        assert abs(listed - off - (each.net or D(0))) <= CENT


def started(*lines: Line, **changes: Any) -> Crediting:
    invoice = issued(*lines, **changes)
    return Crediting(invoice, fresh(invoice))


def amounts(most: Decimal) -> st.SearchStrategy[Decimal]:
    """Amounts up to the most, often a centime or all of it."""
    return st.decimals(CENT, most, places=2) | st.sampled_from([min(CENT, most), most])


def quantities(most: Decimal) -> st.SearchStrategy[Decimal]:
    """Quantities up to the most, often all of it."""
    return st.decimals(D("0.001"), most, places=3) | st.just(most)


def step(data: st.DataObject, crediting: Crediting) -> CreditRequest:
    """A request that the invoice can still bear; None if the drawn way has nothing left."""
    if data.draw(st.booleans(), "over the document"):
        most = crediting.net_left()
        return DocumentAmount(data.draw(amounts(most))) if most else None
    number = data.draw(st.integers(1, len(crediting.invoice.lines)), "line")
    quantity, net = crediting.rest(number)
    if data.draw(st.booleans(), "by amount"):
        return [LineAmount(number, data.draw(amounts(net)))] if net else None
    return [LineCredit(number, data.draw(quantities(quantity)))] if quantity else None


def finish(data: st.DataObject, crediting: Crediting) -> None:
    """Credit what is left: at once, as an amount over the document, or line by line."""
    numbers = range(1, len(crediting.invoice.lines) + 1)
    way = data.draw(st.sampled_from(["rest", "amount", "lines"]))
    if way == "amount" and crediting.net_left():
        crediting.add(DocumentAmount(crediting.net_left()))
    elif way == "lines":
        for number in data.draw(st.permutations(numbers)):
            quantity, net = crediting.rest(number)
            if net:
                crediting.add([LineAmount(number, net)])
            elif quantity:
                crediting.add([LineCredit(number, quantity)])
    elif any(crediting.rest(number) != NOTHING for number in numbers):
        crediting.add(None)


@settings(max_examples=300, deadline=None)
@given(lines=LINES, discount=DISCOUNT, data=st.data())
def test_any_order_of_quantities_and_amounts_ends_at_the_invoice(
    lines: list[Line], discount: Discount | None, data: st.DataObject
) -> None:
    crediting = started(*lines, discount=discount)
    for _ in range(data.draw(st.integers(0, 8), "steps")):
        if request := step(data, crediting):
            made = crediting.add(request)
            if isinstance(request, DocumentAmount):
                assert (made.totals.net, made.totals.discount) == (request.amount, D(0))
    finish(data, crediting)
    crediting.finished()


@settings(max_examples=300, deadline=None)
@given(lines=WITH_TAX, discount=st.none() | st.builds(Discount, percent=PERCENT), data=st.data())
def test_credits_of_prices_with_tax_end_at_the_invoice(
    lines: list[Line], discount: Discount | None, data: st.DataObject
) -> None:
    """Each note's TVA is within a centime of base × rate, and never negative."""
    crediting = started(*lines, discount=discount)
    for _ in range(data.draw(st.integers(0, 8), "steps")):
        if request := step(data, crediting):
            crediting.add(request)
    finish(data, crediting)
    crediting.finished()


@settings(max_examples=200, deadline=None)
@given(
    price=st.decimals("0.01", "2000", places=2),
    quantity=st.integers(1, 12),
    rate=st.sampled_from(["20", "10"]),
    data=st.data(),
)
def test_a_quantity_of_a_price_with_tax_is_credited_at_that_price(
    price: Decimal, quantity: int, rate: str, data: st.DataObject
) -> None:
    """Exactly, whatever the tolerance of the official rules leaves to TVA."""
    crediting, left_over = started(line(str(quantity), "0", rate, unit_price_incl=price)), quantity
    while left_over:
        pieces = data.draw(st.integers(1, left_over))
        made = crediting.add([LineCredit(1, D(pieces))])
        assert made.totals.gross == pieces * price
        left_over -= pieces
    crediting.finished()


def test_a_piece_of_three_at_a_price_with_tax_is_that_price() -> None:
    crediting = started(line("3", "0", "10", unit_price_incl=D("500.00")))
    made = [crediting.add([LineCredit(1, D(1))]).totals for _ in range(3)]
    assert [each.gross for each in made] == [D("500.00")] * 3
    assert [(each.net, each.vat_total) for each in made] == [
        (D("454.55"), D("45.45")),
        (D("454.54"), D("45.46")),
        (D("454.55"), D("45.45")),
    ]
    crediting.finished()


def test_a_line_priced_with_tax_is_credited_in_parts_after_an_amount() -> None:
    crediting = started(line("3", "0", "10", unit_price_incl=D("500.00")))
    assert crediting.add([LineAmount(1, D("454.55"))]).totals.gross == D("500.00")
    assert [crediting.add([LineCredit(1, D("1.5"))]).totals.gross for _ in range(2)] == [D("500.00")] * 2
    crediting.finished()


def test_an_amount_off_one_piece() -> None:
    crediting = started(line("1", "1000000.00"))
    made = crediting.add([LineAmount(1, D("333.33"))])
    (credited,) = made.lines
    assert (credited.description, credited.quantity, credited.unit_price, credited.net) == (
        "Conseil",
        D(1),
        D("333.33"),
        D("333.33"),
    )
    assert (made.totals.net, made.totals.vat_total, made.totals.gross) == (D("333.33"), D("66.67"), D("400.00"))
    assert status(crediting.invoice, crediting.balance) == "issued"
    rest = crediting.add(None)
    assert (rest.lines[0].net, rest.lines[0].discount) == (D("999666.67"), Discount(amount=D("333.33")))
    crediting.finished()


def test_a_quantity_takes_its_share_of_what_an_amount_left() -> None:
    crediting = started(line("3", "333.33"))
    crediting.add([LineAmount(1, D("333.33"))])
    assert [crediting.add([LineCredit(1, D(1))]).lines[0].net for _ in range(3)] == [D("222.22")] * 3
    crediting.finished()


def test_an_amount_takes_what_a_quantity_left() -> None:
    crediting = started(line("3", "100"))
    crediting.add([LineCredit(1, D(1))])
    crediting.add([LineAmount(1, D(50))])
    assert crediting.add([LineCredit(1, D(1))]).lines[0].net == 75
    crediting.add([LineAmount(1, D(75))])
    crediting.finished()


def test_a_line_that_amounts_have_credited_is_complete() -> None:
    crediting = started(line("3", "100"), line("1", "50"))
    crediting.add([LineAmount(1, D(100))])
    crediting.add([LineAmount(1, D(200)), LineCredit(2, D(1))])
    crediting.finished()


def test_an_amount_over_the_document_is_spread_by_what_is_left_of_each_rate() -> None:
    crediting = started(line("1", "500"), line("1", "300", "10"), line("1", "200", "0", exemption="92-I-1"))
    made = crediting.add(DocumentAmount(D("333.33")))
    shares = [(share.rate, share.base, share.amount) for share in made.totals.vat]
    assert shares == [
        (D(20), D("166.66"), D("33.33")),
        (D(10), D("100.00"), D("10.00")),
        (D(0), D("66.67"), D("0.00")),
    ]
    assert made.numbers == (0, 0, 0)
    assert {each.description for each in made.lines} == {"Réduction sur la facture FA-2026-00001"}
    assert [(each.vat_rate, each.exemption, each.net) for each in made.lines] == [
        (D(20), None, D("166.66")),
        (D(10), None, D("100.00")),
        (D(0), "92-I-1", D("66.67")),
    ]
    crediting.add([LineCredit(1, D(1))])
    assert [share.base for share in crediting.add(DocumentAmount(D(100))).totals.vat] == [D("60.00"), D("40.00")]


def test_a_lines_amount_is_before_the_documents_discount_and_a_documents_after_it() -> None:
    crediting = started(line("1", "1000"), discount=Discount(percent=D(10)))
    of_line = crediting.add([LineAmount(1, D(100))]).totals
    assert (of_line.lines, of_line.discount, of_line.net) == (D("100.00"), D("10.00"), D("90.00"))
    over = crediting.add(DocumentAmount(D(90))).totals
    assert (over.lines, over.discount, over.net) == (D("90.00"), D("0.00"), D("90.00"))
    assert crediting.rest(1) == (D(1), D("800.00"))
    assert crediting.add(None).totals.net == D("720.00")
    crediting.finished()


def test_an_amount_that_takes_all_completes_what_costs_nothing() -> None:
    free = line("2", "10", discount=Discount(percent=D(100)))
    crediting = started(line("1", "100"), free)
    crediting.add([LineAmount(1, D(40))])
    assert len(crediting.add(DocumentAmount(D(60))).lines) == 1
    crediting.finished()


@pytest.mark.parametrize(
    ("request_", "pointer", "remaining"),
    [
        ([LineAmount(1, D("160.01"))], "/lines/0/amount", "160.00"),
        ([LineCredit(1, D(1)), LineAmount(2, CENT)], "/lines/1/amount", "0.00"),
        (DocumentAmount(D("144.01")), "/amount", "144.00"),
    ],
)
def test_more_than_is_left_is_refused(request_: CreditRequest, pointer: str, remaining: str) -> None:
    free = line("1", "10", discount=Discount(percent=D(100)))
    crediting = started(line("2", "100"), free, discount=Discount(percent=D(10)))
    crediting.add([LineAmount(1, D(40))])
    with pytest.raises(InvalidContent) as refused:
        credit(crediting.invoice, crediting.balance, request_)
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code, fault.params) == (
        pointer,
        "credit_amount_above_remaining",
        {"remaining": remaining},
    )


def test_a_quantity_of_a_line_that_amounts_have_credited_is_refused() -> None:
    crediting = started(line("2", "100"), line())
    crediting.add([LineAmount(1, D(200))])
    with pytest.raises(InvalidContent) as refused:
        credit(crediting.invoice, crediting.balance, [LineCredit(1, D(1))])
    assert [(fault.code, fault.params) for fault in refused.value.faults] == [
        ("credit_quantity_above_remaining", {"remaining": "0"})
    ]


def test_a_balance_of_earlier_credits_goes_on() -> None:
    """A stored line without `since_…` is credited by quantities only."""
    crediting = started(line("3", "33.336667"))
    row = to_row(replace(crediting.balance, version=1), b"s" * 16)
    row["lines"] = {"B": zlib.compress(b'[{"line":1,"quantity":"1","net":"33.34"}]')}
    stored = from_row("ledger", row)
    assert isinstance(stored, Balance)
    assert b"since" not in canonical(stored)
    made = credit(crediting.invoice, stored, [LineCredit(1, D(1))])
    assert made.lines[0].net == D("33.33")
    assert made.balance.lines == (CreditedLine(line=1, quantity=D(2), net=D("66.67")),)
