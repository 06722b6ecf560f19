"""What can go wrong while writing, and whether it is a reason to read again, to wait, or to give up."""

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pynamodb.exceptions import TransactWriteError

from chalicelib.domain.errors import Busy
from chalicelib.store.wire import PASSING_REASONS, Store, code_of, is_passing

T = TypeVar("T")
PATIENCE_SECONDS = 10.0
SPAN, SHRINK, LONGEST_PAUSE = 16, 0.9, 2.0
"""How long a loser waits: up to 16 times what its lost attempt took, 0.9 of that after each further loss (ADR 0003)."""


def pause(losses: int, took: float, deadline: float) -> None:
    """Sleep a random part of a span, at most until `deadline` (monotonic seconds).

    The span grows with what the attempt `took` (seconds), because a crowd slows everybody down, and shrinks with each
    loss, so that whoever has waited longest comes first; a span that grows instead starves some writer in any crowd.
    """
    span = min(LONGEST_PAUSE, SPAN * took * SHRINK ** (losses - 1))
    left = max(0.0, deadline - time.monotonic())
    time.sleep(min(random.uniform(0, span), left))  # noqa: S311 — jitter, not a secret


def patiently(read: Callable[[], T], deadline: float | None = None) -> T:
    """Repeat a read that met a writer or a throttle. Raises Busy after `deadline` (monotonic; 10 s by default)."""
    deadline = time.monotonic() + PATIENCE_SECONDS if deadline is None else deadline
    losses = 0
    while True:
        begun = time.monotonic()
        try:
            return read()
        except Busy:
            if begun >= deadline:
                raise
        losses += 1
        pause(losses, time.monotonic() - begun, deadline)


def write(store: Store, puts: list[dict[str, Any]], deletes: list[dict[str, Any]], *, token: str) -> bool:
    """Write the transaction, whose first put is the guarded head. True: committed. False: it conflicted, was throttled,
    or its answer was lost, and only reading again can tell. Anything else is a defect and is raised."""
    try:
        store.connection.transact_write_items([], deletes, puts, [], client_request_token=token)
    except TransactWriteError as error:
        if code_of(error) == "TransactionCanceledException":
            if _is_race([reason.code if reason else None for reason in error.cancellation_reasons], head=len(deletes)):
                return False
            raise
        if is_passing(error):
            return False
        raise
    return True


def _is_race(reasons: list[str | None], head: int) -> bool:
    """Whether reading again can help. A row that exists although the head did not move was never asked about: it will
    still exist next time, and trying again for 10 s would hide the defect."""
    codes = {code for code in reasons if code}
    unforeseen = codes == {"ConditionalCheckFailed"} and reasons[head] is None
    return bool(codes) and codes <= PASSING_REASONS | {"ConditionalCheckFailed"} and not unforeseen
