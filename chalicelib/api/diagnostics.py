"""Diagnostics: a fixed shape without free text. A batch that seems to contain personal data is refused completely."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.api.answers import Answer
from chalicelib.api.endpoint import PUBLIC, Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel
from chalicelib.domain.contact.diagnostics import (
    AREAS,
    MOST_EVENTS,
    PLACES,
    Event,
    Os,
    disguised,
    looks_personal,
    texts,
)
from chalicelib.services.support import diagnostics

CODE = rf"^(?:{'|'.join(AREAS)})\.(?:{'|'.join(PLACES)})$"
VersionNumber = Annotated[str, Field(pattern=r"^[0-9]{1,3}(?:\.[0-9]{1,4}){0,2}$", examples=["1.4.2"])]


class EventIn(Model):
    """An event that happened `count` times. `code` is an area and a place, both from closed lists. `signature` is the
    MD5 or SHA-256 (hex) of a stack, not the stack. `milliseconds` is a mean."""

    code: Annotated[str, Field(pattern=CODE, max_length=100, examples=["crash.invoice_editor"])]
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    signature: Annotated[str, Field(pattern=r"^(?:[0-9a-f]{32}|[0-9a-f]{64})$")] | None = None
    milliseconds: Annotated[int, Field(ge=0, le=600_000)] | None = None


class BatchIn(Model):
    """The events that one copy of the application reports."""

    app_version: VersionNumber
    os: Os
    os_version: VersionNumber
    events: Annotated[list[EventIn], Field(min_length=1, max_length=MOST_EVENTS)]

    @model_validator(mode="before")
    @classmethod
    def _require_anonymous(cls, sent: Any) -> Any:
        """Refuse a batch that seems to contain personal data. Nothing of it is kept or logged."""
        if any(disguised(text) if _may_be_hash(text) else looks_personal(text) for text in texts(sent)):
            raise PydanticCustomError("personal_data", "")
        return sent


def _may_be_hash(text: str) -> bool:
    return len(text) in (32, 64) and all(letter in "0123456789abcdef" for letter in text)


class DiagnosticsShown(ResponseModel):
    """`stored` is false for a member who opposes diagnostics: nothing was kept."""

    object: Literal["diagnostics"]
    stored: bool


def _take(context: RequestContext) -> Answer:
    sent = context.body
    events = [
        Event(code=e.code, count=e.count, signature=e.signature, milliseconds=e.milliseconds) for e in sent.events
    ]
    member = context.actor.id if context.reader else None
    content = (sent.app_version, sent.os, sent.os_version, events)
    stored = diagnostics.store_batch(context.world, context.reader, member, context.source, content)
    return Answer({"object": "diagnostics", "stored": stored})


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/diagnostics",
        scope=PUBLIC,
        recognises=True,
        handler=_take,
        request_model=BatchIn,
        response_model=DiagnosticsShown,
        summary="Report errors and slow operations, without personal data",
        tag="Service",
    ),
)
