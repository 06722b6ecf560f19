"""E-invoices of documents that are priced with tax, issued late, or paid in cash pass the official rules."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Discount, Line
from chalicelib.services.documents.einvoicing import e_invoice
from tests.unit.render.en16931 import CENT, arithmetic, refusals
from tests.unit.samples import issued, line

D = Decimal


def incl(quantity: str, price: str, rate: str = "10", discount: Discount | None = None) -> Line:
    return line(quantity, "0", rate, unit_price_incl=D(price), discount=discount)


DOCUMENTS: dict[str, Callable[[], Invoice]] = {
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
    "overdue when issued": lambda: issued(line(), operation_date=date(2026, 9, 10)),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_official_rules_find_nothing(name: str) -> None:
    xml = e_invoice(DOCUMENTS[name]())
    assert refusals(xml) == []
    assert arithmetic(xml, slack=CENT) == []
