"""Issued documents that differ from corrected attributes, with the requests that correct them.

An issued document is never edited (CGI art. 145-III): a credit note in its own series corrects it, and a new document
replaces it. The merchant decides both, so each is offered as a request that is ready to send.
"""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.api.answers import address
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import REFERENCES, Issued
from chalicelib.domain.documents.registry import by_kind
from chalicelib.domain.language import Language
from chalicelib.services.documents.crediting import creditable
from chalicelib.services.privacy.rectification.affected import AffectedDocument
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.documents import present_issued

REASONS: Final[Mapping[Language, str]] = {
    "fr": "Rectification des mentions d'identité",
    "ar": "تصحيح بيانات الهوية",
    "en": "Correction of identity details",
}
"""The reason on the credit note, in the invoice's language."""
CONTENT = (
    *("operation_date", "language", "payment_mode", "reverse_charge", "discount", "notes"),
    *("service_done_on", "terms_end_of_month", "stamp_exemption", "buyer_address_missing"),
    *REFERENCES,
)
LINE = (
    *("description", "quantity", "unit", "unit_price", "unit_price_incl", "discount"),
    *("vat_rate", "exemption", "nature", "withholding", "item"),
)


def present_affected(found: AffectedDocument, head: Head) -> Body:
    """The document, the attributes that differ, and the requests that correct it."""
    document, status = found.state.document, found.state.status
    assert isinstance(document, Issued)  # noqa: S101 — drafts are never affected: they follow their customer
    document_type = by_kind(document.KIND)
    ours = document_type.numbered_by == "us"
    credited = creditable(document_type) and status != "credited"
    return {
        "id": document.id,
        "object": "affected_document",
        "kind": document.KIND,
        "number": document.number,
        "issue_date": document.issue_date.isoformat(),
        "status": status,
        "differs": list(found.differs),
        "credit": _credit(document_type, document) if credited else None,
        "reissue": _reissue(document_type, document, head) if ours and document_type.draft else None,
    }


def _credit(document_type: DocumentType, document: Issued) -> Body:
    body = {"reason": REASONS[document.language]}
    return {"method": "POST", "url": address(document_type.path, document.id, "credit"), "body": body}


def _reissue(document_type: DocumentType, document: Issued, head: Head) -> Body:
    """A draft with the same content. Its buyer and seller are copied on the day of its issue."""
    shown = present_issued(document, None, head)
    lines: list[dict[str, Any]] = [{name: line[name] for name in LINE} for line in shown["lines"]]
    body = {
        document_type.person: shown[document_type.person],
        "lines": lines,
        **{name: shown[name] for name in (*CONTENT, *document_type.entered)},
    }
    return {"method": "POST", "url": address(document_type.path), "body": body}
