"""What a client sends and is shown of documents."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from chalicelib.api.fields import (
    Amount,
    Day,
    Id,
    Instant,
    Language,
    Model,
    Percent,
    PositiveAmount,
    Quantity,
    Rate,
    Shown,
    Text,
    UnitPrice,
    multi_line,
)
from chalicelib.api.paging import Page, expandable
from chalicelib.domain.document import Discount, Line

MAX_LINES = 1_000
MAX_DESCRIPTION = 2_000
Article = Annotated[str, Text(20)]
Nature = Literal["goods", "services", "fees", "works", "capital_goods"]
InvoiceId = Annotated[str, Id("inv")]
CustomerId = Annotated[str, Id("cus")]


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
            description=self.description, quantity=self.quantity, unit=self.unit, unit_price=self.unit_price,
            discount=self.discount.value() if self.discount else None, vat_rate=self.vat_rate,
            exemption=self.exemption, nature=self.nature, item=self.item,
        )  # fmt: skip


class InvoiceEdit(Model):
    """A draft's content; what is left out stays as it is."""

    customer: CustomerId | None = None
    operation_date: Day | None = None
    due_date: Day | None = None
    language: Language | None = None
    settlement: Literal["cash", "other"] = "other"
    reverse_charge: bool = False
    lines: Annotated[tuple[LineIn, ...], Field(max_length=MAX_LINES, strict=False)] = ()
    discount: DiscountField | None = None
    notes: Annotated[str, multi_line(MAX_DESCRIPTION)] | None = None

    def content(self) -> dict[str, Any]:
        """What was sent, as the domain's values by name."""
        sent = {name: getattr(self, name) for name in self.model_fields_set if name != "id"}
        if "lines" in sent:
            sent["lines"] = tuple(line.value() for line in self.lines)
        if self.discount is not None:
            sent["discount"] = self.discount.value()
        return sent


class InvoiceNew(InvoiceEdit):
    """A new draft; a client that works offline chooses its id."""

    id: InvoiceId | None = None


class IssueIn(Model):
    """The day to issue under: today in Casablanca, unless an earlier one is named."""

    issue_date: Day | None = None


class IssueManyIn(IssueIn):
    """Drafts to issue, in order."""

    ids: Annotated[tuple[InvoiceId, ...], Field(min_length=1, max_length=1_000, strict=False)]


class CreditLineIn(Model):
    """So much of one line of the invoice, numbered from 1."""

    line: Annotated[int, Field(ge=1, le=MAX_LINES)]
    quantity: Quantity


class CreditIn(Model):
    """What to credit; without `lines`, all that is left."""

    id: Annotated[str, Id("crn")] | None = None
    lines: Annotated[tuple[CreditLineIn, ...], Field(min_length=1, max_length=MAX_LINES, strict=False)] | None = None
    reason: Annotated[str, Text(500)] | None = None


class PaymentIn(Model):
    """Money received, in dirhams."""

    id: Annotated[str, Id("pay")] | None = None
    amount: PositiveAmount
    method: Literal["cash", "cheque", "transfer", "card", "bill_of_exchange"]
    date: Day
    reference: Annotated[str, Text(100)] | None = None


class DocumentQuery(Page):
    """Filters of a list of documents; dates are those of issue, both included."""

    customer: CustomerId | None = None
    issued_from: Day | None = None
    issued_to: Day | None = None
    updated_since: Instant | None = None
    expand: Annotated[tuple[Literal["customer"], ...], Field(strict=False)] = expandable()


class InvoiceQuery(DocumentQuery):
    """Filters of the list of invoices."""

    status: Literal["draft", "issued", "partially_paid", "paid", "credited"] | None = None


class ExpandQuery(Model):
    """What to show in place of its id."""

    expand: Annotated[tuple[Literal["customer"], ...], Field(strict=False)] = expandable()


class PdfQuery(Model):
    """The language of the page; without it, the document's own."""

    lang: Language | None = None


class DiscountShown(Shown):
    """Either member."""

    percent: str | None = None
    amount: str | None = None


class LineShown(Shown):
    """A line with its amount before TVA; on a credit note, `credits` is the invoice's line."""

    description: str
    quantity: str
    unit: str | None
    unit_price: str
    discount: DiscountShown | None
    vat_rate: str
    exemption: str | None
    nature: Nature
    item: str | None
    net: str
    credits: int | None = None


class VatShown(Shown):
    """TVA of one rate."""

    rate: str
    exemption: str | None
    base: str
    amount: str


class TotalsShown(Shown):
    """In dirhams; payable = gross + stamp_duty − withheld."""

    lines: str
    discount: str
    net: str
    vat: list[VatShown]
    vat_total: str
    gross: str
    stamp_duty: str
    withheld: str
    withheld_vat: str
    withheld_fees: str
    payable: str


class WordsShown(Shown):
    """The payable amount in words."""

    fr: str
    ar: str


class RegisterPlace(Shown):
    """A document's place in the register; hashes in hex."""

    series: str
    position: int
    hash: str
    chain: str


class NoticeShown(Shown):
    """Something to know before issuing: a stable code and its parameters."""

    pointer: str
    code: str
    params: dict[str, str]


class DocumentShown(Shown):
    """What invoices and credit notes have in common."""

    id: str | None
    status: str
    number: str | None
    version: int | None
    issue_date: str | None
    operation_date: str | None
    due_date: str | None
    currency: str
    language: str | None
    settlement: str
    reverse_charge: bool
    customer: str | dict[str, Any] | None
    seller: dict[str, Any] | None
    buyer: dict[str, Any] | None
    lines: list[LineShown]
    discount: DiscountShown | None
    totals: TotalsShown
    amount_in_words: WordsShown
    notes: str | None
    specimen: bool = False
    register_: Annotated[RegisterPlace | None, Field(alias="register")]
    created_at: str | None
    updated_at: str | None


class InvoiceShown(DocumentShown):
    """A draft or an issued invoice."""

    object: Literal["invoice"]
    paid: str
    credited: str
    balance: str
    notices: list[NoticeShown]


class CreditNoteShown(DocumentShown):
    """An issued credit note."""

    object: Literal["credit_note"]
    invoice: str
    invoice_number: str
    reason: str | None


class Deleted(Shown):
    """What is gone."""

    id: str
    object: str
    deleted: Literal[True]


class PaymentShown(Shown):
    """A payment; `stamp_duty` is what cash owes apart and does not change the balance."""

    id: str
    object: Literal["payment"]
    invoice: str
    amount: str
    method: str
    date: str
    reference: str | None
    stamp_duty: str
    version: int
    created_at: str
    updated_at: str


class Outcome(Shown):
    """What became of one document of a bulk issue."""

    id: str
    outcome: Literal["issued", "failed", "not_attempted"]
    number: str | None = None
    code: str | None = None


class Outcomes(Shown):
    """Outcomes in the order asked for; beyond one transaction, a job to look at instead."""

    object: Literal["list", "job"]
    data: list[Outcome] | None = None
    has_more: bool | None = None
    id: str | None = None
    task: str | None = None
    status: str | None = None
    done: int | None = None
    total: int | None = None
    outcomes: list[Outcome] | None = None
    version: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class JobShown(Shown):
    """A job's progress."""

    id: str
    object: Literal["job"]
    task: str
    status: Literal["queued", "running", "completed", "failed"]
    done: int
    total: int
    outcomes: list[Outcome]
    version: int
    created_at: str
    updated_at: str


class FileShown(Shown):
    """Where to fetch a file, and until when."""

    url: str
    expires_at: str
