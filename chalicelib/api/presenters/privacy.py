"""Privacy requests and receipts in the API's form."""

import json
from base64 import b64encode

from chalicelib.api.answers import Answer, address
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.privacy.request import PrivacyRequest, Receipt
from chalicelib.services.privacy.erasure.preview import Preview
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.measures import measure_row
from chalicelib.services.representation.requests import request_row


def request_address(id: str, *parts: str) -> str:
    """The path of a privacy request, or of a part of it."""
    return address("privacy", "requests", id, *parts)


def present_request(request: PrivacyRequest, head: Head | None = None) -> Body:  # noqa: ARG001 — a representation's signature
    """A request with the addresses of its resources."""
    row = request_row(request)
    parts = ("receipt", "download", "documents")
    return {**row, **{part: request_address(request.id, part) if row[part] else None for part in parts}}


def recorded(request: PrivacyRequest, head: Head) -> Answer:
    """A new request: 201, with its address."""
    return Answer(present_request(request, head), status=201, location=request_address(request.id))


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
        "due": instant(found.request.deadline),
        "grace_until": None,
        "verified_at": None,
        "closed_at": None,
        "reason": None,
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
    return {
        "object": "signed_receipt",
        "id": receipt.id,
        "content": json.loads(receipt.content),
        "signature": b64encode(receipt.signature).decode(),
        "algorithm": receipt.algorithm,
        "key": receipt.signer,
        "public_key": pem,
    }
