"""The request models of payments, unapplied credit and refunds."""

from typing import Annotated

from pydantic import Field

from chalicelib.api.document_models import InvoiceId, PayableId
from chalicelib.api.fields import Amount, Day, Id, Model, PositiveAmount, Text
from chalicelib.domain.documents.payment import ReceivedPayment, ReversalReason
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.money import ZERO
from chalicelib.services.documents.unapplied_credit import MOST_TARGETS, CreditTarget, Money

Reference = Annotated[str, Text(100)]


class PaymentIn(Model):
    """Money received, and what the payer withheld, in dirhams. The amount and the withholding together settle the
    document; what is too much becomes unapplied credit of the customer."""

    id: Annotated[str, Id("pay")] | None = None
    amount: Amount
    method: Method
    date: Annotated[Day, Field(description="The day of the payment, at most today in Casablanca.")]
    reference: Reference | None = None
    withheld_vat: Annotated[
        Amount, Field(description="The RAS-TVA that the payer withheld (CGI art. 117).", examples=["150.00"])
    ] = ZERO
    withheld_fees: Annotated[
        Amount, Field(description="The RAS on fees that the payer withheld (CGI art. 157).", examples=["0.00"])
    ] = ZERO
    certificate: (
        Annotated[
            str,
            Text(100),
            Field(description="The reference of the certificate of withholding.", examples=["ATT-2026-118"]),
        ]
        | None
    ) = None
    matures_on: (
        Annotated[
            Day,
            Field(
                description="The day on which a cheque or a bill of exchange may be cashed. Until then it is pending."
            ),
        ]
        | None
    ) = None

    def received(self) -> ReceivedPayment:
        """The payment as the service takes it."""
        return ReceivedPayment(
            amount=self.amount,
            method=self.method,
            date=self.date,
            reference=self.reference,
            withheld_vat=self.withheld_vat,
            withheld_fees=self.withheld_fees,
            certificate=self.certificate,
            matures_on=self.matures_on,
        )


class CashIn(Model):
    """The day on which a pending cheque or bill was cashed. What was withheld may be corrected, because another payment
    may have settled the invoice since."""

    date: Day
    withheld_vat: Annotated[
        Amount | None, Field(description="RAS-TVA, if it is not as recorded.", examples=["0.00"])
    ] = None
    withheld_fees: Annotated[
        Amount | None, Field(description="RAS on fees, if it is not as recorded.", examples=["0.00"])
    ] = None


class ReverseIn(Model):
    """The reason and the day of a counter-entry; without `date`, today in Casablanca."""

    reason: Annotated[ReversalReason, Field(description="Why the money is taken back.", examples=["returned_unpaid"])]
    date: Day | None = None


class MoneyIn(Model):
    """Money that came or went, in dirhams."""

    amount: PositiveAmount
    method: Method
    date: Day
    reference: Reference | None = None

    def money(self) -> Money:
        """The money as the service takes it."""
        return Money(amount=self.amount, method=self.method, date=self.date, reference=self.reference)


class AdvanceIn(MoneyIn):
    """Money in advance. The draft that `document` names takes it at its issue, and no other document."""

    id: Annotated[str, Id("ucr")] | None = None
    document: InvoiceId | None = None


class RefundIn(MoneyIn):
    """Money given back to the customer."""

    id: Annotated[str, Id("rfd")] | None = None


class TargetIn(Model):
    """The part of the credit that a document takes, in dirhams."""

    document: PayableId
    amount: PositiveAmount


class ApplyIn(Model):
    """The documents that take unapplied credit. The oldest entries are used first."""

    to: Annotated[tuple[TargetIn, ...], Field(min_length=1, max_length=MOST_TARGETS, strict=False)]

    def targets(self) -> list[CreditTarget]:
        """The targets as the service takes them."""
        return [CreditTarget(document=target.document, amount=target.amount) for target in self.to]
