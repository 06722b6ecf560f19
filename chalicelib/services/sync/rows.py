"""The rows of devices' tables, made from business objects by their representation in the API."""

from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.domain.attachments.attachment import Attached, Attachment, DocumentAttachment
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.credit_entry import CreditEntry
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.payment_mode import stated_mode
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record, new_row
from chalicelib.domain.money import ZERO
from chalicelib.domain.sync.outcomes import IssueRequest, SyncNotice
from chalicelib.domain.sync.tables import BY_NAME, Row, Table
from chalicelib.services.commits import private
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.objects import present_object
from chalicelib.services.representation.payments import present_payment
from chalicelib.services.representation.records import present_record

CLASSES: Final[dict[type[Record], str]] = {
    Company: "company",
    Customer: "customers",
    Supplier: "suppliers",
    Item: "items",
    Payment: "payments",
    CreditEntry: "payments",
    Attachment: "attachments",
    DocumentAttachment: "attachments",
    IssueRequest: "issue_requests",
    SyncNotice: "notices",
}
"""The table of each class of object. A document is in `drafts` or in `documents`, by its state. An entry of credit that
a device recorded as a payment is one, until the payment exists."""


def table_of(found: Any) -> Table:
    """The table in which an object is a row."""
    if isinstance(found, DocumentState):
        return BY_NAME["documents" if isinstance(found.document, Issued) else "drafts"]
    return BY_NAME[CLASSES[type(found)]]


def shows(found: Any, device: str) -> bool:
    """Whether a device sees an object. A notice is for one device. Support threads are not on devices."""
    if private(found):
        return False
    if isinstance(found, CreditEntry):
        return found.payment_id is not None and all(use.payment != found.payment_id for use in found.uses)
    return not isinstance(found, SyncNotice) or found.device == device


def row_of(found: Any, head: Head, version: int) -> Row:
    """The row of an object, with the columns of a schema version. `head` tells which persons were erased."""
    return table_of(found).row(_body(found, head), version)


def _body(found: Any, head: Head) -> Body:
    if isinstance(found, DocumentState):
        return _document(found, head)
    if isinstance(found, SyncNotice):
        return present_record(found) | {"ends_at": instant(datetime.fromtimestamp(found.expires_at, UTC))}
    if isinstance(found, IssueRequest):
        return present_record(found)
    if isinstance(found, CreditEntry):
        return _unapplied(found, head)
    body = present_object(found, head)
    if isinstance(found, Attached):
        return body | {"thumbnail": found.has_thumbnail}
    return body | {"document_id": body["invoice"]} if isinstance(found, Payment) else body


def _unapplied(entry: CreditEntry, head: Head) -> Body:
    """The money that a device recorded as a payment of a document without a number."""
    assert entry.payment_id is not None  # noqa: S101 — `shows` hides the other entries
    payment = Payment(
        **new_row(entry.company, entry.payment_id, entry.updated_at),
        invoice=entry.document or "",
        customer=entry.customer,
        amount=entry.amount,
        method=entry.method,
        date=entry.date,
        reference=entry.reference,
        applied_part=ZERO,
        credit_entry=entry.id,
    )
    return present_payment(payment, head) | {
        "document_id": entry.document,
        "status": "reversed" if entry.reversed_by else "unapplied",
        "reversed_by": entry.reversed_by,
        "created_at": instant(entry.created_at),
    }


def _document(state: DocumentState, head: Head) -> Body:
    """A draft or a document. A draft's cells hold what people type, without what follows from it: a line has no `net`,
    and a mode of payment that nobody stated is null."""
    body = present_object(state, head)
    body["kind"] = body["object"]
    if isinstance(state.document, DraftDocument):
        lines = [{name: part for name, part in line.items() if name != "net"} for line in body["lines"]]
        body |= {"lines": lines, "payment_mode": stated_mode(state.document)}
    return body
