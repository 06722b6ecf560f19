"""The row of a task that a job takes up in the background."""

from chalicelib.domain.call import Call
from chalicelib.domain.journal import JobRow
from chalicelib.policy.ends import expires_at


def new_job(call: Call, job: str, task: str, inputs: bytes = b"{}", *, id: str | None = None, total: int = 0) -> JobRow:
    """An unsaved row, due at once. `job` is the name of the job, and `id` replaces a new id."""
    return call.make(
        JobRow,
        id=id,
        due=job,
        due_at=call.at,
        task=task,
        actor=call.actor,
        inputs=inputs,
        outcomes=b"[]",
        total=total,
        expires_at=expires_at(JobRow, call.at),
    )
