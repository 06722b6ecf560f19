"""The signed receipt of a privacy request, and the public key that verifies it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.api.answers import Answer, address
from chalicelib.api.document_shapes import FileShown
from chalicelib.api.endpoint import PUBLIC, Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel, Text
from chalicelib.api.privacy_models import Kind, Status
from chalicelib.api.requester import requester_of
from chalicelib.domain.errors import NotFound, TooManyRequests


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


class CodeUse(Model):
    """A download code, with the ids of its request and of the account."""

    company: Annotated[
        str, Text(40), Field(description="The account's id.", examples=["cmp_01KB8Y3A4B5C6D7E8F9G0H1J2K"])
    ]
    request: Annotated[
        str,
        Text(40),
        Field(
            description="The id of the privacy request, as its mail or page states it.",
            examples=["req_01KB8Y3A4B5C6D7E8F9G0H1J2K"],
        ),
    ]
    code: Annotated[
        str, Text(60), Field(description="The code as it was shown.", examples=["MZXW6YTBOI2DKNRXHA4TAMJSGM"])
    ]


class PrivacyAnswerShown(ResponseModel):
    """A privacy request and its answer, for the holder of its download code."""

    object: Annotated[
        Literal["privacy_answer"],
        Field(description="The kind of this object, always the same text.", examples=["privacy_answer"]),
    ]
    request: Annotated[
        str,
        Field(
            description="The id of the privacy request, as its mail or page states it.",
            examples=["req_01KB8Y3A4B5C6D7E8F9G0H1J2K"],
        ),
    ]
    kind: Annotated[Kind, Field(description="The right that is used.", examples=["access"])]
    status: Annotated[
        Status,
        Field(
            description="How far the request is; `completed`, `refused` and `cancelled` are final.",
            examples=["completed"],
        ),
    ]
    due: Annotated[str, Field(description="The legal deadline.", examples=["2026-12-12T23:00:00Z"])]
    reason: Annotated[
        str | None, Field(description="Why it was refused or cancelled.", examples=["identity_not_proven"])
    ]
    last_trace: Annotated[
        str | None, Field(description="The last day on which copies may hold data.", examples=["2027-01-05"])
    ]
    receipt: Annotated[ReceiptShown | None, Field(description="The signed receipt, when it exists.")]
    archive: Annotated[FileShown | None, Field(description="The archive of an access request, during its term.")]


def _receipt(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_receipt
    from chalicelib.services.privacy.requests import requests

    receipt = requests.receipt(context.world, context.company, requester_of(context), context.path["id"])
    return Answer(present_receipt(receipt, context.world.keys.pem))


def _fetch(context: RequestContext) -> Answer:
    from chalicelib.api.presenters.privacy import present_handover
    from chalicelib.services.privacy.requests import download_codes

    body = context.body
    found = download_codes.fetch(context.world, body.company, body.request, body.code, context.source)
    return Answer(present_handover(found, context.world.keys.pem))


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
        method="POST",
        path=address("privacy", "receipts"),
        scope=PUBLIC,
        handler=_fetch,
        summary="Fetch a request's receipt and answer with a download code, without an account",
        request_model=CodeUse,
        response_model=PrivacyAnswerShown,
        errors=(NotFound, TooManyRequests),
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
