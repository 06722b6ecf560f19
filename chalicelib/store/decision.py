"""The decision of a transaction, the conditions under which it is admitted, and its result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic

from typing_extensions import TypeVar

from chalicelib.domain.call import Reply
from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record
from chalicelib.domain.journal import Message

T = TypeVar("T", default=Any)


@dataclass(frozen=True)
class WritePolicy:
    """The conditions under which a write is admitted, and whether its reply is kept.

    `business` writes are refused while the company stores nothing in the cloud. `founding` may create the head.
    `while_blocked` is for the few verbs about the block itself. A verb that is not `remembered` stores no reply: its
    `decide` sees in the rows whether the work is done.
    """

    business: bool = False
    founding: bool = False
    while_blocked: bool = False
    remembered: bool = True


CUSTOMER: Final = WritePolicy(business=True)
"""A merchant changes business data, the profile, devices or backups."""
DEVICE: Final = WritePolicy(business=True, remembered=False)
"""A device pushes business data, a client completes an upload, or a backup is downloaded. The ids and the content of
the rows make a repetition harmless."""
ACCOUNT: Final = WritePolicy()
"""A member changes the account itself: switches, members, keys, consents, requests, support. A company with both
switches off stores nothing else."""
ACCOUNT_WHILE_BLOCKED: Final = WritePolicy(while_blocked=True)
"""A member acts on the block itself, for example cancels a deletion."""
FOUNDING: Final = WritePolicy(founding=True)
"""A person signs a company up."""
SYSTEM_WHILE_OPEN: Final = WritePolicy(remembered=False)
"""A step of a job that a blocked company refuses."""
SYSTEM_STEP: Final = WritePolicy(while_blocked=True, remembered=False)
"""A step of a job, whatever the company's state."""
CUSTOMER_STEP: Final = WritePolicy(business=True, remembered=False)
"""A step of a job that changes business data."""
RESTORE_BEGIN: Final = WritePolicy(business=True, while_blocked=True, remembered=False)
"""A restore blocks the company that it writes into."""
RESTORE_FOUNDING: Final = WritePolicy(founding=True, while_blocked=True, remembered=False)
"""A restore makes the new company that it writes into."""


@dataclass(frozen=True)
class Decision(Generic[T]):
    """The outcome of `decide`: a value, records to put (`new` ones must not exist yet), records to delete, changes of
    the head, and messages for after the commit. Without writes, nothing is committed."""

    value: T = None  # type: ignore[assignment]  # a step of a job often has no value
    puts: tuple[Record, ...] = ()
    new: tuple[Record, ...] = ()
    deletes: tuple[Record, ...] = ()
    head: dict[str, Any] | None = None
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Committed(Generic[T]):
    """The decision's value and the caller's reply, with the company's head and clock after it.

    `attempts` is 0 for a repeated call. When it is `replayed`, it gets the reply of the first call and no value.
    Otherwise this call itself committed, and only the confirmation was lost.
    """

    value: T | None
    reply: Reply
    head: Head | None
    clock: int
    attempts: int = 0
    replayed: bool = False

    @property
    def outcome(self) -> T:
        """The value, for calls that are never repeated with the same key. Raises LookupError for a repeated call."""
        if self.replayed:
            raise LookupError("a repeated call has a reply and no value")
        return self.value  # type: ignore[return-value]


def always(decision: Decision[T]) -> Callable[[object], Decision[T]]:
    """Return a `decide` that depends on no row."""

    def decide_always(_snapshot: object) -> Decision[T]:
        return decision

    return decide_always
