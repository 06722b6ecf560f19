"""A preview of a restore, counted by the functions that restore. It writes nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chalicelib.services.backup.format.kinds import NAMES, has_parts, row_kinds
from chalicelib.services.backup.restoring.batches import Batch, RestoreProgress, batch_cursor, outcomes
from chalicelib.services.backup.restoring.context import RestoreContext
from chalicelib.store import erase
from chalicelib.store.conflicts import patiently
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE

if TYPE_CHECKING:
    from chalicelib.wiring import World

PAGES: Final = 10
"""Pages of a census between two checks of the time."""
SHOWN: Final[Mapping[str, str]] = {"erased": "stays_deleted", "expired": "stays_deleted"}
"""The outcome that a client sees. It does not distinguish erased from expired rows."""
STANDS: Final = ("overwritten", "unchanged", "issued")
"""Outcomes of rows that exist now."""


def compare(context: RestoreContext, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    """Compare the backup row by row. Raises the errors of a damaged backup, Busy."""
    for batch in context.selected_rows(context.archive()).batches(progress.cursor):
        progress = replace(compared(context.world, batch, progress), cursor=batch_cursor(batch))
        if deadline.passed:
            return progress
    return replace(progress, step="census", cursor=None)


def compared(world: "World", batch: Batch, progress: RestoreProgress) -> RestoreProgress:
    """Compare a batch with the present rows."""
    refs = batch.refs
    rows = patiently(lambda: world.store.records(refs))
    done = batch.merged(dict(zip(refs, rows, strict=True)), world.now())
    return progress.counted(outcomes(batch, done), batch.rows)


def census(context: RestoreContext, progress: RestoreProgress, _: Deadline) -> RestoreProgress:
    """Count the present rows of each selected kind that the backup does not hold."""
    chosen = row_kinds(context.kinds())
    tables = sorted({table for table, _ in chosen})
    table, after = (progress.cursor or f"{tables[0]}\x1f").split("\x1f", 1)
    found, where = erase.census(context.world.store, table, context.company, after=after or None, pages=PAGES)
    there: Counter[tuple[str, str]] = Counter()
    for kind, number in found.items():
        # A census cannot assign numbers and papers to kinds of documents.
        if (table, kind) in chosen and not has_parts(chosen, (table, kind)):
            there[NAMES[table, kind], "there"] = number
    progress = progress.counted(there, 0)
    later = tables[tables.index(table) + 1 :]
    if where is None and not later:
        return replace(progress, step=DONE, cursor=None)
    return replace(progress, cursor=f"{table}\x1f{where}" if where else f"{later[0]}\x1f")


def shown(counts: Mapping[str, int]) -> dict[str, int]:
    """One kind's outcomes as shown: erased and expired rows together, and in a preview the rows made since."""
    outcomes: Counter[str] = Counter()
    for outcome, number in counts.items():
        if outcome != "there":
            outcomes[SHOWN.get(outcome, outcome)] += number
    if "there" in counts:
        outcomes["made_since"] = max(0, counts["there"] - sum(counts.get(name, 0) for name in STANDS))
    return dict(outcomes)
