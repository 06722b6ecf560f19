"""The request models of documents and payments."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from chalicelib.api.fields import (
    Amount,
    Day,
    Flag,
    Id,
    Instant,
    Model,
    Percent,
    Quantity,
    Rate,
    Text,
    UnitPrice,
    multi_line,
)
from chalicelib.api.paging import PageQuery
from chalicelib.domain.companies.item import Nature
from chalicelib.domain.documents.calculation import MAX_LINES
from chalicelib.domain.documents.credit_note import CREDIT_NOTE
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.model import Discount, Line
from chalicelib.domain.documents.payment_mode import Method, Settlement
from chalicelib.domain.language import Language

MAX_DESCRIPTION = 2_000
Article = Annotated[str, Text(20)]
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
InvoiceId = Annotated[str, Id(INVOICE.prefix)]


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
    """One line. `unit_price` in dirhams before TVA; a line at rate "0" names its `exemption`'s article."""

    description: Annotated[str, Text(MAX_DESCRIPTION, lines=True)]
    quantity: Quantity
    unit: Annotated[str, Text(30)] | None = None
    unit_price: UnitPrice
    discount: DiscountField | None = None
    vat_rate: Rate
    exemption: Article | None = None
    nature: Nature = "goods"
    item: Annotated[str, Id("itm")] | None = None

    def value(self) -> Line:
        """The domain's line."""
        return Line(
            description=self.description,
            quantity=self.quantity,
            unit=self.unit,
            unit_price=self.unit_price,
            discount=self.discount.value() if self.discount else None,
            vat_rate=self.vat_rate,
            exemption=self.exemption,
            nature=self.nature,
            item=self.item,
        )


class DraftEdit(Model):
    """A draft's content. Omitted members stay unchanged."""

    operation_date: Day | None = None
    due_date: Day | None = None
    language: Language | None = None
    payment_mode: PaymentMode | None = None
    settlement: SettlementAlias = "other"
    reverse_charge: bool = False
    lines: Annotated[tuple[LineIn, ...], Field(max_length=MAX_LINES, strict=False)] = ()
    discount: DiscountField | None = None
    notes: Annotated[str, multi_line(MAX_DESCRIPTION)] | None = None

    def content(self) -> dict[str, Any]:
        """The members that were sent, as domain values by name."""
        sent = {name: getattr(self, name) for name in self.model_fields_set if name != "id"}
        if "lines" in sent:
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
    """The credit of one line of the invoice, numbered from 1."""

    line: Annotated[int, Field(ge=1, le=MAX_LINES)]
    quantity: Quantity


class CreditIn(Model):
    """The lines to credit. Without `lines`, all that remains is credited."""

    id: Annotated[str, Id(CREDIT_NOTE.prefix)] | None = None
    lines: Annotated[tuple[CreditLineIn, ...], Field(min_length=1, max_length=MAX_LINES, strict=False)] | None = None
    reason: Annotated[str, Text(500)] | None = None


class DocumentFilters(PageQuery):
    """Filters of a list of documents. Several filters all apply."""

    number: Annotated[str, Text(60)] | None = Field(
        None, description="The complete number.", examples=["FA-2026-00042"]
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
        description="The order, descending with `-`. A filter by days of issue has the order `issue_date`.",
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
        description="The order, descending with `-`. A filter by days of issue has the order `issue_date`; `open` and "
        "`overdue` have `due_date`.",
        examples=["due_date"],
    )


class PdfQuery(Model):
    """The language of the page; without it, the document's own."""

    lang: Language | None = None
