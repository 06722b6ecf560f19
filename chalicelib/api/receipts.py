"""The signed receipt of a privacy request, and the public key that verifies it."""

from typing import Any, Literal

from chalicelib.api.answers import Answer, address
from chalicelib.api.endpoint import PUBLIC, Endpoint, RequestContext
from chalicelib.api.fields import ResponseModel
from chalicelib.api.requester import requester_of
from chalicelib.domain.errors import NotFound


class ReceiptShown(ResponseModel):
    """A signed receipt. `signature` (base64, DER) covers the canonical JSON of `content`. `key` is the SHA-256 of the
    public key, which is published at /privacy/receipt-key."""

    id: str
    object: Literal["signed_receipt"]
    content: dict[str, Any]
    signature: str
    algorithm: Literal["ECDSA_SHA_256"]
    key: str
    public_key: str


class ReceiptKeyShown(ResponseModel):
    """The public key that verifies receipts."""

    object: Literal["receipt_key"]
    algorithm: Literal["ECDSA_SHA_256"]
    key: str
    public_key: str


def _receipt(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_receipt
    from chalicelib.services.privacy.requests import requests

    receipt = requests.receipt(context.world, context.company, requester_of(context), context.path["id"])
    return Answer(present_receipt(receipt, context.world.keys.pem))


def _receipt_key(context: RequestContext) -> Answer:
    from chalicelib.outside.keys import ALGORITHM, fingerprint

    keys = context.world.keys
    return Answer(
        {"object": "receipt_key", "algorithm": ALGORITHM, "key": fingerprint(keys.public_key), "public_key": keys.pem}
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=address("privacy", "requests", "{id}", "receipt"),
        scope="privacy.read",
        handler=_receipt,
        summary="Read the signed receipt of the deleted and the kept data",
        response_model=ReceiptShown,
        errors=(NotFound,),
        while_blocked=True,
        tag="Privacy",
    ),
    Endpoint(
        method="GET",
        path="/privacy/receipt-key",
        scope=PUBLIC,
        handler=_receipt_key,
        summary="The public key that verifies receipts",
        response_model=ReceiptKeyShown,
        tag="Privacy",
    ),
)
