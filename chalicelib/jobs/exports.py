"""The job on exports: gathers rows and documents into a file."""

from typing import Any

from chalicelib.domain.journal import JobRow
from chalicelib.jobs.bulk import bulk
from chalicelib.workflow.engine import Workflow


def export() -> Workflow[JobRow, Any, Any]:
    """The export of records and documents."""
    from chalicelib.services.exports.export import WORKFLOW

    return WORKFLOW


EXPORTS = bulk(
    {"export": export},
    name="exports",
    summary="Writes exported records and documents into files, a piece at a time",
    step_seconds=40.0,
)
"""A workbook is written in one step: 100,000 rows at most."""
