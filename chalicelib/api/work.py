"""Jobs: the progress of work without a size limit."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.api.answers import Answer, address
from chalicelib.api.endpoint import Endpoint, RequestContext, Scope
from chalicelib.api.job_shapes import JobShown
from chalicelib.domain.companies.company import Head, require_open
from chalicelib.domain.errors import CompanyRestoring, NotFound
from chalicelib.domain.imports.model import TASKS as IMPORT_TASKS
from chalicelib.domain.journal import JobRow
from chalicelib.services.representation.jobs import present_job

_SCOPES: Final[Mapping[str, Scope]] = {
    "issue": "documents.read",
    "evidence": "register.read",
    "export": "exports.read",
    **dict.fromkeys(IMPORT_TASKS, "imports.read"),
    **dict.fromkeys(("backup", "verify", "download", "restore"), "backups.read"),
}
"""The scope that follows the jobs of a task. An owner alone follows the jobs of all other tasks."""


def _follows(context: RequestContext, job: JobRow) -> bool:
    """Whether the caller may see the job: its author may, and everybody with the scope of its task."""
    return job.actor == context.actor.id or _SCOPES.get(job.task, "company.write") in context.actor.scopes


def _read(context: RequestContext) -> Answer:
    job = context.reader.get(JobRow, context.path["id"]) if context.reader else _of_closed_company(context)
    if job.expires_at <= context.at.timestamp() or not _follows(context, job):
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
        of_job=True,
        errors=(NotFound, CompanyRestoring),
        tag="Jobs",
    ),
)
