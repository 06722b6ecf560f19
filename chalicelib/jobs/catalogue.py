"""The list of jobs, of outbox tasks and of bulk tasks. Importing it is cheap: handlers import their modules when they
run."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.journal import JobRow
from chalicelib.jobs import backups, exports, imports, requests
from chalicelib.jobs.bulk import LoadTaskWorkflow, bulk
from chalicelib.jobs.evidence import EVIDENCE
from chalicelib.jobs.job import Job
from chalicelib.jobs.outbox import outbox
from chalicelib.jobs.requests import requests_job, watch_job
from chalicelib.jobs.retention import proofs_job, retention_job
from chalicelib.jobs.sign_ins import SIGN_INS
from chalicelib.jobs.support import ORPHANS, SUPPORT
from chalicelib.services.mail.outbox import TaskHandler
from chalicelib.workflow.engine import Workflow

if TYPE_CHECKING:
    from chalicelib.wiring import World


def render(world: "World", company: str, about: tuple[str, ...]) -> None:
    """Render documents that a commit issued. Their attachments follow them into the ledger."""
    from chalicelib.services.attachments.settling import schedule
    from chalicelib.services.documents.printing import render_now

    schedule(world, company, about)
    render_now(world, company, about)


def mail(world: "World", company: str, about: tuple[str, ...]) -> datetime | None:
    """Send mails that a commit wrote."""
    from chalicelib.services.mail.writing import send

    return send(world, company, about)


def privacy_notice(world: "World", company: str, about: tuple[str, ...]) -> datetime | None:
    """Mail a company's owners about a privacy request."""
    from chalicelib.services.mail.notifications import notify

    return notify(world, company, about)


def attachments(world: "World", company: str, about: tuple[str, ...]) -> None:
    """Let attachments follow a draft to another customer, and end with an owner that is gone."""
    from chalicelib.services.attachments.settling import schedule

    schedule(world, company, about)


def issue() -> Workflow[JobRow, Any, Any]:
    """The bulk issue of drafts."""
    from chalicelib.services.bulk_issue import WORKFLOW

    return WORKFLOW


def issue_requests() -> Workflow[JobRow, Any, Any]:
    """The requests of devices to issue drafts."""
    from chalicelib.services.sync.issue_queue import WORKFLOW

    return WORKFLOW


def forget_notices() -> Workflow[JobRow, Any, Any]:
    """The deletion of the notices to devices after synchronisation was turned off."""
    from chalicelib.services.sync.forgetting import WORKFLOW

    return WORKFLOW


OUTBOX_TASKS: Mapping[str, TaskHandler] = {
    "render": render,
    "mail": mail,
    "privacy_notice": privacy_notice,
    "attachments": attachments,
}


def evidence() -> Workflow[JobRow, Any, Any]:
    """The full pass over a company's ledger."""
    from chalicelib.services.evidence.requested import WORKFLOW

    return WORKFLOW


BULK_TASKS: Mapping[str, LoadTaskWorkflow] = {
    "issue": issue,
    "issue_requests": issue_requests,
    "forget_notices": forget_notices,
    "evidence": evidence,
}
REQUEST_KINDS: Mapping[str, requests.LoadRequestWorkflow] = {
    "access": requests.access,
    "deletion": requests.deletion,
    "rectification": requests.rectification,
}
JOBS: tuple[Job, ...] = (
    outbox(OUTBOX_TASKS),
    bulk(BULK_TASKS),
    imports.IMPORTS,
    exports.EXPORTS,
    requests_job(REQUEST_KINDS),
    watch_job(),
    retention_job(),
    proofs_job(),
    SUPPORT,
    ORPHANS,
    *backups.JOBS,
    EVIDENCE,
    SIGN_INS,
)


class UnknownJob(LookupError):
    """No job has this name. The message lists all names."""


def named(name: str) -> Job:
    """The job with this name. Raises UnknownJob."""
    for job in JOBS:
        if job.name == name:
            return job
    raise UnknownJob(f"no job {name!r}; there are {', '.join(job.name for job in JOBS)}")
