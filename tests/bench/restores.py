"""A backup restored into a new company, part by part as the job does it: verified, put, proven, searched, opened."""

import time
from dataclasses import dataclass

from chalicelib.domain.ids import new_id
from chalicelib.domain.journal import JobRow
from chalicelib.services.backup.operations import NAME
from chalicelib.services.backup.restoring import restore
from chalicelib.services.backup.restoring.context import RestoreInput
from chalicelib.store import bookkeeping
from chalicelib.wiring import World
from chalicelib.workflow import engine

GOAL_SECONDS = 60.0
"""For 10,000 invoices of five lines."""


@dataclass(frozen=True)
class Restored:
    """The seconds of a restore, those of the process's own work, and the number of restored rows."""

    seconds: float
    own: float
    rows: int


def measured(world: World, company: str, backup: str) -> Restored:
    """Queue the job, then run its parts one after another."""
    at = world.now()
    asked = RestoreInput(backup=backup, into="new", operator=True, owner="bench")
    job = JobRow(
        company=company,
        id=new_id(JobRow.PREFIX, at, world.random(10)),
        created_at=at,
        updated_at=at,
        due=NAME,
        due_at=at,
        task="restore",
        actor="bench",
        inputs=asked.encoded(),
        outcomes=b"[]",
        expires_at=int(at.timestamp()) + 86_400,
    )
    bookkeeping.remember(world.store, job, world.random(16))
    begun, own = time.perf_counter(), time.process_time()
    while job.status not in ("completed", "failed"):
        after = engine.advance(world, restore.WORKFLOW, job)
        assert after is not None
        job = after
    assert job.status == "completed", job.outcomes
    return Restored(time.perf_counter() - begun, time.process_time() - own, job.done)
