"""The job on imports: analyses files, commits their rows, undoes commits."""

from typing import Any

from chalicelib.domain.imports.model import ANALYSE, COMMIT, TAKE_BACK
from chalicelib.domain.journal import JobRow
from chalicelib.jobs.bulk import bulk
from chalicelib.workflow.engine import Workflow


def analyse() -> Workflow[JobRow, Any, Any]:
    """The analysis of a file."""
    from chalicelib.services.imports.analysis import WORKFLOW

    return WORKFLOW


def commit() -> Workflow[JobRow, Any, Any]:
    """The commit of a file's rows."""
    from chalicelib.services.imports.commit import WORKFLOW

    return WORKFLOW


def undo() -> Workflow[JobRow, Any, Any]:
    """The undo of a commit."""
    from chalicelib.services.imports.undo import WORKFLOW

    return WORKFLOW


IMPORTS = bulk(
    {ANALYSE: analyse, COMMIT: commit, TAKE_BACK: undo},
    name="imports",
    summary="Analyses imported files, commits their rows a transaction at a time, undoes commits",
    step_seconds=40.0,
)
"""An analysis reads the whole file in one step: 50,000 rows at most."""
