"""The register of disclosures, in the form for the company."""

from typing import Literal

from chalicelib.api.answers import Answer, address, listed
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import ResponseModel
from chalicelib.api.paging import ListOf, PageQuery
from chalicelib.api.requester import requester_of
from chalicelib.domain.clock import today
from chalicelib.domain.errors import NotFound
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.records.paging import Window
from chalicelib.services.representation.disclosures import present_disclosure

URL = address("privacy", "disclosures")


class DataShown(ResponseModel):
    """One kind of data that was disclosed, by the policy's rule."""

    rule: str
    label: str


class DisclosureShown(ResponseModel):
    """The recipient, the legal basis and the date of a disclosure. `documents` are issued documents whose originals
    were disclosed. `hidden_until`: the law forbade informing the company until that day."""

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
        raise NotFound  # The register of a closed company cannot be read through the product.
    window = Window(context.query.limit, context.query.starting_after, context.query.ending_before)
    person = requester_of(context).about(None)
    page = disclosures.visible(context.world.store, context.company, window, today(context.at), person)
    data = [present_disclosure(row, context.language) for row in page.items]
    return Answer(listed(URL, data, more=page.next is not None))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=URL,
        scope="privacy.read",
        handler=_list,
        query=PageQuery,
        response_model=ListOf[DisclosureShown],
        summary="List the disclosures of the company's data: recipient, basis, date",
        while_blocked=True,
        errors=(NotFound,),
        tag="Privacy",
    ),
)
