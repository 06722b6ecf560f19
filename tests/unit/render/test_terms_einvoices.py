"""E-invoices of documents that are priced with tax, issued late, or paid in cash pass the official rules."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from chalicelib.domain.documents.balance import fresh
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.crediting import LineCredit
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Discount, Issued, Line
from chalicelib.services.documents.einvoicing import attachments
from tests.unit.render.en16931 import CENT, arithmetic, refusals
from tests.unit.render.test_ubl import note
from tests.unit.samples import issued, line

D = Decimal


def incl(quantity: str, price: str, rate: str = "10", discount: Discount | None = None) -> Line:
    return line(quantity, "0", rate, unit_price_incl=D(price), discount=discount)


def credited_pieces(invoice: Invoice, times: int) -> CreditNote:
    """The last of some credit notes, each for one piece of each line."""
    pieces, balance = [LineCredit(number, D(1)) for number in range(1, len(invoice.lines) + 1)], fresh(invoice)
    for _ in range(times):
        made, balance = note(invoice, *pieces, balance=balance)
    return made


DOCUMENTS: dict[str, Callable[[], Issued]] = {
    "one price": lambda: issued(incl("1", "500")),
    "several lines": lambda: issued(incl("3", "71.43"), incl("7", "0.99")),
    "two rates": lambda: issued(incl("3", "71.43"), incl("1", "500", "20")),
    "beside a price without tax": lambda: issued(incl("3", "71.43"), line("1", "33.33", "10")),
    "discounts": lambda: issued(
        incl("3", "71.43", discount=Discount(amount=D("5.00"))),
        line("1", "33.33", "10"),
        discount=Discount(percent=D(13)),
    ),
    "in cash": lambda: issued(incl("3", "71.43"), payment_mode="cash", settlement="cash"),
    "a piece of three, credited": lambda: credited_pieces(issued(incl("3", "500")), 1),
    "the second piece of three, credited": lambda: credited_pieces(issued(incl("3", "500")), 2),
    "pieces of two lines, credited": lambda: credited_pieces(issued(incl("3", "71.43"), incl("7", "0.99", "20")), 2),
    "overdue when issued": lambda: issued(line(), operation_date=date(2026, 9, 10)),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_official_rules_find_nothing(name: str) -> None:
    xml, cii = (each.data for each in attachments(DOCUMENTS[name]()))
    assert refusals(xml) == refusals(cii) == []
    assert arithmetic(xml, slack=CENT) == []
