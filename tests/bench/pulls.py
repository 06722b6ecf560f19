"""The synchronisation of a device: its first pull of 10,000 documents, a pull of ten changes among 100,000 rows, and a
push of 1,000 rows.

The first pull is measured in an interpreter of its own, because its memory is. The two others have raw boto3 beside
them in turn: the same calls, and for the pull also one query of the same ten rows. As with the other verbs, they are
measured without authentication.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import count, pairwise
from statistics import median
from typing import Any

import boto3

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Supplier
from chalicelib.domain.ids import derived_id
from chalicelib.store.decision import Decision
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.bench.backups import peak
from tests.bench.pipeline import Pipeline, member_of
from tests.bench.ratios import METHODS, Recorder, Sent
from tests.bench.traffic import Traffic
from tests.histories import company as companies
from tests.histories.books import seeded
from tests.large import put
from tests.unit import samples

PULL, PUSH = "/v1/sync/pull", "/v1/sync/push"
PREFIX = "sync-bench-"
DOCUMENTS, ROWS, CHANGES, PUSHED = 10_000, 100_000, 10, 1_000
ROUNDS, PUSHES = 40, 3
GOAL, GOAL_SECONDS, GOAL_MEMORY, GOAL_GROWTH = 2.0, 60.0, 150, 1.5


@dataclass(frozen=True)
class FirstPull:
    """A first pull: seconds, those of the process's own work, pages, bytes, documents, peak memory (MB), and the own
    work of a late page ÷ that of an early one."""

    seconds: float
    own: float
    pages: int
    size: int
    documents: int
    peak: float
    growth: float


@dataclass(frozen=True)
class Compared:
    """Milliseconds of a verb, of the same calls by raw boto3, and of one raw query of the same rows (0 for a push).
    Round trips and units."""

    ours: float
    same_calls: float
    query: float
    waves: int
    read: float
    write: float


@dataclass(frozen=True)
class Measured:
    """The three of them."""

    first: FirstPull
    few: Compared
    push: Compared


def measured(world: World, documents: int = DOCUMENTS, rows: int = ROWS) -> Measured:
    """Seed a company (a minute) and measure. The world has its tables."""
    company = seeded(world, "pulls", documents)
    member_of(world, company)
    settings = world.settings
    command = [sys.executable, "-m", "tests.bench.pulls", str(settings.endpoint), settings.table_prefix, company]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    first = FirstPull(**json.loads(done.stdout.splitlines()[-1]))
    put(world, _suppliers(world, company, rows - 4 * documents))
    return Measured(first, _few(Pipeline(world, company)), _push(Pipeline(world, company)))


def _suppliers(world: World, company: str, number: int) -> Iterator[Supplier]:
    call = companies.call(world, company, "suppliers", "suppliers")
    own: dict[str, Any] = {"kind": "consumer", "address": samples.customer().address}
    for at in range(number):
        yield call.make(Supplier, id=derived_id("sup", company, str(at)), name=f"Fournisseur {at}", **own)


def _body(clock: int | None, device: str = "few") -> dict[str, Any]:
    return {"last_pulled_at": clock, "schema_version": 1, "device": derived_id("dev", device)}


def main() -> int:
    """The entry point of the process that pulls first: `endpoint prefix company`."""
    endpoint, prefix, company = sys.argv[1:]
    pipeline = Pipeline(World(companies.settings(endpoint, prefix)), company)
    clock, more, size, found = None, True, 0, 0
    begun, own = time.perf_counter(), [time.process_time()]
    while more:
        answer = pipeline.send("POST", PULL, pipeline.request("POST", PULL, _body(clock, "first")))
        assert answer.status_code == 200, answer.body
        page = json.loads(answer.body)
        size, found = size + len(answer.body), found + len(page["changes"]["documents"]["updated"])
        clock, more = page["timestamp"], page["more"]
        own.append(time.process_time())
    each = [after - before for before, after in pairwise(own)]
    third = max(1, len(each) // 3)
    growth = median(each[-third - 1 : -1] or each) / median(each[:third])
    taken = FirstPull(time.perf_counter() - begun, own[-1] - own[0], len(each), size, found, peak(), growth)
    sys.stdout.write(json.dumps(vars(taken)))
    return 0


def _few(pipeline: Pipeline) -> Compared:
    """A pull of ten changed items."""
    world, company = pipeline.world, pipeline.company
    with pipeline.unguarded():
        pipeline.ask("POST", PULL, _body(_clock(pipeline)))  # It makes the device.
    clock = _clock(pipeline)
    price, rate = Decimal("1.50"), Decimal(20)
    for at in range(CHANGES):
        call: Call = companies.call(world, company, "items", f"items-{at}")
        item = call.make(Item, id=derived_id("itm", company, str(at)), name="Vis", unit_price=price, vat_rate=rate)
        transact(world.store, call, [], partial(_created, item))
    fresh = Pipeline(world, company)
    recorder, raw = Recorder(world.store), _raw(world)
    query = {
        "TableName": world.store.names["workspace"],
        "KeyConditionExpression": "company = :company AND begins_with(sort, :kind)",
        "ExpressionAttributeValues": {":company": {"S": company}, ":kind": {"S": "item#"}},
        "ConsistentRead": True,
        "Limit": CHANGES,
    }
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    with fresh.unguarded():
        for _ in range(ROUNDS):
            request = fresh.request("POST", PULL, _body(clock))
            recorder.take()
            times[0].append(_timed(partial(fresh.send, "POST", PULL, request)))
            sent = recorder.take()
            times[1].append(_timed(partial(_again, raw, sent)))
            times[2].append(_timed(partial(raw.query, **query)))
        with Traffic(world.store) as traffic:
            page = fresh.ask("POST", PULL, _body(clock))
    assert len(page["changes"]["items"]["updated"]) == CHANGES
    ours, same_calls, queried = (median(each) * 1_000 for each in times)
    return Compared(ours, same_calls, queried, traffic.waves, traffic.read, traffic.write)


def _created(item: Item, _: Any) -> Decision[None]:
    return Decision(None, new=(item,))


def _push(pipeline: Pipeline) -> Compared:
    """A push of a thousand new items. Raw boto3 sends the same calls with the same rows again, without conditions."""
    world = pipeline.world
    recorder, raw = Recorder(world.store), _raw(world)
    ours, same_calls = [], []
    for turn in range(PUSHES):
        clock, tokens = _clock(pipeline), count(1)
        ids = [derived_id("itm", pipeline.company, f"push-{turn}-{at}") for at in range(PUSHED)]
        rows = [{"id": id, "name": f"Vis {at}", "unit_price": "1.50", "vat_rate": "20"} for at, id in enumerate(ids)]
        body = {"changes": {"items": {"created": rows}}, "last_pulled_at": clock, "device": derived_id("dev", "few")}
        fresh = Pipeline(world, pipeline.company)
        request = fresh.request("POST", PUSH, body)
        recorder.take()
        with fresh.unguarded(), Traffic(world.store) as traffic:
            ours.append(_timed(partial(_sent, fresh, request)))
        sent = [(name, _unconditional(params, f"raw-{turn}-{next(tokens)}")) for name, params in recorder.take()]
        same_calls.append(_timed(partial(_again, raw, sent)))
    times = median(ours) * 1_000, median(same_calls) * 1_000
    return Compared(*times, query=0.0, waves=traffic.waves, read=traffic.read, write=traffic.write)


def _sent(pipeline: Pipeline, request: Any) -> None:
    answer = pipeline.send("POST", PUSH, request)
    assert answer.status_code == 200, answer.body


def _unconditional(params: dict[str, Any], token: str) -> dict[str, Any]:
    """The same writes without their conditions, which hold once only."""
    if "TransactItems" not in params or "ClientRequestToken" not in params:
        return params
    unset = ("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")
    items = [
        {verb: {name: part for name, part in action.items() if verb != "Put" or name not in unset}}
        for each in params["TransactItems"]
        for verb, action in each.items()
    ]
    return params | {"TransactItems": items, "ClientRequestToken": token}


def _again(raw: Any, sent: Sent) -> None:
    for name, params in sent:
        getattr(raw, METHODS[name])(**params)


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _clock(pipeline: Pipeline) -> int:
    (head,) = pipeline.world.store.records([Head.ref(pipeline.company)])
    assert isinstance(head, Head)
    return head.clock


def _raw(world: World) -> Any:
    return boto3.client("dynamodb", endpoint_url=world.settings.endpoint, region_name=world.settings.region)


if __name__ == "__main__":
    raise SystemExit(main())
