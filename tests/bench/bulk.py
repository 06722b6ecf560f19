"""A bulk issue of a thousand documents, as the job does it: twenty to a transaction."""

import time
from dataclasses import dataclass

from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.journal import JobRow
from chalicelib.services.bulk_issue import WORKFLOW, BulkIssue
from chalicelib.services.documents import issuing
from chalicelib.wiring import World
from chalicelib.workflow.deadline import NEVER
from chalicelib.workflow.engine import DONE
from tests.bench.traffic import Traffic
from tests.histories import company as companies

DOCUMENTS = 1_000


@dataclass(frozen=True)
class Bulk:
    """Seconds for all documents, and what it took at DynamoDB."""

    seconds: float
    calls: int
    read: float
    write: float


def measured(world: World) -> Bulk:
    """Queue the job, then run its steps one after another."""
    company = companies.founded(world, "bulk")
    ids = companies.drafts(world, company, [str(number) for number in range(DOCUMENTS)], line_count=3)
    queued = issuing.issue_many(world.store, companies.call(world, company, "issue_many", "bulk"), INVOICE, ids)
    job = queued.outcome
    assert isinstance(job, JobRow)
    assert isinstance(job, JobRow)
    begun = time.perf_counter()
    with Traffic(world.store) as traffic:
        context = WORKFLOW.context(world, job)
        state = WORKFLOW.load(context)
        while state.step != DONE:
            after = WORKFLOW.steps["issue"](context, state, NEVER)
            assert isinstance(after, BulkIssue)
            state = after
    assert (state.failure, state.done) == (None, DOCUMENTS)
    return Bulk(time.perf_counter() - begun, traffic.total, traffic.read, traffic.write)
