"""The public part of the privacy policy: its page, all its versions, and the data map."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from chalicelib.api.answers import Answer
from chalicelib.api.endpoint import PUBLIC, Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel, Text
from chalicelib.domain.clock import today
from chalicelib.domain.errors import NotFound
from chalicelib.domain.language import Language
from chalicelib.policy.load import per_policy

if TYPE_CHECKING:
    from datetime import date


class PolicyQuery(Model):
    """The version of the policy (default: the one in force) and the language (default: Accept-Language)."""

    lang: Language | None = None
    version: Annotated[str, Text(20)] | None = None


class LanguageQuery(Model):
    """The language (default: Accept-Language)."""

    lang: Language | None = None


class Coded(ResponseModel):
    """A stable code and its text."""

    code: str
    words: str


class BasisShown(Coded):
    """Why the law allows the processing, with the article."""

    law: str


class TermShown(ResponseModel):
    """The term (ISO 8601), the event that starts it, and the action at its end."""

    term: str | None
    start: str
    words: str
    at_its_end: Literal["delete", "anonymise", "block"]


class PlaceShown(ResponseModel):
    """The attributes of one kind of row in one table."""

    room: str
    kind: str
    attributes: list[str]


class RuleShown(ResponseModel):
    """One kind of data: its purpose, legal basis, term and location, and the effect of a deletion."""

    rule: str
    label: str
    class_: Annotated[Coded, Field(alias="class")]
    purpose: str
    legal_bases: list[BasisShown]
    retention: TermShown
    on_erasure: Coded
    exported: bool
    masked_in_logs: bool
    collected: bool
    held_in: list[PlaceShown]
    services: list[str]
    files: list[str]


class ProcessorShown(ResponseModel):
    """A processor of the service: the data that it receives, and its location."""

    provider: str
    receives: str
    purpose: str
    where: str
    transfer_basis: Coded


class PeriodShown(ResponseModel):
    """An ISO 8601 period and its text."""

    period: str
    words: str


class DataMapShown(ResponseModel):
    """The stored data: its location, purpose and term."""

    object: Literal["data_map"]
    language: Language
    policy_version: str
    policy_in_force: str
    contact: str
    data: list[RuleShown]
    processors: list[ProcessorShown]
    copies: dict[str, PeriodShown]


@per_policy(32)
def _page(language: Language, version: str | None, region: str, on: "date") -> str:
    from chalicelib.policy import publish
    from chalicelib.policy.model import PolicyError

    try:
        return publish.render(language, version, region, on)
    except PolicyError:
        raise NotFound from None


@per_policy(6)
def _map(language: Language, region: str) -> dict[str, Any]:
    from chalicelib.policy.data_map import data_map

    return data_map(language, region)


def _policy(context: RequestContext) -> Answer:
    language = context.query.lang or context.language
    return Answer({"content": _page(language, context.query.version, context.world.settings.region, today(context.at))})


def _data_map(context: RequestContext) -> Answer:
    from chalicelib.policy.load import current

    stated = _map(context.query.lang or context.language, context.world.settings.region)
    return Answer({**stated, "policy_in_force": current().in_force(today(context.at)).version})


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/privacy",
        scope=PUBLIC,
        media="text/html",
        handler=_policy,
        query=PolicyQuery,
        summary="The privacy policy as a page, in French, Arabic or English; every version",
        errors=(NotFound,),
        tag="Privacy",
    ),
    Endpoint(
        method="GET",
        path="/v1/privacy/data-map",
        scope=PUBLIC,
        handler=_data_map,
        query=LanguageQuery,
        response_model=DataMapShown,
        summary="The data map: the stored data, its location, purpose and term",
        tag="Privacy",
    ),
)
