"""Waiting after a conflict, and patience."""

import random
import time

import pytest

from chalicelib.domain.errors import Busy, NotFound
from chalicelib.store.conflicts import LONGEST_PAUSE, SHRINK, SPAN, patiently, pause


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses asked for, each at its longest, and none of them slept."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    return pauses


def test_a_pause_grows_with_the_attempt_and_shrinks_with_each_loss(slept: list[float]) -> None:
    far = time.monotonic() + 100
    for losses, took in ((1, 0.01), (1, 0.02), (2, 0.01), (5, 0.01), (1, 60.0)):
        pause(losses, took, far)
    expected = [SPAN * 0.01, SPAN * 0.02, SPAN * 0.01 * SHRINK, SPAN * 0.01 * SHRINK**4, LONGEST_PAUSE]
    assert slept == pytest.approx(expected)


def test_no_pause_goes_beyond_the_deadline(slept: list[float]) -> None:
    pause(1, 1.0, time.monotonic() + 0.5)
    pause(1, 1.0, time.monotonic() - 1)
    assert slept[0] <= 0.5
    assert slept[1] == 0.0


def test_patience_ends_with_busy(slept: list[float]) -> None:
    def never() -> None:
        raise Busy

    with pytest.raises(Busy):
        patiently(never, time.monotonic() + 0.02)
    assert slept


def test_patience_is_rewarded(slept: list[float]) -> None:
    tries: list[None] = []

    def third_time() -> int:
        tries.append(None)
        if len(tries) < 3:
            raise Busy
        return 7

    assert patiently(third_time) == 7
    assert len(slept) == 2


def test_a_deadline_that_is_past_still_allows_one_look() -> None:
    assert patiently(lambda: 7, time.monotonic() - 1) == 7


def test_other_refusals_are_not_repeated(slept: list[float]) -> None:
    def missing() -> None:
        raise NotFound

    with pytest.raises(NotFound):
        patiently(missing)
    assert not slept
