"""The errors of a write, and the reaction to each: read again, wait, or give up."""

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pynamodb.exceptions import TransactWriteError

from chalicelib.domain.errors import Busy, CompanyFull
from chalicelib.store.failures import PASSING_REASONS, code_of, is_passing
from chalicelib.store.wire import Store

T = TypeVar("T")
PATIENCE_SECONDS = 10.0
FULL = "ItemCollectionSizeLimitExceeded"
"""The cancellation reason when a company's rows would exceed 10 GB in a table with local indexes."""
SPAN, SHRINK, LONGEST_PAUSE = 16, 0.9, 0.5
"""The wait after a lost attempt: up to 16 times the attempt's duration, multiplied by 0.9 after each further loss (ADR
0003)."""


def pause(losses: int, took: float, deadline: float) -> None:
    """Sleep a random part of a span, at most until `deadline` (monotonic seconds).

    The span grows with `took`, the duration of the attempt in seconds, because many writers slow each other down. It
    shrinks with each loss, so that the oldest waiter goes first. A span that grows with each loss would starve a
    writer.
    """
    span = min(LONGEST_PAUSE, SPAN * took * SHRINK ** (losses - 1))
    left = max(0.0, deadline - time.monotonic())
    time.sleep(min(random.uniform(0, span), left))  # noqa: S311 — jitter, not a secret


def patiently(read: Callable[[], T], deadline: float | None = None) -> T:
    """Repeat a read that failed because of a concurrent write or throttling. Raises Busy after `deadline` (monotonic;
    10 s by default)."""
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
    """Write the transaction. Its first put is the guarded head. True: committed. False: it conflicted, was throttled,
    or its answer was lost; only another read can tell. Raises CompanyFull. Any other error is a defect."""
    try:
        store.connection.transact_write_items([], deletes, puts, [], client_request_token=token)
    except TransactWriteError as error:
        if code_of(error) == "TransactionCanceledException":
            reasons = [reason.code if reason else None for reason in error.cancellation_reasons]
            if FULL in reasons:
                raise CompanyFull from error
            if _is_race(reasons, head=len(deletes)):
                return False
            raise
        if is_passing(error):
            return False
        raise
    return True


def _is_race(reasons: list[str | None], head: int) -> bool:
    """Tell whether another read can help. If a row exists although the head did not change, the decision did not read
    it. It would still exist at the next attempt, and retries for 10 s would hide the defect."""
    codes = {code for code in reasons if code}
    unforeseen = codes == {"ConditionalCheckFailed"} and reasons[head] is None
    return bool(codes) and codes <= PASSING_REASONS | {"ConditionalCheckFailed"} and not unforeseen
