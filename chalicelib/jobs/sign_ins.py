"""The job that deletes sign-in accounts: of persons without a company, and of sign-ups that nobody confirmed."""

from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.sign_in import JOB, EndingSignIn
from chalicelib.jobs.job import DuePage, Job, JobStep, due_in

if TYPE_CHECKING:
    from chalicelib.wiring import World

CAP = 2_000
"""Accounts of one run without an operator's permission."""
_due = due_in(EndingSignIn.TABLE, JOB)


def find(world: "World", cursor: str | None, at: datetime) -> DuePage:
    """The rows that are due. The first page notes the sign-ups that nobody confirmed."""
    from chalicelib.services.privacy.sign_ins import note_unconfirmed

    if cursor is None:
        note_unconfirmed(world, at)
    return _due(world, cursor, at)


def plan(world: "World", work: Record) -> list[JobStep]:  # noqa: ARG001 — a plan's signature
    """One step per account."""
    if not isinstance(work, EndingSignIn):
        raise TypeError(f"a {work.KIND} is due for the end of sign-ins")
    what = "a sign-in account without a company" if work.left else "a sign-up that nobody confirmed"
    return [JobStep("sign_in", work.key, what)]


def apply(world: "World", step: JobStep) -> bool:
    """Delete the account, unless something keeps it."""
    from chalicelib.services.privacy.sign_ins import finish

    (row,) = world.store.records([step.ref])
    if isinstance(row, EndingSignIn):
        finish(world, row)
    return True


SIGN_INS = Job(
    name=JOB,
    table=EndingSignIn.TABLE,
    schedule="rate(1 hour)",
    cap=CAP,
    find=find,
    plan=plan,
    apply=apply,
    summary="Deletes sign-in accounts without a company, and sign-ups that nobody confirmed",
    destroys=True,
)
