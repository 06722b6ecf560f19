"""E-invoices: every kind of document passes the official rules without a warning, and adds up to the centime."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from typing import Any, cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from chalicelib.domain.companies.company import Address, VatBasis
from chalicelib.domain.documents import issuing
from chalicelib.domain.documents.balance import Balance, fresh
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.crediting import CreditRequest, DocumentAmount, LineAmount, LineCredit
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Discount, Issued, Line
from chalicelib.domain.documents.numbering import current, opened
from chalicelib.domain.documents.payment_mode import Method, settlement_of
from chalicelib.domain.language import Language
from chalicelib.render import units
from chalicelib.render.einvoice_payment import CODES
from chalicelib.render.payload import payload
from chalicelib.render.typst_renderer import TypstRenderer
from chalicelib.services.documents.crediting import _note
from chalicelib.services.documents.einvoicing import attachments, e_invoice
from chalicelib.services.documents.view import issued_view
from tests.unit.render.en16931 import CENT, arithmetic, read, refusals
from tests.unit.samples import AT, DAY, company, customer, issued, line

RIB = "230780211111111111110054"
D = Decimal


def percent(value: str) -> Discount:
    return Discount(percent=D(value))


def note(invoice: Invoice, *wanted: LineCredit, balance: Balance | None = None) -> tuple[CreditNote, Balance]:
    """The credit note for `wanted`, or for all that is left, and the balance after it."""
    return requested(invoice, list(wanted) or None, balance)


def requested(invoice: Invoice, request: CreditRequest, balance: Balance | None = None) -> tuple[CreditNote, Balance]:
    """The credit note for a request, and the balance after it."""
    seller = company()
    series = opened(seller, current(seller, "credit_note"), DAY, AT)
    place = issuing.SeriesSlot(series=series, day=DAY, today=DAY, at=AT, salt=b"s" * 16, specimen=False)
    balance = balance or fresh(invoice)
    made, _, _, after = _note(invoice, balance, seller, place, request, "Retour", "crn_01")
    return made, after


def second_third(price: str) -> CreditNote:
    """The second of three equal credit notes of an invoice for three: it bears the centime that is over."""
    invoice = issued(line("3", price))
    _, balance = note(invoice, LineCredit(1, D(1)))
    return note(invoice, LineCredit(1, D(1)), balance=balance)[0]


def after_an_amount() -> CreditNote:
    """The credit of all that an amount of a line and an amount over the document left."""
    invoice = issued(line("3", "33.333333"), line("0.001", "999.9999", rate="10"), discount=percent("1"))
    _, balance = requested(invoice, [LineAmount(1, D("0.07"))])
    _, balance = requested(invoice, DocumentAmount(D("33.34")), balance)
    return note(invoice, balance=balance)[0]


def exempt(article: str = "92-I-1", **changes: Any) -> Line:
    return line(rate="0", exemption=article, **changes)


def every_unit() -> Invoice:
    return issued(*(line(unit=word) for word in units._CODES))


SOLE = company(regime="auto_entrepreneur", person="individual", legal_form=None)
DOCUMENTS: dict[str, Callable[[], Issued]] = {
    "plain": issued,
    "complete": lambda: issued(
        line(description="Conseil\n\nAtelier <de> cadrage & suivi", unit="jours", discount=percent("12.5")),
        line("3.5", "19.999999", "10", unit="kg", discount=Discount(amount=D("1.01"))),
        discount=percent("3.33"),
        notes="Merci.\nÀ bientôt.",
        seller=company(
            rib=RIB,
            share_capital=D(100000),
            cnss="1234567",
            email="contact@atlas.example",
            phone="+212522000000",
            address=Address(street="12 rue Ibn Batouta", city="Casablanca", postal_code="20000"),
        ),
        buyer=customer(email="achats@client.example", phone="+212535000000"),
    ),
    "amount off": lambda: issued(line(), line(rate="10"), exempt(), discount=Discount(amount=D("100.01"))),
    "two articles": lambda: issued(line(), exempt("91-I-A-1"), exempt("94-I"), exempt("91-I-A-1")),
    "all exempt": lambda: issued(exempt(), discount=percent("100")),
    "cash": lambda: issued(line(), settlement="cash"),
    "cash and exempt": lambda: issued(line(), exempt(), settlement="cash", discount=percent("7")),
    "reverse charge": lambda: issued(line(rate="0"), exempt(), reverse_charge=True),
    "reverse charge in cash": lambda: issued(line(rate="0"), reverse_charge=True, settlement="cash"),
    "auto-entrepreneur": lambda: issued(line(rate="0"), seller=SOLE, settlement="cash", discount=percent("5")),
    "cpu": lambda: issued(line(rate="0"), exempt(), seller=replace(SOLE, regime="cpu", rib=RIB)),
    "withheld": lambda: issued(line("1", "10000"), buyer=customer(kind="public_body", withholder="public_body")),
    "arabic": lambda: issued(line(description="استشارة"), exempt(), language="ar", settlement="cash"),
    "english": lambda: issued(line(rate="0"), language="en", reverse_charge=True),
    "little known": lambda: issued(
        seller=company(ice=None, tax_id=None, legal_form=None),
        buyer=customer(kind="consumer", ice=None, name="X", address=Address()),
    ),
    "trade register only": lambda: issued(
        line(rate="0"),
        reverse_charge=True,
        seller=company(ice=None, tax_id=None, business_tax=None),
        buyer=customer(ice=None, ice_missing_reason="étranger", trade_register="77", address=Address(country="FR")),
    ),
    "every unit": every_unit,
    "references": lambda: issued(buyer_reference="Service achats", order_reference="BC-2026-118"),
    "electronic address": lambda: issued(seller=company(electronic_address="factures@atlas.example")),
    "credited": lambda: note(issued(line(), exempt(), discount=percent("9"), settlement="cash"))[0],
    "credited in part": lambda: note(issued(line("3", "33.333333"), discount=percent("1")), LineCredit(1, D(2)))[0],
    "a centime more": lambda: second_third("33.333333"),
    "a centime less": lambda: second_third("33.336667"),
    "credited, withheld": lambda: note(
        issued(line(), buyer=customer(kind="public_body", withholder="public_body")), LineCredit(1, D(1))
    )[0],
    "an amount credited": lambda: requested(
        issued(line("1", "1000000", unit="jours"), exempt(), discount=percent("7.77")),
        [LineAmount(1, D("333.33")), LineAmount(2, CENT)],
    )[0],
    "credited over the document": lambda: requested(
        issued(line(), line(rate="10"), exempt(), exempt("91"), discount=percent("9"), settlement="cash"),
        DocumentAmount(D("333.33")),
    )[0],
    "credited over the document, in Arabic": lambda: requested(
        issued(line(rate="0"), seller=SOLE, language="ar"), DocumentAmount(D("333.33"))
    )[0],
    "the rest after an amount": after_an_amount,
    "credited, not subject": lambda: note(issued(line(rate="0"), seller=SOLE))[0],
    "credited, reversed": lambda: note(issued(line(rate="0"), reverse_charge=True))[0],
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_official_rules_find_nothing(name: str) -> None:
    assert refusals(e_invoice(DOCUMENTS[name]())) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_adds_up_to_the_centime(name: str) -> None:
    document = DOCUMENTS[name]()
    xml = e_invoice(document)
    assert arithmetic(xml, slack=CENT if isinstance(document, CreditNote) else D(0)) == []
    it, totals = read(xml), document.totals
    assert it.amount("cac:LegalMonetaryTotal/cbc:PayableAmount") == totals.payable
    assert it.amount("cac:LegalMonetaryTotal/cbc:PrepaidAmount") == totals.withheld
    assert it.amount("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount") == totals.gross + totals.stamp_duty
    assert it.amount("cac:TaxTotal/cbc:TaxAmount") == totals.vat_total


cents = st.decimals(min_value=D("0.01"), max_value=D("9999.99"), places=2)
lines = st.builds(
    lambda quantity, price, off, kind: line(quantity, price, discount=percent(off), **kind),
    st.decimals(min_value=D("0.001"), max_value=D(99), places=3).map(str),
    st.decimals(min_value=D("0.000001"), max_value=D("999.999999"), places=6).map(str),
    st.sampled_from(["0", "3.33", "50", "99.99"]),
    st.sampled_from(
        [{"rate": "20"}, {"rate": "10"}, {"rate": "0", "exemption": "92-I-1"}, {"rate": "0", "exemption": "91"}]
    ),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(lines, min_size=1, max_size=6),
    off=st.sampled_from(["0", "0.5", "3.33", "33.33"]),
    settlement=st.sampled_from(["cash", "other"]),
    parts=st.integers(1, 4),
    data=st.data(),
)
def test_any_invoice_and_its_credit_notes_are_accepted(
    lines: list[Line], off: str, settlement: str, parts: int, data: st.DataObject
) -> None:
    """However an invoice is cut, each of its e-invoices adds up, and the credit notes' add up to the invoice's."""
    invoice = issued(*lines, discount=percent(off), settlement=settlement)
    xml = e_invoice(invoice)
    assert arithmetic(xml) == []
    assert refusals(xml) == []
    balance, payable = fresh(invoice), D(0)
    for _ in range(parts):
        if request := drawn(data, invoice, balance):
            made, balance = requested(invoice, request, balance)
            payable += _accepted(made)
    if any(quantity for quantity, _ in balance_left(invoice, balance)):
        made, balance = note(invoice, balance=balance)
        payable += _accepted(made)
    assert payable == invoice.totals.payable


def drawn(data: st.DataObject, invoice: Invoice, balance: Balance) -> CreditRequest:
    """A request for a third or all of what is left: a quantity or an amount of a line, or an amount over the document.
    None if nothing is left of it."""
    way = data.draw(st.sampled_from(["quantity", "amount", "document"]))
    complete = data.draw(st.booleans())
    number = data.draw(st.integers(1, len(invoice.lines)))
    quantity, net = balance_left(invoice, balance)[number - 1]
    if way == "quantity":
        part = quantity if complete else (quantity / 3).quantize(D("0.001"))
        return [LineCredit(number, part)] if part else None
    left = net if way == "amount" else invoice.totals.net - sum((share.base for share in balance.vat), D(0))
    amount = left if complete else (left / 3).quantize(CENT)
    if not amount:
        return None
    return [LineAmount(number, amount)] if way == "amount" else DocumentAmount(amount)


def balance_left(invoice: Invoice, balance: Balance) -> list[tuple[Decimal, Decimal]]:
    """The quantity and the net of each line that are not credited yet."""
    done = {part.line: (part.quantity, part.net) for part in balance.lines}
    pairs = ((each, *done.get(number, (D(0), D(0)))) for number, each in enumerate(invoice.lines, 1))
    return [(each.quantity - quantity, (each.net or D(0)) - net) for each, quantity, net in pairs]


def _accepted(made: CreditNote) -> Decimal:
    xml = e_invoice(made)
    assert arithmetic(xml, slack=CENT) == []
    assert refusals(xml) == []
    return read(xml).amount("cac:LegalMonetaryTotal/cbc:PayableAmount")


def test_a_broken_file_is_refused_by_both_readers() -> None:
    xml = e_invoice(DOCUMENTS["complete"]())
    broken = re.sub(rb"(<cbc:TaxExclusiveAmount[^>]*>)\d+", rb"\g<1>1", xml)
    assert "BR-CO-13" in arithmetic(broken)
    assert any("BR-CO-13" in said for said in refusals(broken))
    assert refusals(xml.replace(b"cbc:DueDate", b"cbc:Due"))


def test_a_seller_who_gave_no_number_breaks_two_rules_and_no_others() -> None:
    nobody = company(ice=None, tax_id=None, business_tax=None, trade_register=None)
    found = refusals(e_invoice(issued(seller=nobody)))
    assert {said.partition("]")[0] for said in found} == {"[BR-CO-26", "[BR-S-02"}


def test_the_content_of_an_invoice() -> None:
    it = read(e_invoice(DOCUMENTS["complete"]()))
    seller, buyer = (
        it.all("cac:AccountingSupplierParty/cac:Party")[0],
        it.all("cac:AccountingCustomerParty/cac:Party")[0],
    )
    assert it.text("cbc:CustomizationID") == "urn:cen.eu:en16931:2017"
    assert [it.text(f"cbc:{name}") for name in ("ID", "IssueDate", "DueDate", "InvoiceTypeCode")] == [
        "FA-2026-00001",
        "2026-11-23",
        "2027-01-22",
        "380",
    ]
    assert it.text("cac:PartyIdentification/cbc:ID", seller) == it.text("cac:PartyLegalEntity/cbc:CompanyID", seller)
    assert it.text("cac:PartyIdentification/cbc:ID", buyer) == "002136093000040"
    assert it.text("cac:PartyTaxScheme/cbc:CompanyID", seller) == "12345678"
    assert it.text("cac:PartyTaxScheme/cac:TaxScheme/cbc:ID", seller) == "IF"
    assert it.text("cac:PartyLegalEntity/cbc:CompanyLegalForm", seller) == (
        "SARL – Capital 100\u202f000\u00a0MAD – RC 123456 – TP 34567890 – CNSS 1234567"
    )
    assert it.text("cac:PostalAddress/cac:Country/cbc:IdentificationCode", seller) == "MA"
    assert not it.all("cac:Contact", buyer)
    assert it.text("cac:PaymentMeans/cbc:PaymentMeansCode") == "30"
    assert it.text("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID") == RIB
    assert it.text("cac:Delivery/cbc:ActualDeliveryDate") == "2026-11-23"
    assert any(text.startswith("Arrêtée la présente facture à la somme de") for text in it.texts("cbc:Note"))
    assert "Merci.\nÀ bientôt." in it.texts("cbc:Note")
    first, second = it.lines
    assert it.text("cac:Item/cbc:Name", first) == "Conseil"
    assert it.text("cac:Item/cbc:Description", first) == "Conseil\n\nAtelier <de> cadrage & suivi"
    assert [it.all("cbc:InvoicedQuantity", each)[0].get("unitCode") for each in (first, second)] == ["DAY", "KGM"]
    assert it.text("cac:AllowanceCharge/cbc:MultiplierFactorNumeric", first) == "12.5"


def test_a_document_of_before_keeps_the_contact_that_it_froze() -> None:
    before = DOCUMENTS["complete"]()
    before = replace(before, buyer=replace(before.buyer, email="achats@client.example", phone="+212535000000"))
    xml = e_invoice(before)
    it = read(xml)
    (buyer,) = it.all("cac:AccountingCustomerParty/cac:Party")
    assert it.text("cac:Contact/cbc:ElectronicMail", buyer) == "achats@client.example"
    assert it.text("cac:Contact/cbc:Telephone", buyer) == "+212535000000"
    assert refusals(xml) == []


def test_a_credit_note_names_its_invoice_and_asks_for_no_payment() -> None:
    it = read(e_invoice(DOCUMENTS["credited in part"]()))
    assert it.root.tag.endswith("CreditNote")
    assert it.text("cbc:CreditNoteTypeCode") == "381"
    assert it.text("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == "FA-2026-00001"
    assert "Motif : Retour" in it.texts("cbc:Note")
    assert not it.all("cac:PaymentMeans/cac:PayeeFinancialAccount")
    assert not it.all("cac:PaymentMeans/cbc:PaymentID")
    assert not it.all("cbc:DueDate")
    assert it.all("cac:PaymentTerms/cbc:Note")


@pytest.mark.parametrize(("mode", "code"), [(None, "1"), *CODES.items()])
def test_a_credit_note_states_the_mode_of_payment(mode: Method | None, code: str) -> None:
    made = note(issued(seller=company(rib=RIB), payment_mode=mode, settlement=settlement_of(mode)))[0]
    ubl, cii = (each.data for each in attachments(made))
    assert refusals(ubl) == refusals(cii) == []
    assert read(ubl).texts("cac:PaymentMeans/cbc:PaymentMeansCode") == [code]
    means = "SpecifiedTradeSettlementPaymentMeans"
    assert f"<ram:{means}><ram:TypeCode>{code}</ram:TypeCode></ram:{means}>" in cii.decode()
    for earlier in attachments(replace(made, einvoice_edition=None)):
        assert b"PaymentMeans" not in earlier.data


@pytest.mark.parametrize(
    ("language", "terms"),
    [("fr", "Au comptant, en espèces."), ("ar", "يؤدى نقدا في الحال."), ("en", "Payable at once, in cash.")],
)
def test_a_cash_invoice_is_due_at_once_as_its_page_says(language: Language, terms: str) -> None:
    made = issued(payment_mode="cash", settlement="cash", language=language)
    ubl, cii = (each.data for each in attachments(made))
    assert refusals(ubl) == refusals(cii) == []
    assert read(ubl).texts("cac:PaymentTerms/cbc:Note") == [terms]
    assert not read(ubl).all("cbc:DueDate")
    assert f"<ram:Description>{terms}</ram:Description></ram:SpecifiedTradePaymentTerms>" in cii.decode()
    assert b"DueDateDateTime" not in cii
    assert b"78-3" not in ubl + cii


def test_a_cash_invoice_of_the_first_edition_states_its_due_date() -> None:
    made = replace(issued(payment_mode="cash", settlement="cash"), einvoice_edition=None)
    it = read(e_invoice(made))
    assert it.texts("cbc:DueDate") == [made.due_date.isoformat()]
    assert it.text("cac:PaymentTerms/cbc:Note").startswith("À régler au plus tard le ")
    assert any("78-3" in each for each in it.texts("cbc:Note"))


def test_one_group_for_all_that_is_exempt_and_a_reason_on_each_line() -> None:
    it = read(e_invoice(DOCUMENTS["two articles"]()))
    reasons = it.texts("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:TaxExemptionReason")
    assert [reason.split("; ") for reason in reasons] == [
        [
            "Vente en exonération de la TVA en vertu de l'article 91-I-A-1° du CGI",
            "Vente en suspension de la TVA en vertu de l'article 94-I du CGI",
        ]
    ]
    assert [len(it.all("cbc:Note", each)) for each in it.lines] == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("name", "categories"),
    [
        ("plain", ["S"]),
        ("two articles", ["S", "E"]),
        ("cash", ["S", "E"]),
        ("reverse charge", ["AE", "E"]),
        ("auto-entrepreneur", ["O"]),
        ("cpu", ["O"]),
        ("credited, not subject", ["O"]),
        ("credited, reversed", ["AE"]),
    ],
)
def test_categories(name: str, categories: list[str]) -> None:
    it = read(e_invoice(DOCUMENTS[name]()))
    assert it.texts("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:ID") == categories


def test_stamp_duty_is_a_charge_and_withholding_is_a_note() -> None:
    it = read(e_invoice(DOCUMENTS["cash"]()))
    assert it.text("cac:AllowanceCharge/cbc:ChargeIndicator") == "true"
    assert it.amount("cac:AllowanceCharge/cbc:Amount") == D("9.00")
    assert it.text("cac:PaymentMeans/cbc:PaymentMeansCode") == "10"
    it = read(e_invoice(DOCUMENTS["withheld"]()))
    assert it.texts("cac:LegalMonetaryTotal/cbc:PrepaidAmount") == []
    assert it.amount("cac:LegalMonetaryTotal/cbc:PayableAmount") == D("12000.00")
    expected = "Retenue à la source attendue au paiement, selon la réglementation : TVA 1\u202f500,00\u00a0MAD"
    assert expected in it.texts("cbc:Note")


@pytest.mark.parametrize(("name", "charge"), [("a centime more", "true"), ("a centime less", "false")])
def test_the_rounding_of_a_credit_note_is_stated(name: str, charge: str) -> None:
    it = read(e_invoice(DOCUMENTS[name]()))
    assert it.text("cac:AllowanceCharge/cbc:ChargeIndicator", it.lines[0]) == charge
    assert it.amount("cac:AllowanceCharge/cbc:Amount", it.lines[0]) == CENT


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        (None, "C62"),
        ("", "C62"),
        ("unité(s)", "C62"),
        ("Jours", "DAY"),
        ("day", "DAY"),
        ("يوم", "DAY"),
        ("h", "HUR"),
        ("Heures", "HUR"),
        ("mois", "MON"),
        ("Kg.", "KGM"),
        ("m²", "MTK"),
        ("mètres  carrés", "MTK"),
        ("kWh", "KWH"),
        ("pcs", "H87"),
        ("boîtes", "XBX"),
        ("Trimestre", "QAN"),
        ("hectares", "H18"),
        ("mètres linéaires", "LM"),
        ("t.km", "TKM"),
        ("Personnes", "IE"),
        ("caisse", "XCS"),
        ("صندوق", "XCS"),
        ("BOITE", "XBX"),
        ("Metre carre", "MTK"),
        ("ساعه", "HUR"),
        ("ml", None),
        ("mo", None),
        ("bidule", None),
    ],
)
def test_units(unit: str | None, code: str | None) -> None:
    assert units.unit_code(unit) == code


def test_a_unit_without_a_code_becomes_an_attribute() -> None:
    it = read(e_invoice(issued(line(unit="bidule"))))
    assert it.all("cbc:InvoicedQuantity", it.lines[0])[0].get("unitCode") == "C62"
    assert it.text("cac:Item/cac:AdditionalItemProperty/cbc:Value", it.lines[0]) == "bidule"


@pytest.mark.parametrize(
    ("mode", "rib", "code", "account"),
    [
        ("cash", RIB, "10", None),
        ("cheque", RIB, "20", None),
        ("transfer", RIB, "30", RIB),
        ("transfer", None, "42", None),
        ("card", RIB, "48", None),
        ("bill_of_exchange", RIB, "24", None),
        ("direct_debit", RIB, "49", None),
        ("compensation", RIB, "97", None),
        ("other", RIB, "ZZZ", None),
        (None, RIB, "30", RIB),
        (None, None, "1", None),
    ],
)
def test_the_mode_of_payment(mode: Method | None, rib: str | None, code: str, account: str | None) -> None:
    xml = e_invoice(issued(seller=company(rib=rib), payment_mode=mode, settlement=settlement_of(mode)))
    it = read(xml)
    assert refusals(xml) == []
    assert it.text("cac:PaymentMeans/cbc:PaymentMeansCode") == code
    assert it.texts("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID") == ([account] if account else [])


@pytest.mark.parametrize(
    ("basis", "ubl", "cii"), [("receipts", ["432"], "72"), ("invoices", ["3"], "5"), (None, [], None)]
)
def test_when_the_tva_is_due(basis: VatBasis | None, ubl: list[str], cii: str | None) -> None:
    made = replace(issued(line(), line(rate="10"), exempt()), vat_basis=basis)
    as_ubl, as_cii = (each.data for each in attachments(made))
    assert refusals(as_ubl) == refusals(as_cii) == []
    assert read(as_ubl).texts("cac:InvoicePeriod/cbc:DescriptionCode") == ubl
    assert set(re.findall(r"DueDateTypeCode>(\d+)<", as_cii.decode())) == ({cii} if cii else set())


def test_a_seller_outside_the_tva_states_no_day_for_it() -> None:
    assert b"InvoicePeriod" not in e_invoice(replace(DOCUMENTS["auto-entrepreneur"](), vat_basis="receipts"))


def test_every_mode_of_payment_has_a_code() -> None:
    assert set(CODES) == set(get_args(Method))


def test_the_electronic_address_is_the_declared_one_or_the_e_mail_address() -> None:
    def endpoint(**seller: str) -> list[tuple[str | None, str | None]]:
        it = read(e_invoice(issued(seller=company(**seller))))
        found = it.all("cac:AccountingSupplierParty/cac:Party/cbc:EndpointID")
        return [(each.text, each.get("schemeID")) for each in found]

    mail, declared = "contact@atlas.example", "factures@atlas.example"
    assert endpoint(email=mail, electronic_address=declared) == [(declared, "EM")]
    assert endpoint(email=mail) == [(mail, "EM")]
    assert endpoint() == []
    earlier = issued(seller=company(email=mail))
    earlier = replace(earlier, seller=replace(earlier.seller, electronic_address=None))
    assert b"EndpointID" not in e_invoice(earlier)


def test_the_buyers_tax_number_is_beside_the_ice() -> None:
    ubl, cii = (each.data for each in attachments(issued(buyer=customer(tax_id="40211587"))))
    assert refusals(ubl) == refusals(cii) == []
    (buyer,) = read(ubl).all("cac:AccountingCustomerParty/cac:Party")
    assert read(ubl).text("cac:PartyIdentification/cbc:ID", buyer) == "002136093000040"
    assert read(ubl).text("cac:PartyTaxScheme/cbc:CompanyID", buyer) == "40211587"
    assert read(ubl).text("cac:PartyTaxScheme/cac:TaxScheme/cbc:ID", buyer) == "IF"
    assert "Client Exemple : IF 40211587" in cii.decode()


def test_an_e_invoice_of_the_first_edition_stays_as_it_was() -> None:
    """An earlier version issued the document: what it did not know is not added to what the buyer has got."""
    made = issued(line(unit="flacon"), buyer=customer(tax_id="40211587"))
    earlier = replace(made, einvoice_edition=None)
    it = read(e_invoice(earlier))
    assert it.all("cbc:InvoicedQuantity", it.lines[0])[0].get("unitCode") == "C62"
    assert it.text("cac:Item/cac:AdditionalItemProperty/cbc:Value", it.lines[0]) == "flacon"
    assert not it.all("cac:AccountingCustomerParty/cac:Party/cac:PartyTaxScheme")
    assert refusals(e_invoice(earlier)) == refusals(attachments(earlier)[1].data) == []


def test_a_credit_note_states_the_day_of_its_invoice() -> None:
    made = second_third("10.00")
    day = "cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate"
    assert read(e_invoice(made)).texts(day) == ["2026-11-23"]
    assert read(e_invoice(replace(made, invoice_date=None))).texts(day) == []


def test_a_specimen_says_so_first() -> None:
    it = read(e_invoice(replace(issued(), specimen=True)))
    assert it.texts("cbc:Note")[0] == "Spécimen, sans valeur"


@settings(max_examples=30, deadline=None)
@given(text=st.text(min_size=1, max_size=60))
def test_any_text_leaves_the_file_readable(text: str) -> None:
    """The API refuses what XML cannot say; were it to arrive by another way, the file still opens."""
    xml = e_invoice(issued(line(description=f"x{text}"), notes=f"x{text}"))
    assert xml == e_invoice(issued(line(description=f"x{text}"), notes=f"x{text}"))
    assert any(said.startswith("x") for said in read(xml).texts("cbc:Note"))


def test_control_characters_are_replaced() -> None:
    xml = e_invoice(issued(line(description="a\x00b\x0b\uffff"), notes="]]><!-- \x1b --> &amp; \U0001f600"))
    it = read(xml)
    assert it.text("cac:Item/cbc:Name", it.lines[0]) == "a\ufffdb\ufffd\ufffd"
    assert "]]><!-- \ufffd --> &amp; \U0001f600" in it.texts("cbc:Note")


def test_equal_documents_give_equal_bytes_with_the_usual_prefixes() -> None:
    xml = e_invoice(DOCUMENTS["complete"]())
    assert xml == e_invoice(DOCUMENTS["complete"]())
    assert xml.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice xmlns="urn:oasis:names:')


RENDERER = TypstRenderer()


@pytest.mark.parametrize("name", ["complete", "arabic", "credited"])
def test_the_page_carries_it(name: str) -> None:
    document = DOCUMENTS[name]()
    carried = attachments(document)[0]
    made = RENDERER.render(issued_view(document, "fr"), attachments=[carried])
    reader = PdfReader(BytesIO(made))
    assert reader.attachments == {f"{document.number}.xml": [e_invoice(document)]}
    (file,) = cast(Any, reader.trailer["/Root"])["/AF"]
    assert file.get_object()["/AFRelationship"] == "/Alternative"


def test_a_number_with_slashes_names_a_file() -> None:
    assert attachments(replace(issued(), number="2026/11/0001"))[0].name == "2026-11-0001.xml"


@pytest.mark.parametrize(
    ("language", "label", "payment"),
    [
        ("fr", "Facture d’origine", "À imputer sur la facture d'origine ou à rembourser."),
        ("en", "Original invoice", "To be set off against the original invoice, or refunded."),
    ],
)
def test_a_credit_note_names_what_it_corrects_in_the_words_of_that_kind(
    language: Language, label: str, payment: str
) -> None:
    document = replace(second_third("10.00"), language=language)
    facts = {fact["label"]: fact["text"] for fact in payload(issued_view(document, language))["facts"]}
    assert facts[label] == document.invoice_number
    assert payment in e_invoice(document).decode()
