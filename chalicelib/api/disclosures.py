"""The register of disclosures, as the company reads it."""

from typing import Literal

from chalicelib.api.endpoint import Ask, Endpoint
from chalicelib.api.fields import Shown
from chalicelib.api.paging import ListOf, Page
from chalicelib.domain.call import Answer
from chalicelib.domain.clock import today
from chalicelib.domain.errors import NotFound
from chalicelib.services import disclosures
from chalicelib.services.disclosures import URL
from chalicelib.services.editing import Window


class DataShown(Shown):
    """One kind of data that was handed over, by the policy's rule."""

    rule: str
    label: str


class DisclosureShown(Shown):
    """To whom data were handed, on what basis and when. `documents`: issued ones whose originals were handed out;
    `hidden_until`: the law forbade telling until that day."""

    id: str
    object: Literal["disclosure"]
    kind: Literal["lawful_demand", "processor_transfer", "operator_access"]
    recipient: str
    basis: str
    reference: str | None
    subject: str | None
    disclosed_on: str
    data: list[DataShown]
    documents: list[str]
    hidden_until: str | None
    recorded_at: str


def _list(ask: Ask) -> Answer:
    if ask.actor.kind == "user" and ask.actor.role is None:
        raise NotFound  # of a closed company the register is nobody's to read through the product
    window = Window(ask.query.limit, ask.query.starting_after, ask.query.ending_before)
    return disclosures.shown(ask.world.store, ask.company, window, today(ask.at), ask.language)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="privacy.read",
        does=_list,
        query=Page,
        gives=ListOf[DisclosureShown],
        summary="To whom the company's data were handed, on what basis",
        while_blocked=True,
        errors=(NotFound,),
        tag="Privacy",
    ),
)
