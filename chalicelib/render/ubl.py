"""Write an e-invoice as UBL 2.1, with equal bytes for equal values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element

from chalicelib.domain.companies.company import Address, VatBasis
from chalicelib.domain.money import amount_text, price_text, text
from chalicelib.render.einvoice import E_MAIL, SPECIFICATION, Allowance, EInvoice, EInvoiceLine, TradeParty
from chalicelib.render.elements import child, texts, written

_SCHEMA: Final = "urn:oasis:names:specification:ubl:schema:xsd:"


_VAT_DUE: Final[Mapping[VatBasis, str]] = {"invoices": "3", "receipts": "432"}
"""BT-8 by UNTDID 2005: the day of issue, or the day of payment."""


@dataclass(frozen=True)
class _Names:
    """The element names that differ between an invoice and a credit note."""

    root: str
    line: str
    quantity: str


_INVOICE = _Names("Invoice", "InvoiceLine", "InvoicedQuantity")
_CREDIT_NOTE = _Names("CreditNote", "CreditNoteLine", "CreditedQuantity")


def write(values: EInvoice) -> bytes:
    """Return the e-invoice in UTF-8."""
    return _Writer(values).document()


class _Writer:
    """One document. The methods follow the order of UBL's sequence."""

    def __init__(self, values: EInvoice) -> None:
        self._of = values
        self._names = _CREDIT_NOTE if values.credit_note else _INVOICE
        self._root = Element(
            self._names.root,
            {
                "xmlns": f"{_SCHEMA}{self._names.root}-2",
                "xmlns:cac": f"{_SCHEMA}CommonAggregateComponents-2",
                "xmlns:cbc": f"{_SCHEMA}CommonBasicComponents-2",
            },
        )

    def document(self) -> bytes:
        """Return the whole document."""
        self._head()
        self._party("cac:AccountingSupplierParty", self._of.seller)
        self._party("cac:AccountingCustomerParty", self._of.buyer)
        self._payment()
        for allowance in self._of.allowances:
            element = self._allowance(self._root, allowance)
            self._tax_category(element, "cac:TaxCategory", allowance.category, allowance.rate)
        self._vat()
        self._totals()
        for line in self._of.lines:
            self._line(line)
        return written(self._root)

    def _amount(self, parent: Element, name: str, value: Decimal) -> None:
        child(parent, name, amount_text(value), currencyID=self._of.currency)

    def _head(self) -> None:
        of, root = self._of, self._root
        texts(
            root,
            ("cbc:CustomizationID", SPECIFICATION),
            ("cbc:ID", of.number),
            ("cbc:IssueDate", of.issued.isoformat()),
            ("cbc:DueDate", of.due.isoformat() if of.due else None),
            (f"cbc:{self._names.root}TypeCode", of.type_code),
            *(("cbc:Note", note) for note in of.notes),
            ("cbc:DocumentCurrencyCode", of.currency),
            ("cbc:BuyerReference", of.buyer_reference),
        )
        if of.vat_due:
            child(child(root, "cac:InvoicePeriod"), "cbc:DescriptionCode", _VAT_DUE[of.vat_due])
        if of.order_reference:
            child(child(root, "cac:OrderReference"), "cbc:ID", of.order_reference)
        if of.original:
            reference = child(child(root, "cac:BillingReference"), "cac:InvoiceDocumentReference")
            number, day = of.original
            texts(reference, ("cbc:ID", number), ("cbc:IssueDate", day.isoformat() if day else None))

    def _party(self, role: str, of: TradeParty) -> None:
        party = child(child(self._root, role), "cac:Party")
        if of.electronic:
            child(party, "cbc:EndpointID", of.electronic, schemeID=E_MAIL)
        if of.identifier:
            child(child(party, "cac:PartyIdentification"), "cbc:ID", of.identifier)
        self._address(party, of.address)
        if of.registration:
            scheme = child(party, "cac:PartyTaxScheme")
            child(scheme, "cbc:CompanyID", of.registration[1])
            child(child(scheme, "cac:TaxScheme"), "cbc:ID", of.registration[0])
        texts(
            child(party, "cac:PartyLegalEntity"),
            ("cbc:RegistrationName", of.name),
            ("cbc:CompanyID", of.legal_number),
            ("cbc:CompanyLegalForm", of.legal_form),
        )
        if of.phone or of.email:
            contact = child(party, "cac:Contact")
            texts(contact, ("cbc:Telephone", of.phone), ("cbc:ElectronicMail", of.email))

    def _address(self, party: Element, address: Address) -> None:
        postal = child(party, "cac:PostalAddress")
        texts(
            postal,
            ("cbc:StreetName", address.street),
            ("cbc:CityName", address.city),
            ("cbc:PostalZone", address.postal_code),
        )
        child(child(postal, "cac:Country"), "cbc:IdentificationCode", address.country)

    def _payment(self) -> None:
        """Add the day of the operation, then the means and term of payment."""
        of, root = self._of, self._root
        if of.delivered:
            child(child(root, "cac:Delivery"), "cbc:ActualDeliveryDate", of.delivered.isoformat())
        if of.means:
            means = child(root, "cac:PaymentMeans")
            texts(means, ("cbc:PaymentMeansCode", of.means.code), ("cbc:PaymentID", of.means.reference))
            if of.means.account:
                child(child(means, "cac:PayeeFinancialAccount"), "cbc:ID", of.means.account)
        child(child(root, "cac:PaymentTerms"), "cbc:Note", of.terms)

    def _allowance(self, parent: Element, of: Allowance) -> Element:
        allowance = child(parent, "cac:AllowanceCharge")
        child(allowance, "cbc:ChargeIndicator", "true" if of.charge else "false")
        texts(
            allowance,
            ("cbc:AllowanceChargeReasonCode", of.code),
            ("cbc:AllowanceChargeReason", of.reason),
            ("cbc:MultiplierFactorNumeric", text(of.percent) if of.percent is not None else None),
        )
        self._amount(allowance, "cbc:Amount", abs(of.off))
        if of.percent is not None:
            self._amount(allowance, "cbc:BaseAmount", of.base)
        return allowance

    def _tax_category(
        self, parent: Element, name: str, category: str, rate: Decimal, reasons: Sequence[str] = ()
    ) -> None:
        tax_category = child(parent, name)
        percent = text(rate) if category != "O" else None  # BR-O-05: what is not subject to VAT has no rate
        reason = "; ".join(dict.fromkeys(reasons))
        texts(tax_category, ("cbc:ID", category), ("cbc:Percent", percent), ("cbc:TaxExemptionReason", reason))
        child(child(tax_category, "cac:TaxScheme"), "cbc:ID", "VAT")

    def _vat(self) -> None:
        tax = child(self._root, "cac:TaxTotal")
        self._amount(tax, "cbc:TaxAmount", self._of.vat)
        for group in self._of.groups:
            part = child(tax, "cac:TaxSubtotal")
            self._amount(part, "cbc:TaxableAmount", group.base)
            self._amount(part, "cbc:TaxAmount", group.tax)
            self._tax_category(part, "cac:TaxCategory", group.category, group.rate, group.reasons)

    def _totals(self) -> None:
        of = self._of
        total = child(self._root, "cac:LegalMonetaryTotal")
        self._amount(total, "cbc:LineExtensionAmount", of.line_total)
        self._amount(total, "cbc:TaxExclusiveAmount", of.net)
        self._amount(total, "cbc:TaxInclusiveAmount", of.gross)
        optional = (
            ("cbc:AllowanceTotalAmount", of.allowance_total),
            ("cbc:ChargeTotalAmount", of.charge_total),
            ("cbc:PrepaidAmount", of.prepaid),
        )
        for name, value in optional:
            if value:
                self._amount(total, name, value)
        self._amount(total, "cbc:PayableAmount", of.payable)

    def _line(self, of: EInvoiceLine) -> None:
        element = child(self._root, f"cac:{self._names.line}")
        texts(element, ("cbc:ID", str(of.number)), ("cbc:Note", of.note))
        child(element, f"cbc:{self._names.quantity}", text(of.quantity), unitCode=of.unit)
        self._amount(element, "cbc:LineExtensionAmount", of.net)
        if of.allowance:
            self._allowance(element, of.allowance)
        item = child(element, "cac:Item")
        texts(item, ("cbc:Description", of.description), ("cbc:Name", of.name))
        self._tax_category(item, "cac:ClassifiedTaxCategory", of.category, of.rate)
        if of.unit_name:
            unit_property = child(item, "cac:AdditionalItemProperty")
            texts(unit_property, ("cbc:Name", of.unit_name[0]), ("cbc:Value", of.unit_name[1]))
        child(child(element, "cac:Price"), "cbc:PriceAmount", price_text(of.price), currencyID=self._of.currency)
