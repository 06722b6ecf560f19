"""Proof by killing: a piece of work is killed before and after its AWS calls, resumed, and must end the same.

`prove` is what a test calls. A kill is no `Exception`, as a process's end is none: no handler of ours can swallow it.

A killed process takes its memory along, so what it leaves is what is stored, and only a write changes that. A kill
before or after a read therefore leaves what the write before it left, and "before a write" is "after the one before".
Of the 2 n moments around n calls, those after a write and the one before everything differ. `make test` kills there;
where more than `SAMPLE` moments differ, at so many of them, evenly spaced, the first and the last included. `make
prove` (`pytest --every-call`) kills at all 2 n, which also shows that no call is a write in disguise.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

S = TypeVar("S")
When = Literal["before", "after"]
READS = ("Get", "Query", "Scan", "List", "Head", "Describe", "BatchGet", "TransactGet")
SAMPLE = 6
every_call = False
"""Set by `pytest --every-call`."""


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Calls:
    """The AWS operations of a stretch of work, in order; killed at the `at`-th (from 0), if that is given."""

    at: int | None = None
    when: When = "before"
    made: list[str] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    """Those whose condition failed: they changed nothing."""

    @property
    def writes(self) -> list[str]:
        """Those that may have changed something."""
        return [self.made[at] for at in self._changing]

    @property
    def _changing(self) -> list[int]:
        return [at for at, name in enumerate(self.made) if not name.startswith(READS) and at not in self.refused]

    @property
    def moments(self) -> list[tuple[int, When]]:
        """The moments of the kills: a sample of the moments with different remains, or all moments."""
        if every_call:
            return [(at, when) for at in range(len(self.made)) for when in ("before", "after")]
        return sample([(0, "before"), *((at, "after") for at in self._changing)])

    def before(self, model: Any, **_: Any) -> None:
        """Called by botocore before it sends."""
        self.made.append(model.name)
        if self.when == "before" and len(self.made) - 1 == self.at:
            raise Killed(f"before {model.name}, call {self.at}")

    def after(self, model: Any, http_response: Any, **_: Any) -> None:
        """Called by botocore when the answer is there: what was written is written."""
        if http_response.status_code in (400, 412):
            self.refused.add(len(self.made) - 1)
        if self.when == "after" and len(self.made) - 1 == self.at:
            raise Killed(f"after {model.name}, call {self.at}")


def sample(moments: Sequence[tuple[int, When]]) -> list[tuple[int, When]]:
    """At most `SAMPLE` of the moments, evenly spaced, the first and the last included."""
    last = len(moments) - 1
    return [moments[at] for at in sorted({round(step * last / (SAMPLE - 1)) for step in range(SAMPLE)})]


@contextmanager
def watched(clients: Sequence[Any], at: int | None = None, when: When = "before") -> Iterator[Calls]:
    """Record the calls of these botocore clients, and be killed at one of them."""
    calls = Calls(at, when)
    for client in clients:
        client.meta.events.register("before-call", calls.before)
        client.meta.events.register("after-call", calls.after)
    try:
        yield calls
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", calls.before)
            client.meta.events.unregister("after-call", calls.after)


@dataclass(frozen=True)
class Work(Generic[S]):
    """`prepare` makes a fresh subject; `begin` works; `resume` is what comes after a crash (the same work, later);
    `state` is all that must be the same in the end, without what differs by subject (ids, times)."""

    prepare: Callable[[], S]
    begin: Callable[[S], object]
    resume: Callable[[S], object]
    state: Callable[[S], Any]


def prove(clients: Sequence[Any], work: Work[S]) -> int:
    """Kill `work` around its calls; return how many moments that stands for, two a call. Fails unless each killed run,
    resumed, ends as an undisturbed one does, and unless another run then writes nothing."""
    undisturbed = work.prepare()
    with watched(clients) as calls:
        work.begin(undisturbed)
    assert calls.writes, "work that writes nothing proves nothing"
    expected = work.state(undisturbed)
    for at, when in calls.moments:
        _killed(clients, work, at, when, expected)
    return 2 * len(calls.made)


def _killed(clients: Sequence[Any], work: Work[S], at: int, when: When, expected: object) -> None:
    subject = work.prepare()
    try:
        with watched(clients, at, when) as calls:
            work.begin(subject)
    except Killed:
        pass
    else:
        raise AssertionError(f"not killed {when} call {at}: the work differs from run to run ({calls.made})")
    work.resume(subject)
    assert work.state(subject) == expected, f"killed {when} call {at}, {calls.made[-1]}"
    with watched(clients) as again:
        work.resume(subject)
    assert not again.writes, f"killed {when} call {at}: a run after the resumed one writes {again.writes}"
