"""Each verb through the whole pipeline beside raw boto3 calls of the same shape on the same engine, turn by turn.

Two companies begin alike. The verb runs on the one, and what it sent is kept; then a plain boto3 client sends the same
to the other, under the other's name. So both sides do the same work for the engine, on tables of the same size, in the
same second, and what is left is our own cost: parsing, validation, the domain, the journal and its hashes, the answer.
"""

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import count
from statistics import median, quantiles
from typing import Any

import boto3

from chalicelib.store.wire import Store
from chalicelib.wiring import World
from tests.bench.pipeline import INVOICE, INVOICES, ISSUE, Pipeline, member_of, new_invoice
from tests.bench.traffic import Traffic
from tests.histories import company as companies

WARM, ROUNDS, GUARDED, LISTED = 15, 150, 40, 20
TURNS = WARM + ROUNDS + GUARDED + 1
METHODS = {
    "TransactGetItems": "transact_get_items",
    "TransactWriteItems": "transact_write_items",
    "Query": "query",
    "BatchGetItem": "batch_get_item",
}
Sent = list[tuple[str, dict[str, Any]]]
Body = dict[str, Any]
Parts = dict[str, str]
_ID = re.compile(r"(?:cmp|cus|inv)_[0-9A-Z]{26}")


@dataclass(frozen=True)
class Ratio:
    """A verb's median times in milliseconds, and the ratio of the medians. `guarded`: with authentication."""

    verb: str
    ours: float
    raw: float
    guarded: float
    spread: tuple[float, float]
    """The quartiles of the ratio of each turn."""
    waves: int
    """Round trips one after another."""
    calls: int
    read: float
    write: float

    @property
    def ratio(self) -> float:
        """Ours ÷ raw."""
        return self.ours / self.raw


class Recorder:
    """Keeps what a store sends."""

    def __init__(self, store: Store) -> None:
        self.sent: Sent = []
        store.connection.client.meta.events.register("provide-client-params.dynamodb", self._keep)

    def _keep(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.sent.append((model.name, params))

    def take(self) -> Sent:
        """Return the requests since the last call, and forget them."""
        taken, self.sent = self.sent, []
        return taken


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same parameters with the other company's ids."""
    if isinstance(value, str):
        return _ID.sub(lambda found: names.get(found[0], found[0]), value)
    if isinstance(value, dict):
        return {name: renamed(part, names) for name, part in value.items()}
    return [renamed(part, names) for part in value] if isinstance(value, list) else value


def measured(world: World) -> list[Ratio]:
    """Read, list of 20, create and issue, for an invoice of three lines."""
    bench = _Bench(world)
    return [
        bench.ratio("read", "GET", INVOICE, lambda turn: ({}, {"id": bench.ids[turn % LISTED]})),
        bench.ratio("list of 20", "GET", INVOICES, lambda _: ({}, {"LIMIT": "20"})),
        bench.ratio("create", "POST", INVOICES, lambda _: (new_invoice(bench.ours.company), {})),
        bench.ratio("issue", "POST", ISSUE, lambda turn: ({}, {"id": bench.ids[LISTED + turn]})),
    ]


class _Bench:
    def __init__(self, world: World) -> None:
        self.world = world
        self.client = boto3.client("dynamodb", endpoint_url=world.settings.endpoint, region_name=world.settings.region)
        self.pool = ThreadPoolExecutor(2)
        self.tokens = count(1)
        names = [str(number) for number in range(LISTED + TURNS)]
        self.ours, self.ids = self._company("measured", names)
        theirs, twins = self._company("floor", names)
        own, other = self.ours.company, theirs.company
        self.names = dict(zip(self.ids, twins, strict=True)) | {
            own: other,
            companies.customer_of(own): companies.customer_of(other),
        }
        self.recorder = Recorder(world.store)
        for id in self.ids[:LISTED]:  # issued, with a balance to come beside each
            self._turn("POST", ISSUE, {}, {"id": id}, guarded=False)

    def _company(self, name: str, names: list[str]) -> tuple[Pipeline, list[str]]:
        company = companies.founded(self.world, name)
        member_of(self.world, company)
        return Pipeline(self.world, company), companies.drafts(self.world, company, names, line_count=3)

    def _turn(self, method: str, path: str, body: Body, parts: Parts, *, guarded: bool) -> tuple[float, float]:
        """Seconds of the verb, and of its floor."""
        request = self.ours.request(method, path, None if method == "GET" else body, **parts)
        with nullcontext() if guarded else self.ours.unguarded():
            self.recorder.take()
            begun = time.perf_counter()
            answer = self.ours.send(method, path, request)
            seconds = time.perf_counter() - begun
        assert answer.status_code < 300, answer.body
        return seconds, self._floor(self.recorder.take())

    def _floor(self, sent: Sent) -> float:
        """Plain boto3 with the same calls; the two queries of a list side by side, as ours are."""
        calls = [(getattr(self.client, METHODS[name]), self._twin(params)) for name, params in sent]
        begun = time.perf_counter()
        if [name for name, _ in sent] == ["Query", "Query"]:
            list(self.pool.map(lambda call: call[0](**call[1]), calls))
        else:
            for method, params in calls:
                method(**params)
        return time.perf_counter() - begun

    def _twin(self, params: dict[str, Any]) -> dict[str, Any]:
        twin: dict[str, Any] = renamed(params, self.names)
        if "ClientRequestToken" in twin:
            twin["ClientRequestToken"] = f"floor-{next(self.tokens)}"
        return twin

    def ratio(self, verb: str, method: str, path: str, asked: Callable[[int], tuple[Body, Parts]]) -> Ratio:
        """Measure one verb, turn by turn with its floor; then some turns with authentication; then count its calls."""
        turns = [self._turn(method, path, *asked(turn), guarded=turn >= WARM + ROUNDS) for turn in range(TURNS - 1)]
        ours, raw = zip(*turns[WARM : WARM + ROUNDS], strict=True)
        low, _, high = quantiles([a / b for a, b in zip(ours, raw, strict=True)], n=4)
        with Traffic(self.world.store) as traffic:
            self._turn(method, path, *asked(TURNS - 1), guarded=False)
        guarded = [seconds for seconds, _ in turns[WARM + ROUNDS :]]
        return Ratio(
            verb,
            1e3 * median(ours),
            1e3 * median(raw),
            1e3 * median(guarded),
            (low, high),
            traffic.waves,
            traffic.total,
            traffic.read,
            traffic.write,
        )
