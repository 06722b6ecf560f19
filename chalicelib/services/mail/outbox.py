"""The outbox: what is to be done after a commit. A message was written in that commit's transaction, so it is delivered
at least once whatever happens; its handler does the same thing twice without harm.

Bookkeeping deletes a delivered message (`store.bookkeeping.finish`), and `transact` does not: a message is no business
content, so its removal neither advances the company's clock nor makes its writers try again.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Ref
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World

Handler = Callable[["World", str, tuple[str, ...]], None]
"""Does a message's task for a company, about these ids. May be called twice for one message."""


class UnknownTask(LookupError):
    """A message names a task that this build does not know: an older build is running, or a defect."""

    code = "unknown_task"


def deliver(world: "World", tasks: Mapping[str, Handler], message: Ref, task: str, about: tuple[str, ...]) -> None:
    """Do the message's task, then delete it. Raises UnknownTask, and whatever the handler raises: it is then kept."""
    handler = tasks.get(task)
    if handler is None:
        raise UnknownTask(task)
    handler(world, message.company, about)
    bookkeeping.finish(world.store, message)
