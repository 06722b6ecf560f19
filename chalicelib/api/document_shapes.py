"""The response models of documents, deletions and files."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.fields import ResponseModel
from chalicelib.api.metadata import MetadataShown
from chalicelib.api.party_shapes import BuyerShown, SellerShown
from chalicelib.domain.companies.company import VatBasis
from chalicelib.domain.companies.item import Nature, WithholdingMark
from chalicelib.domain.documents.model import BuyerAddressMissing
from chalicelib.domain.documents.payment_mode import Method, Settlement
from chalicelib.domain.morocco.stamp import StampAnswer

WITHHOLDING = "`none`: the buyer is expected to withhold nothing on this line. Null: its nature decides."


class DiscountShown(ResponseModel):
    """A percentage or an amount."""

    percent: str | None = None
    amount: str | None = None


class LineShown(ResponseModel):
    """A line with its amount before TVA; on a credit note, `credits` is the invoice's line, or null for an amount
    over the document."""

    description: str
    quantity: str
    unit: str | None
    unit_price: str
    unit_price_incl: Annotated[str | None, Field(description="The price with TVA as written.", examples=["500.00"])]
    discount: DiscountShown | None
    vat_rate: str
    exemption: str | None
    nature: Nature
    withholding: Annotated[WithholdingMark | None, Field(description=WITHHOLDING, examples=["none"])]
    item: str | None
    net: str
    credits: int | None = None


class VatShown(ResponseModel):
    """TVA of one rate."""

    rate: str
    exemption: str | None
    base: str
    amount: str


class TotalsShown(ResponseModel):
    """In dirhams; gross = net + vat_total + rounding, payable = gross + stamp_duty. Documents from before
    withholding moved to the payment state the payable less `withheld`; it is 0.00 on others."""

    lines: str
    discount: str
    net: str
    vat: list[VatShown]
    vat_total: str
    rounding: Annotated[
        str,
        Field(
            description="What the written prices with tax need beside net and TVA (BT-114). It is 0.00 on nearly every "
            "document.",
            examples=["0.01"],
        ),
    ]
    gross: str
    stamp_duty: str
    withheld: str
    withheld_vat: str
    withheld_fees: str
    payable: str


class WithholdingShown(ResponseModel):
    """The RAS that the buyer is expected to withhold at payment, in dirhams. It is a note: the payment states it."""

    vat: Annotated[str, Field(description="RAS-TVA (CGI art. 117).", examples=["1500.00"])]
    fees: Annotated[str, Field(description="RAS on fees (CGI art. 157).", examples=["0.00"])]


class WordsShown(ResponseModel):
    """The payable amount written out, as the page closes with it."""

    fr: str
    ar: str


class RegisterPlace(ResponseModel):
    """A document's place in the register; hashes in hex."""

    series: str
    position: int
    hash: str
    chain: str


class NoticeShown(ResponseModel):
    """A notice before issuing: a stable code and its parameters."""

    pointer: str
    code: str
    params: dict[str, str]


SERVICE_DONE = "The day on which a public body found the service done (service fait). Its terms run from it."
END_OF_MONTH = "Whether the payment terms end at the end of a month (30 days end of month)."
STAMP_EXEMPTION = "Why cash for it owes no stamp duty (LF 2019)."
BUYER_ADDRESS = "Why the document states no address of its business buyer (CGI art. 145-III-4°). Printed nowhere."
TERMS_LAW = "Whether law 69-21 on payment terms binds the sale; null on a draft and on an older document."
BASIS = "Whether its TVA is due at the payment or at the invoice; null on a draft and on an older document."


class DocumentShown(ResponseModel):
    """The members of every kind of document; each kind adds the other party and its own."""

    id: str | None
    status: str
    number: str | None
    version: int | None
    issue_date: str | None
    operation_date: str | None
    due_date: str | None
    currency: str
    language: str | None
    payment_mode: Annotated[
        Method, Field(description="How it is to be paid; `other` where nobody stated it.", examples=["transfer"])
    ]
    settlement: Annotated[
        Settlement,
        Field(
            description="The older name of `payment_mode`.", examples=["other"], json_schema_extra={"deprecated": True}
        ),
    ]
    service_done_on: Annotated[str | None, Field(description=SERVICE_DONE, examples=["2026-11-20"])]
    terms_end_of_month: Annotated[bool, Field(description=END_OF_MONTH, examples=[False])]
    stamp_exemption: Annotated[StampAnswer | None, Field(description=STAMP_EXEMPTION, examples=["fuel"])]
    buyer_address_missing: Annotated[
        BuyerAddressMissing | None, Field(description=BUYER_ADDRESS, examples=["not_given"])
    ]
    terms_law: Annotated[bool | None, Field(description=TERMS_LAW, examples=[True])]
    vat_basis: Annotated[VatBasis | None, Field(description=BASIS, examples=["receipts"])]
    reverse_charge: bool
    seller: SellerShown | None
    buyer: BuyerShown | None
    lines: list[LineShown]
    discount: DiscountShown | None
    totals: TotalsShown
    amount_in_words: WordsShown
    expected_withholding: WithholdingShown
    notes: str | None
    buyer_reference: Annotated[
        str | None, Field(description="The buyer's own reference (BT-10).", examples=["Service achats"])
    ]
    order_reference: Annotated[
        str | None, Field(description="The number of the buyer's order (BT-13).", examples=["BC-2026-118"])
    ]
    metadata: MetadataShown
    specimen: bool = False
    register_: Annotated[RegisterPlace | None, Field(alias="register")]
    created_at: str | None
    updated_at: str | None


class LateFineShown(ResponseModel):
    """An estimate of the fine on a late payment (Code de commerce art. 78-3). The buyer owes it to the Treasury, so it
    is in no balance, no statement and no amount in words."""

    estimate: Annotated[str, Field(description="The estimated fine in dirhams.", examples=["4740.00"])]
    rate: Annotated[str, Field(description="Percent: the key rate, and 0.85 per further month.", examples=["3.95"])]
    months: Annotated[int, Field(description="Months of delay that have begun.", examples=[3])]
    base: Annotated[str, Field(description="The unpaid amount in dirhams, TVA included.", examples=["120000.00"])]
    owed_by: Annotated[Literal["buyer"], Field(description="Who owes the fine: always the buyer.", examples=["buyer"])]
    owed_to: Annotated[
        Literal["treasury"], Field(description="Who gets the fine: always the Treasury.", examples=["treasury"])
    ]


class PayableShown(DocumentShown):
    """A document on which payments are recorded. Notices are those of a draft. What is owed is gross + stamp duty, less
    the credit notes; `paid` and `withheld` settle it."""

    late_payment_fine: Annotated[
        LateFineShown | None, Field(description="Of an overdue document on the day of reading.", examples=[None])
    ]
    paid: Annotated[str, Field(description="The money that pays it, in dirhams.", examples=["10500.00"])]
    withheld: Annotated[str, Field(description="What its payers withheld, in dirhams.", examples=["1500.00"])]
    credited: Annotated[str, Field(description="The sum of its credit notes, in dirhams.", examples=["0.00"])]
    pending: Annotated[
        str, Field(description="Cheques and bills that are not cashed yet. They pay nothing.", examples=["0.00"])
    ]
    balance: Annotated[str, Field(description="What is still owed, never below zero.", examples=["0.00"])]


class Deleted(ResponseModel):
    """The answer to a deletion: what was deleted."""

    id: str
    object: str
    deleted: Literal[True]


class FileShown(ResponseModel):
    """The address of a file, and the end of its validity."""

    url: str
    expires_at: str
