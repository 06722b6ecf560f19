"""The published figures: each name and what it counts. CloudWatch bills each pair of a name and a dimension.

Other names are refused, and so are labels that could identify companies or people: the only label is a job's name.
docs/operations.md shows the same table. Alarms use these figures only.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.domain.documents.registry import document_types

if TYPE_CHECKING:
    from chalicelib.domain.entity import Record

BUSINESS: Mapping[str, str] = {
    **{document_type.figure.name: document_type.figure.counts for document_type in document_types()},
    "PaymentsRecorded": "payments entered",
    "DocumentsSwept": "issued documents removed after their statutory term",
    "RequestDeadlineNear": "privacy requests still open when their deadline is near",
    "RequestDeadlineBreached": "privacy requests still open after their deadline, once a day each",
    "BackupTaken": "backups that were cut, encrypted and stored",
    "BackupFailed": "backups that failed",
    "RestoreFailed": "restores that stopped; the company was searched and opened again",
    "EvidenceBroken": "daily and full passes over a journal and its ledger that found a fault",
    "DrillPassed": "restore drills that found every row as it was",
    "DrillFailed": "restore drills that failed",
}
"""Figures for the business and the law."""
RUNS: Mapping[str, str] = {
    "Run": "runs that ended, with or without work",
    "RunSeconds": "the seconds that a run took",
    "Found": "rows that were due",
    "Planned": "steps that were planned",
    "Applied": "steps that were done",
    "Failed": "rows whose work failed and is tried again or dead-lettered",
    "Dead": "dead-lettered rows; an operator looks at them",
    "Held": "rows without work because of a legal hold",
    "Asked": "runs that did nothing because the plan exceeds the cap; an operator decides",
    "Unfinished": "runs without time for all rows; the next run continues",
    "DeadlineBreached": "steps that ended after the run's own deadline",
    "OldestSeconds": "the seconds since the oldest due row became due",
}
"""Figures of a job's run, with the job's name as their dimension."""
FAULTS: Mapping[str, str] = {
    "Unhandled": "requests that ended in a defect",
    "Unanswered": "requests refused because something that the service depends on did not answer",
}
"""Requests that failed."""
FIGURES: Mapping[str, str] = {**BUSINESS, **RUNS, **FAULTS}
BY_JOB = RUNS.keys() | {"RequestDeadlineNear", "RequestDeadlineBreached"}
"""Figures with a job's name as their dimension. The others have none, so that an alarm watches exactly one series."""

FISCAL = frozenset(
    (document_type.issued.TABLE, document_type.kind)
    for document_type in document_types()
    if document_type.fiscal and not document_type.imported
)
"""Tables and kinds of the documents that only the retention job deletes. The undo of an import deletes imported ones
too, so they do not count."""
MADE: Mapping[tuple[str, str], str] = {
    **{
        (document_type.issued.TABLE, document_type.kind): document_type.figure.name
        for document_type in document_types()
    },
    ("ledger", "payment"): "PaymentsRecorded",
}
"""The figure that counts a new row, by table and kind."""


def committed(new: "Sequence[Record]", gone: "Sequence[Record]") -> dict[str, float]:
    """The business figures of one commit, from the rows that it puts and deletes."""
    counted: Counter[str] = Counter()
    for record in new:
        figure = MADE.get((record.TABLE, record.KIND))
        if figure and not getattr(record, "specimen", False):
            counted[figure] += 1
    counted["DocumentsSwept"] += sum((record.TABLE, record.KIND) in FISCAL for record in gone)
    return {name: float(count) for name, count in counted.items() if count}
