"""Write the e-invoice: an issued document as UBL 2.1 by EN 16931, with equal bytes for equal documents.

docs/adr/0027-ubl.md decides what the standard has no term for: stamp duty, withholding, and the scheme of the ICE. A
seller without any identifier still gets a file. It violates BR-CO-26, as its paper violates CGI art. 145-III.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from chalicelib.domain.companies.company import Address
from chalicelib.domain.documents.model import Buyer, Issued, Line, Seller
from chalicelib.domain.documents.registry import by_kind, corrected_by
from chalicelib.domain.documents.view import DocumentView
from chalicelib.domain.money import EXACT, ZERO, amount_text, cents, price_text, text
from chalicelib.domain.morocco.mentions import Translations
from chalicelib.domain.morocco.vat import exemption_wording
from chalicelib.render.labels import labels
from chalicelib.render.ubl_vat import VatBreakdown, category_of, groups_of
from chalicelib.render.units import PIECES, unit_code

SPECIFICATION: Final = "urn:cen.eu:en16931:2017"
_SCHEMA: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_CASH, _CREDIT_TRANSFER, _NOT_DEFINED, _DISCOUNT = "10", "30", "1", "95"  # UNTDID 4461 and 5189
_ROUNDING: Translations = {"fr": "Arrondi", "ar": "تقريب", "en": "Rounding"}
_UNIT: Translations = {"fr": "Unité", "ar": "الوحدة", "en": "Unit"}


@dataclass(frozen=True)
class _Syntax:
    """The element names that differ between an invoice and a credit note."""

    root: str
    line: str
    quantity: str


_INVOICE = _Syntax("Invoice", "InvoiceLine", "InvoicedQuantity")
_CREDIT_NOTE = _Syntax("CreditNote", "CreditNoteLine", "CreditedQuantity")


def code_of(document: Issued) -> str | None:
    """The type code (UNTDID 1001). A credit note has the one that the kind which it corrects gives to its credits."""
    corrected = corrected_by(document)
    return corrected.document_type.credit_code if corrected else by_kind(document.KIND).code


def write(document: Issued, view: DocumentView) -> bytes:
    """Return the e-invoice in UTF-8. `view` is the document's view in its own language, and its sentences become
    notes."""
    return _Writer(document, view).document()


def _child(parent: Element, name: str, value: str | None = None, **attributes: str) -> Element:
    child = SubElement(parent, name, attributes)
    if value is not None:
        # The API accepts no character that is replaced here. An unreadable file would be worse than a lost character.
        child.text = _NOT_XML.sub("\ufffd", value)
    return child


def _texts(parent: Element, *named: tuple[str, str | None]) -> None:
    """Append the elements with content. UBL has no empty elements."""
    for name, value in named:
        if value:
            _child(parent, f"cbc:{name}", value)


class _Writer:
    """One document. The methods follow the order of UBL's sequence."""

    def __init__(self, document: Issued, view: DocumentView) -> None:
        self._of, self._view = document, view
        self._language = document.language
        self._labels = labels(document.language)
        self._groups = groups_of(document)
        self._corrected = corrected_by(document)
        self._syntax = _CREDIT_NOTE if self._corrected else _INVOICE
        self._root = Element(
            self._syntax.root,
            {
                "xmlns": f"{_SCHEMA}{self._syntax.root}-2",
                "xmlns:cac": f"{_SCHEMA}CommonAggregateComponents-2",
                "xmlns:cbc": f"{_SCHEMA}CommonBasicComponents-2",
            },
        )

    def document(self) -> bytes:
        """Return the whole document."""
        self._head()
        self._seller(self._of.seller)
        self._buyer(self._of.buyer)
        self._payment()
        for group in self._groups:
            self._allowances(group)
        self._vat()
        self._totals()
        for number, line in enumerate(self._of.lines, 1):
            self._line(number, line)
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(self._root, encoding="unicode").encode()

    def _amount(self, parent: Element, name: str, value: Decimal) -> None:
        _child(parent, f"cbc:{name}", amount_text(value), currencyID=self._of.currency)

    def _head(self) -> None:
        of, root = self._of, self._root
        _texts(
            root,
            ("CustomizationID", SPECIFICATION),
            ("ID", of.number),
            ("IssueDate", of.issue_date.isoformat()),
            ("DueDate", None if self._corrected else of.due_date.isoformat()),
            (f"{self._syntax.root}TypeCode", code_of(of)),
            *(("Note", note) for note in self._notes()),
            ("DocumentCurrencyCode", of.currency),
        )
        if self._corrected:
            reference = _child(_child(root, "cac:BillingReference"), "cac:InvoiceDocumentReference")
            _child(reference, "cbc:ID", self._corrected.number)

    def _notes(self) -> Iterator[str]:
        view, of = self._view, self._of
        yield from (self._labels[f"mark.{mark}.long"] for mark in view.marks)
        yield from view.mentions
        for row in view.totals:
            if row.kind in ("withheld_vat", "withheld_fees"):
                yield f"{self._labels[f'total.{row.kind}']} : {row.amount}"
        yield view.amount_in_words
        for fact in view.facts:
            if fact.kind == "reason":
                yield f"{self._labels['fact.reason']} : {fact.value}"
        yield of.notes or ""

    def _address(self, party: Element, address: Address) -> None:
        postal = _child(party, "cac:PostalAddress")
        _texts(postal, ("StreetName", address.street), ("CityName", address.city), ("PostalZone", address.postal_code))
        _child(_child(postal, "cac:Country"), "cbc:IdentificationCode", address.country)

    def _contact(self, party: Element, of: Seller | Buyer) -> None:
        if of.phone or of.email:
            _texts(_child(party, "cac:Contact"), ("Telephone", of.phone), ("ElectronicMail", of.email))

    def _seller(self, seller: Seller) -> None:
        party = _child(_child(self._root, "cac:AccountingSupplierParty"), "cac:Party")
        if seller.ice:
            _child(_child(party, "cac:PartyIdentification"), "cbc:ID", seller.ice)
        self._address(party, seller.address)
        known = {"IF": seller.tax_id, "ICE": seller.ice, "TP": seller.business_tax, "RC": seller.trade_register}
        registered = next(((name, number) for name, number in known.items() if number), None)
        if registered:
            scheme = _child(party, "cac:PartyTaxScheme")
            _child(scheme, "cbc:CompanyID", registered[1])
            _child(_child(scheme, "cac:TaxScheme"), "cbc:ID", registered[0])
        entity = _child(party, "cac:PartyLegalEntity")
        number = seller.ice or seller.trade_register or (registered[1] if registered else None)
        _texts(
            entity, ("RegistrationName", seller.name), ("CompanyID", number), ("CompanyLegalForm", self._legal_form())
        )
        self._contact(party, seller)

    def _legal_form(self) -> str:
        """Return what the law requires of the seller besides name and tax number (BT-33): law 104-12 art. 58 and CGI
        art. 145-III."""
        seller = self._view.seller
        names = ("share_capital", "trade_register", "business_tax", "cnss")
        identifiers = [f"{self._labels[name]} {value}" for name in names if (value := getattr(seller, name))]
        return " – ".join([part for part in (seller.legal_form,) if part] + identifiers)

    def _buyer(self, buyer: Buyer) -> None:
        party = _child(_child(self._root, "cac:AccountingCustomerParty"), "cac:Party")
        if buyer.ice:
            _child(_child(party, "cac:PartyIdentification"), "cbc:ID", buyer.ice)
        self._address(party, buyer.address)
        entity = _child(party, "cac:PartyLegalEntity")
        number = buyer.ice or buyer.trade_register or buyer.tax_id
        _texts(entity, ("RegistrationName", buyer.name), ("CompanyID", number))
        self._contact(party, buyer)

    def _payment(self) -> None:
        """Add the day of the operation, then the means and term of payment. A credit note asks for no payment."""
        of, root = self._of, self._root
        if self._corrected:
            words = self._corrected.document_type.words.set_off
            _child(_child(root, "cac:PaymentTerms"), "cbc:Note", words[self._language] if words else None)
            return
        _child(_child(root, "cac:Delivery"), "cbc:ActualDeliveryDate", of.operation_date.isoformat())
        account = of.seller.rib if of.settlement != "cash" else None
        code = _IN_CASH if of.settlement == "cash" else _CREDIT_TRANSFER if account else _NOT_DEFINED
        means = _child(root, "cac:PaymentMeans")
        _texts(means, ("PaymentMeansCode", code), ("PaymentID", of.number))
        if account:
            _child(_child(means, "cac:PayeeFinancialAccount"), "cbc:ID", account)
        _child(_child(root, "cac:PaymentTerms"), "cbc:Note", self._view.payment_terms)

    def _allowance(
        self, parent: Element, reason: str, off: Decimal, *, percent: Decimal | None = None, base: Decimal = ZERO
    ) -> Element:
        """Add a reduction, or a charge when `off` is negative."""
        allowance = _child(parent, "cac:AllowanceCharge")
        _child(allowance, "cbc:ChargeIndicator", "false" if off > 0 else "true")
        _texts(
            allowance,
            ("AllowanceChargeReasonCode", _DISCOUNT if off > 0 else None),
            ("AllowanceChargeReason", reason),
            ("MultiplierFactorNumeric", text(percent) if percent is not None else None),
        )
        self._amount(allowance, "Amount", abs(off))
        if percent is not None:
            self._amount(allowance, "BaseAmount", base)
        return allowance

    def _allowances(self, group: VatBreakdown) -> None:
        """Add the group's part of the document's discount, and the stamp duty, which is a charge in EN 16931."""
        if group.reduction:
            percent = self._of.discount.percent if self._of.discount else None
            reason = self._labels["total.discount"]
            allowance = self._allowance(self._root, reason, group.reduction, percent=percent, base=group.lines)
            self._tax_category(allowance, "cac:TaxCategory", group.category, group.rate)
        if group.stamp:
            allowance = self._allowance(self._root, self._labels["total.stamp_duty"], -group.stamp)
            self._tax_category(allowance, "cac:TaxCategory", group.category, group.rate)

    def _tax_category(
        self, parent: Element, name: str, category: str, rate: Decimal, reasons: Sequence[str] = ()
    ) -> None:
        tax_category = _child(parent, name)
        percent = text(rate) if category != "O" else None  # BR-O-05: what is not subject to VAT has no rate
        reason = "; ".join(dict.fromkeys(reasons))
        _texts(tax_category, ("ID", category), ("Percent", percent), ("TaxExemptionReason", reason))
        _child(_child(tax_category, "cac:TaxScheme"), "cbc:ID", "VAT")

    def _vat(self) -> None:
        tax = _child(self._root, "cac:TaxTotal")
        self._amount(tax, "TaxAmount", self._of.totals.vat_total)
        for group in self._groups:
            part = _child(tax, "cac:TaxSubtotal")
            self._amount(part, "TaxableAmount", group.base)
            self._amount(part, "TaxAmount", group.tax)
            self._tax_category(part, "cac:TaxCategory", group.category, group.rate, group.reasons)

    def _totals(self) -> None:
        totals = self._of.totals
        total = _child(self._root, "cac:LegalMonetaryTotal")
        self._amount(total, "LineExtensionAmount", totals.lines)
        self._amount(total, "TaxExclusiveAmount", totals.net + totals.stamp_duty)
        self._amount(total, "TaxInclusiveAmount", totals.gross + totals.stamp_duty)
        optional = (
            ("AllowanceTotalAmount", totals.discount),
            ("ChargeTotalAmount", totals.stamp_duty),
            ("PrepaidAmount", totals.withheld),
        )
        for name, value in optional:
            if value:
                self._amount(total, name, value)
        self._amount(total, "PayableAmount", totals.payable)

    def _line(self, number: int, line: Line) -> None:
        element = _child(self._root, f"cac:{self._syntax.line}")
        _child(element, "cbc:ID", str(number))
        category = category_of(self._of, line.exemption)
        if category == "E":
            _child(element, "cbc:Note", exemption_wording(line.exemption or "", self._language))
        code = unit_code(line.unit)
        _child(element, f"cbc:{self._syntax.quantity}", text(line.quantity), unitCode=code or PIECES)
        net = line.net or ZERO
        self._amount(element, "LineExtensionAmount", net)
        listed = cents(EXACT.multiply(line.quantity, line.unit_price))
        if listed != net:
            percent = line.discount.percent if line.discount and listed > net else None
            reason = self._labels["column.discount"] if listed > net else _ROUNDING[self._language]
            self._allowance(element, reason, listed - net, percent=percent, base=listed)
        self._item(element, line, category, None if code else line.unit)
        price = _child(element, "cac:Price")
        _child(price, "cbc:PriceAmount", price_text(line.unit_price), currencyID=self._of.currency)

    def _item(self, parent: Element, line: Line, category: str, unit: str | None) -> None:
        """Add the item. A unit without a code becomes an attribute of the item (BG-32)."""
        item = _child(parent, "cac:Item")
        name = line.description.partition("\n")[0].strip() or line.description
        _texts(item, ("Description", line.description if name != line.description else None), ("Name", name))
        self._tax_category(item, "cac:ClassifiedTaxCategory", category, line.vat_rate)
        if unit:
            unit_property = _child(item, "cac:AdditionalItemProperty")
            _texts(unit_property, ("Name", _UNIT[self._language]), ("Value", unit))
