"""Jobs: the progress of work without a size limit."""

from typing import Any

from chalicelib.api.answers import Answer, address
from chalicelib.api.document_shapes import JobShown
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.domain.companies.company import Head, require_open
from chalicelib.domain.errors import CompanyRestoring, NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.services.representation.jobs import present_job


def _read(context: RequestContext) -> Answer:
    job = context.reader.get(JobRow, context.path["id"]) if context.reader else _of_closed_company(context)
    if job.expires_at <= context.at.timestamp():
        raise NotFound
    shown = present_job(job)
    outcomes: Any = shown["outcomes"]
    # The job's storage address is internal. The archive has its own endpoint.
    return Answer({**shown, "outcomes": [{k: v for k, v in each.items() if k != "key"} for each in outcomes]})


def _of_closed_company(context: RequestContext) -> JobRow:
    """The restore that keeps the company closed, so that its requester can follow it. Refuses other jobs, and companies
    that are closed for another reason. Raises CompanyBlocked, CompanyRestoring, NotFound."""
    head, job = context.world.store.records(
        [Head.ref(context.company), JobRow.ref(context.company, context.path["id"])]
    )
    if not isinstance(head, Head):
        raise NotFound
    if head.restore != context.path["id"] or not isinstance(job, JobRow):
        require_open(head)
        raise NotFound  # Opened between two reads.
    return job


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=address("jobs", "{id}"),
        scope="documents.read",
        handler=_read,
        summary="Read a job's progress and results",
        response_model=JobShown,
        while_blocked=True,
        errors=(NotFound, CompanyRestoring),
        tag="Jobs",
    ),
)
