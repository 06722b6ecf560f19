"""Receipts and statements: by bounding boxes, nothing overlaps and nothing leaves the margins; what is entered can be
read from the file."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest

from chalicelib.domain.documents.account_line import AccountLine, LineKind
from chalicelib.domain.documents.account_view import ReceiptView, StatementView
from chalicelib.domain.documents.issuing import buyer_of
from chalicelib.domain.documents.model import Discount
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.statement import Statement, StatementLine
from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.domain.money import MAX_AMOUNT, ZERO
from chalicelib.services.documents.account_views import receipt_view, statement_view
from chalicelib.services.documents.view import issued_view
from tests.unit.render.extremes import Extreme, extreme_view
from tests.unit.render.geometry import pages
from tests.unit.render.test_boxes import TYPST, faults, readable
from tests.unit.samples import AT, DAY, STAMPS, company, customer, issued, line

WIDE = "W" * 100
"""The widest reference that is accepted."""


def receipt(language: Language, **changes: Any) -> ReceiptView:
    given: dict[str, Any] = {"amount": Decimal("1804.50"), "method": "cash", "date": DAY, "stamp_duty": Decimal("4.51")}
    paid = Payment(**STAMPS, id="pay_01KB8Z7Q2M4N6P8R0S2T4V6W8X", invoice="inv_01", **(given | changes))
    return receipt_view(paid, None, issued(), language)


def account(language: Language, amount: Decimal, reference: str | None, number: str, times: int = 1) -> StatementView:
    """A statement with each kind of line, `times` times."""
    kinds: list[LineKind] = list(get_args(LineKind)) * times
    lines = [
        AccountLine(
            day=DAY + timedelta(days=at // 10),
            kind=kind,
            amount=amount if at % 2 else -amount,
            pending=amount if kind == "pending" else ZERO,
            id=f"inv_{at}",
            recorded_at=AT,
            number=number,
            due_date=DAY if kind == "invoice" else None,
            method="bill_of_exchange",
            reference=reference,
            reason="entered_in_error" if kind == "reversal" else None,
        )
        for at, kind in enumerate(kinds)
    ]
    ageing = dict.fromkeys(("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90_days"), amount)
    found = Statement(
        first=DAY,
        last=DAY + timedelta(days=92),
        opening=-amount,
        lines=tuple(StatementLine(line, -amount) for line in lines),
        closing=-amount,
        pending=amount,
        ageing=ageing,  # type: ignore[arg-type]  # the names of the bands
    )
    return statement_view(
        found, buyer_of(customer()), company(rib="011780000012345678901242"), language, specimen=False
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_usual_receipts(language: Language) -> None:
    pending = receipt(language, method="cheque", pending=True, matures_on=DAY + timedelta(days=30))
    assert [faults(TYPST.render_account(view)) for view in (receipt(language), pending)] == [[], []]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("extreme", ["longest", "widest"])
def test_the_widest_receipt(language: Language, extreme: Extreme) -> None:
    parties = extreme_view(language, extreme)
    withheld = {"withheld_vat": MAX_AMOUNT, "withheld_fees": MAX_AMOUNT, "certificate": WIDE}
    view = receipt(language, amount=MAX_AMOUNT, reference=WIDE, **withheld)
    assert parties.buyer is not None
    made = TYPST.render_account(replace(view, seller=parties.seller, buyer=parties.buyer))
    assert faults(made) == []
    assert readable(pages(made), WIDE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("times", [1, 12])
def test_usual_statements(language: Language, times: int) -> None:
    view = account(language, Decimal("1250000.00"), "VIR 7714120", "FA-2026-00042", times)
    assert faults(TYPST.render_account(view)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_and_references_read_from_left_to_right(language: Language) -> None:
    """In Arabic, 2026-00042 was printed as 00042-2026."""
    made = TYPST.render_account(account(language, Decimal("10.00"), "2026-118", "2026-00042"))
    ink = "".join(line for page in pages(made) for line in page.lines())
    assert (ink.count("2026-00042"), ink.count("2026-118")) == (10, 10)


def test_a_sign_stands_before_its_digits_in_arabic() -> None:
    """An amount with its currency was printed as 77,77-, beside cells with -77,77."""
    statement = TYPST.render_account(account("ar", Decimal("77.77"), None, "FA-1"))
    discounted = issued(line(), discount=Discount(amount=Decimal("77.77")))
    invoice = TYPST.render(issued_view(discounted, "ar"))
    ink = [text for made in (statement, invoice) for page in pages(made) for text in page.lines()]
    found = [part for text in ink for part in re.findall(r"د(-?77,77-?)", text)]
    assert sorted(found) == ["-77,77", "-77,77", "-77,77", "77,77"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("extreme", ["longest", "widest"])
def test_the_widest_statement(language: Language, extreme: Extreme) -> None:
    parties = extreme_view(language, extreme)
    assert parties.buyer is not None
    view = account(language, MAX_AMOUNT, WIDE, "W" * 40)
    made = TYPST.render_account(replace(view, seller=parties.seller, buyer=parties.buyer))
    assert faults(made) == []
    assert readable(pages(made), WIDE)
