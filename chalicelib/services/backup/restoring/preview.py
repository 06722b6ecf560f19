"""What a restore would do, counted by the very functions that do it; nothing is written."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chalicelib.services.backup.format.kinds import NAMES, NUMBERED, NUMBERING, places
from chalicelib.services.backup.restoring.batches import Batch, Progress, outcomes, place_of
from chalicelib.services.backup.restoring.context import RestoreContext
from chalicelib.store import erase
from chalicelib.store.conflicts import patiently
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE

if TYPE_CHECKING:
    from chalicelib.wiring import World

PAGES: Final = 10
"""Pages of a census before the time is looked at."""
SHOWN: Final[Mapping[str, str]] = {"erased": "stays_deleted", "expired": "stays_deleted"}
"""To whoever restores, what was erased and what left at its term is one thing."""
STANDS: Final = ("overwritten", "unchanged", "issued")
"""Outcomes of rows that are there now."""


def compare(context: RestoreContext, progress: Progress, deadline: Deadline) -> Progress:
    """Compare the backup row by row. Raises what is wrong with the backup, Busy."""
    for batch in context.walk(context.archive()).batches(progress.cursor):
        progress = replace(compared(context.world, batch, progress), cursor=place_of(batch))
        if deadline.passed:
            return progress
    return replace(progress, step="census", cursor=None)


def compared(world: "World", batch: Batch, progress: Progress) -> Progress:
    """A batch against what is there now."""
    refs = batch.refs
    rows = patiently(lambda: world.store.records(refs))
    done = batch.merged(dict(zip(refs, rows, strict=True)), world.now())
    return progress.counted(outcomes(batch, done), batch.rows)


def census(context: RestoreContext, progress: Progress, _: Deadline) -> Progress:
    """How many rows of each chosen kind there are now that the backup does not know."""
    chosen = places(context.kinds())
    half = not chosen >= NUMBERING  # a census cannot tell numbers apart by kind
    rooms = sorted({room for room, _ in chosen})
    room, after = (progress.cursor or f"{rooms[0]}\x1f").split("\x1f", 1)
    found, where = erase.census(context.world.store, room, context.company, after=after or None, pages=PAGES)
    there: Counter[tuple[str, str]] = Counter()
    for kind, number in found.items():
        if (room, kind) in chosen and not ((room, kind) in NUMBERED and half):
            there[NAMES[room, kind], "there"] = number
    progress = progress.counted(there, 0)
    later = rooms[rooms.index(room) + 1 :]
    if where is None and not later:
        return replace(progress, step=DONE, cursor=None)
    return replace(progress, cursor=f"{room}\x1f{where}" if where else f"{later[0]}\x1f")


def shown(counts: Mapping[str, int]) -> dict[str, int]:
    """One kind's outcomes as they are shown: what stays deleted together, and of a preview what was made since."""
    told: Counter[str] = Counter()
    for outcome, number in counts.items():
        if outcome != "there":
            told[SHOWN.get(outcome, outcome)] += number
    if "there" in counts:
        told["made_since"] = max(0, counts["there"] - sum(counts.get(name, 0) for name in STANDS))
    return dict(told)
