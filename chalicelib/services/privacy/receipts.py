"""Receipts: the deleted data and the data kept by law, signed, without personal data, verifiable offline."""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.backups.backup import KeyDestruction
from chalicelib.domain.call import Call
from chalicelib.domain.clock import instant
from chalicelib.domain.privacy.request import PrivacyRequest, Receipt
from chalicelib.outside.keys import BadSignature, verify
from chalicelib.policy.load import current
from chalicelib.services.representation.measures import measure_row

if TYPE_CHECKING:
    from chalicelib.wiring import World

FORM = "1"
REMARKS = {
    "company": ("copies_until_last_trace", "statutory_rows_blocked", "addresses_until_told"),
    "party": ("copies_until_last_trace", "statutory_rows_kept", "free_text_not_searched"),
    "member": ("copies_until_last_trace", "statutory_rows_kept", "free_text_not_searched"),
}
"""Codes of remarks on the table; `docs/privacy.md` explains them."""


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """The canonical bytes that are signed: sorted names, no white space, UTF-8 (RFC 8785 for the types of a
    receipt)."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def content(request: PrivacyRequest, at: datetime, ends: Sequence[KeyDestruction] = ()) -> dict[str, Any]:
    """The receipt of a request completed at `at`; `ends` are the data keys that it destroyed."""
    return {
        "object": "receipt",
        "form": FORM,
        "request": request.id,
        "company": request.company,
        "kind": request.kind,
        "affects": request.affects,
        "subject": request.subject,
        "requested_at": instant(request.created_at),
        "verified_at": instant(request.verified_at) if request.verified_at else None,
        "completed_at": instant(at),
        "policy_version": request.policy_version,
        "stores": [measure_row(measure) for measure in request.measures],
        "last_trace": request.last_trace.isoformat() if request.last_trace else None,
        "keys_destroyed": [{"key": end.id, "final_on": end.final_on.isoformat()} for end in ends],
        "remarks": _remarks(request),
        "contact": current().contact,
        **({"recipients": list(request.recipients)} if request.kind == "rectification" else {}),
    }


def _remarks(request: PrivacyRequest) -> list[str]:
    if request.kind == "rectification":
        stays = any(measure.action == "keep" and measure.found for measure in request.measures)
        return ["documents_stay_as_issued"] * stays + ["recipients_named"] * bool(request.recipients)
    return list(REMARKS[request.affects]) if request.kind == "deletion" else []


def make(world: "World", call: Call, request: PrivacyRequest, ends: Sequence[KeyDestruction] = ()) -> Receipt:
    """The signed receipt of a request that `call` completes. Raises Busy."""
    signed = canonical_json(content(request, call.at, ends))
    signature = world.keys.sign(signed)
    return call.make(
        Receipt,
        id=request.id,
        content=signed,
        signature=signature.value,
        algorithm=signature.algorithm,
        signer=signature.key,
    )


def check(document: Mapping[str, Any], pem: str | None = None) -> str:
    """Verify a receipt with the published key `pem`, or with the key that it contains. Returns the SHA-256 (hex) of the
    signing key. Needs no network. Raises BadSignature."""
    try:
        signed = canonical_json(document["content"])
        signature = b64decode(document["signature"], validate=True)
        key = pem or document["public_key"]
    except (KeyError, TypeError, ValueError) as error:
        raise BadSignature("this is no receipt") from error
    return verify(key, signed, signature)
