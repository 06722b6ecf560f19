"""Receipts: the deleted data and the data kept by law, signed, without personal data, verifiable offline."""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.backups.backup import KeyDestruction
from chalicelib.domain.call import Call
from chalicelib.domain.clock import instant, today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.privacy.request import PrivacyRequest, Receipt
from chalicelib.outside.keys import BadSignature, verify
from chalicelib.policy.ends import end
from chalicelib.policy.load import current
from chalicelib.services.representation.measures import measure_row

if TYPE_CHECKING:
    from chalicelib.wiring import World

FORM = "1"
SIGN_IN = "sign_in.account"
PREPARING = "archive_in_preparation"
"""The reason why an access request is not answered at once: its archive is made by a job."""
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


def content(
    request: PrivacyRequest,
    at: datetime,
    ends: Sequence[KeyDestruction] = (),
    copies: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The receipt of a request completed at `at`; `ends` are the data keys that it destroyed, `copies` the backups,
    exports and archive that may hold an erased person (None: not stated)."""
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
        **_sign_in(request, at),
        **({"recipients": list(request.recipients)} if _informs(request) else {}),
        **({"copies": list(copies)} if copies is not None else {}),
    }


def _sign_in(request: PrivacyRequest, at: datetime) -> dict[str, Any]:
    """The end of the sign-in accounts that lose this company. It is a promise: the account ends after the request."""
    if request.kind != "deletion" or request.affects == "party":
        return {}
    provider, until = current().processors["sign_in"].provider, today(end(SIGN_IN, at))
    return {
        "sign_in": {"provider": provider, "action": "delete", "until": until.isoformat(), "unless": "other_company"}
    }


def _remarks(request: PrivacyRequest) -> list[str]:
    if request.kind == "rectification":
        stays = any(measure.action == "keep" and measure.found for measure in request.measures)
        return ["documents_stay_as_issued"] * stays + ["recipients_named"] * bool(request.recipients)
    if request.kind == "deletion":
        return [*REMARKS[request.affects], *(["recipients_named"] * bool(request.recipients))]
    return []


def _informs(request: PrivacyRequest) -> bool:
    """Whether the recipients of the data must be informed of the request (law 09-08 art. 8)."""
    return request.kind in ("rectification", "deletion")


def make(
    world: "World",
    call: Call,
    request: PrivacyRequest,
    ends: Sequence[KeyDestruction] = (),
    copies: Sequence[Mapping[str, Any]] | None = None,
) -> Receipt:
    """The signed receipt of a request that `call` completes. Raises Busy."""
    return _signed(world, call, request, content(request, call.at, ends, copies))


def _signed(world: "World", call: Call, request: PrivacyRequest, said: Mapping[str, Any]) -> Receipt:
    """Sign what a receipt says, and where the company's journal was before: the signature anchors it."""
    (head,) = world.store.records([Head.ref(request.company)])
    journal = {"clock": head.clock, "chain": head.chain} if isinstance(head, Head) else None
    signed = canonical_json({**said, "journal": journal})
    signature = world.keys.sign(signed)
    return call.make(
        Receipt,
        id=request.id,
        content=signed,
        signature=signature.value,
        algorithm=signature.algorithm,
        signer=signature.key,
    )


def acknowledge(world: "World", call: Call, request: PrivacyRequest) -> Receipt:
    """The dated signed receipt of a request that cannot be answered at once, with the reason (law 09-08 art. 7).
    `issued_at` is its own date. It counts nothing, because nothing is done yet. Raises Busy."""
    begun = content(request, call.at) | {
        "completed_at": None,
        "issued_at": instant(call.at),
        "due": instant(request.deadline),
        "policy_version": current().version,
        "reason": PREPARING,
    }
    return _signed(world, call, request, begun)


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
