"""Payments of an invoice."""

from typing import Annotated

from chalicelib.api.answers import Answer, address, answer, listed
from chalicelib.api.document_models import PaymentIn
from chalicelib.api.document_shapes import PaymentShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model
from chalicelib.api.numbers import WholeNumber
from chalicelib.api.paging import Cursor, ListOf
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.errors import AlreadyExists, CloudStorageOff, InvalidContent, NotFound, NotIssued
from chalicelib.services.documents import payments
from chalicelib.services.representation.documents import present_payment

URL = address(INVOICE.path, "{id}", "payments")


class PaymentQuery(Model):
    """The part of the list, oldest first."""

    limit: Annotated[int, WholeNumber(1, 100)] = 20
    starting_after: Cursor | None = None


def _list(context: RequestContext) -> Answer:
    query = context.query
    page = payments.payments(context.open, context.path["id"], limit=query.limit, starting_after=query.starting_after)
    url = address(INVOICE.path, context.path["id"], "payments")
    return Answer(listed(url, map(present_payment, page.items), more=page.next is not None))


def _pay(context: RequestContext) -> Answer:
    body = context.body
    committed = payments.pay(
        context.world.store,
        context.presenting(_paid),
        context.path["id"],
        id=body.id,
        amount=body.amount,
        method=body.method,
        day=body.date,
        reference=body.reference,
    )
    return answer(committed)


def _paid(payment: Payment, head: Head) -> Answer:
    location = address(INVOICE.path, payment.invoice, "payments")
    return Answer(present_payment(payment, head), status=201, location=location)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="documents.read",
        handler=_list,
        summary="List an invoice's payments, oldest first",
        query=PaymentQuery,
        response_model=ListOf[PaymentShown],
        errors=(NotFound, NotIssued),
        in_cloud=True,
        tag="Payments",
    ),
    Endpoint(
        method="POST",
        path=URL,
        scope="payments.write",
        handler=_pay,
        summary="Record a payment",
        request_model=PaymentIn,
        response_model=PaymentShown,
        status=201,
        idempotent=True,
        errors=(NotFound, NotIssued, AlreadyExists, InvalidContent, CloudStorageOff),
        tag="Payments",
    ),
)
