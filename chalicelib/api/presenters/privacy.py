"""Privacy requests and receipts in the API's form."""

from chalicelib.api.answers import Answer, Presenter, address
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.privacy.request import PrivacyRequest, Receipt
from chalicelib.services.privacy.erasure.preview import Preview
from chalicelib.services.privacy.requests.download_codes import Handover
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.measures import measure_row
from chalicelib.services.representation.requests import request_row, signed_receipt_row


def request_address(id: str, *parts: str) -> str:
    """The path of a privacy request, or of a part of it."""
    return address("privacy", "requests", id, *parts)


def present_request(request: PrivacyRequest, head: Head | None = None) -> Body:  # noqa: ARG001 — a representation's signature
    """A request with the addresses of its resources."""
    row = request_row(request)
    parts = ("receipt", "download", "documents")
    return {**row, **{part: request_address(request.id, part) if row[part] else None for part in parts}}


def recorded(code: str) -> Presenter:
    """Present a new request: 201, with its address. `code` is shown in this answer only, if the request keeps its
    digest."""

    def present(request: PrivacyRequest, head: Head) -> Answer:
        secret = {"download_code": code} if request.download_digest else None
        return Answer(present_request(request, head), 201, request_address(request.id), secret)

    return present


def present_handover(found: Handover, pem: str) -> Body:
    """The result of a download code."""
    request, archive = found.request, found.archive
    return {
        "object": "privacy_answer",
        "request": request.id,
        "kind": request.kind,
        "status": request.status,
        "due": instant(request.deadline),
        "reason": request.reason,
        "last_trace": request.last_trace.isoformat() if request.last_trace else None,
        "receipt": present_receipt(found.receipt, pem) if found.receipt else None,
        "archive": {"url": archive.url, "expires_at": instant(archive.expires_at)} if archive else None,
    }


def detailed(request: PrivacyRequest, head: Head) -> Answer:
    """A request to which details were added."""
    return Answer(present_request(request, head), location=request_address(request.id))


def present_preview(found: Preview) -> Body:
    """A preview: a request that is not stored, with its steps."""
    return {
        "id": None,
        "object": "privacy_request",
        "kind": found.request.kind,
        "status": "requested",
        "affects": found.request.affects,
        "subject": found.request.subject,
        "language": found.request.language,
        "due": instant(found.request.deadline),
        "grace_until": None,
        "verified_at": None,
        "closed_at": None,
        "reason": None,
        "decided_by": None,
        "steps": [measure_row(step) | {"done": False} for step in found.steps],
        "last_trace": found.last_trace.isoformat() if found.last_trace else None,
        "receipt": None,
        "download": None,
        "dry_run": True,
        "awaiting_details": None,
        "documents": None,
        "recipients": [],
        "version": 0,
        "created_at": instant(found.request.created_at),
        "updated_at": instant(found.request.created_at),
    }


def present_receipt(receipt: Receipt, pem: str) -> Body:
    """A receipt with everything that an offline verification needs."""
    return {**signed_receipt_row(receipt), "public_key": pem}
