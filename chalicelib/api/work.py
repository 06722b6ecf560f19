"""Jobs: where to look for a verb without a bound on its work."""

from chalicelib.api.document_shapes import JobShown
from chalicelib.api.endpoint import Ask, Endpoint
from chalicelib.domain.call import Answer
from chalicelib.domain.errors import NotFound
from chalicelib.domain.journal import JobRow
from chalicelib.services.issuing import present_job


def _read(ask: Ask) -> Answer:
    job = ask.open.get(JobRow, ask.path["id"])
    if job.expires_at <= ask.at.timestamp():
        raise NotFound
    return Answer(present_job(job))


ENDPOINTS = (
    Endpoint(
        method="GET", path="/v1/jobs/{id}", scope="documents.read", does=_read, summary="A job's progress and outcomes",
        gives=JobShown, errors=(NotFound,), tag="Jobs",
    ),
)  # fmt: skip
