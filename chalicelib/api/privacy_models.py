"""The bodies of privacy requests, and their form in answers."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from chalicelib.api.fields import Model, ResponseModel, Text
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import affected

Kind = Literal["access", "rectification", "deletion", "opposition"]
Status = Literal["requested", "verified", "grace", "running", "completed", "refused", "cancelled"]


def _known(subject: str) -> str:
    if affected(subject) is None:
        raise PydanticCustomError("subject_unknown", "")
    return subject


Subject = Annotated[str, Text(40), AfterValidator(_known)]


class RequestNew(Model):
    """A privacy request. `subject` is the id of a customer, supplier or member; without it, the request is about the
    complete company. A dry run returns the planned steps and stores nothing."""

    kind: Kind
    subject: Subject | None = None
    dry_run: bool = False
    language: Annotated[
        Language | None,
        Field(
            description="The language of the person: of the archive's pages and of the mails to them. Without it, the "
            "company's language counts.",
            examples=["ar"],
        ),
    ] = None
    corrections: dict[str, Any] | None = None
    """For a rectification: the correct values by attribute, in the form of the subject's own PATCH."""


class Confirmation(Model):
    """The mailed code, unless the sign-in is recent. `waive_grace` waives the rest of the account's grace period."""

    code: Annotated[str, Text(20)] | None = None
    waive_grace: bool = False


class StepShown(ResponseModel):
    """A step of the plan: what is done where, to how many rows or versions, and by which law."""

    store: Literal["table", "files"]
    place: str
    kinds: list[str]
    match: Literal["all", "own", "reference", "content"]
    attributes: list[str]
    action: Literal["block", "delete", "anonymise", "expire", "keep", "correct"]
    removed: int | None
    kept: int | None
    bases: list[str]
    law: list[str]
    until: str | None
    done: bool


class AwaitedShown(ResponseModel):
    """The instant since which the legal deadline is suspended, and the attributes whose correct values are missing."""

    since: str
    missing: list[str]


class RequestShown(ResponseModel):
    """A privacy request. `due` is the legal deadline. `last_trace` is the last day on which recovery copies may hold
    data. `download` is the address of an access request's archive, as long as the archive exists. For a rectification,
    `documents` lists the issued documents with the wrong values, and `recipients` are the disclosures whose recipients
    must be informed."""

    id: str | None
    object: Literal["privacy_request"]
    kind: Kind
    status: Status
    affects: Literal["company", "party", "member"]
    subject: str | None
    language: Annotated[
        Language | None,
        Field(description="The language of the person; null for a request of an earlier release.", examples=["ar"]),
    ]
    due: str
    grace_until: str | None
    verified_at: str | None
    closed_at: str | None
    reason: str | None
    decided_by: Annotated[
        str | None,
        Field(description="The operator who refused or completed the request.", examples=["opr_1"]),
    ]
    steps: list[StepShown]
    last_trace: str | None
    receipt: str | None
    download: str | None
    dry_run: bool
    awaiting_details: AwaitedShown | None
    documents: str | None
    recipients: list[str]
    version: int
    created_at: str
    updated_at: str
    download_code: Annotated[
        str | None,
        Field(
            description="Only in the answer that makes the request, for a person without an e-mail address. With it, "
            "they fetch the receipt and the answer at /v1/privacy/receipts.",
            examples=["MZXW6YTBOI2DKNRXHA4TAMJSGM"],
        ),
    ] = None


class CodeSent(ResponseModel):
    """A code was sent. The address is not shown."""

    object: Literal["code"]
    sent: bool
