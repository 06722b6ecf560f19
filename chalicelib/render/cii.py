"""Write an e-invoice as Cross Industry Invoice (D16B), the syntax of Factur-X, with equal bytes for equal values."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from chalicelib.domain.companies.company import VatBasis
from chalicelib.domain.money import amount_text, price_text, text
from chalicelib.render.einvoice import E_MAIL, SPECIFICATION, Allowance, EInvoice, EInvoiceLine, TradeParty
from chalicelib.render.einvoice_payment import PaymentMeans
from chalicelib.render.einvoice_vat import VatBreakdown
from chalicelib.render.elements import document, element, leaf, leaves

_SPACES: Final = {
    "xmlns:rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "xmlns:ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "xmlns:udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "xmlns:qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
_DAY: Final = "102"
"""UNTDID 2379: a day as eight digits."""
_VAT_DUE: Final[Mapping[VatBasis, str]] = {"invoices": "5", "receipts": "72"}
"""BT-8 by UNTDID 2475: the day of issue, or the day of payment."""
_TAX_NUMBER: Final = "FC"
"""The scheme of a tax registration that is no VAT identifier. The rules allow it for the seller only."""
_SELLER: Final = "ram:SellerTradeParty"


def write(values: EInvoice) -> bytes:
    """Return the e-invoice in UTF-8."""
    guideline = element("ram:GuidelineSpecifiedDocumentContextParameter", leaf("ram:ID", SPECIFICATION))
    root = element(
        "rsm:CrossIndustryInvoice",
        element("rsm:ExchangedDocumentContext", guideline),
        _document(values),
        element(
            "rsm:SupplyChainTradeTransaction",
            *map(_line, values.lines),
            _agreement(values),
            _delivery(values),
            _settlement(values),
        ),
        **_SPACES,
    )
    return document(root)


def _day(name: str, day: date, kind: str = "udt") -> str:
    return element(name, leaf(f"{kind}:DateTimeString", f"{day:%Y%m%d}", format=_DAY))


def _document(of: EInvoice) -> str:
    notes = (*of.notes, *_buyers_registration(of.buyer))
    return element(
        "rsm:ExchangedDocument",
        leaves(("ram:ID", of.number), ("ram:TypeCode", of.type_code)),
        _day("ram:IssueDateTime", of.issued),
        *map(_note, notes),
    )


def _note(note: str) -> str:
    return element("ram:IncludedNote", leaf("ram:Content", note))


def _buyers_registration(buyer: TradeParty) -> tuple[str, ...]:
    """The buyer's tax registration as a note. UBL has an element for it."""
    return (f"{buyer.name} : {' '.join(buyer.registration)}",) if buyer.registration else ()


def _line(of: EInvoiceLine) -> str:
    unit = leaves(("ram:Description", of.unit_name[0]), ("ram:Value", of.unit_name[1])) if of.unit_name else ""
    price = element("ram:NetPriceProductTradePrice", leaf("ram:ChargeAmount", price_text(of.price)))
    return element(
        "ram:IncludedSupplyChainTradeLineItem",
        element(
            "ram:AssociatedDocumentLineDocument",
            leaf("ram:LineID", str(of.number)),
            _note(of.note) if of.note else "",
        ),
        element(
            "ram:SpecifiedTradeProduct",
            leaves(("ram:Name", of.name), ("ram:Description", of.description)),
            element("ram:ApplicableProductCharacteristic", unit) if unit else "",
        ),
        element("ram:SpecifiedLineTradeAgreement", price),
        element("ram:SpecifiedLineTradeDelivery", leaf("ram:BilledQuantity", text(of.quantity), unitCode=of.unit)),
        element(
            "ram:SpecifiedLineTradeSettlement",
            _tax("ram:ApplicableTradeTax", of.category, of.rate),
            _allowance(of.allowance) if of.allowance else "",
            element(
                "ram:SpecifiedTradeSettlementLineMonetarySummation", leaf("ram:LineTotalAmount", amount_text(of.net))
            ),
        ),
    )


def _tax(name: str, category: str, rate: Decimal) -> str:
    """Return a tax element. What is not subject to VAT has no rate (BR-O-05)."""
    return element(
        name,
        leaves(
            ("ram:TypeCode", "VAT"),
            ("ram:CategoryCode", category),
            ("ram:RateApplicablePercent", text(rate) if category != "O" else None),
        ),
    )


def _allowance(of: Allowance) -> str:
    indicator = leaf("udt:Indicator", "true" if of.charge else "false")
    return element(
        "ram:SpecifiedTradeAllowanceCharge",
        element("ram:ChargeIndicator", indicator),
        leaves(
            ("ram:CalculationPercent", text(of.percent) if of.percent is not None else None),
            ("ram:BasisAmount", amount_text(of.base) if of.percent is not None else None),
            ("ram:ActualAmount", amount_text(abs(of.off))),
            ("ram:ReasonCode", of.code),
            ("ram:Reason", of.reason),
        ),
        _tax("ram:CategoryTradeTax", of.category, of.rate) if of.category else "",
    )


def _agreement(of: EInvoice) -> str:
    order = leaf("ram:IssuerAssignedID", of.order_reference) if of.order_reference else ""
    return element(
        "ram:ApplicableHeaderTradeAgreement",
        leaves(("ram:BuyerReference", of.buyer_reference)),
        _party(_SELLER, of.seller),
        _party("ram:BuyerTradeParty", of.buyer),
        element("ram:BuyerOrderReferencedDocument", order) if order else "",
    )


def _party(role: str, of: TradeParty) -> str:
    registration = ""
    if of.registration and role == _SELLER:
        number = leaf("ram:ID", of.registration[1], schemeID=_TAX_NUMBER)
        registration = element("ram:SpecifiedTaxRegistration", number)
    electronic = leaf("ram:URIID", of.electronic, schemeID=E_MAIL) if of.electronic else ""
    return element(
        role,
        leaves(("ram:ID", of.identifier), ("ram:Name", of.name), ("ram:Description", of.legal_form)),
        element("ram:SpecifiedLegalOrganization", leaf("ram:ID", of.legal_number)) if of.legal_number else "",
        _contact(of),
        element(
            "ram:PostalTradeAddress",
            leaves(
                ("ram:PostcodeCode", of.address.postal_code),
                ("ram:LineOne", of.address.street),
                ("ram:CityName", of.address.city),
                ("ram:CountryID", of.address.country),
            ),
        ),
        element("ram:URIUniversalCommunication", electronic) if electronic else "",
        registration,
    )


def _contact(of: TradeParty) -> str:
    if not of.phone and not of.email:
        return ""
    phone = leaves(("ram:CompleteNumber", of.phone))
    email = leaves(("ram:URIID", of.email))
    return element(
        "ram:DefinedTradeContact",
        element("ram:TelephoneUniversalCommunication", phone) if phone else "",
        element("ram:EmailURIUniversalCommunication", email) if email else "",
    )


def _delivery(of: EInvoice) -> str:
    day = _day("ram:OccurrenceDateTime", of.delivered) if of.delivered else ""
    return element(
        "ram:ApplicableHeaderTradeDelivery", element("ram:ActualDeliverySupplyChainEvent", day) if day else ""
    )


def _settlement(of: EInvoice) -> str:
    due = _VAT_DUE[of.vat_due] if of.vat_due else None
    reference = of.means.reference if of.means else None
    return element(
        "ram:ApplicableHeaderTradeSettlement",
        leaves(("ram:PaymentReference", reference), ("ram:InvoiceCurrencyCode", of.currency)),
        _means(of.means) if of.means else "",
        *(_breakdown(group, due) for group in of.groups),
        *map(_allowance, of.allowances),
        element(
            "ram:SpecifiedTradePaymentTerms",
            leaves(("ram:Description", of.terms)),
            _day("ram:DueDateDateTime", of.due) if of.due else "",
        ),
        _totals(of),
        _original(*of.original) if of.original else "",
    )


def _means(of: PaymentMeans) -> str:
    account = leaves(("ram:ProprietaryID", of.account))
    return element(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        leaf("ram:TypeCode", of.code),
        element("ram:PayeePartyCreditorFinancialAccount", account) if account else "",
    )


def _original(number: str, day: date | None) -> str:
    return element(
        "ram:InvoiceReferencedDocument",
        leaf("ram:IssuerAssignedID", number),
        _day("ram:FormattedIssueDateTime", day, "qdt") if day else "",
    )


def _breakdown(of: VatBreakdown, due: str | None) -> str:
    return element(
        "ram:ApplicableTradeTax",
        leaves(
            ("ram:CalculatedAmount", amount_text(of.tax)),
            ("ram:TypeCode", "VAT"),
            ("ram:ExemptionReason", "; ".join(dict.fromkeys(of.reasons))),
            ("ram:BasisAmount", amount_text(of.base)),
            ("ram:CategoryCode", of.category),
            ("ram:DueDateTypeCode", due),
            ("ram:RateApplicablePercent", text(of.rate) if of.category != "O" else None),
        ),
    )


def _totals(of: EInvoice) -> str:
    return element(
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        leaves(
            ("ram:LineTotalAmount", amount_text(of.line_total)),
            ("ram:ChargeTotalAmount", amount_text(of.charge_total) if of.charge_total else None),
            ("ram:AllowanceTotalAmount", amount_text(of.allowance_total) if of.allowance_total else None),
            ("ram:TaxBasisTotalAmount", amount_text(of.net)),
        ),
        leaf("ram:TaxTotalAmount", amount_text(of.vat), currencyID=of.currency),
        leaves(
            ("ram:RoundingAmount", amount_text(of.rounding) if of.rounding else None),
            ("ram:GrandTotalAmount", amount_text(of.gross)),
            ("ram:TotalPrepaidAmount", amount_text(of.prepaid) if of.prepaid else None),
            ("ram:DuePayableAmount", amount_text(of.payable)),
        ),
    )
