"""The workflow engine: it runs the steps of every process that is resumed, and saves the state after each.

A process keeps its own row, which a job finds when it is due. A `Workflow` is a table of steps. A step is a function
from typed state and deadline to state. It does a bounded part, and a repetition of it ends the same.

- The engine saves the row in one conditional write. `Overtaken` says that another runner saved it first.
- A step may be a generator. The engine saves the states that it yields, at most one in `SAVE_SECONDS`. So a client
  sees the progress, and a later run continues from there. The return value is the step's result.
- A refusal that passes is raised, and the runner tries the step again later. Any other one goes to the workflow's
  `failed`, which ends the process with a code, leads it to a recovery step, or raises it again.
- After the last attempt, `give_up` treats the process the same way, with the code `given_up`.
- The row names the version of the workflow that saved it. A later version begins the current step anew.

The engine owns no table and no waiting. A step that waits moves its row's due date, and the row is found again then.
"""

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Refusal
from chalicelib.store import bookkeeping
from chalicelib.workflow import deadline
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.failure import GivenUp, Overtaken, StepFailed, UnknownProgress

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.workflow")

R = TypeVar("R", bound=Record)
"""The row of a process. It has the attributes `due`, `due_at` and `progress_version`."""
C = TypeVar("C")
"""The context of a step: the world, the row as it was read, and what follows from both."""
S = TypeVar("S")
"""The state of a process. Its attributes `step` and `failure`, if it has them, say what comes next and what failed."""

DONE = "done"
"""The step of a state whose process has ended."""
Failure = Refusal | StepFailed


@dataclass(frozen=True)
class Written(Generic[R]):
    """The row after the step's own commit; None if the commit deleted it. The engine does not save it again."""

    row: R | None


@dataclass
class _Reached(Generic[R, S]):
    """The row that was saved last, and the state that a step reached last."""

    row: R
    state: S


def _raised(_context: Any, _state: Any, failure: Failure) -> Any:
    raise failure


def _step_of(_context: Any, state: Any) -> str:
    step: str = state.step
    return step


def _nothing(_context: Any, _state: Any) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Workflow(Generic[R, C, S]):
    """A process that runs in steps, as data.

    `context` and `load` read the row, `row` puts a state into it. `step_of` names the step that comes next (default:
    the state's own `step`). A step returns the state that it was given when it has more to do and nothing to save.
    `failed` says what a failure leads to (default: it is raised). `ended` is called before the save of a process that
    is `DONE`, and may be called twice. `alarm` is the figure that a failed or abandoned process publishes. `restarted`
    reads a row that an older version saved, and returns the current step's first state.
    """

    name: str
    version: int = 1
    context: Callable[["World", R], C]
    load: Callable[[C], S]
    row: Callable[[C, S], R]
    steps: Mapping[str, Callable[[C, S, Deadline], S | Written[R] | Generator[S, None, S]]]
    step_of: Callable[[C, S], str] = _step_of
    failed: Callable[[C, S, Failure], S | Written[R]] = _raised
    ended: Callable[[C, S], None] = _nothing
    alarm: str | None = None
    restarted: Callable[[C], S] | None = None

    def __post_init__(self) -> None:
        """Raise TypeError for a later version that cannot restart what an older one saved."""
        if self.version > 1 and self.restarted is None:
            raise TypeError(f"workflow {self.name!r} has version {self.version} and no `restarted`")


def run(world: "World", workflow: Workflow[R, C, S], seen: R) -> bool:
    """Do the next step and save the state. Return whether the process rests: it ended, or waits for a later date.

    Raises what `advance` raises.
    """
    after, done = _run(world, workflow, seen)
    return done or after is None or _dates(after) != _dates(seen)


def advance(world: "World", workflow: Workflow[R, C, S], seen: R) -> R | None:
    """Do the next step and save the state. Return the row as it is then; None once it is deleted.

    Raises Overtaken, UnknownProgress, Busy and other refusals that pass, and what `failed` raises again.
    """
    return _run(world, workflow, seen)[0]


def _run(world: "World", workflow: Workflow[R, C, S], seen: R) -> tuple[R | None, bool]:
    """The row after the next step, and whether the process is done."""
    context, state = _opened(world, workflow, seen)
    step, reached = _step(workflow, context, state), _Reached(seen, state)
    try:
        after = step(context, state, Deadline.within(deadline.STEP_SECONDS))
        if isinstance(after, Generator):
            after = _followed(world, workflow, context, after, reached)
    except (Refusal, StepFailed) as failure:
        if isinstance(failure, Refusal) and failure.passing:
            raise
        after = workflow.failed(context, reached.state, failure)
    if isinstance(after, Written):
        return after.row, False
    row = reached.row if after is state else _save(world, workflow, context, after, reached.row)
    return row, _is_done(after)


def _followed(
    world: "World", workflow: Workflow[R, C, S], context: C, states: Generator[S, None, S], reached: _Reached[R, S]
) -> S:
    """Save states that a step yields. Return its result. Raises Overtaken, Busy, and what the step raises."""
    pause = Deadline.within(deadline.SAVE_SECONDS)
    while True:
        try:
            reached.state = next(states)
        except StopIteration as over:
            result: S = over.value
            return result
        if pause.passed:
            reached.row = _save(world, workflow, context, reached.state, reached.row)
            pause = Deadline.within(deadline.SAVE_SECONDS)


def give_up(world: "World", workflow: Workflow[R, C, S], seen: R) -> None:
    """After the last attempt, end the process, or start its recovery step with attempts reset.

    Called before the row becomes a dead letter. The row stays due for the same job, so that the runner still
    finds it. A process that no failure ends does not change. Raises Busy.
    """
    context, state = _opened(world, workflow, seen)
    try:
        after = workflow.failed(context, state, GivenUp())
    except GivenUp:
        _sound(world, workflow, seen, None)
        return
    if not isinstance(after, Written):
        _save(world, workflow, context, after, seen, given_up=True)


def _opened(world: "World", workflow: Workflow[R, C, S], seen: R) -> tuple[C, S]:
    """The context and the state of a row. Raises UnknownProgress."""
    saved: int = seen.progress_version or 1  # type: ignore[attr-defined]  # rows of the first version name none
    if saved > workflow.version:
        raise UnknownProgress
    context = workflow.context(world, seen)
    if saved < workflow.version and workflow.restarted is not None:
        return context, workflow.restarted(context)
    return context, workflow.load(context)


def _step(
    workflow: Workflow[R, C, S], context: C, state: S
) -> Callable[[C, S, Deadline], S | Written[R] | Generator[S, None, S]]:
    name = workflow.step_of(context, state)
    if name not in workflow.steps:
        raise UnknownProgress(f"{workflow.name}: {name}")
    return workflow.steps[name]


def _save(world: "World", workflow: Workflow[R, C, S], context: C, state: S, seen: R, *, given_up: bool = False) -> R:
    """Save the state in the row as it was `seen`, with its attempts reset. Raises Overtaken, Busy."""
    done = _is_done(state)
    failure: str | None = getattr(state, "failure", None) if done else None
    if failure or given_up:
        _sound(world, workflow, seen, failure)
    if done:
        workflow.ended(context, state)
    # The context may be older than the row: a step that yields has one context.
    row, now = replace(workflow.row(context, state), version=seen.version), world.now()
    changes: dict[str, Any] = {"progress_version": workflow.version}
    if hasattr(row, "attempts"):
        changes["attempts"] = 0
    if given_up:
        changes["due"] = seen.due  # type: ignore[attr-defined]
    if given_up and not done:
        changes["due_at"] = now
    after = row.edited(now, **changes)
    if not bookkeeping.save(world.store, after, seen, world.random(16)):
        raise Overtaken
    return after


def _is_done(state: object) -> bool:
    return getattr(state, "step", None) == DONE


def _sound(world: "World", workflow: Workflow[Any, Any, Any], seen: Record, failure: str | None) -> None:
    """Log a failure and publish the workflow's alarm, if it has one."""
    if workflow.alarm:
        log.error(
            "%s failed: %s", workflow.name, failure or GivenUp.code, extra={"company": seen.company, "ref": seen.id}
        )
        world.telemetry.figures({workflow.alarm: 1})


def _dates(row: Record) -> tuple[object, object]:
    return row.due, row.due_at  # type: ignore[attr-defined]
