"""The report of a job's run, for the operator, the log and the alarms."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from chalicelib.domain.entity import Ref
from chalicelib.jobs.job import JobStep

log = logging.getLogger("facture.jobs")

RunOutcome = Literal["done", "continues", "asks", "off"]


@dataclass(frozen=True)
class FailedRow:
    """A row whose work failed: the error's class or code (never its message), and whether the row is dead-lettered."""

    ref: Ref
    error: str
    attempt: int
    dead: bool


@dataclass
class Report:
    """The counts of a run: rows found, steps planned, steps applied. A dry run lists its first steps in `steps`.

    `outcome` is one of: `done`; `continues` (out of time; the next run continues); `asks` (the plan exceeds the cap, so
    nothing is applied until an operator raises it for one run); `off` (the kill switch). `skipped` rows are claimed by
    another runner. `held` rows are under a legal hold. `late` counts steps that ended after the deadline.
    `oldest_seconds` is the longest time that a row was overdue.
    """

    job: str
    at: datetime
    dry_run: bool
    outcome: RunOutcome = "done"
    found: int = 0
    planned: int = 0
    applied: int = 0
    skipped: int = 0
    held: int = 0
    late: int = 0
    oldest_seconds: float = 0.0
    seconds: float = 0.0
    failures: list[FailedRow] = field(default_factory=list)
    steps: list[JobStep] = field(default_factory=list)

    @property
    def dead(self) -> int:
        """The number of dead-lettered rows."""
        return sum(failure.dead for failure in self.failures)

    def figures(self) -> dict[str, float]:
        """The figures to publish. Alarms: Dead, Asked, DeadlineBreached above 0; OldestSeconds growing; no Run at all.

        A count of zero is left out: CloudWatch bills a figure for each hour in which it is sent (docs/cost.md).
        """
        if self.dry_run:
            return {}
        counts = {
            "Found": self.found,
            "Planned": self.planned,
            "Applied": self.applied,
            "Failed": len(self.failures),
            "Dead": self.dead,
            "Held": self.held,
            "Asked": int(self.outcome == "asks"),
            "Unfinished": int(self.outcome == "continues"),
            "DeadlineBreached": self.late,
            "OldestSeconds": self.oldest_seconds,
        }
        return {"Run": 1, "RunSeconds": self.seconds} | {name: count for name, count in counts.items() if count}

    def log_line(self) -> None:
        """Log one line: a warning if an operator should look, debug level if nothing was due."""
        extra = {
            "outcome": self.outcome,
            "found": self.found,
            "planned": self.planned,
            "applied": self.applied,
            "skipped": self.skipped,
            "held": self.held,
            "failed": len(self.failures),
            "dead": self.dead,
            "seconds": round(self.seconds, 3),
            "dry_run": self.dry_run,
        }
        unusual = self.failures or self.late or self.outcome in ("asks", "off")
        idle = not self.found and self.outcome == "done"
        log.log(logging.WARNING if unusual else logging.DEBUG if idle else logging.INFO, "job run", extra=extra)
