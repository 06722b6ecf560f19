"""Archived invoices as a file states them. Members that a file lacks are omitted."""

from decimal import Decimal
from typing import Annotated, Literal

from chalicelib.domain.companies.party import PartyKind
from chalicelib.domain.documents.archived_totals import EarlierLine, EarlierSums
from chalicelib.domain.documents.archiving import EarlierStatus
from chalicelib.domain.documents.model import Discount
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.language import Language
from chalicelib.services.inputs.fields import Amount, Day, Model, Percent, Quantity, Rate, Text, UnitPrice, multi_line
from chalicelib.services.inputs.records import AddressIn, MetadataIn, Name

_Reference = Annotated[str, Text(100)]


class BuyerIn(Model):
    """The buyer, as the invoice states them."""

    name: Name | None = None
    kind: PartyKind | None = None
    ice: Annotated[str, Text(40)] | None = None
    tax_id: Annotated[str, Text(40)] | None = None
    address: AddressIn | None = None


class DiscountIn(Model):
    """The discount of a line: a percentage, or an amount before TVA."""

    percent: Percent | None = None
    amount: Amount | None = None


class LineIn(Model):
    """A line. Without a price, its amount and its quantity give the price."""

    description: Annotated[str, multi_line(2_000)] | None = None
    quantity: Quantity | None = None
    unit: Annotated[str, Text(30)] | None = None
    unit_price: UnitPrice | None = None
    discount: DiscountIn | None = None
    vat_rate: Rate | None = None
    exemption: Annotated[str, Text(80)] | None = None
    net: Amount | None = None

    def line(self) -> EarlierLine:
        """The line as a value."""
        off = self.discount
        discount = Discount(percent=off.percent or None, amount=off.amount or None) if off else None
        return EarlierLine(
            description=self.description,
            quantity=self.quantity,
            unit=self.unit,
            unit_price=self.unit_price,
            discount=None if discount == Discount() else discount,
            vat_rate=self.vat_rate,
            exemption=self.exemption,
            net=self.net,
        )


class SumsIn(Model):
    """The sums of the document."""

    net: Amount | None = None
    vat_total: Amount | None = None
    gross: Amount | None = None
    discount: Amount | None = None

    def sums(self) -> EarlierSums:
        """The sums as a value. A discount of zero is none."""
        discount: Decimal | None = self.discount or None
        return EarlierSums(net=self.net, vat_total=self.vat_total, gross=self.gross, discount=discount)


class SellerIn(Model):
    """The seller, who must be the company itself."""

    ice: Annotated[str, Text(40)] | None = None


class ArchivedInvoiceIn(Model):
    """An earlier invoice. Its other members follow from these, or are unknown."""

    number: Annotated[str, Text(60)]
    series: Annotated[str, Text(60)] | None = None
    issue_date: Day
    operation_date: Day | None = None
    due_date: Day | None = None
    currency: Literal["MAD"] = "MAD"
    language: Language | None = None
    customer: Annotated[str, Text(60)] | None = None
    seller: SellerIn | None = None
    buyer: BuyerIn = BuyerIn()
    lines: tuple[LineIn, ...] = ()
    totals: SumsIn = SumsIn()
    status: EarlierStatus | None = None
    paid: Amount | None = None
    balance: Amount | None = None
    payment_mode: Method | None = None
    notes: Annotated[str, multi_line(2_000)] | None = None
    buyer_reference: _Reference | None = None
    order_reference: _Reference | None = None
    metadata: MetadataIn | None = None
