"""Consents: the acceptance of the policy, and the choices of a member."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.answers import Answer, Presenter, address, answer
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel, Text
from chalicelib.api.presenters.consents import present_consents
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import invalid
from chalicelib.services.codes import email_key
from chalicelib.services.companies import consent
from chalicelib.services.companies.consent import Chosen, Holder

URL = address("consents")


class ConsentNew(Model):
    """An answer to one question. `policy` accepts the `version`; it cannot be withdrawn, only ended with a deletion
    request. The other answers can be granted and withdrawn at any time, with immediate effect."""

    kind: Literal["policy", "ads_personalised", "marketing", "diagnostics"]
    granted: bool
    version: Annotated[str, Text(20)] | None = None


class AnnouncedShown(ResponseModel):
    """A published version of the policy that comes into force later."""

    version: str
    from_: Annotated[str, Field(alias="from")]
    material: bool
    changes: str


class PendingShown(ResponseModel):
    """A version of the policy that is readable and not in force, because a decision is open."""

    version: Annotated[str, Field(description="The name of the version, which is its date.", examples=["2026-12-01"])]
    awaits: Annotated[
        list[str],
        Field(
            description="The open decisions, by their place in the policy.",
            examples=[["processors.hosting.transfer"]],
        ),
    ]
    changes: Annotated[
        str,
        Field(
            description="The changes in words, in the language of the answer.",
            examples=["Les prestataires sont nécessaires au fonctionnement de l'application."],
        ),
    ]


class PolicyShown(ResponseModel):
    """`must_accept`: the member must accept `required` or a later version. `required_since` is the day from which."""

    accepted: str | None
    accepted_at: str | None
    in_force: str
    required: str
    required_since: str
    must_accept: bool
    announced: list[AnnouncedShown]
    pending: Annotated[
        list[PendingShown],
        Field(description="The versions that await a decision. None of them is in force.", examples=[[]]),
    ]
    url: str


class ChoiceShown(ResponseModel):
    """Whether the member agrees. `chosen_at` is null for a default."""

    granted: bool
    chosen_at: str | None


class ConsentsShown(ResponseModel):
    """The answers of a member: the policy, advertising, marketing and diagnostics."""

    id: str
    object: Literal["consents"]
    policy: PolicyShown
    ads_personalised: ChoiceShown
    marketing: ChoiceShown
    diagnostics: ChoiceShown


def _show(context: RequestContext) -> Answer:
    own = consent.of_member(context.open, context.actor.id)
    return Answer(present_consents(context.actor.id, own, today(context.at), context.language))


def _chosen(context: RequestContext) -> Presenter:
    def present(chosen: Chosen, _: Head) -> Answer:
        body = present_consents(context.actor.id, chosen.consent, today(context.at), context.language)
        return Answer(body, status=201, location=URL) if chosen.changed else Answer(body)

    return present


def _decide_consents(context: RequestContext) -> Answer:
    sent, store, member, call = (
        context.body,
        context.world.store,
        context.actor.id,
        context.presenting(_chosen(context)),
    )
    if sent.kind != "policy":
        if sent.version is not None:
            raise invalid("/version", "unknown_field")
        return answer(consent.choose(store, call, member, sent.kind, sent.granted))
    if not sent.granted:
        raise invalid("/granted", "acceptance_not_withdrawn")
    if sent.version is None:
        raise invalid("/version", "missing")
    key = email_key(context.world.settings, context.actor.email)
    return answer(consent.accept(store, call, member, sent.version, Holder(context.actor.subject, key)))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="consents.read",
        handler=_show,
        summary="Read your consents and the open questions",
        response_model=ConsentsShown,
        tag="Privacy",
    ),
    Endpoint(
        method="POST",
        path=URL,
        scope="consents.write",
        handler=_decide_consents,
        summary="Accept a version of the policy, or grant or withdraw a consent",
        request_model=ConsentNew,
        response_model=ConsentsShown,
        status=201,
        also=(200,),
        idempotent=True,
        tag="Privacy",
    ),
)
