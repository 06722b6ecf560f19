"""Privacy requests and corrections as rows of plain values: for the API and for exports."""

from base64 import b64encode
from datetime import datetime
from typing import Any

import msgspec

from chalicelib.domain.clock import instant
from chalicelib.domain.privacy.correction import Correction
from chalicelib.domain.privacy.request import PrivacyRequest, Receipt
from chalicelib.services.representation.measures import measure_row


def request_row(request: PrivacyRequest) -> dict[str, Any]:
    """A request. `receipt`, `download` and `documents` tell whether it has one."""
    when = {name: getattr(request, name) for name in ("grace_until", "verified_at", "closed_at")}
    return {
        "id": request.id,
        "object": "privacy_request",
        "kind": request.kind,
        "status": request.status,
        "affects": request.affects,
        "subject": request.subject,
        "language": request.language,
        "due": instant(request.deadline),
        **{name: _instant(at) for name, at in when.items()},
        "reason": request.reason,
        "decided_by": request.decided_by,
        "steps": [measure_row(measure) | {"done": measure.done} for measure in request.measures],
        "last_trace": request.last_trace.isoformat() if request.last_trace else None,
        "receipt": request.receipt,
        "download": _handed_out(request),
        "dry_run": False,
        "awaiting_details": _awaited(request),
        "documents": _put_right(request),
        "recipients": list(request.recipients),
        "version": request.version,
        "created_at": instant(request.created_at),
        "updated_at": instant(request.updated_at),
    }


def signed_receipt_row(receipt: Receipt) -> dict[str, Any]:
    """A signed receipt. The key that verifies it is published."""
    return {
        "object": "signed_receipt",
        "id": receipt.id,
        "content": msgspec.json.decode(receipt.content),
        "signature": b64encode(receipt.signature).decode(),
        "algorithm": receipt.algorithm,
        "key": receipt.signer,
    }


def correction_row(row: Correction) -> dict[str, Any]:
    """A correction: the corrected values and the instant."""
    return {
        "id": row.id,
        "object": "correction",
        "subject": row.subject,
        "record": row.record,
        "values": msgspec.json.decode(row.values),
        "corrected_at": instant(row.created_at),
    }


def _instant(at: datetime | None) -> str | None:
    return instant(at) if at else None


def _awaited(request: PrivacyRequest) -> dict[str, Any] | None:
    """The instant at which the deadline paused, and the missing attributes."""
    if request.awaiting_since is None:
        return None
    return {"since": instant(request.awaiting_since), "missing": list(request.missing)}


def _put_right(request: PrivacyRequest) -> bool:
    """Whether issued documents may still state the old values."""
    return request.kind == "rectification" and any(measure.action == "keep" for measure in request.measures)


def _handed_out(request: PrivacyRequest) -> bool:
    """Whether an archive was made for the request. The download endpoint checks its term."""
    return (request.kind, request.status) == ("access", "completed")
