"""The history that clients saw: one event for each try, with the instants between which it ran."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["issue", "create", "edit"]


@dataclass(frozen=True)
class Task:
    """One task, to be done once for any number of clients and requests, because of its idempotency key."""

    kind: Kind
    key: str
    subject: str


@dataclass(frozen=True)
class Event:
    """One try. `begun` and `ended` are of the machine's one monotonic clock, so that processes can be compared."""

    worker: str
    task: Task
    call: str
    begun: float
    ended: float
    outcome: Literal["answered", "busy", "refused", "broken"]
    body: dict[str, Any] | None = None
    replayed: bool = False
    error: str = ""
