"""Undoes a commit: deletes the records that it made and puts back those that it changed, if nobody touched them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from chalicelib.domain.attachments.message import owner_changed
from chalicelib.domain.companies.party import Party
from chalicelib.domain.entity import Record, Ref
from chalicelib.services.imports import storage
from chalicelib.services.imports.context import ImportContext, ImportProgress, ended, load, saved
from chalicelib.services.imports.kinds import RULES
from chalicelib.store.decision import CUSTOMER_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Failure, Workflow


def _undo(context: ImportContext, state: ImportProgress, deadline: Deadline) -> ImportProgress:
    """Undo the commits after the position, until the deadline."""
    keys = storage.made_keys(context.world, context.imported)
    used = RULES[context.imported.kind].in_use(context)
    for place, key in enumerate(keys[state.position :], state.position + 1):
        new, before = storage.made(context.world, key)
        undone = _part(context, key, [id for id in new if id not in used], before)
        state = replace(state, position=place, new=state.new + undone, total=len(keys))
        state = replace(state, left=state.left + len(new) + len(before) - undone)
        if deadline.passed and place < len(keys):
            return state
    return replace(state, step="finish")


def _part(context: ImportContext, key: str, new: Sequence[str], before: Sequence[Record]) -> int:
    """Undo one commit. Return the number of records that were taken back, also if an earlier run did it."""
    rules = RULES[context.imported.kind]
    free = [rules.rows_of(context.job.company, id) for id in new]
    call = context.call("undo_import", key.rpartition("/")[2])
    changed = [record.key for record in before]

    def decide_undo(snapshot: Snapshot) -> Decision[int]:
        own = [rows for refs in free if any(rows := snapshot.at(refs))]
        gone = [rows for rows in own if rules.untouched(rows)]
        pairs = list(zip(before, snapshot.at(changed), strict=True))
        puts = [
            replace(earlier, version=row.version + 1, updated_at=call.at)
            for earlier, row in pairs
            if row is not None and row.version == earlier.version + 1
        ]
        done = len(free) - len(own) + sum(row is not None and _is_back(row, earlier) for earlier, row in pairs)
        deletes = tuple(row for rows in gone for row in rows if row is not None)
        owners = [row.id for row in deletes if isinstance(row, Party)]
        messages = (owner_changed(call, *owners),) if owners else ()
        return Decision(len(gone) + len(puts) + done, puts=tuple(puts), deletes=deletes, messages=messages)

    refs: list[Ref] = [*(ref for rows in free for ref in rows), *changed]

    return transact(context.world.store, call, refs, decide_undo, CUSTOMER_STEP).outcome


def _is_back(row: Record, earlier: Record) -> bool:
    """Whether an earlier run of this undo put the record back."""
    return replace(row, version=earlier.version, updated_at=earlier.updated_at) == earlier


def _finish(context: ImportContext, state: ImportProgress, _: Deadline) -> ImportProgress:
    storage.delete_all(context.world, context.imported)
    context.change(status="undone", undone=state.new, touched=state.left)
    return ended(state)


def _failed(context: ImportContext, state: ImportProgress, failure: Failure) -> ImportProgress:
    context.change(status="committed", failure=failure.code)
    return ended(state, failure=failure.code)


WORKFLOW: Final = Workflow(
    name="import undo",
    context=ImportContext.of,
    load=load,
    row=saved,
    steps={"undo": _undo, "finish": _finish},
    failed=_failed,
)
