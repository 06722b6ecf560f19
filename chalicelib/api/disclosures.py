"""The register of disclosures, as the company reads it."""

from typing import Literal

from chalicelib.api.answers import Answer, address, listed
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Shown
from chalicelib.api.paging import ListOf, Page
from chalicelib.domain.clock import today
from chalicelib.domain.errors import NotFound
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.records.paging import Window
from chalicelib.services.representation.disclosures import present_disclosure

URL = address("privacy", "disclosures")


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


def _list(context: RequestContext) -> Answer:
    if context.actor.kind == "user" and context.actor.role is None:
        raise NotFound  # of a closed company the register is nobody's to read through the product
    window = Window(context.query.limit, context.query.starting_after, context.query.ending_before)
    page = disclosures.visible(context.world.store, context.company, window, today(context.at))
    data = [present_disclosure(row, context.language) for row in page.items]
    return Answer(listed(URL, data, more=page.next is not None))


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
