"""A small workflow that has every property of a real one: several steps, a file, a recovery step, and a figure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from chalicelib.domain.errors import Busy
from chalicelib.domain.journal import JobRow
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow
from chalicelib.workflow.failure import StepFailed


class Broken(StepFailed):
    """The toy broke."""

    code = "broken"


@dataclass(frozen=True)
class Count:
    """Counts to the row's total, two at a time; then it cleans up, and is done."""

    step: str = "begin"
    done: int = 0
    failure: str | None = None


@dataclass(frozen=True)
class Context:
    """The world and the row."""

    world: World
    row: JobRow


Step = Callable[[Context, Count, Deadline], Any]


def begin(context: Context, state: Count, _: Deadline) -> Count:
    """Mark the company's head, from which the last step takes the mark."""
    _mark(context, context.row.id)
    return replace(state, step="count")


def count(context: Context, state: Count, deadline: Deadline) -> Count:
    """Count two further, and more while there is time."""
    while True:
        state = replace(state, done=min(state.done + 2, context.row.total))
        if state.done == context.row.total:
            return replace(state, step="clear")
        if deadline.passed:
            return state


def clear(context: Context, state: Count, _: Deadline) -> Count:
    """Remove the mark."""
    _mark(context, None)
    return replace(state, step=DONE)


def _mark(context: Context, mark: str | None) -> None:
    row, world = context.row, context.world

    def decide_mark(snapshot: Snapshot) -> Decision:
        return Decision(head=None if snapshot.head.restore == mark else {"restore": mark})

    call = world.call(row.company, row.actor, "toy", key=world.random(8).hex())
    transact(world.store, call, [], decide_mark, SYSTEM_STEP)


def failed(_: Context, state: Count, failure: Failure) -> Count:
    """Before anything is there it ends; what is there is removed; and that is tried for ever."""
    if state.step == "clear":
        raise failure
    return replace(state, step=DONE if state.step == "begin" else "clear", failure=failure.code)


def row_of(context: Context, state: Count) -> JobRow:
    """The row with the state in its inputs."""
    return context.row.progressed(
        over=state.step == DONE,
        failed=state.failure is not None,
        inputs=msgspec.json.encode(state),
        outcomes=msgspec.json.encode(list(range(state.done))),
        done=state.done,
    )


def load(context: Context) -> Count:
    """The state of a row; a queued one has none."""
    if context.row.inputs == b"[]":
        return Count()
    return msgspec.json.decode(context.row.inputs, type=Count)


STEPS: Mapping[str, Step] = {"begin": begin, "count": count, "clear": clear}
TOY: Workflow[JobRow, Context, Count] = Workflow(
    name="toy", context=Context, load=load, row=row_of, steps=STEPS, failed=failed, alarm="ToyFailed"
)


def with_step(name: str, step: Step, **changes: Any) -> Workflow[JobRow, Context, Count]:
    """The toy with another function for one step."""
    return replace(TOY, steps={**STEPS, name: step}, **changes)


@dataclass
class Failing:
    """A step that raises an error for its first calls, and then does what the real one does."""

    step: Step
    error: Exception = field(default_factory=Busy)
    times: int = 1
    calls: int = 0

    def __call__(self, context: Context, state: Count, deadline: Deadline) -> Any:
        """Do the step, or raise."""
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return self.step(context, state, deadline)
