"""The third door: a `Job` is how the clock asks. Built once in a module of its own, data afterwards.

`find` reads the due index, `plan` says what would happen, `apply` does one conditional, idempotent step. A dry run is
`find` and `plan`; the blast radius is the plan's count. Deadline, cap, holds, kill switch and figures are the runner's.
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
"""How many seconds the run has left."""


@dataclass(frozen=True)
class Step:
    """One thing that a job does: to which row, in words without personal data. `about` are the opaque ids concerned."""

    kind: str
    ref: Ref
    what: str
    about: tuple[str, ...] = ()
    destroys: bool = True
    """False for what destroys nothing in a job that does: no hold keeps it back."""


@dataclass(frozen=True)
class Found:
    """A page of due rows, and the cursor of the next page (None after the last)."""

    work: Sequence[Record]
    next: str | None


Find = Callable[["World", str | None, datetime], Found]


@dataclass(frozen=True, kw_only=True)
class Job:
    """How the clock asks.

    `name` is also its rows' partition of the due index of `room`. `schedule` is EventBridge's, in the time of Morocco
    (infra/stages.py). `cap` is the most steps that a run may do without asking an operator, and few enough that
    planning them takes a fraction of a run; None for what only carries out a request just made. `apply` returns False
    when the step has more to do and is to be called again. No step is begun with fewer than `step_seconds` left.
    `buried` is told of a row before it is given up. What `destroys` is held back by a legal hold on the company.
    `into` says which company a row's work is put into, where that may be another than the row's; it never raises.
    """

    name: str
    room: str
    schedule: str
    cap: int | None
    find: Find
    plan: Callable[["World", Record], list[Step]]
    apply: Callable[["World", Step], bool]
    summary: str
    step_seconds: float = 10.0
    destroys: bool = False
    buried: Callable[["World", Record], None] | None = None
    into: Callable[[Record], str] | None = None


def due_in(room: str, name: str) -> Find:
    """A `find` that reads the due index of `room` under `name`."""

    def find(world: "World", cursor: str | None, at: datetime) -> Found:
        page = bookkeeping.page(world.store, room, name, at, cursor=cursor)
        return Found(page.records, bookkeeping.cursor_of(page))

    return find


def within(seconds: float) -> Left:
    """A deadline that many seconds from now."""
    return Deadline.within(seconds).left
