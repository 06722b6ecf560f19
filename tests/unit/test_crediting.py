"""Credit notes never exceed their invoice, and together are it to the centime."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.documents.balance import fresh, left, status
from chalicelib.domain.documents.crediting import LineCredit, credit
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Discount, Line, Totals
from chalicelib.domain.errors import InvalidContent
from tests.unit.samples import customer, issued, line

PERCENT = st.decimals("0", "100", places=2)
LINES = st.lists(
    st.builds(
        line,
        quantity=st.integers(1, 40).map(str),
        price=st.decimals("0", "9999", places=3).map(str),
        rate=st.sampled_from(["20", "10"]),
        discount=st.none() | st.builds(Discount, percent=PERCENT),
    ),
    min_size=1,
    max_size=5,
)


def _codes(refused: pytest.ExceptionInfo[InvalidContent]) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


def test_the_whole_invoice_at_once_is_the_invoice() -> None:
    invoice = issued(line("3", "33.335"), line("1", "10", "10"), discount=Discount(amount=Decimal("5.55")))
    credited = credit(invoice, fresh(invoice), None)
    assert credited.totals == invoice.totals
    assert (left(invoice, credited.balance), status(invoice, credited.balance)) == (Decimal(0), "credited")


@given(lines=LINES, discount=st.none() | st.builds(Discount, percent=PERCENT), data=st.data())
def test_credit_notes_add_up_to_the_invoice_however_it_is_cut(
    lines: list[Line], discount: Discount | None, data: st.DataObject
) -> None:
    invoice = issued(*lines, discount=discount, buyer=customer(withholder="public_body"))
    notes: list[Totals] = []
    balance = fresh(invoice)
    for _ in range(3):
        done = {part.line: part.quantity for part in balance.lines}
        open_lines = [n for n, entered in enumerate(invoice.lines, 1) if done.get(n, 0) < entered.quantity]
        if not open_lines:
            break
        number = data.draw(st.sampled_from(open_lines))
        most = int(invoice.lines[number - 1].quantity - done.get(number, Decimal(0)))
        made = credit(invoice, balance, [LineCredit(number, Decimal(data.draw(st.integers(1, most))))])
        balance, notes = made.balance, [*notes, made.totals]
        assert made.totals.gross >= 0
        assert sum(note.gross for note in notes) <= invoice.totals.gross
    if {part.line: part.quantity for part in balance.lines} != {n: x.quantity for n, x in enumerate(invoice.lines, 1)}:
        made = credit(invoice, balance, None)
        balance, notes = made.balance, [*notes, made.totals]
    for name in ("lines", "discount", "net", "vat_total", "gross", "withheld_vat", "withheld_fees", "payable"):
        assert sum(getattr(note, name) for note in notes) == getattr(invoice.totals, name), name
    assert balance.credited == invoice.totals.payable


def _partly(invoice: Invoice) -> None:
    credit(invoice, credit(invoice, fresh(invoice), [LineCredit(1, Decimal(2))]).balance, [LineCredit(1, Decimal(2))])


def test_more_than_is_left_of_a_line_is_refused() -> None:
    with pytest.raises(InvalidContent) as refused:
        _partly(issued(line("3", "10")))
    assert _codes(refused) == [("/lines/0/quantity", "credit_quantity_above_remaining")]


@pytest.mark.parametrize("numbers", [(2,), (1, 1)])
def test_a_line_that_is_not_there_or_named_twice_is_refused(numbers: tuple[int, ...]) -> None:
    invoice = issued(line("3", "10"))
    with pytest.raises(InvalidContent) as refused:
        credit(invoice, fresh(invoice), [LineCredit(number, Decimal(1)) for number in numbers])
    assert _codes(refused)[-1][1] == "credit_line_unknown"


def test_nothing_is_left_after_the_whole() -> None:
    invoice = issued()
    whole = credit(invoice, fresh(invoice), None).balance
    with pytest.raises(InvalidContent) as refused:
        credit(invoice, whole, None)
    assert _codes(refused) == [("", "nothing_left_to_credit")]


def test_a_part_keeps_the_lines_price_and_shows_the_reduction() -> None:
    invoice = issued(line("4", "100", discount=Discount(percent=Decimal(10))))
    part = credit(invoice, fresh(invoice), [LineCredit(1, Decimal(1))])
    assert part.lines[0].net == Decimal("90.00")
    assert part.lines[0].discount == Discount(amount=Decimal("10.00"))
    assert part.totals.gross == Decimal("108.00")
