"""Commits an analysed file: a transaction of rows at a time, each under its own idempotency key.

A run that was killed continues after the saved position. Its next transaction answers with what its first run
committed.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from chalicelib.domain.call import SYSTEM_KEY, Reply
from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import TransactionTooLarge
from chalicelib.domain.imports.model import Counts, ImportMapping
from chalicelib.domain.journal import JobRow
from chalicelib.services.imports import storage
from chalicelib.services.imports.analysis import mapping_id
from chalicelib.services.imports.context import ImportContext, ImportProgress, ended, load, saved
from chalicelib.services.imports.kinds import RULES
from chalicelib.services.imports.planning import Planned
from chalicelib.store.decision import CUSTOMER, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import NEVER, Deadline
from chalicelib.workflow.engine import Failure, Workflow
from chalicelib.workflow.failure import StepFailed

WORK_SECONDS: Final = 20.0
"""Seconds of a step's commits. The job reserves twice as much."""
WRITES: Final = ("new", "changed")


class HasRefusals(StepFailed):
    """A commit of all rows met a row that it must refuse. Nothing was written."""

    code = "import_has_refusals"


@dataclass(frozen=True)
class Part:
    """The result of one transaction: its new and changed records, the rows that it left out, and its last row."""

    new: int
    changed: int
    left: int
    through: int


def _plan(context: ImportContext, after: int) -> Iterator[Planned]:
    imported = context.imported
    planner = RULES[imported.kind].planner(context, "plan", imported.columns or (), imported.source)
    return (planned for _, planned in planner.plan(context.sheet().rows, after))


def _check(context: ImportContext, state: ImportProgress, _: Deadline) -> ImportProgress:
    """Refuse to write all rows of a file that has refused ones. Raises HasRefusals."""
    counts = context.imported.counts or Counts()
    if not context.imported.only_valid and counts.refused:
        raise HasRefusals
    return replace(state, step="write", total=counts.rows)


def _write(
    context: ImportContext, state: ImportProgress, _: Deadline
) -> Generator[ImportProgress, None, ImportProgress]:
    """Commit rows after the position, as long as a step may work. Each step reads the file from its beginning."""
    pending: list[Planned] = []
    resumed, last, deadline = True, state.position, NEVER
    together = RULES[context.imported.kind].together
    for planned in _plan(context, state.position):
        if deadline is NEVER:  # The reading of the rows that are done takes no time from the others.
            deadline = Deadline.within(WORK_SECONDS)
        last = planned.row
        if planned.outcome in WRITES:
            pending.append(planned)
        if len(pending) >= together:
            state, resumed = _advanced(context, state, pending)
            pending = _after(state.position, pending)
            if deadline.passed:
                return state
            yield state
    while pending or resumed:
        before = state.position
        state, resumed = _advanced(context, state, pending)
        pending = _after(state.position, pending)
        if state.position == before:
            break
    return replace(state, step="finish", position=max(last, state.position))


def _after(position: int, pending: Sequence[Planned]) -> list[Planned]:
    """The rows that are left: a transaction covers fewer than it was given if it repeats, or if they exceed it."""
    return [planned for planned in pending if planned.row > position]


def _advanced(context: ImportContext, state: ImportProgress, pending: Sequence[Planned]) -> tuple[ImportProgress, bool]:
    """The progress after one more transaction, and whether an earlier run had made it. More of them may follow."""
    part, replayed = _part(context, state.position, pending)
    after = replace(
        state,
        position=part.through,
        new=state.new + part.new,
        changed=state.changed + part.changed,
        left=state.left + part.left,
    )
    return after, replayed


def _part(context: ImportContext, start: int, pending: Sequence[Planned]) -> tuple[Part, bool]:
    """Commit these rows, or fewer if they exceed a transaction. A repeated key answers with its first result. The last
    value tells whether it was repeated."""
    key = f"{context.job.id}:{start}"
    call = context.world.call(context.job.company, context.job.actor, "import", key=key, request=SYSTEM_KEY + key)
    call = replace(call, present=_reply)
    made = [planned.record.id for planned in pending if planned.record and planned.outcome == "new"]
    before = [planned.record for planned in pending if planned.record and planned.outcome == "changed"]
    if pending:
        storage.put_made(context.world, context.imported, start, made, before)
    rules = RULES[context.imported.kind]

    def decide_part(snapshot: Snapshot) -> Decision[Part]:
        found = rules.write(snapshot, pending, call.at)
        through = pending[-1].row if pending else start
        part = Part(found.made, found.changed, len(pending) - found.made - found.changed, through)
        return Decision(part, new=tuple(found.new), puts=tuple(found.puts))

    try:
        committed = transact(context.world.store, call, rules.reads(call.company, pending), decide_part, CUSTOMER)
    except TransactionTooLarge:
        if len(pending) <= 1:
            raise
        storage.forget_made(context.world, context.imported, start)
        return _part(context, start, pending[: len(pending) // 2])
    return Part(**msgspec.json.decode(committed.reply.body or b"{}")), committed.replayed


def _reply(part: Part, _: Head) -> Reply:
    return Reply(body=msgspec.json.encode(part))


def _finish(context: ImportContext, state: ImportProgress, _: Deadline) -> ImportProgress:
    """Delete the values of the file, remember the mapping, and schedule the end of the undo."""
    imported, counts = context.imported, context.imported.counts or Counts()
    storage.delete_values(context.world, imported)
    columns = tuple(replace(column, ask=None) for column in imported.columns or ())
    call = context.call("import", "finish")
    mapping = call.make(
        ImportMapping,
        id=mapping_id(imported.kind, (column.header for column in columns)),
        kind=imported.kind,
        columns=columns,
    )
    unchanged = max(0, counts.rows - counts.refused - state.new - state.changed - state.left)
    written = replace(counts, new=state.new, changed=state.changed, unchanged=unchanged)
    context.change(mapping, storage.removal(call, imported), status="committed", counts=written, committed_at=call.at)
    return ended(state)


def _failed(context: ImportContext, state: ImportProgress, failure: Failure) -> ImportProgress:
    """End the job. What was committed stays, and the undo takes it back."""
    if not (state.new or state.changed):
        context.change(status="analysed", failure=failure.code)
        return ended(state, failure=failure.code)
    call, counts = context.call("import", "failed"), context.imported.counts or Counts()
    written = replace(counts, new=state.new, changed=state.changed)
    mark = storage.removal(call, context.imported)
    context.change(mark, status="committed", counts=written, committed_at=call.at, failure=failure.code)
    return ended(state, failure=failure.code)


WORKFLOW: Final[Workflow[JobRow, ImportContext, ImportProgress]] = Workflow(
    name="import commit",
    context=ImportContext.of,
    load=load,
    row=saved,
    steps={"check": _check, "write": _write, "finish": _finish},
    failed=_failed,
)
