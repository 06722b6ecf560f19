"""Sixteen writers on one series beside a single one, each in a process of its own.

That is what Lambda does: a request at a time, no memory and no interpreter lock in common. All sixteen share this
machine's cores with the engine, so the ratio is below what AWS would show. A pool shared by threads, which could queue
for the company within the process, would flatter it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from statistics import quantiles

from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.errors import Busy
from chalicelib.services.documents import issuing
from chalicelib.store import conflicts
from chalicelib.wiring import World
from tests.histories import company as companies

WRITERS, SECONDS, ENOUGH, PATIENCE = 16, 6.0, 1_500, 60.0
GATE, GOAL = 0.35, 0.5


@dataclass(frozen=True)
class Crowd:
    """The joint result of writers: invoices a second, attempts for an invoice (mean and worst), milliseconds."""

    writers: int
    rate: float
    attempts: float
    worst: int
    median: float
    p99: float
    longest: float
    gave_up: int


Done = tuple[bool, int, float]


def measured(world: World) -> tuple[Crowd, Crowd]:
    """A single writer, then sixteen, then the single one again: its rates are averaged, as the machine may drift."""
    before, crowd, after = (_crowd(world, writers) for writers in (1, WRITERS, 1))
    alone = Crowd(**(vars(before) | {"rate": (before.rate + after.rate) / 2}))
    return alone, crowd


def _crowd(world: World, writers: int) -> Crowd:
    company = companies.founded(world, f"writers {writers} {time.monotonic_ns()}")
    ids = companies.drafts(world, company, [str(number) for number in range(ENOUGH)])
    context = get_context("spawn")
    ready, results = context.Barrier(writers), context.Queue()
    endpoint, prefix = world.settings.endpoint, world.settings.table_prefix
    started = [
        context.Process(target=_write, args=(endpoint, prefix, company, ids[place::writers], ready, results))
        for place in range(writers)
    ]
    try:
        for process in started:
            process.start()
        parts = [results.get(timeout=PATIENCE) for _ in started]
    finally:  # a writer that died must not leave the others waiting
        for process in started:
            process.join(1)
            process.kill()
    done: list[Done] = [each for part, _ in parts for each in part]
    issued = [each for each in done if each[0]]
    times = sorted(each[2] * 1e3 for each in issued)
    cuts = quantiles(times, n=100)
    return Crowd(
        writers,
        len(issued) / max(elapsed for _, elapsed in parts),
        sum(each[1] for each in done) / len(issued),
        max(each[1] for each in done),
        cuts[49],
        cuts[98],
        times[-1],
        len(done) - len(issued),
    )


def _write(
    endpoint: str, prefix: str, company: str, ids: Sequence[str], ready: Barrier, results: "Queue[object]"
) -> None:
    """One writer: issue draft after draft until the time is up."""
    world = World(companies.settings(endpoint, prefix))
    attempts = 0
    real = conflicts.write

    def counted(*args: object, **named: object) -> bool:
        nonlocal attempts
        attempts += 1
        return real(*args, **named)  # type: ignore[arg-type]

    conflicts.write = counted
    companies.opened(world, company)
    done: list[Done] = []
    ready.wait(PATIENCE)
    begun = time.monotonic()
    for id in ids:
        if time.monotonic() - begun > SECONDS:
            break
        attempts, at = 0, time.monotonic()
        try:
            issuing.issue(world.store, companies.call(world, company, "issue", f"issue {id}"), INVOICE, id)
            issued = True
        except Busy:
            issued = False
        done.append((issued, attempts, time.monotonic() - at))
    results.put((done, time.monotonic() - begun))
