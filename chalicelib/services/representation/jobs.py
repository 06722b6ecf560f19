"""Jobs: progress and outcomes."""

from typing import Any

import msgspec

from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.journal import JobRow


def present_job(job: JobRow, head: Head | None = None) -> dict[str, Any]:  # noqa: ARG001 — a common signature
    """A job, with an outcome for each of its documents."""
    return {
        "id": job.id,
        "object": "job",
        "task": job.task,
        "status": job.status,
        "done": job.done,
        "total": job.total,
        "outcomes": msgspec.json.decode(job.outcomes),
        "version": job.version,
        "created_at": instant(job.created_at),
        "updated_at": instant(job.updated_at),
    }
