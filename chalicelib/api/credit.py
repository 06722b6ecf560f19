"""Unapplied credit of a customer: advances, their application, refunds, and the reversals of advances and refunds."""

from collections.abc import Sequence

from chalicelib.api.answers import Answer, address, answer, listed
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.paging import ListOf
from chalicelib.api.payment_models import AdvanceIn, ApplyIn, RefundIn, ReverseIn
from chalicelib.api.payment_shapes import CreditEntryShown, PaymentShown, RefundShown
from chalicelib.api.payments import PaymentQuery
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.money_errors import AlreadyReversed, CreditUsed, NotReversible
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.errors import AlreadyExists, CloudStorageOff, InvalidContent, NotFound, NotIssued, TooLarge
from chalicelib.services.documents import reversals, unapplied_credit
from chalicelib.services.representation.payments import present_credit_entry, present_payment, present_refund

URL = address("customers", "{id}", "credit")
ENTRY = f"{URL}/{{entry}}"
REFUNDS = address("customers", "{id}", "refunds")
REFUND = f"{REFUNDS}/{{refund}}"
TAG = "Payments"


def _list(context: RequestContext) -> Answer:
    query, customer = context.query, context.path["id"]
    page = unapplied_credit.entries(context.open, customer, limit=query.limit, starting_after=query.starting_after)
    url = address("customers", customer, "credit")
    return Answer(
        listed(url, (present_credit_entry(row, context.open.head) for row in page.items), more=page.next is not None)
    )


def _advance(context: RequestContext) -> Answer:
    body, customer = context.body, context.path["id"]
    call = context.presenting(_entered)
    return answer(unapplied_credit.advance(context.world.store, call, customer, body.money(), body.document, body.id))


def _entered(entry: CreditEntry, head: Head) -> Answer:
    url = address("customers", entry.customer, "credit", entry.id)
    return Answer(present_credit_entry(entry, head), 201, url)


def _read(context: RequestContext) -> Answer:
    entry = unapplied_credit.entry_of(context.open, context.path["id"], context.path["entry"])
    return Answer(present_credit_entry(entry, context.open.head))


def _reverse(context: RequestContext) -> Answer:
    body, path = context.body, context.path
    call = context.presenting(_entered)
    return answer(
        reversals.reverse_advance(context.world.store, call, path["id"], path["entry"], body.reason, body.date)
    )


def _apply(context: RequestContext) -> Answer:
    customer = context.path["id"]

    def present(made: Sequence[Payment], head: Head) -> Answer:
        url = address("customers", customer, "credit", "apply")
        return Answer(listed(url, (present_payment(payment, head) for payment in made)))

    call = context.presenting(present)
    return answer(unapplied_credit.apply(context.world.store, call, customer, context.body.targets()))


def _refunds(context: RequestContext) -> Answer:
    query, customer = context.query, context.path["id"]
    page = unapplied_credit.refunds(context.open, customer, limit=query.limit, starting_after=query.starting_after)
    url = address("customers", customer, "refunds")
    return Answer(
        listed(url, (present_refund(row, context.open.head) for row in page.items), more=page.next is not None)
    )


def _refund(context: RequestContext) -> Answer:
    body = context.body
    call = context.presenting(_refunded)
    return answer(unapplied_credit.refund(context.world.store, call, context.path["id"], body.money(), id=body.id))


def _refund_of_invoice(context: RequestContext) -> Answer:
    body = context.body
    call = context.presenting(_refunded)
    return answer(
        unapplied_credit.refund_of_invoice(context.world.store, call, context.path["id"], body.money(), body.id)
    )


def _refunded(refund: Refund, head: Head) -> Answer:
    return Answer(present_refund(refund, head), 201, address("customers", refund.customer, "refunds", refund.id))


def _read_refund(context: RequestContext) -> Answer:
    refund = unapplied_credit.refund_of(context.open, context.path["id"], context.path["refund"])
    return Answer(present_refund(refund, context.open.head))


def _reverse_refund(context: RequestContext) -> Answer:
    body, path = context.body, context.path
    call = context.presenting(_refunded)
    return answer(
        reversals.reverse_refund(context.world.store, call, path["id"], path["refund"], body.reason, body.date)
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="documents.read",
        handler=_list,
        summary="List a customer's unapplied credit, entry by entry",
        query=PaymentQuery,
        response_model=ListOf[CreditEntryShown],
        errors=(NotFound,),
        in_cloud=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=URL,
        scope="payments.write",
        handler=_advance,
        summary="Record money in advance",
        request_model=AdvanceIn,
        response_model=CreditEntryShown,
        status=201,
        idempotent=True,
        errors=(NotFound, AlreadyExists, InvalidContent, CloudStorageOff),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path=ENTRY,
        scope="documents.read",
        handler=_read,
        summary="Read an entry of a customer's unapplied credit",
        response_model=CreditEntryShown,
        errors=(NotFound,),
        in_cloud=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=f"{ENTRY}/reverse",
        scope="payments.write",
        handler=_reverse,
        summary="Reverse an advance by a counter-entry: what it paid is open again",
        request_model=ReverseIn,
        response_model=CreditEntryShown,
        status=201,
        idempotent=True,
        errors=(NotFound, AlreadyReversed, NotReversible, CreditUsed, InvalidContent, CloudStorageOff, TooLarge),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=f"{URL}/apply",
        scope="payments.write",
        handler=_apply,
        summary="Apply unapplied credit to invoices, the oldest entries first",
        request_model=ApplyIn,
        response_model=ListOf[PaymentShown],
        idempotent=True,
        errors=(NotFound, NotIssued, InvalidContent, CloudStorageOff),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path=REFUNDS,
        scope="documents.read",
        handler=_refunds,
        summary="List a customer's refunds",
        query=PaymentQuery,
        response_model=ListOf[RefundShown],
        errors=(NotFound,),
        in_cloud=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=REFUNDS,
        scope="payments.write",
        handler=_refund,
        summary="Give unapplied credit back, the oldest entries first",
        request_model=RefundIn,
        response_model=RefundShown,
        status=201,
        idempotent=True,
        errors=(NotFound, AlreadyExists, InvalidContent, CloudStorageOff),
        tag=TAG,
    ),
    Endpoint(
        method="GET",
        path=REFUND,
        scope="documents.read",
        handler=_read_refund,
        summary="Read a refund",
        response_model=RefundShown,
        errors=(NotFound,),
        in_cloud=True,
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=f"{REFUND}/reverse",
        scope="payments.write",
        handler=_reverse_refund,
        summary="Reverse a refund by a counter-entry: its money is unapplied credit again",
        request_model=ReverseIn,
        response_model=RefundShown,
        status=201,
        idempotent=True,
        errors=(NotFound, AlreadyReversed, NotReversible, InvalidContent, CloudStorageOff),
        tag=TAG,
    ),
    Endpoint(
        method="POST",
        path=address(INVOICE.path, "{id}", "refunds"),
        scope="payments.write",
        handler=_refund_of_invoice,
        summary="Give back money that an invoice freed",
        request_model=RefundIn,
        response_model=RefundShown,
        status=201,
        idempotent=True,
        errors=(NotFound, NotIssued, AlreadyExists, InvalidContent, CloudStorageOff),
        tag=TAG,
    ),
)
