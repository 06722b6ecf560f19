"""The request models of documents and payments."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.api.fields import (
    Amount,
    Day,
    Flag,
    Id,
    Ids,
    Instant,
    Model,
    Percent,
    PositiveAmount,
    Quantity,
    Rate,
    Text,
    UnitPrice,
    multi_line,
)
from chalicelib.api.paging import PageQuery
from chalicelib.domain.companies.item import Nature, WithholdingMark
from chalicelib.domain.documents.calculation import MAX_LINES
from chalicelib.domain.documents.credit_note import CREDIT_NOTE
from chalicelib.domain.documents.crediting import CreditRequest, DocumentAmount, LineAmount, LineCredit, LinePart
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.model import BuyerAddressMissing, Discount, Line
from chalicelib.domain.documents.payment_mode import Method, Settlement
from chalicelib.domain.documents.prices_with_tax import listed_price
from chalicelib.domain.documents.registry import receivable_types
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.domain.language import Language
from chalicelib.domain.money import ZERO, price_text
from chalicelib.domain.morocco.stamp import StampAnswer
from chalicelib.services.inputs.records import MetadataIn

MAX_DESCRIPTION = 2_000
LINE_AMOUNT = "Dirhams off the line. Like the line's `net`, before TVA and before the document's discount."
DOCUMENT_AMOUNT = (
    "Dirhams off the document. Like `totals.net`, before TVA and after the document's discount. "
    "The TVA rates share it in proportion to what is left of each."
)
Article = Annotated[str, Text(80)]
"""An article of the tax code in any usual writing. The domain keeps its form "92-I-1"."""
PaymentMode = Annotated[
    Method, Field(description="How the document is to be paid (CGI art. 145-III-7°).", examples=["transfer"])
]
SettlementAlias = Annotated[
    Settlement,
    Field(
        description="The older name of `payment_mode`: in cash or otherwise.",
        examples=["other"],
        json_schema_extra={"deprecated": True},
    ),
]
Reference = Annotated[str, Text(100)]
WITHHOLDING = (
    "`none`: the buyer is expected to withhold nothing on this line, because the decree does not list the service. "
    "Null: its nature decides."
)
PRICE_WITH_TAX = "The price in dirhams with TVA, instead of unit_price."
SERVICE_DONE = "The day on which a public body found the service done (service fait). Its terms run from it."
END_OF_MONTH = "Whether the payment terms end at the end of a month (30 days end of month)."
STAMP_EXEMPTION = "Why cash for it owes no stamp duty (LF 2019); null: as the company's settings say."
BUYER_ADDRESS = "Why the document states no address of its business buyer (CGI art. 145-III-4°). Printed nowhere."
InvoiceId = Annotated[str, Id(INVOICE.prefix)]
PayableId = Annotated[str, Ids(tuple(each.prefix for each in receivable_types()))]
"""A document that payments pay."""


class DiscountIn(Model):
    """Either a percentage or an amount in dirhams."""

    percent: Percent | None = None
    amount: Amount | None = None

    def value(self) -> Discount:
        """The domain's discount."""
        return Discount(percent=self.percent, amount=self.amount)


def _one(discount: DiscountIn) -> DiscountIn:
    if (discount.percent is None) == (discount.amount is None):
        raise PydanticCustomError("discount_ambiguous", "")
    return discount


DiscountField = Annotated[DiscountIn, AfterValidator(_one)]


class LineIn(Model):
    """One line. Its price is either `unit_price`, before TVA, or `unit_price_incl`, with TVA.

    With `unit_price_incl`, a discount in dirhams includes TVA, and the total with TVA is exactly what was written. A
    line at rate "0" names its `exemption`'s article.
    """

    description: Annotated[str, Text(MAX_DESCRIPTION, lines=True)]
    quantity: Quantity
    unit: Annotated[str, Text(30)] | None = None
    unit_price: UnitPrice | None = None
    unit_price_incl: Annotated[UnitPrice | None, Field(description=PRICE_WITH_TAX, examples=["500.00"])] = None
    discount: DiscountField | None = None
    vat_rate: Rate
    exemption: Article | None = None
    nature: Nature = "goods"
    withholding: Annotated[WithholdingMark | None, Field(description=WITHHOLDING, examples=["none"])] = None
    item: Annotated[str, Id("itm")] | None = None

    def value(self) -> Line:
        """The domain's line."""
        return Line(
            description=self.description,
            quantity=self.quantity,
            unit=self.unit,
            unit_price=ZERO if self.unit_price is None else self.unit_price,
            unit_price_incl=self.unit_price_incl,
            discount=self.discount.value() if self.discount else None,
            vat_rate=self.vat_rate,
            exemption=self.exemption,
            nature=self.nature,
            withholding=self.withholding,
            item=self.item,
        )


def _priced(index: int, line: LineIn) -> Iterator[Fault]:
    """Require one price. Both may be sent, as an answer states them, if they agree."""
    if line.unit_price is None and line.unit_price_incl is None:
        yield Fault(f"/lines/{index}/unit_price", "missing")
    elif line.unit_price is not None and line.unit_price_incl is not None:
        listed = listed_price(line.unit_price_incl, line.vat_rate)
        if line.unit_price != listed:
            yield Fault(f"/lines/{index}/unit_price", "price_contradicts", {"price": price_text(listed)})


class DraftEdit(Model):
    """A draft's content. Omitted members stay unchanged."""

    operation_date: Day | None = None
    due_date: Day | None = None
    language: Language | None = None
    payment_mode: PaymentMode | None = None
    settlement: SettlementAlias = "other"
    service_done_on: Annotated[Day | None, Field(description=SERVICE_DONE, examples=["2026-11-20"])] = None
    terms_end_of_month: Annotated[bool, Field(description=END_OF_MONTH, examples=[False])] = False
    stamp_exemption: Annotated[StampAnswer | None, Field(description=STAMP_EXEMPTION, examples=["fuel"])] = None
    buyer_address_missing: Annotated[
        BuyerAddressMissing | None, Field(description=BUYER_ADDRESS, examples=["not_given"])
    ] = None
    reverse_charge: bool = False
    lines: Annotated[tuple[LineIn, ...], Field(max_length=MAX_LINES, strict=False)] = ()
    discount: DiscountField | None = None
    notes: Annotated[str, multi_line(MAX_DESCRIPTION)] | None = None
    buyer_reference: Reference | None = None
    order_reference: Reference | None = None
    metadata: MetadataIn | None = None

    def content(self) -> dict[str, Any]:
        """The members that were sent, as domain values by name. Raises InvalidContent for a line without a price."""
        sent = {name: getattr(self, name) for name in self.model_fields_set if name != "id"}
        if "lines" in sent:
            if faults := [fault for index, line in enumerate(self.lines) for fault in _priced(index, line)]:
                raise InvalidContent(*faults)
            sent["lines"] = tuple(line.value() for line in self.lines)
        if self.discount is not None:
            sent["discount"] = self.discount.value()
        return sent


class IssueIn(Model):
    """The day of issue: today in Casablanca, unless an earlier day is given."""

    issue_date: Day | None = None


class RecordIn(Model):
    """The number and the day of a document that the other party has issued."""

    number: Annotated[str, Text(60)]
    issue_date: Day


class IssueManyIn(IssueIn):
    """Drafts to issue, in order."""

    ids: Annotated[tuple[InvoiceId, ...], Field(min_length=1, max_length=1_000, strict=False)]


class CreditLineIn(Model):
    """The credit of one line of the invoice, numbered from 1: either a quantity or an amount."""

    line: Annotated[int, Field(ge=1, le=MAX_LINES)]
    quantity: Annotated[Quantity | None, Field(description="The quantity. It takes its share of what is left.")] = None
    amount: Annotated[PositiveAmount | None, Field(description=LINE_AMOUNT)] = None

    def value(self) -> LinePart:
        """The domain's part."""
        if self.quantity is not None:
            return LineCredit(self.line, self.quantity)
        assert self.amount is not None  # noqa: S101 — `_measured` has refused a line without both
        return LineAmount(self.line, self.amount)


def _measured(part: CreditLineIn) -> CreditLineIn:
    if (part.quantity is None) == (part.amount is None):
        raise PydanticCustomError("credit_ambiguous", "")
    return part


CreditLineField = Annotated[CreditLineIn, AfterValidator(_measured)]


class CreditIn(Model):
    """The credit of `lines`, or of an `amount` over the document. Without both, all that remains is credited."""

    id: Annotated[str, Id(CREDIT_NOTE.prefix)] | None = None
    lines: Annotated[tuple[CreditLineField, ...], Field(min_length=1, max_length=MAX_LINES, strict=False)] | None = None
    amount: Annotated[PositiveAmount | None, Field(description=DOCUMENT_AMOUNT)] = None
    reason: Annotated[str, Text(500)] | None = None

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if self.lines is not None and self.amount is not None:
            raise PydanticCustomError("credit_lines_or_amount", "")
        return self

    def value(self) -> CreditRequest:
        """The domain's request."""
        if self.amount is not None:
            return DocumentAmount(self.amount)
        return None if self.lines is None else [part.value() for part in self.lines]


class DocumentFilters(PageQuery):
    """Filters of a list of documents. Several filters all apply."""

    number: Annotated[str, Text(60)] | None = Field(
        None, description="Only the document with this complete number.", examples=["FA-2026-00042"]
    )
    q: Annotated[str, Text(100)] | None = Field(
        None,
        description="Words of the number and of the other party's name, without case and accents. Each of the first "
        "eight must begin a word.",
        examples=["atlas"],
    )
    issued_from: Day | None = Field(None, description="The first day of issue.")
    issued_to: Day | None = Field(None, description="The last day of issue.")
    updated_since: Instant | None = Field(
        None, description="Changed at this instant or later. Payments change a document too."
    )
    sort: Literal["created", "-created", "issue_date", "-issue_date"] | None = Field(
        None,
        description="The order, descending with `-`: `created` is the oldest first, `-created` the newest first. "
        "Without it, the newest is first. A filter by days of issue has the order `issue_date`, the latest first.",
        examples=["-issue_date"],
    )


class PayableFilters(DocumentFilters):
    """Filters of a list of payable documents. What is open is listed by due date, the earliest first."""

    open: Flag | None = Field(
        None, description="Issued documents of which something is owed, or nothing.", examples=[True]
    )
    overdue: Flag | None = Field(
        None, description="Issued documents that are open past their due date, or not.", examples=[True]
    )
    due_from: Day | None = Field(None, description="The first due date.")
    due_to: Day | None = Field(None, description="The last due date.")
    sort: Literal["created", "-created", "issue_date", "-issue_date", "due_date", "-due_date"] | None = Field(  # type: ignore[assignment]  # one order more
        None,
        description="The order, descending with `-`: `created` is the oldest first, `-created` the newest first. "
        "Without it, the newest is first. A filter by days of issue has the order `issue_date`, the latest first. "
        "`open` and `overdue` have `due_date`, the earliest first.",
        examples=["due_date"],
    )


class PdfQuery(Model):
    """The language of the page; without it, the document's own."""

    lang: Language | None = None
