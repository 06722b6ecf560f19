"""Runs a history: workers in threads or processes do their tasks, ask again when not answered, note what they saw."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from chalicelib.domain.errors import Busy, Refusal
from chalicelib.domain.ids import derived_id
from chalicelib.wiring import World
from tests.faults import SOFT, Faults, at_random
from tests.histories import company as companies
from tests.histories.drivers import DRIVERS, do
from tests.histories.history import Event, Kind, Task

TRIES = 6
KINDS: tuple[Kind, ...] = ("issue", "issue", "create", "edit")


@dataclass(frozen=True)
class Shape:
    """How much of what: `tasks` for each worker; a share `twice` of tasks is given to two workers, and of answered
    requests asked once more; a share `faults` of transactions is struck."""

    driver: str = "toy"
    processes: int = 0
    """0: threads of this process, so that a test can break the code first."""
    workers: int = 8
    tasks: int = 8
    twice: float = 0.2
    faults: float = 0.15
    struck_by: tuple[str, ...] = SOFT
    seed: int = 1


@dataclass(frozen=True)
class Ran:
    """A history, on which company, and how often which fault struck."""

    company: str
    counter: str
    events: list[Event]
    met: Counter[str]


def run(world: World, shape: Shape) -> Ran:
    """Found a company, let the workers at it, and return what they saw."""
    company = companies.founded(world, f"{shape}/{time.monotonic_ns()}")
    counter = DRIVERS[shape.driver].prepare(world, company)
    shares = _shares(world, shape, company, counter)
    if not shape.processes:
        return Ran(company, counter, *_threads(world, shape, company, shares))
    groups = [shares[number :: shape.processes] for number in range(shape.processes)]
    settings = world.settings
    with ProcessPoolExecutor(shape.processes, mp_context=get_context("spawn")) as pool:
        endpoint, prefix = settings.endpoint or "", settings.table_prefix
        running = [pool.submit(_process, endpoint, prefix, shape, company, group) for group in groups]
        parts = [each.result() for each in running]
    return Ran(company, counter, [e for events, _ in parts for e in events], sum((met for _, met in parts), Counter()))


Share = tuple[str, list[Task]]


def _shares(world: World, shape: Shape, company: str, counter: str) -> list[Share]:
    """Every worker's name and tasks; some tasks are two workers' at once, under one key."""
    draw = random.Random(shape.seed)
    shares: list[Share] = [(f"worker-{number}", []) for number in range(shape.workers)]
    names: list[str] = []
    for number, (worker, tasks) in enumerate(shares):
        for place in range(shape.tasks):
            kind, key = draw.choice(KINDS), f"{worker}-{place}"
            subject = {
                "issue": derived_id("inv", company, key),
                "edit": counter,
                "create": derived_id(DRIVERS[shape.driver].creates.PREFIX, company, key),
            }[kind]
            names += [key] if kind == "issue" else []
            task = Task(kind, key, subject)
            tasks.append(task)
            if draw.random() < shape.twice:
                shares[(number + 1) % shape.workers][1].append(task)
    companies.drafts(world, company, names)
    return shares


def _process(
    endpoint: str, prefix: str, shape: Shape, company: str, shares: Sequence[Share]
) -> tuple[list[Event], Counter[str]]:
    return _threads(World(companies.settings(endpoint, prefix)), shape, company, shares)


def _threads(world: World, shape: Shape, company: str, shares: Sequence[Share]) -> tuple[list[Event], Counter[str]]:
    events: list[Event] = []
    with Faults(world.store, at_random(shape.seed, shape.faults, shape.struck_by)) as faults:
        threads = [
            threading.Thread(target=_work, args=(world, shape, company, share, events), name=share[0])
            for share in shares
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return events, faults.met


def _work(world: World, shape: Shape, company: str, share: Share, events: list[Event]) -> None:
    worker, tasks = share
    draw = random.Random(f"{shape.seed}/{worker}")
    for task in tasks:
        for _ in range(TRIES):
            event = _try(world, shape, company, worker, task)
            events.append(event)
            if event.outcome in ("answered", "refused"):
                break
        if draw.random() < shape.twice:
            events.append(_try(world, shape, company, worker, task))


def _try(world: World, shape: Shape, company: str, worker: str, task: Task) -> Event:
    call = companies.call(world, company, task.kind, task.key, request=task.key)
    begun = time.monotonic()
    try:
        answer = do(DRIVERS[shape.driver], world.store, call, task)
    except Busy as error:
        return Event(worker, task, call.id, begun, time.monotonic(), "busy", error=error.code)
    except Refusal as error:
        return Event(worker, task, call.id, begun, time.monotonic(), "refused", error=error.code)
    except Exception as error:  # noqa: BLE001 — a worker that dies of a defect must not end the history
        return Event(worker, task, call.id, begun, time.monotonic(), "broken", error=repr(error))
    return Event(worker, task, call.id, begun, time.monotonic(), "answered", answer.body, answer.replayed)
