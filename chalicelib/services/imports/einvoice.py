"""Reads e-invoices: UBL 2.1 and Cross Industry Invoice, alone or in a Factur-X page, as a table.

One invoice is a row of its seller for an import of suppliers, a row of its buyer for customers, and a row for each line
for items and for earlier invoices. The two syntaxes differ in the paths of `_PATHS` alone.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from chalicelib.domain.imports.model import ImportKind
from chalicelib.domain.imports.targets import ARCHIVE, ICE_DIGITS
from chalicelib.services.imports.sheet import Cell, Row, Sheet, Unreadable, sheet_of

MOST_XML: Final = 2_000_000
_DEEPEST: Final = 40
_ATTACHED: Final = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
_CENTIME: Final = Decimal("0.01")
_UBL: Final[Mapping[str, str]] = {
    "supplier": "AccountingSupplierParty/Party",
    "customer": "AccountingCustomerParty/Party",
    "name": "PartyLegalEntity/RegistrationName|PartyName/Name",
    "numbers": "PartyIdentification/ID|PartyLegalEntity/CompanyID|PartyTaxScheme/CompanyID",
    "tax_id": "PartyTaxScheme/CompanyID",
    "address.street": "PostalAddress/StreetName",
    "address.city": "PostalAddress/CityName",
    "address.postal_code": "PostalAddress/PostalZone",
    "address.country": "PostalAddress/Country/IdentificationCode",
    "phone": "Contact/Telephone",
    "email": "Contact/ElectronicMail",
    "line": "InvoiceLine|CreditNoteLine",
    "line.name": "Item/Name",
    "line.description": "Item/Description",
    "line.unit_price": "Price/PriceAmount",
    "line.vat_rate": "Item/ClassifiedTaxCategory/Percent",
    "line.net": "LineExtensionAmount",
    "line.quantity": "InvoicedQuantity",
    "line.exemption": "Item/ClassifiedTaxCategory/TaxExemptionReason",
    "number": "ID",
    "issue_date": "IssueDate",
    "operation_date": "Delivery/ActualDeliveryDate|InvoicePeriod/EndDate",
    "due_date": "DueDate",
    "currency": "DocumentCurrencyCode",
    "buyer_reference": "BuyerReference",
    "order_reference": "OrderReference/ID",
    "notes": "Note",
    "net": "LegalMonetaryTotal/TaxExclusiveAmount",
    "off": "LegalMonetaryTotal/AllowanceTotalAmount",
    "more": "LegalMonetaryTotal/ChargeTotalAmount",
    "vat": "TaxTotal/TaxAmount",
    "gross": "LegalMonetaryTotal/TaxInclusiveAmount",
}
_AGREEMENT: Final = "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement"
_DELIVERY: Final = "SupplyChainTradeTransaction/ApplicableHeaderTradeDelivery"
_SETTLEMENT: Final = "SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement"
_SUMS: Final = f"{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation"
_CII: Final[Mapping[str, str]] = {
    "supplier": f"{_AGREEMENT}/SellerTradeParty",
    "customer": f"{_AGREEMENT}/BuyerTradeParty",
    "name": "Name",
    "numbers": "ID|GlobalID|SpecifiedLegalOrganization/ID|SpecifiedTaxRegistration/ID",
    "tax_id": "SpecifiedTaxRegistration/ID",
    "address.street": "PostalTradeAddress/LineOne",
    "address.city": "PostalTradeAddress/CityName",
    "address.postal_code": "PostalTradeAddress/PostcodeCode",
    "address.country": "PostalTradeAddress/CountryID",
    "phone": "DefinedTradeContact/TelephoneUniversalCommunication/CompleteNumber",
    "email": "DefinedTradeContact/EmailURIUniversalCommunication/URIID",
    "line": "SupplyChainTradeTransaction/IncludedSupplyChainTradeLineItem",
    "line.name": "SpecifiedTradeProduct/Name",
    "line.description": "SpecifiedTradeProduct/Description",
    "line.unit_price": "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount",
    "line.vat_rate": "SpecifiedLineTradeSettlement/ApplicableTradeTax/RateApplicablePercent",
    "line.net": ("SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"),
    "line.quantity": "SpecifiedLineTradeDelivery/BilledQuantity",
    "line.exemption": "SpecifiedLineTradeSettlement/ApplicableTradeTax/ExemptionReason",
    "number": "ExchangedDocument/ID",
    "issue_date": "ExchangedDocument/IssueDateTime/DateTimeString",
    "operation_date": f"{_DELIVERY}/ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString",
    "due_date": f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString",
    "currency": f"{_SETTLEMENT}/InvoiceCurrencyCode",
    "buyer_reference": f"{_AGREEMENT}/BuyerReference",
    "order_reference": f"{_AGREEMENT}/BuyerOrderReferencedDocument/IssuerAssignedID",
    "notes": "ExchangedDocument/IncludedNote/Content",
    "net": f"{_SUMS}/TaxBasisTotalAmount",
    "off": f"{_SUMS}/AllowanceTotalAmount",
    "more": f"{_SUMS}/ChargeTotalAmount",
    "vat": f"{_SUMS}/TaxTotalAmount",
    "gross": f"{_SUMS}/GrandTotalAmount",
}
_PATHS: Final[Mapping[str, Mapping[str, str]]] = {"Invoice": _UBL, "CreditNote": _UBL, "CrossIndustryInvoice": _CII}
PARTY: Final = (
    "name",
    "ice",
    "tax_id",
    "address.street",
    "address.city",
    "address.postal_code",
    "address.country",
    "phone",
    "email",
)
LINE: Final = ("name", "description", "unit_price", "vat_rate")
_HEAD: Final = (
    "number",
    "issue_date",
    "operation_date",
    "due_date",
    "currency",
    "buyer_reference",
    "order_reference",
    "notes",
)
_BUYER: Final = tuple(name for name in PARTY if name not in ("phone", "email"))
ARCHIVED: Final = (
    *_HEAD,
    "seller.ice",
    *(f"buyer.{name}" for name in _BUYER),
    "totals.discount",
    "totals.net",
    "totals.vat_total",
    "totals.gross",
    "line.description",
    "line.quantity",
    "line.vat_rate",
    "line.exemption",
    "line.net",
)
"""The fields of an earlier invoice that its e-invoice states. Lines have amounts, because a price may be for many.
An e-invoice does not say what was paid since."""


@dataclass(frozen=True)
class _Reader:
    """An e-invoice and the paths of its syntax."""

    root: Element
    paths: Mapping[str, str]

    def every(self, within: Element, name: str) -> list[Element]:
        """The elements at a path, in the order of its alternatives."""
        return [found for path in self.paths[name].split("|") for found in _at(within, path.split("/"))]

    def text(self, within: Element, name: str) -> str | None:
        """The first text at a path."""
        return next((text for each in self.every(within, name) if (text := (each.text or "").strip())), None)

    def amount(self, within: Element, name: str) -> Decimal:
        """The amount at a path, 0 without one. Raises Unreadable."""
        try:
            found = Decimal(self.text(within, name) or "0")
        except InvalidOperation:
            raise Unreadable("einvoice_malformed") from None
        if not found.is_finite():
            raise Unreadable("einvoice_malformed")
        return found


def read(kind: ImportKind, content: bytes) -> Sheet:
    """The rows of an e-invoice for a kind of import. Raises Unreadable."""
    invoice = _opened(_attached(content) if content.startswith(b"%PDF") else content)
    _check_totals(invoice)
    if kind == ARCHIVE:
        titles, rows = ARCHIVED, _archived(invoice)
    elif kind == "items":
        titles, rows = LINE, _lines(invoice)
    else:
        titles, rows = PARTY, [_party(invoice, kind.removesuffix("s"))]
    return sheet_of(iter([Row(1, titles), *(Row(number, cells) for number, cells in enumerate(rows, 2))]))


def _opened(content: bytes) -> _Reader:
    """An e-invoice without entities, within the limits. Raises Unreadable."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(content) > MOST_XML:
        raise Unreadable("file_too_large")
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise Unreadable("xml_entities") from None
    except (ParseError, ValueError, LookupError):
        raise Unreadable("einvoice_malformed") from None
    paths = _PATHS.get(_name(root))
    if paths is None or _is_deep(root):
        raise Unreadable("einvoice_malformed")
    return _Reader(root, paths)


def _attached(content: bytes) -> bytes:
    """The e-invoice in a page. Raises Unreadable."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    broken = (PyPdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError)
    try:
        attachments = PdfReader(io.BytesIO(content)).attachments
        found = next((attachments[name] for name in _ATTACHED if name in attachments), None)
    except broken:
        raise Unreadable("einvoice_malformed") from None
    if not found:
        raise Unreadable("einvoice_missing")
    return found[0]


def _is_deep(root: Element) -> bool:
    level = [root]
    for _ in range(_DEEPEST):
        level = [part for each in level for part in each]
    return bool(level)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _at(within: Element, path: Sequence[str]) -> Iterator[Element]:
    if not path:
        yield within
        return
    for part in within:
        if _name(part) == path[0]:
            yield from _at(part, path[1:])


def _party(invoice: _Reader, role: str) -> tuple[Cell, ...]:
    """The seller or the buyer. The standard has no scheme for an ICE: it is the number of 15 digits."""
    party = next(iter(invoice.every(invoice.root, role)), None)
    if party is None:
        raise Unreadable("einvoice_malformed")
    numbers = [(each.text or "").strip() for each in invoice.every(party, "numbers")]
    ice = next((number for number in numbers if len(number) == ICE_DIGITS and number.isdigit()), None)
    values: dict[str, Any] = {name: invoice.text(party, name) for name in PARTY if name != "ice"}
    if values["tax_id"] == ice:
        values["tax_id"] = None
    return tuple({**values, "ice": ice}[name] for name in PARTY)


def _lines(invoice: _Reader) -> list[tuple[Cell, ...]]:
    lines = invoice.every(invoice.root, "line")
    return [tuple(invoice.text(line, f"line.{name}") for name in LINE) for line in lines]


def _archived(invoice: _Reader) -> list[tuple[Cell, ...]]:
    """A row for each line of an invoice, with what the document states. Raises Unreadable for a credit note."""
    root = invoice.root
    type_code = next((each.text for path in _TYPE_CODES for each in _at(root, path.split("/"))), None)
    if _name(root) == "CreditNote" or type_code == _CREDIT_NOTE:
        raise Unreadable("einvoice_credit_note")
    discount = invoice.amount(root, "off") - invoice.amount(root, "more")
    sums = {name: invoice.text(root, name) for name in ("net", "gross")} | {"vat_total": invoice.text(root, "vat")}
    head: dict[str, Cell] = {name: invoice.text(root, name) for name in _HEAD}
    head |= {f"totals.{name}": amount for name, amount in sums.items()}
    head |= {"totals.discount": str(discount) if discount else None}
    head |= {"seller.ice": dict(zip(PARTY, _party(invoice, "supplier"), strict=True))["ice"]}
    buyer = dict(zip(PARTY, _party(invoice, "customer"), strict=True))
    head |= {f"buyer.{name}": buyer[name] for name in _BUYER}
    rows: list[tuple[Cell, ...]] = []
    for line in invoice.every(root, "line"):
        of_line = {f"line.{name}": invoice.text(line, f"line.{name}") for name in ("quantity", "vat_rate", "net")}
        taxed = invoice.amount(line, "line.vat_rate")
        of_line["line.exemption"] = None if taxed else invoice.text(line, "line.exemption")
        of_line["line.description"] = invoice.text(line, "line.name") or invoice.text(line, "line.description")
        rows.append(tuple({**head, **of_line}[name] for name in ARCHIVED))
    return rows


_CREDIT_NOTE: Final = "381"
_TYPE_CODES: Final = ("InvoiceTypeCode", "ExchangedDocument/TypeCode")


def _check_totals(invoice: _Reader) -> None:
    """Add up the lines and the tax. Raises Unreadable for totals that differ by more than a centime."""
    root = invoice.root
    lines = sum((invoice.amount(line, "line.net") for line in invoice.every(root, "line")), Decimal(0))
    net = lines - invoice.amount(root, "off") + invoice.amount(root, "more")
    gross = invoice.amount(root, "net") + invoice.amount(root, "vat")
    if abs(net - invoice.amount(root, "net")) > _CENTIME or abs(gross - invoice.amount(root, "gross")) > _CENTIME:
        raise Unreadable("einvoice_totals")
