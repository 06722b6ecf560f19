"""The models of a customer's statement."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.fields import Day, Model, ResponseModel
from chalicelib.domain.documents.account_line import LineKind
from chalicelib.domain.documents.payment import ReversalReason
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.language import Language


class StatementQuery(Model):
    """The period of the statement."""

    first: Annotated[
        Day | None,
        Field(
            alias="from",
            description="The first day; without it, the first day of the year of `to`.",
            examples=["2026-10-01"],
        ),
    ] = None
    to: Annotated[
        Day | None,
        Field(description="The last day; without it, today in Casablanca.", examples=["2026-12-31"]),
    ] = None


class StatementPageQuery(StatementQuery):
    """The period of the statement and the language of its page; without it, the customer's own."""

    lang: Language | None = None


class AgeingShown(ResponseModel):
    """The open amounts of the last day, in dirhams, by the days since the due date."""

    not_due: Annotated[str, Field(description="What is not overdue.", examples=["1200.00"])]
    days_1_30: Annotated[str, Field(description="The dirhams that are overdue by 1 to 30 days.", examples=["0.00"])]
    days_31_60: Annotated[str, Field(description="The dirhams that are overdue by 31 to 60 days.", examples=["0.00"])]
    days_61_90: Annotated[str, Field(description="The dirhams that are overdue by 61 to 90 days.", examples=["0.00"])]
    over_90_days: Annotated[
        str, Field(description="The dirhams that are overdue by more than 90 days.", examples=["0.00"])
    ]


class StatementLineShown(ResponseModel):
    """A dated event of the account, in dirhams. An application of unapplied credit is no event: its money counted
    before."""

    date: Annotated[str, Field(description="The day on which it counts.", examples=["2026-11-23"])]
    kind: Annotated[
        LineKind,
        Field(
            description="`stamp_duty` is a change of the duty after the issue, and `withholding_not_needed` the part "
            "of a withholding that credit notes leave without a debt. `pending` is a cheque or a bill that is not "
            "cashed yet: it counts nothing.",
            examples=["invoice"],
        ),
    ]
    id: Annotated[
        str,
        Field(
            description="The document, payment, advance or refund of the line.",
            examples=["inv_01J00000000000000000000000"],
        ),
    ]
    document: Annotated[
        str | None,
        Field(
            description="The document that the line is about; null for none.",
            examples=["inv_01J00000000000000000000000"],
        ),
    ]
    number: Annotated[
        str | None, Field(description="The complete number of `document`, as printed.", examples=["FA-2026-00042"])
    ]
    due_date: Annotated[
        str | None,
        Field(description="The day by which the invoice must be paid; null on other lines.", examples=["2027-01-22"]),
    ]
    method: Annotated[Method | None, Field(description="The method of a payment or a refund.", examples=[None])]
    reference: Annotated[
        str | None, Field(description="The reference of the money, or of the certificate.", examples=[None])
    ]
    reason: Annotated[
        ReversalReason | None,
        Field(description="Why the money was taken back; null on other lines.", examples=["returned_unpaid"]),
    ]
    debit: Annotated[str, Field(description="What the customer owes in addition.", examples=["3600.00"])]
    credit: Annotated[str, Field(description="What the customer does not owe any more.", examples=["0.00"])]
    pending: Annotated[
        str,
        Field(
            description="A cheque or a bill that arrives, or, below zero, that was cashed or came back.",
            examples=["0.00"],
        ),
    ]
    balance: Annotated[str, Field(description="The balance of the account after the line.", examples=["3600.00"])]


class StatementShown(ResponseModel):
    """The account of a customer in a period. A positive balance is owed by the customer. `closing_balance` is `open`
    less `unapplied_credit`. The fine for late payment is not part of it."""

    object: Literal["statement"]
    customer: Annotated[
        str,
        Field(description="The id of the customer whose account this is.", examples=["cus_01J00000000000000000000000"]),
    ]
    customer_name: Annotated[
        str, Field(description="The name of the customer, as it is today.", examples=["Atlas Négoce SARL"])
    ]
    currency: Annotated[str, Field(description="Always MAD.", examples=["MAD"])]
    first: Annotated[str, Field(alias="from", description="The first day.", examples=["2026-10-01"])]
    to: Annotated[str, Field(description="The last day.", examples=["2026-12-31"])]
    opening_balance: Annotated[str, Field(description="The balance before the first day.", examples=["0.00"])]
    lines: Annotated[list[StatementLineShown], Field(description="The events of the period, the oldest first.")]
    debits: Annotated[str, Field(description="The sum of the debits of the period.", examples=["3600.00"])]
    credits: Annotated[str, Field(description="The sum of the credits of the period.", examples=["0.00"])]
    closing_balance: Annotated[str, Field(description="The balance at the end of the last day.", examples=["3600.00"])]
    open: Annotated[str, Field(description="What the documents have open on the last day.", examples=["3600.00"])]
    unapplied_credit: Annotated[
        str, Field(description="The customer's money that pays no document on the last day.", examples=["0.00"])
    ]
    pending: Annotated[
        str, Field(description="The cheques and bills that are not cashed on the last day.", examples=["0.00"])
    ]
    ageing: AgeingShown
