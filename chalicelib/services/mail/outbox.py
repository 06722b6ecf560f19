"""The outbox: tasks to do after a commit.

A commit writes its message in the same transaction, so the message is delivered at least once. Each handler is
idempotent. Bookkeeping deletes a delivered message (`store.bookkeeping.finish`), and `transact` does not. A message is
not company content: its deletion neither advances the company's clock nor conflicts with its writers.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Ref
from chalicelib.domain.journal import Message
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

TaskHandler = Callable[["World", str, tuple[str, ...]], datetime | None]
"""Does a message's task for a company and these ids. One message may call it twice. Returns the instant at which a rest
is due, if any."""


class UnknownTask(LookupError):
    """A message names a task that this build does not know: the build is older than the message, or has a defect."""

    code = "unknown_task"


def deliver(world: "World", tasks: Mapping[str, TaskHandler], message: Ref, task: str, about: tuple[str, ...]) -> None:
    """Do the message's task, then delete the message, or postpone it if a rest is due later. If the handler raises, the
    message stays. Raises UnknownTask and the handler's errors."""
    handler = tasks.get(task)
    if handler is None:
        raise UnknownTask(task)
    later = handler(world, message.company, about)
    if later is not None:
        (row,) = world.store.records([message])
        if isinstance(row, Message):
            bookkeeping.defer(world.store, row, later)
        return
    bookkeeping.finish(world.store, message)
