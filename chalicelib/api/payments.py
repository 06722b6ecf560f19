"""Payments of documents: recorded, cashed, reversed."""

from functools import partial
from typing import Annotated

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, created, listed, signed
from chalicelib.api.document_models import PdfQuery
from chalicelib.api.document_shapes import FileShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model
from chalicelib.api.paging import Cursor, ListOf
from chalicelib.api.payment_models import CashIn, PaymentIn, ReverseIn
from chalicelib.api.payment_shapes import PaymentShown
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.money_errors import AlreadyReversed, CreditUsed, NotPending, NotReversible
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import by_id, receivable_types
from chalicelib.domain.errors import (
    AlreadyExists,
    Busy,
    CloudStorageOff,
    DocumentBlocked,
    InvalidContent,
    NotFound,
    NotIssued,
    TooLarge,
)
from chalicelib.services.documents import account_printing, payments
from chalicelib.services.inputs.numbers import WholeNumber
from chalicelib.services.representation.payments import present_payment

URL = address("payments")
ONE = address("payments", "{id}")


class PaymentQuery(Model):
    """The part of the list, oldest first."""

    limit: Annotated[int, WholeNumber(1, 100)] = 20
    starting_after: Cursor | None = None


def _of_document(document_type: DocumentType, context: RequestContext) -> Answer:
    query = context.query
    _require_kind(document_type, context)
    page = payments.payments(context.open, context.path["id"], limit=query.limit, starting_after=query.starting_after)
    url = address(document_type.path, context.path["id"], "payments")
    return Answer(
        listed(url, (present_payment(row, context.open.head) for row in page.items), more=page.next is not None)
    )


def _require_kind(document_type: DocumentType, context: RequestContext) -> None:
    """Raise NotFound for an id of another kind of document."""
    if by_id(context.path["id"]) is not document_type:
        raise NotFound


def _list(context: RequestContext) -> Answer:
    query = context.query
    page = payments.all_payments(context.open, limit=query.limit, starting_after=query.starting_after)
    return Answer(
        listed(URL, (present_payment(row, context.open.head) for row in page.items), more=page.next is not None)
    )


def _read(context: RequestContext) -> Answer:
    return Answer(present_payment(payments.payment_of(context.open, context.path["id"]), context.open.head))


def _receipt(context: RequestContext) -> Answer:
    link = account_printing.receipt(context.world, context.open, context.path["id"], context.query.lang)
    return signed(link, accept=context.accept)


def _pay(document_type: DocumentType, context: RequestContext) -> Answer:
    body = context.body
    _require_kind(document_type, context)
    call = context.presenting(created(present_payment, "payments"))
    return answer(payments.pay(context.world.store, call, context.path["id"], body.received(), body.id))


def _cash(context: RequestContext) -> Answer:
    call = context.presenting(_shown)
    body = context.body
    return answer(
        payments.cash(context.world.store, call, context.path["id"], body.date, body.withheld_vat, body.withheld_fees)
    )


def _shown(payment: Payment, head: Head) -> Answer:
    return Answer(present_payment(payment, head))


def _reverse(context: RequestContext) -> Answer:
    body = context.body
    call = context.presenting(created(present_payment, "payments"))
    return answer(payments.reverse(context.world.store, call, context.path["id"], body.reason, body.date))


def _of_kind(document_type: DocumentType) -> tuple[Endpoint, ...]:
    """The endpoints of the payments of one kind of document."""
    url, name = address(document_type.path, "{id}", "payments"), document_type.words.title["en"].lower()
    drafts = (NotIssued,) if document_type.draft else ()
    return (
        Endpoint(
            method="GET",
            path=url,
            scope="documents.read",
            handler=partial(_of_document, document_type),
            summary=f"List an {name}'s payments, oldest first",
            query=PaymentQuery,
            response_model=ListOf[PaymentShown],
            errors=(NotFound, *drafts),
            in_cloud=True,
            tag="Payments",
        ),
        Endpoint(
            method="POST",
            path=url,
            scope="payments.write",
            handler=partial(_pay, document_type),
            summary="Record a payment and what the payer withheld",
            request_model=PaymentIn,
            response_model=PaymentShown,
            status=201,
            idempotent=True,
            errors=(NotFound, *drafts, AlreadyExists, InvalidContent, CloudStorageOff),
            tag="Payments",
        ),
    )


ENDPOINTS = (
    *(endpoint for document_type in receivable_types() for endpoint in _of_kind(document_type)),
    Endpoint(
        method="GET",
        path=URL,
        scope="documents.read",
        handler=_list,
        summary="List the payments of all invoices, in the order of their invoices",
        query=PaymentQuery,
        response_model=ListOf[PaymentShown],
        errors=(NotFound,),
        in_cloud=True,
        tag="Payments",
    ),
    Endpoint(
        method="GET",
        path=ONE,
        scope="documents.read",
        handler=_read,
        summary="Read a payment",
        response_model=PaymentShown,
        errors=(NotFound,),
        in_cloud=True,
        tag="Payments",
    ),
    Endpoint(
        method="GET",
        path=f"{ONE}/pdf",
        scope="documents.read",
        handler=_receipt,
        summary=f"The receipt (reçu) as PDF: a redirect to an address that is valid for {LINK_LIFE}",
        query=PdfQuery,
        response_model=FileShown,
        status=303,
        errors=(NotFound, Busy, DocumentBlocked),
        in_cloud=True,
        tag="Payments",
    ),
    Endpoint(
        method="POST",
        path=f"{ONE}/cash",
        scope="payments.write",
        handler=_cash,
        summary="Cash a pending cheque or bill: it counts from this day",
        request_model=CashIn,
        response_model=PaymentShown,
        idempotent=True,
        errors=(NotFound, NotPending, InvalidContent, CloudStorageOff),
        tag="Payments",
    ),
    Endpoint(
        method="POST",
        path=f"{ONE}/reverse",
        scope="payments.write",
        handler=_reverse,
        summary="Reverse a payment by a counter-entry: the invoice is open again",
        request_model=ReverseIn,
        response_model=PaymentShown,
        status=201,
        idempotent=True,
        errors=(NotFound, AlreadyReversed, NotReversible, CreditUsed, InvalidContent, CloudStorageOff, TooLarge),
        tag="Payments",
    ),
)
