"""Write an e-invoice as UBL 2.1, with equal bytes for equal values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chalicelib.domain.companies.company import Address, VatBasis
from chalicelib.domain.money import amount_text, price_text, text
from chalicelib.render.einvoice import E_MAIL, SPECIFICATION, Allowance, EInvoice, EInvoiceLine, TradeParty
from chalicelib.render.elements import document, element, leaf, leaves

_SCHEMA: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_VAT_DUE: Final[Mapping[VatBasis, str]] = {"invoices": "3", "receipts": "432"}
"""BT-8 by UNTDID 2005: the day of issue, or the day of payment."""


_VAT_SCHEME: Final = element("cac:TaxScheme", leaf("cbc:ID", "VAT"))


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
    return document(_Writer(values).root())


class _Writer:
    """One document. The methods return XML and follow the order of UBL's sequence."""

    def __init__(self, values: EInvoice) -> None:
        self._of = values
        self._names = _CREDIT_NOTE if values.credit_note else _INVOICE

    def root(self) -> str:
        """Return the root element."""
        of = self._of
        spaces = {
            "xmlns": f"{_SCHEMA}{self._names.root}-2",
            "xmlns:cac": f"{_SCHEMA}CommonAggregateComponents-2",
            "xmlns:cbc": f"{_SCHEMA}CommonBasicComponents-2",
        }
        return element(
            self._names.root,
            self._head(),
            element("cac:AccountingSupplierParty", _party(of.seller)),
            element("cac:AccountingCustomerParty", _party(of.buyer)),
            self._payment(),
            *(
                self._allowance(each, _tax_category("cac:TaxCategory", each.category, each.rate))
                for each in of.allowances
            ),
            self._vat(),
            self._totals(),
            *map(self._line, of.lines),
            **spaces,
        )

    def _amount(self, name: str, value: Decimal) -> str:
        return leaf(name, amount_text(value), currencyID=self._of.currency)

    def _head(self) -> str:
        of = self._of
        parts = [
            leaves(
                ("cbc:CustomizationID", SPECIFICATION),
                ("cbc:ID", of.number),
                ("cbc:IssueDate", of.issued.isoformat()),
                ("cbc:DueDate", of.due.isoformat() if of.due else None),
                (f"cbc:{self._names.root}TypeCode", of.type_code),
                *(("cbc:Note", note) for note in of.notes),
                ("cbc:DocumentCurrencyCode", of.currency),
                ("cbc:BuyerReference", of.buyer_reference),
            )
        ]
        if of.vat_due:
            parts.append(element("cac:InvoicePeriod", leaf("cbc:DescriptionCode", _VAT_DUE[of.vat_due])))
        if of.order_reference:
            parts.append(element("cac:OrderReference", leaf("cbc:ID", of.order_reference)))
        if of.original:
            number, day = of.original
            known = leaves(("cbc:ID", number), ("cbc:IssueDate", day.isoformat() if day else None))
            parts.append(element("cac:BillingReference", element("cac:InvoiceDocumentReference", known)))
        return "".join(parts)

    def _payment(self) -> str:
        """Return the day of the operation, then the means and term of payment."""
        of, parts = self._of, []
        if of.delivered:
            parts.append(element("cac:Delivery", leaf("cbc:ActualDeliveryDate", of.delivered.isoformat())))
        if of.means:
            account = of.means.account
            parts.append(
                element(
                    "cac:PaymentMeans",
                    leaves(("cbc:PaymentMeansCode", of.means.code), ("cbc:PaymentID", of.means.reference)),
                    element("cac:PayeeFinancialAccount", leaf("cbc:ID", account)) if account else "",
                )
            )
        parts.append(element("cac:PaymentTerms", leaf("cbc:Note", of.terms or "")))
        return "".join(parts)

    def _allowance(self, of: Allowance, category: str = "") -> str:
        return element(
            "cac:AllowanceCharge",
            leaves(
                ("cbc:ChargeIndicator", "true" if of.charge else "false"),
                ("cbc:AllowanceChargeReasonCode", of.code),
                ("cbc:AllowanceChargeReason", of.reason),
                ("cbc:MultiplierFactorNumeric", text(of.percent) if of.percent is not None else None),
            ),
            self._amount("cbc:Amount", abs(of.off)),
            self._amount("cbc:BaseAmount", of.base) if of.percent is not None else "",
            category,
        )

    def _vat(self) -> str:
        parts = [
            element(
                "cac:TaxSubtotal",
                self._amount("cbc:TaxableAmount", group.base),
                self._amount("cbc:TaxAmount", group.tax),
                _tax_category("cac:TaxCategory", group.category, group.rate, group.reasons),
            )
            for group in self._of.groups
        ]
        return element("cac:TaxTotal", self._amount("cbc:TaxAmount", self._of.vat), *parts)

    def _totals(self) -> str:
        of = self._of
        optional = (
            ("cbc:AllowanceTotalAmount", of.allowance_total),
            ("cbc:ChargeTotalAmount", of.charge_total),
            ("cbc:PrepaidAmount", of.prepaid),
            ("cbc:PayableRoundingAmount", of.rounding),
        )
        return element(
            "cac:LegalMonetaryTotal",
            self._amount("cbc:LineExtensionAmount", of.line_total),
            self._amount("cbc:TaxExclusiveAmount", of.net),
            self._amount("cbc:TaxInclusiveAmount", of.gross),
            *(self._amount(name, value) for name, value in optional if value),
            self._amount("cbc:PayableAmount", of.payable),
        )

    def _line(self, of: EInvoiceLine) -> str:
        unit = leaves(("cbc:Name", of.unit_name[0]), ("cbc:Value", of.unit_name[1])) if of.unit_name else ""
        item = element(
            "cac:Item",
            leaves(("cbc:Description", of.description), ("cbc:Name", of.name)),
            _tax_category("cac:ClassifiedTaxCategory", of.category, of.rate),
            element("cac:AdditionalItemProperty", unit) if unit else "",
        )
        return element(
            f"cac:{self._names.line}",
            leaves(("cbc:ID", str(of.number)), ("cbc:Note", of.note)),
            leaf(f"cbc:{self._names.quantity}", text(of.quantity), unitCode=of.unit),
            self._amount("cbc:LineExtensionAmount", of.net),
            self._allowance(of.allowance) if of.allowance else "",
            item,
            element("cac:Price", leaf("cbc:PriceAmount", price_text(of.price), currencyID=self._of.currency)),
        )


def _party(of: TradeParty) -> str:
    registration = ""
    if of.registration:
        scheme, number = of.registration
        tax = element("cac:TaxScheme", leaf("cbc:ID", scheme))
        registration = element("cac:PartyTaxScheme", leaf("cbc:CompanyID", number), tax)
    contact = leaves(("cbc:Telephone", of.phone), ("cbc:ElectronicMail", of.email))
    legal = leaves(
        ("cbc:RegistrationName", of.name),
        ("cbc:CompanyID", of.legal_number),
        ("cbc:CompanyLegalForm", of.legal_form),
    )
    return element(
        "cac:Party",
        leaf("cbc:EndpointID", of.electronic, schemeID=E_MAIL) if of.electronic else "",
        element("cac:PartyIdentification", leaf("cbc:ID", of.identifier)) if of.identifier else "",
        _address(of.address),
        registration,
        element("cac:PartyLegalEntity", legal),
        element("cac:Contact", contact) if contact else "",
    )


def _address(address: Address) -> str:
    return element(
        "cac:PostalAddress",
        leaves(
            ("cbc:StreetName", address.street),
            ("cbc:CityName", address.city),
            ("cbc:PostalZone", address.postal_code),
        ),
        element("cac:Country", leaf("cbc:IdentificationCode", address.country)),
    )


def _tax_category(name: str, category: str, rate: Decimal, reasons: Sequence[str] = ()) -> str:
    percent = text(rate) if category != "O" else None  # BR-O-05: what is not subject to VAT has no rate
    reason = "; ".join(dict.fromkeys(reasons))
    return element(
        name,
        leaves(("cbc:ID", category), ("cbc:Percent", percent), ("cbc:TaxExemptionReason", reason)),
        _VAT_SCHEME,
    )
