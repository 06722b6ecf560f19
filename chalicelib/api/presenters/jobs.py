"""Jobs in the API's form."""

from chalicelib.api.answers import Answer, address
from chalicelib.domain.companies.company import Head
from chalicelib.domain.journal import JobRow
from chalicelib.services.representation.jobs import present_job


def queued(job: JobRow, head: Head) -> Answer:
    """A job that was just queued: 202, with the job's address."""
    return Answer(present_job(job, head), status=202, location=address("jobs", job.id))
