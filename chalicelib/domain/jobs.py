"""What the runner of jobs remembers between runs. These rows belong to no company: their partition is `SYSTEM`."""

from chalicelib.domain.entity import Record, entity, kept

SYSTEM = "system"
"""The partition of rows that are no tenant's. No company's id can be it: those begin with `cmp_`."""
EVERY_JOB = "all"
"""The id of the switch that stops every job at once."""


@entity("job_checkpoint", room="transient", prefix="chk", sort="checkpoint#{id}")
class Checkpoint(Record):
    """Where a job (its name is the id) goes on: a page of `find`, and the step within a unit of work that was begun.
    Absent while there is nothing to remember."""

    cursor: str | None = kept("transient.job", default=None)
    work: str | None = kept("transient.job", default=None)
    """The address of the work that was begun, as `room/company/sort`."""
    plan: str | None = kept("transient.job", default=None)
    """SHA-256 of that work's plan: the count of steps means something only for the same plan."""
    step: int = kept("transient.job", default=0)
    asks: int | None = kept("transient.job", default=None)
    """How many steps a run wanted when that was more than the job's cap."""
    expires_at: int = kept("transient.job")


@entity("job_switch", room="transient", prefix="swi", sort="switch#{id}")
class Switch(Record):
    """The kill switch of one job, or of all under the id `EVERY_JOB`: while this row exists, nothing is applied."""

    reason: str = kept("transient.job")
    actor: str = kept("transient.job")
