"""The response models of payments, unapplied credit and refunds."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.document_shapes import NoticeShown
from chalicelib.api.fields import ResponseModel
from chalicelib.domain.documents.credit_entry import CreditSource
from chalicelib.domain.documents.payment import ReversalReason
from chalicelib.domain.documents.payment_mode import Method

Reverses = Annotated[
    str | None,
    Field(
        description="The entry that this counter-entry takes back; null on other entries.",
        examples=["pay_01KB8Y3A4B5C6D7E8F9G0H1J2K"],
    ),
]
ReversedBy = Annotated[
    str | None, Field(description="The counter-entry that takes it back.", examples=["pay_01KB8Y3A4B5C6D7E8F9G0H1J2K"])
]
CASH_NOTICES = "Warnings about the limits of cash. They count all cash of the customer on that day and in that month."


class PaymentShown(ResponseModel):
    """Money received for an invoice. A counter-entry has negative amounts and names the payment that it `reverses`.
    `stamp_duty` is the additional tax on cash; it does not change the balance."""

    id: str
    object: Literal["payment"]
    invoice: str
    customer: Annotated[
        str | None,
        Field(
            description="The buyer; null if they were erased, or on older payments.",
            examples=["cus_01KB8Y3A4B5C6D7E8F9G0H1J2K"],
        ),
    ]
    amount: str
    method: Method
    date: str
    reference: str | None
    status: Annotated[
        Literal["received", "pending", "reversed", "counter_entry"],
        Field(description="`pending`: a cheque or a bill that is not cashed yet.", examples=["received"]),
    ]
    applied: Annotated[str, Field(description="The part that pays the invoice, in dirhams.", examples=["1000.00"])]
    withheld_vat: Annotated[str, Field(description="The RAS-TVA that the payer withheld.", examples=["150.00"])]
    withheld_fees: Annotated[str, Field(description="The RAS on fees that the payer withheld.", examples=["0.00"])]
    certificate: str | None
    matures_on: str | None
    cashed_on: str | None
    excess_entry: Annotated[
        str | None,
        Field(
            description="The unapplied credit that holds what is not applied.",
            examples=["ucr_01KB8Y3A4B5C6D7E8F9G0H1J2K"],
        ),
    ]
    credit_entry: Annotated[
        str | None,
        Field(
            description="The unapplied credit that this payment was taken from.",
            examples=["ucr_01KB8Y3A4B5C6D7E8F9G0H1J2K"],
        ),
    ]
    reverses: Reverses
    reversed_by: ReversedBy
    reason: ReversalReason | None
    stamp_duty: str
    notices: Annotated[list[NoticeShown], Field(description=CASH_NOTICES, examples=[[]])]
    version: int
    created_at: str
    updated_at: str


class CreditUseShown(ResponseModel):
    """A part of an entry that was applied to a document, or refunded."""

    amount: str
    date: str
    document: str | None
    payment: str | None
    refund: str | None


class CreditEntryShown(ResponseModel):
    """Money of a customer that pays no document yet. `unapplied` may still be applied or refunded. A counter-entry has
    a negative amount and names the advance that it `reverses`."""

    id: str
    object: Literal["credit_entry"]
    customer: str | None
    source: Annotated[
        CreditSource,
        Field(description="An advance, a payment in excess, or a credit note.", examples=["advance"]),
    ]
    amount: str
    unapplied: Annotated[str, Field(description="What is left of it, in dirhams.", examples=["1000.00"])]
    method: Method
    date: str
    reference: str | None
    document: Annotated[
        str | None,
        Field(
            description="The draft that alone takes it, or the document that freed it.",
            examples=["inv_01KB8Y3A4B5C6D7E8F9G0H1J2K"],
        ),
    ]
    payment: str | None
    credit_note: str | None
    uses: list[CreditUseShown]
    taken_back: Annotated[str, Field(description="What a reversal took back.", examples=["0.00"])]
    reverses: Reverses
    reversed_by: ReversedBy
    reason: ReversalReason | None
    notices: Annotated[list[NoticeShown], Field(description=CASH_NOTICES, examples=[[]])]
    version: int
    created_at: str
    updated_at: str


class RefundShown(ResponseModel):
    """Money given back to a customer, and the entries of unapplied credit that it lowers. A counter-entry has a
    negative amount and names the refund that it `reverses`."""

    id: str
    object: Literal["refund"]
    customer: str | None
    document: str | None
    amount: str
    method: Method
    date: str
    reference: str | None
    entries: list[str]
    reverses: Reverses
    reversed_by: ReversedBy
    reason: ReversalReason | None
    version: int
    created_at: str
    updated_at: str
