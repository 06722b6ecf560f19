"""The second entry point: a `Job` describes scheduled work. It is made once in its own module and never changes.

`find` reads the due index. `plan` lists the steps. `apply` does one conditional, idempotent step. A dry run only finds
and plans. The runner enforces deadline, cap, holds and kill switch, and publishes figures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record, Ref
from chalicelib.store import bookkeeping
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.wiring import World

Left = Callable[[], float]
"""Seconds that remain for the run."""


@dataclass(frozen=True)
class JobStep:
    """One step of a job: its row, and its description without personal data. `about` lists the opaque ids concerned."""

    kind: str
    ref: Ref
    what: str
    about: tuple[str, ...] = ()
    destroys: bool = True
    """False for a step that destroys nothing in a job that destroys. A legal hold does not stop such a step."""


@dataclass(frozen=True)
class DuePage:
    """A page of due rows, and the cursor of the next page (None after the last)."""

    work: Sequence[Record]
    next: str | None


Find = Callable[["World", str | None, datetime], DuePage]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A scheduled job.

    `name` is also the partition of its rows in the due index of `table`. `schedule` is an EventBridge expression in
    Moroccan time (infra/stages.py). `cap` is the maximum number of steps of a run without an operator's permission;
    planning them takes a fraction of a run. It is None for a job that only carries out requests. `apply` returns False
    if the step needs another call. No step begins with fewer than `step_seconds` left. The runner calls
    `before_dead_letter` before it dead-letters a row. A legal hold on the company stops a job that `destroys`. `into`
    returns the company that a row's work writes to, if it may differ from the row's company; it never raises.
    """

    name: str
    table: str
    schedule: str
    cap: int | None
    find: Find
    plan: Callable[["World", Record], list[JobStep]]
    apply: Callable[["World", JobStep], bool]
    summary: str
    step_seconds: float = 10.0
    destroys: bool = False
    before_dead_letter: Callable[["World", Record], None] | None = None
    into: Callable[[Record], str] | None = None


def due_in(table: str, name: str) -> Find:
    """A `find` that reads the due index of `table` under `name`."""

    def find(world: "World", cursor: str | None, at: datetime) -> DuePage:
        page = bookkeeping.page(world.store, table, name, at, cursor=cursor)
        return DuePage(page.records, bookkeeping.cursor_of(page))

    return find


def within(seconds: float) -> Left:
    """A deadline this many seconds from now."""
    return Deadline.within(seconds).left
