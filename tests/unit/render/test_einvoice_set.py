"""A varied set of 75 documents: each passes the official rules in both syntaxes, and adds up to the centime."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

import pytest

from chalicelib.domain.companies.company import Address, Company, VatBasisPeriod
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.crediting import DocumentAmount, LineCredit
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Discount, Issued, Line
from chalicelib.domain.documents.payment_mode import Method, settlement_of
from chalicelib.domain.language import Language
from chalicelib.domain.morocco.mentions import NO_VAT
from chalicelib.render import formats
from chalicelib.services.documents.einvoicing import attachments
from chalicelib.services.documents.view import issued_view
from tests.unit.render.en16931 import CENT, arithmetic, refusals
from tests.unit.render.test_facturx import understood
from tests.unit.render.test_ubl import RIB, note, requested
from tests.unit.samples import company, customer, issued, line

T = TypeVar("T")
SIZE: Final = 75
SELLERS: Sequence[Company] = (
    company(rib=RIB, email="contact@atlas.example", share_capital=Decimal(100000), cnss="1234567"),
    company(electronic_address="factures@atlas.example", phone="+212522000000"),
    company(regime="auto_entrepreneur", person="individual", legal_form=None),
    company(
        rib=RIB,
        trade_register="Casablanca 341275",
        vat_basis=(VatBasisPeriod(since=date(2026, 1, 1), basis="invoices"),),
    ),
    company(regime="cpu", person="individual", legal_form=None, rib=RIB),
)
BUYERS: Sequence[Customer] = (
    customer(),
    customer(tax_id="40211587", email="achats@client.example"),
    customer(kind="consumer", ice=None, name="Salma Idrissi"),
    customer(kind="public_body", withholder="public_body"),
    customer(ice=None, ice_missing_reason="étranger", address=Address(street="1 rue X", city="Lyon", country="FR")),
    customer(name="مقاولة الأطلس <ش.م.م> & شركاؤه", address=Address(street="زنقة 7", city="فاس")),
    customer(trade_register="Fès 58213", phone="+212535000000"),
)
LINES: Sequence[tuple[Line, ...]] = (
    (line(),),
    (line("3.5", "19.999999", "10", unit="kg"), line(unit="jour")),
    (line(discount=Discount(percent=Decimal("12.5"))), line("7", "33.33", "10", unit="bidule")),
    (line("1", "1000000.00", discount=Discount(amount=Decimal("333.33"))),),
    (line(), line(rate="0", exemption="92-I-1"), line(rate="0", exemption="91-I-A-1", unit="m²")),
    (line(rate="0", exemption="94-I"),),
    (line("3", "0", "10", unit_price_incl=Decimal("71.43")), line("1", "0", unit_price_incl=Decimal(500))),
    (line("0.001", "0.01"), line("999", "0.000001", "10"), line("2", "10")),
    tuple(line(str(n), f"{n}.{n:02}", ("20", "10")[n % 2], description=f"Article {n}\nDétail") for n in range(1, 21)),
)
DISCOUNTS: Sequence[Discount | None] = (
    None,
    None,
    Discount(percent=Decimal("3.33")),
    Discount(amount=Decimal("0.01")),
    None,
)
MODES: Sequence[Method | None] = (
    *(None, "cash", "cheque", "transfer", "card", "bill_of_exchange", "direct_debit", "compensation", "other"),
    *("transfer", None),
)
LANGUAGES: Sequence[Language] = ("fr", "ar", "fr", "en")
REFERENCES: Sequence[dict[str, Any]] = (
    {},
    {"buyer_reference": "Service achats"},
    {"order_reference": "BC/2026/118", "metadata": {"order": "SHOP-118"}, "notes": "Merci.\nÀ bientôt."},
)
CORRECTIONS: Sequence[Callable[[Any], Issued] | None] = (
    *(None, None),
    lambda invoice: note(invoice)[0],
    None,
    lambda invoice: note(invoice, LineCredit(1, invoice.lines[0].quantity / 2))[0],
    None,
    lambda invoice: requested(invoice, DocumentAmount((invoice.totals.net / 3).quantize(CENT)))[0],
    None,
)


def pick(values: Sequence[T], number: int) -> T:
    return values[number % len(values)]


def document(number: int) -> Issued:
    """The document of this number. The lists have different lengths, so that values meet in many combinations."""
    seller, lines, mode = pick(SELLERS, number), pick(LINES, number), pick(MODES, number)
    if seller.regime in NO_VAT:
        lines = tuple(replace(each, vat_rate=Decimal(0), exemption=None) for each in lines)
    invoice = issued(
        *lines,
        seller=seller,
        buyer=pick(BUYERS, number),
        discount=pick(DISCOUNTS, number),
        payment_mode=mode,
        settlement=settlement_of(mode),
        language=pick(LANGUAGES, number),
        **pick(REFERENCES, number),
    )
    correct = pick(CORRECTIONS, number)
    return correct(invoice) if correct else invoice


DOCUMENTS = [document(number) for number in range(SIZE)]


def test_the_set_is_varied() -> None:
    assert len({each.hash for each in DOCUMENTS}) == SIZE
    assert sum(isinstance(each, CreditNote) for each in DOCUMENTS) == 28
    assert {each.payment_mode for each in DOCUMENTS} == set(MODES)
    assert {(each.seller.regime, each.language) for each in DOCUMENTS} == {
        (seller.regime, language) for seller in SELLERS for language in LANGUAGES
    }
    assert {share.rate for each in DOCUMENTS for share in each.totals.vat} == {Decimal(0), Decimal(10), Decimal(20)}
    assert {each.vat_basis for each in DOCUMENTS} == {"receipts", "invoices"}
    assert any(each.totals.stamp_duty for each in DOCUMENTS)


@pytest.mark.parametrize("number", range(SIZE))
def test_both_syntaxes_pass_the_official_rules_and_say_the_same(number: int) -> None:
    made = DOCUMENTS[number]
    ubl, cii = (each.data for each in attachments(made))
    assert refusals(ubl) == refusals(cii) == []
    loose = isinstance(made, CreditNote) or any(each.unit_price_incl is not None for each in made.lines)
    assert arithmetic(ubl, slack=CENT if loose else Decimal(0)) == []
    said, repeated = understood(ubl), understood(cii)
    if made.buyer.tax_id:
        assert repeated["BG-1"].pop() == {"BT-22": f"{made.buyer.name} : IF {made.buyer.tax_id}"}
        assert repeated["BG-7"].pop("tax_identifier", None) is None
    assert said == repeated


def _rounded() -> Invoice:
    return issued(line("1", "0", "10", unit_price_incl=Decimal("10.50")), discount=Discount(percent=Decimal(15)))


@pytest.mark.parametrize("credited", [False, True])
def test_a_rounding_is_stated(credited: bool) -> None:
    """BT-114: 8.12 + 0.81 − 0.01 = 8.92, on the invoice and on its credit note."""
    invoice = _rounded()
    made: Issued = note(invoice)[0] if credited else invoice
    ubl, cii = (each.data for each in attachments(made))
    assert refusals(ubl) == refusals(cii) == []
    assert arithmetic(ubl, slack=CENT) == []
    said, repeated = understood(ubl), understood(cii)
    assert said == repeated
    for tag in (b'<cbc:PayableRoundingAmount currencyID="MAD">-0.01<', b"<ram:RoundingAmount>-0.01<"):
        assert tag in ubl + cii
    rows = {row.kind: row.amount for row in issued_view(made, "en").totals}
    assert rows["rounding"] == formats.money(Decimal("-0.01"), "en")
    assert "rounding" not in {row.kind for row in issued_view(issued(line()), "en").totals}
