"""Payments of an invoice."""

from typing import Annotated

from chalicelib.api.document_models import PaymentIn
from chalicelib.api.document_shapes import PaymentShown
from chalicelib.api.endpoint import Ask, Endpoint
from chalicelib.api.fields import Model
from chalicelib.api.numbers import WholeNumber
from chalicelib.api.paging import Cursor, ListOf
from chalicelib.domain.call import Answer
from chalicelib.domain.errors import AlreadyExists, CloudStorageOff, InvalidContent, NotFound, NotIssued
from chalicelib.services import paying

URL = "/v1/invoices/{id}/payments"


class PaymentQuery(Model):
    """Which part of the list, oldest first."""

    limit: Annotated[int, WholeNumber(1, 100)] = 20
    starting_after: Cursor | None = None


def _list(ask: Ask) -> Answer:
    query = ask.query
    return paying.payments(ask.open, ask.path["id"], limit=query.limit, starting_after=query.starting_after)


def _pay(ask: Ask) -> Answer:
    body = ask.body
    return paying.pay(
        ask.world.store,
        ask.writing,
        ask.path["id"],
        id=body.id,
        amount=body.amount,
        method=body.method,
        day=body.date,
        reference=body.reference,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="documents.read",
        does=_list,
        summary="List an invoice's payments, oldest first",
        query=PaymentQuery,
        gives=ListOf[PaymentShown],
        errors=(NotFound, NotIssued),
        in_cloud=True,
        tag="Payments",
    ),
    Endpoint(
        method="POST",
        path=URL,
        scope="payments.write",
        does=_pay,
        summary="Record a payment",
        takes=PaymentIn,
        gives=PaymentShown,
        status=201,
        idempotent=True,
        errors=(NotFound, NotIssued, AlreadyExists, InvalidContent, CloudStorageOff),
        tag="Payments",
    ),
)
