"""Write an e-invoice as Cross Industry Invoice (D16B), the syntax of Factur-X, with equal bytes for equal values."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element

from chalicelib.domain.companies.company import VatBasis
from chalicelib.domain.money import amount_text, price_text, text
from chalicelib.render.einvoice import E_MAIL, SPECIFICATION, Allowance, EInvoice, EInvoiceLine, TradeParty
from chalicelib.render.einvoice_vat import VatBreakdown
from chalicelib.render.elements import child, texts, written

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
    root = Element("rsm:CrossIndustryInvoice", _SPACES)
    context = child(child(root, "rsm:ExchangedDocumentContext"), "ram:GuidelineSpecifiedDocumentContextParameter")
    child(context, "ram:ID", SPECIFICATION)
    _document(root, values)
    transaction = child(root, "rsm:SupplyChainTradeTransaction")
    for line in values.lines:
        _line(transaction, line)
    _agreement(transaction, values)
    delivery = child(transaction, "ram:ApplicableHeaderTradeDelivery")
    if values.delivered:
        _day(child(delivery, "ram:ActualDeliverySupplyChainEvent"), "ram:OccurrenceDateTime", values.delivered)
    _settlement(transaction, values)
    return written(root)


def _day(parent: Element, name: str, day: date, kind: str = "udt") -> None:
    child(child(parent, name), f"{kind}:DateTimeString", f"{day:%Y%m%d}", format=_DAY)


def _document(root: Element, of: EInvoice) -> None:
    document = child(root, "rsm:ExchangedDocument")
    texts(document, ("ram:ID", of.number), ("ram:TypeCode", of.type_code))
    _day(document, "ram:IssueDateTime", of.issued)
    for note in (*of.notes, *_buyers_registration(of.buyer)):
        child(child(document, "ram:IncludedNote"), "ram:Content", note)


def _buyers_registration(buyer: TradeParty) -> tuple[str, ...]:
    """The buyer's tax registration as a note. UBL has an element for it."""
    return (f"{buyer.name} : {' '.join(buyer.registration)}",) if buyer.registration else ()


def _line(transaction: Element, of: EInvoiceLine) -> None:
    element = child(transaction, "ram:IncludedSupplyChainTradeLineItem")
    document = child(element, "ram:AssociatedDocumentLineDocument")
    child(document, "ram:LineID", str(of.number))
    if of.note:
        child(child(document, "ram:IncludedNote"), "ram:Content", of.note)
    product = child(element, "ram:SpecifiedTradeProduct")
    texts(product, ("ram:Name", of.name), ("ram:Description", of.description))
    if of.unit_name:
        unit = child(product, "ram:ApplicableProductCharacteristic")
        texts(unit, ("ram:Description", of.unit_name[0]), ("ram:Value", of.unit_name[1]))
    price = child(child(element, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
    child(price, "ram:ChargeAmount", price_text(of.price))
    delivery = child(element, "ram:SpecifiedLineTradeDelivery")
    child(delivery, "ram:BilledQuantity", text(of.quantity), unitCode=of.unit)
    settlement = child(element, "ram:SpecifiedLineTradeSettlement")
    _tax(child(settlement, "ram:ApplicableTradeTax"), of.category, of.rate)
    if of.allowance:
        _allowance(settlement, of.allowance)
    summation = child(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
    child(summation, "ram:LineTotalAmount", amount_text(of.net))


def _tax(element: Element, category: str, rate: Decimal) -> None:
    """Fill a tax element. What is not subject to VAT has no rate (BR-O-05)."""
    texts(
        element,
        ("ram:TypeCode", "VAT"),
        ("ram:CategoryCode", category),
        ("ram:RateApplicablePercent", text(rate) if category != "O" else None),
    )


def _allowance(parent: Element, of: Allowance) -> None:
    element = child(parent, "ram:SpecifiedTradeAllowanceCharge")
    child(child(element, "ram:ChargeIndicator"), "udt:Indicator", "true" if of.charge else "false")
    if of.percent is not None:
        child(element, "ram:CalculationPercent", text(of.percent))
        child(element, "ram:BasisAmount", amount_text(of.base))
    child(element, "ram:ActualAmount", amount_text(abs(of.off)))
    texts(element, ("ram:ReasonCode", of.code), ("ram:Reason", of.reason))
    if of.category:
        _tax(child(element, "ram:CategoryTradeTax"), of.category, of.rate)


def _agreement(transaction: Element, of: EInvoice) -> None:
    agreement = child(transaction, "ram:ApplicableHeaderTradeAgreement")
    texts(agreement, ("ram:BuyerReference", of.buyer_reference))
    _party(agreement, _SELLER, of.seller)
    _party(agreement, "ram:BuyerTradeParty", of.buyer)
    if of.order_reference:
        order = child(agreement, "ram:BuyerOrderReferencedDocument")
        child(order, "ram:IssuerAssignedID", of.order_reference)


def _party(agreement: Element, role: str, of: TradeParty) -> None:
    party = child(agreement, role)
    texts(party, ("ram:ID", of.identifier), ("ram:Name", of.name), ("ram:Description", of.legal_form))
    if of.legal_number:
        child(child(party, "ram:SpecifiedLegalOrganization"), "ram:ID", of.legal_number)
    if of.phone or of.email:
        contact = child(party, "ram:DefinedTradeContact")
        if of.phone:
            child(child(contact, "ram:TelephoneUniversalCommunication"), "ram:CompleteNumber", of.phone)
        if of.email:
            child(child(contact, "ram:EmailURIUniversalCommunication"), "ram:URIID", of.email)
    address = of.address
    texts(
        child(party, "ram:PostalTradeAddress"),
        ("ram:PostcodeCode", address.postal_code),
        ("ram:LineOne", address.street),
        ("ram:CityName", address.city),
        ("ram:CountryID", address.country),
    )
    if of.electronic:
        child(child(party, "ram:URIUniversalCommunication"), "ram:URIID", of.electronic, schemeID=E_MAIL)
    if of.registration and role == _SELLER:
        child(child(party, "ram:SpecifiedTaxRegistration"), "ram:ID", of.registration[1], schemeID=_TAX_NUMBER)


def _settlement(transaction: Element, of: EInvoice) -> None:
    settlement = child(transaction, "ram:ApplicableHeaderTradeSettlement")
    texts(
        settlement,
        ("ram:PaymentReference", of.means.reference if of.means else None),
        ("ram:InvoiceCurrencyCode", of.currency),
    )
    if of.means:
        means = child(settlement, "ram:SpecifiedTradeSettlementPaymentMeans")
        child(means, "ram:TypeCode", of.means.code)
        if of.means.account:
            account = child(means, "ram:PayeePartyCreditorFinancialAccount")
            child(account, "ram:ProprietaryID", of.means.account)
    for group in of.groups:
        _breakdown(settlement, group, _VAT_DUE[of.vat_due] if of.vat_due else None)
    for allowance in of.allowances:
        _allowance(settlement, allowance)
    terms = child(settlement, "ram:SpecifiedTradePaymentTerms")
    texts(terms, ("ram:Description", of.terms))
    if of.due:
        _day(terms, "ram:DueDateDateTime", of.due)
    _totals(settlement, of)
    if of.original:
        reference = child(settlement, "ram:InvoiceReferencedDocument")
        number, day = of.original
        child(reference, "ram:IssuerAssignedID", number)
        if day:
            _day(reference, "ram:FormattedIssueDateTime", day, "qdt")


def _breakdown(settlement: Element, of: VatBreakdown, due: str | None) -> None:
    texts(
        child(settlement, "ram:ApplicableTradeTax"),
        ("ram:CalculatedAmount", amount_text(of.tax)),
        ("ram:TypeCode", "VAT"),
        ("ram:ExemptionReason", "; ".join(dict.fromkeys(of.reasons))),
        ("ram:BasisAmount", amount_text(of.base)),
        ("ram:CategoryCode", of.category),
        ("ram:DueDateTypeCode", due),
        ("ram:RateApplicablePercent", text(of.rate) if of.category != "O" else None),
    )


def _totals(settlement: Element, of: EInvoice) -> None:
    total = child(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    texts(
        total,
        ("ram:LineTotalAmount", amount_text(of.line_total)),
        ("ram:ChargeTotalAmount", amount_text(of.charge_total) if of.charge_total else None),
        ("ram:AllowanceTotalAmount", amount_text(of.allowance_total) if of.allowance_total else None),
        ("ram:TaxBasisTotalAmount", amount_text(of.net)),
    )
    child(total, "ram:TaxTotalAmount", amount_text(of.vat), currencyID=of.currency)
    texts(
        total,
        ("ram:GrandTotalAmount", amount_text(of.gross)),
        ("ram:TotalPrepaidAmount", amount_text(of.prepaid) if of.prepaid else None),
        ("ram:DuePayableAmount", amount_text(of.payable)),
    )
