"""The bulk issue of drafts as a workflow. Each step is one transaction under its own idempotency key."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from chalicelib.domain.call import SYSTEM_KEY, Reply
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.errors import TooLarge, TransactionTooLarge
from chalicelib.domain.journal import JobRow
from chalicelib.services.documents import issuing
from chalicelib.services.documents.issuing import IssueOutcome
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow
from chalicelib.workflow.failure import GivenUp

if TYPE_CHECKING:
    from chalicelib.wiring import World

OutcomeRow = dict[str, str]


@dataclass(frozen=True)
class BulkIssue:
    """The drafts to issue, in order, and the outcome of each so far. `done` counts issued drafts."""

    ids: tuple[str, ...]
    day: date | None
    outcomes: tuple[OutcomeRow, ...]
    done: int
    step: str = "issue"
    failure: str | None = None


@dataclass(frozen=True)
class _BulkIssueContext:
    world: "World"
    job: JobRow


def _load(context: _BulkIssueContext) -> BulkIssue:
    job = context.job
    inputs = json.loads(job.inputs)
    day = date.fromisoformat(inputs["day"]) if inputs["day"] else None
    return BulkIssue(tuple(inputs["ids"]), day, tuple(msgspec.json.decode(job.outcomes)), job.done)


def _row(context: _BulkIssueContext, state: BulkIssue) -> JobRow:
    return context.job.progressed(
        over=state.step == DONE,
        failed=state.failure is not None,
        outcomes=msgspec.json.encode(state.outcomes),
        done=state.done,
    )


def _issue_next(context: _BulkIssueContext, state: BulkIssue, _: Deadline) -> BulkIssue:
    """Issue one transaction of drafts. After a crash between commit and save, the repeated key returns the first
    reply."""
    issued = _next_chunk(context, state.done, state.ids[state.done : state.done + issuing.BULK], state.day)
    done = state.done + len(issued)
    step = DONE if done == len(state.ids) else "issue"
    return replace(state, outcomes=(*state.outcomes, *issued), done=done, step=step)


def _next_chunk(context: _BulkIssueContext, done: int, chunk: Sequence[str], day: date | None) -> list[OutcomeRow]:
    """Issue the chunk; if it does not fit into a transaction, issue half of it."""
    job, world = context.job, context.world
    step = f"{job.id}:{done}"
    call = world.call(job.company, job.actor, "issue_many", key=step, request=SYSTEM_KEY + step)
    call = replace(call, present=_chunk_reply)
    try:
        committed = issuing.issue_together(world.store, call, _type_of(chunk), chunk, day)
    except TransactionTooLarge:
        if len(chunk) == 1:
            raise
        return _next_chunk(context, done, chunk[: len(chunk) // 2], day)
    issued: list[OutcomeRow] = msgspec.json.decode(committed.reply.body or b"{}")["data"]
    return issued


def _type_of(ids: Sequence[str]) -> DocumentType:
    document_type = by_id(ids[0])
    assert document_type is not None  # noqa: S101 — the endpoint that queued the job took ids of documents only
    return document_type


def _chunk_reply(outcomes: Sequence[IssueOutcome], _: Head) -> Reply:
    """The reply of a chunk. A repeated call reads from it which drafts were issued."""
    return Reply(body=msgspec.json.encode({"data": [outcome.row() for outcome in outcomes]}))


def _failed(_: _BulkIssueContext, state: BulkIssue, failure: Failure) -> BulkIssue:
    """End the job. Drafts after the failed chunk are not attempted."""
    ended = replace(state, step=DONE, failure=failure.code)
    if isinstance(failure, GivenUp):  # The progress of the last attempt is unknown.
        return ended
    rest = state.ids[state.done :]
    chunk, later = rest[: issuing.BULK], rest[issuing.BULK :]
    outcomes = (*_at_fault(failure, chunk), *(IssueOutcome(id, "not_attempted") for id in later))
    return replace(ended, outcomes=(*state.outcomes, *(outcome.row() for outcome in outcomes)))


def _at_fault(failure: Failure, chunk: Sequence[str]) -> list[IssueOutcome]:
    """The outcomes of a failed transaction: its failing documents failed; its others were not attempted."""
    faults: dict[int, str] = {}
    for fault in getattr(failure, "faults", ()):
        faults.setdefault(int(fault.pointer.split("/")[2]), fault.code)
    if not faults or isinstance(failure, TooLarge):
        return [IssueOutcome(id, "failed", code=failure.code) for id in chunk]
    return [
        IssueOutcome(id, "failed", code=faults[index]) if index in faults else IssueOutcome(id, "not_attempted")
        for index, id in enumerate(chunk)
    ]


WORKFLOW: Final = Workflow(
    name="bulk issue",
    context=_BulkIssueContext,
    load=_load,
    row=_row,
    steps={"issue": _issue_next},
    failed=_failed,
)
