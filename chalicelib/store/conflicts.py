"""What can go wrong while writing, and whether it is a reason to read again, to wait, or to give up."""

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pynamodb.exceptions import TransactWriteError

from chalicelib.domain.errors import Busy
from chalicelib.store.wire import Store, is_passing

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.004, 0.5
READ_ATTEMPTS = 6
RETRIED_REASONS = frozenset({
    "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded",
})  # fmt: skip


def pause(attempt: int, deadline: float) -> bool:
    """Sleep a random part of a growing span (full jitter). False when the deadline (monotonic seconds) is past."""
    now = time.monotonic()
    if now >= deadline:
        return False
    span = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempt, 10))
    time.sleep(min(random.uniform(0, span), deadline - now))  # noqa: S311 — jitter, not a secret
    return True


def patiently(read: Callable[[], T]) -> T:
    """Repeat a read that met a writer or a throttle. Raises Busy when it keeps happening."""
    deadline = time.monotonic() + 10
    for attempt in range(1, READ_ATTEMPTS + 1):
        try:
            return read()
        except Busy:
            if attempt == READ_ATTEMPTS or not pause(attempt, deadline):
                raise
    raise Busy


def write(store: Store, puts: list[dict[str, Any]], deletes: list[dict[str, Any]], *, token: str) -> bool:
    """Write the transaction. True: committed. False: it conflicted, was throttled, or its answer was lost, and only
    reading again can tell. Anything else is a defect and is raised."""
    try:
        store.connection.transact_write_items([], deletes, puts, [], client_request_token=token)
    except TransactWriteError as error:
        if error.cause_response_code == "TransactionCanceledException":
            if {reason.code for reason in error.cancellation_reasons if reason} <= RETRIED_REASONS:
                return False
            raise
        if is_passing(error):
            return False
        raise
    return True
