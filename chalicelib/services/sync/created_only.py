"""The tables whose rows devices only create: payments, and requests to issue a draft."""

from typing import Final

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.credit_entry import CreditEntry, advance_id
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.payment import Payment, PaymentId, ReceivedPayment
from chalicelib.domain.documents.registry import by_id, payable_by_id
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import NotFound, NotIssued, invalid
from chalicelib.domain.ids import is_id
from chalicelib.domain.sync.outcomes import IssueRequest
from chalicelib.domain.sync.push import PushedRow
from chalicelib.domain.sync.push_errors import RowReadOnly
from chalicelib.policy.ends import expires_at
from chalicelib.services.documents.payments import paid, reads_of_payment
from chalicelib.services.documents.unapplied_credit import Money, advanced
from chalicelib.services.records.items import ITEMS
from chalicelib.services.records.parties import CUSTOMERS, SUPPLIERS
from chalicelib.services.sync.issue_requests import queue_ref
from chalicelib.services.sync.writers import (
    Content,
    DraftWriter,
    Found,
    Planned,
    RecordWriter,
    Unit,
    Writer,
)


def document_of(row: PushedRow) -> str:
    """The document that a row is about; empty for a deletion."""
    return str((row.cells or {}).get("document_id") or "")


class PaymentWriter(Writer):
    """Payments of invoices. A payment of a draft is an advance, which the draft takes at its issue."""

    def require_id(self, row: PushedRow) -> None:
        """Also require the id of a document that has payments."""
        super().require_id(row)
        document_type = payable_by_id(document_of(row))
        if not row.deletes and (document_type is None or not is_id(document_type.prefix, document_of(row))):
            raise invalid("/document_id", "bad_id", prefix=Invoice.PREFIX)

    def identity(self, company: str, row: PushedRow) -> tuple[Ref, ...]:
        """The reserved id, the payment, and the advance that stands for it before the issue."""
        own = (PaymentId.ref(company, row.id), CreditEntry.ref(company, advance_id(row.id)))
        return own if row.deletes else (*own, Payment.ref(company, row.id, invoice=document_of(row)))

    def missing(self, row: PushedRow, found: Found, head: Head, *, touched: bool) -> None:
        """A new payment has nothing against it."""

    def same(self, planned: Planned, call: Call, head: Head, version: int) -> bool:  # noqa: ARG002 — a writer's signature
        """Whether this payment, or the advance that stands for it, states the same."""
        _, entry, payment = planned.found
        received = ReceivedPayment(**planned.content)
        if isinstance(entry, CreditEntry):
            money = ReceivedPayment(entry.amount, entry.method, entry.date, entry.reference)
            return entry.document == document_of(planned.row) and received == money
        return isinstance(payment, Payment) and all(
            getattr(payment, name) == value for name, value in vars(received).items()
        )

    def related(self, company: str, planned: Planned) -> list[Ref]:
        """The invoice and its balance, or the draft."""
        document = document_of(planned.row)
        return [*reads_of_payment(company, document, planned.row.id), Draft.ref(company, document)]

    def write(self, unit: Unit, planned: Planned) -> None:
        """Record the payment."""
        received, document = ReceivedPayment(**planned.content), document_of(planned.row)
        if planned.found[0] is not None:
            raise RowReadOnly
        with unit.moves.undone_on_refusal():
            document_type = payable_by_id(document)
            if document_type and unit.moves.find(document_type.issued, document):
                paid(unit.moves, document, received, planned.row.id)
                return
            draft = unit.moves.find(Draft, document)
            if draft is None:
                raise NotFound
            _advance(unit, draft, received, planned.row.id)


def _advance(unit: Unit, draft: Draft, received: ReceivedPayment, id: str) -> None:
    """Keep the money of a payment for a draft, under the payment's id. What only a payment can state waits for the
    number."""
    if received.withheld_vat or received.withheld_fees or received.certificate or received.matures_on:
        raise NotIssued
    if draft.customer is None:
        raise invalid("/document_id", "customer_required")
    if received.amount <= 0:
        raise invalid("/amount", "not_positive")
    money = Money(received.amount, received.method, received.date, received.reference)
    advanced(unit.moves, draft.customer, money, draft.id, advance_id(id), payment_id=id)
    unit.moves.add(unit.call.make(PaymentId, id=id, invoice=draft.id))


class RequestWriter(Writer):
    """Requests to issue a draft. The server serves them after they are stored."""

    def require_id(self, row: PushedRow) -> None:
        """Also require a document that we number."""
        super().require_id(row)
        if row.deletes:
            return
        document_type = by_id(document_of(row))
        if document_type is None or not is_id(document_type.prefix, document_of(row)):
            raise invalid("/document_id", "bad_id", prefix=Invoice.PREFIX)
        if document_type.draft is None or document_type.numbered_by != "us":
            raise invalid("/document_id", "not_numbered_by_us")

    def identity(self, company: str, row: PushedRow) -> tuple[Ref, ...]:
        """The request."""
        return (IssueRequest.ref(company, row.id),)

    def missing(self, row: PushedRow, found: Found, head: Head, *, touched: bool) -> None:
        """A new request has nothing against it."""

    def same(self, planned: Planned, call: Call, head: Head, version: int) -> bool:  # noqa: ARG002 — a writer's signature
        """Whether the request is about the same document. It is served once, whatever else it says the second time."""
        stored = planned.found[0]
        return isinstance(stored, IssueRequest) and stored.document_id == document_of(planned.row)

    def related(self, company: str, planned: Planned) -> list[Ref]:  # noqa: ARG002 — a writer's signature
        """The queue of requests."""
        return [queue_ref(company)]

    def write(self, unit: Unit, planned: Planned) -> None:
        """Add the request, to be served."""
        if planned.found[0] is not None:
            raise RowReadOnly
        content: Content = planned.content
        call = unit.call
        requester: Content = {"actor": call.actor, "device": call.device}
        ends = expires_at(IssueRequest, call.at)
        unit.new.append(call.make(IssueRequest, id=planned.row.id, expires_at=ends, **requester, **content))


WRITERS: Final = {
    writer.table.name: writer
    for writer in (
        RecordWriter("customers", CUSTOMERS),
        RecordWriter("suppliers", SUPPLIERS),
        RecordWriter("items", ITEMS),
        DraftWriter("drafts"),
        PaymentWriter("payments"),
        RequestWriter("issue_requests"),
    )
}
"""The writer of each table that devices write."""
