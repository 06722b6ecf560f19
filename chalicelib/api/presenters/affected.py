"""Issued documents that state corrected attributes otherwise, with the requests that put them right.

An issued document is never edited (CGI art. 145-III): a credit note in its own series corrects it, and a new document
replaces it. The merchant decides both, so each is offered as a request that is ready to be sent.
"""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.api.answers import Body, address
from chalicelib.domain.company import Head
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import Issued, Language
from chalicelib.services.privacy.affected import AffectedDocument
from chalicelib.services.representation.documents import present_invoice

REASONS: Final[Mapping[Language, str]] = {
    "fr": "Rectification des mentions d'identité",
    "ar": "تصحيح بيانات الهوية",
    "en": "Correction of identity details",
}
"""The reason on the credit note, in the invoice's language."""
CONTENT = ("operation_date", "language", "settlement", "reverse_charge", "discount", "notes")
LINE = ("description", "quantity", "unit", "unit_price", "discount", "vat_rate", "exemption", "nature", "item")


def present_affected(found: AffectedDocument, head: Head) -> Body:
    """The document, the attributes that differ, and the requests that correct it."""
    document, status = found.state.document, found.state.status
    assert isinstance(document, Issued)  # noqa: S101 — drafts are never affected: they follow their customer
    invoice = document if isinstance(document, Invoice) else None
    return {
        "id": document.id,
        "object": "affected_document",
        "kind": document.KIND,
        "number": document.number,
        "issue_date": document.issue_date.isoformat(),
        "status": status,
        "differs": list(found.differs),
        "credit": _credit(invoice) if invoice and status != "credited" else None,
        "reissue": _reissue(invoice, head) if invoice else None,
    }


def _credit(invoice: Invoice) -> Body:
    body = {"reason": REASONS[invoice.language]}
    return {"method": "POST", "url": address("invoices", invoice.id, "credit"), "body": body}


def _reissue(invoice: Invoice, head: Head) -> Body:
    """A draft of the same content: it takes buyer and seller as they are on the day of its issue."""
    shown = present_invoice(invoice, None, head)
    lines: list[dict[str, Any]] = [{name: line[name] for name in LINE} for line in shown["lines"]]
    body = {"customer": shown["customer"], "lines": lines, **{name: shown[name] for name in CONTENT}}
    return {"method": "POST", "url": address("invoices"), "body": body}
