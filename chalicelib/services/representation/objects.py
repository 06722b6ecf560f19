"""Any business object that a client sees."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from chalicelib.domain.attachments.attachment import Attachment, DocumentAttachment
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.state import DocumentState
from chalicelib.services.representation.attachments import present_attachment
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.documents import present_document
from chalicelib.services.representation.payments import present_credit_entry, present_payment, present_refund
from chalicelib.services.representation.records import present_company, present_party, present_record

PRESENTERS: Final[Mapping[type, Callable[[Any, Head], Body]]] = {
    Company: present_company,
    Customer: present_party,
    Supplier: present_party,
    Item: present_record,
    Attachment: present_attachment,
    DocumentAttachment: present_attachment,
    DocumentState: present_document,
    Payment: present_payment,
    CreditEntry: present_credit_entry,
    Refund: present_refund,
}


def present_object(found: Any, head: Head) -> Body:
    """The object's representation, selected by its class."""
    return PRESENTERS[type(found)](found, head)
