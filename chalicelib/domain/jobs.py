"""The state that the job runner keeps between runs. These rows belong to no company: their partition is `SYSTEM`."""

from chalicelib.domain.entity import Record, entity, kept

SYSTEM = "system"
"""The partition of rows that belong to no company. No company's id can equal it: those begin with `cmp_`."""
EVERY_JOB = "all"
"""The id of the switch that stops every job at once."""


@entity("job_checkpoint", table="transient", prefix="chk", sort="checkpoint#{id}")
class Checkpoint(Record):
    """The position of a job (its name is the id): a page of `find`, and the step within a started unit of work. The row
    does not exist while there is nothing to remember."""

    cursor: str | None = kept("transient.job", default=None)
    work: str | None = kept("transient.job", default=None)
    """The address of the started work, as `table/company/sort`."""
    plan: str | None = kept("transient.job", default=None)
    """SHA-256 of that work's plan. A step count is valid only for the same plan."""
    step: int = kept("transient.job", default=0)
    asks: int | None = kept("transient.job", default=None)
    """The number of steps that a run needed, if it exceeds the job's cap."""
    expires_at: int = kept("transient.job")


@entity("job_switch", table="transient", prefix="swi", sort="switch#{id}")
class Switch(Record):
    """The kill switch of one job, or of all jobs under the id `EVERY_JOB`. While this row exists, nothing is
    applied."""

    reason: str = kept("transient.job")
    actor: str = kept("transient.job")
