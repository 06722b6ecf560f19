"""Faults on the wire to DynamoDB, injected under botocore, so that its retries, PynamoDB and the store all meet them.

A fault strikes a *call* (what the store asks for) on its first `sends` sends: botocore sends a call three times at
most, so 1 is healed below the store and 3 reaches it. Which calls are struck is a plan: a pure function of the
operation, the thread's name and the call's place in that thread, so a run with the same plan meets the same faults,
however its threads interleave.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace, TracebackType
from typing import Any, Self
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from chalicelib.store.wire import Store

SENDS = 3
"""How often botocore sends a call at most: `chalicelib.store.tables.ATTEMPTS`."""
LATE_SECONDS = 0.03
HASTE = 50
"""botocore waits seconds before it sends again; tests need the order of events and not the wait."""
REASONS = (
    "ConditionalCheckFailed",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "ItemCollectionSizeLimitExceeded",
    "ValidationError",
    "DuplicateItem",
)
PASSING_REASONS = REASONS[:4]
THROTTLES = ("ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded")
FULL = "ItemCollectionSizeLimitExceededException"
"""The company's rows in a table with local indexes have reached 10 GB. No other call will help."""
BEFORE = ("reset", "refused", "connect_timeout")
"""The request never arrives."""
AFTER = ("answer_lost", "answer_late", "error_after", "late")
"""The engine commits and the client does not hear of it. `late`: it commits after the client has given up."""
ERRORS = ("InternalServerError", "bare_503", *THROTTLES)
SOFT = (*ERRORS, *BEFORE, *AFTER, *(f"cancelled:{reason}" for reason in PASSING_REASONS))
"""Every fault that a verb must survive."""


@dataclass(frozen=True)
class Strike:
    """One call's misfortune: the fault's name, and how many of its sends meet it."""

    fault: str
    sends: int = SENDS


Plan = Callable[[str, str, int], Strike | None]
"""(operation, thread's name, which call of this operation in this thread, from 0) → what happens to it."""


def scripted(script: Mapping[tuple[str, int], Strike | str]) -> Plan:
    """Strike the named calls of each thread: {("TransactWriteItems", 0): "answer_lost"}."""

    def plan(operation: str, _thread: str, ordinal: int) -> Strike | None:
        found = script.get((operation, ordinal))
        return Strike(found) if isinstance(found, str) else found

    return plan


def at_random(seed: int, rate: float, faults: tuple[str, ...] = SOFT) -> Plan:
    """Strike a share `rate` of all transactions; half of the strikes are healed by botocore's own retries."""

    def plan(operation: str, thread: str, ordinal: int) -> Strike | None:
        draw = random.Random(f"{seed}/{thread}/{operation}/{ordinal}")
        if not operation.startswith("Transact") or draw.random() >= rate:
            return None
        fault = draw.choice(faults)
        if operation == "TransactGetItems" and fault == "cancelled:ConditionalCheckFailed":
            fault = "cancelled:TransactionConflict"  # a read has no condition
        return Strike(fault, draw.choice((1, SENDS)))

    return plan


@dataclass
class Faults:
    """Strikes a store's calls by `plan` for the length of a `with` block; `met` counts the sends that were struck."""

    store: Store
    plan: Plan
    met: Counter[str] = field(default_factory=Counter)
    _thread: threading.local = field(default_factory=threading.local)
    _late: list[threading.Thread] = field(default_factory=list)
    _hasty: Any = None

    def __enter__(self) -> Self:
        waits = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / HASTE))
        self._hasty = patch("botocore.endpoint.time", waits)
        self._hasty.start()
        self.store.connection.client.meta.events.register("before-send.dynamodb", self._before_send, unique_id=id(self))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.store.connection.client.meta.events.unregister("before-send.dynamodb", unique_id=id(self))
        self._hasty.stop()
        for straggler in self._late:
            straggler.join()

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        strike = self._strike(request)
        if strike is None:
            return None
        self.met[strike.fault] += 1
        return self._befall(strike.fault, request)

    def _strike(self, request: AWSPreparedRequest) -> Strike | None:
        """This call's strike, if this send of it is still to be struck."""
        operation = _header(request, "X-Amz-Target").rpartition(".")[2]
        call = _header(request, "amz-sdk-invocation-id")
        mine = self._thread.__dict__
        if mine.get("call") != call:
            ordinals: Counter[str] = mine.setdefault("ordinals", Counter())
            strike = self.plan(operation, threading.current_thread().name, ordinals[operation])
            ordinals[operation] += 1
            mine.update(call=call, strike=strike, sent=0)
        mine["sent"] += 1
        current: Strike | None = mine["strike"]
        return current if current and mine["sent"] <= current.sends else None

    def _befall(self, fault: str, request: AWSPreparedRequest) -> AWSResponse:
        url = request.url
        name, _, reason = fault.partition(":")
        if name == "cancelled":
            return _answer(request, 400, _cancelled(request, reason))
        if name in ("bare_503", "error_after", "InternalServerError"):
            if name == "error_after":
                self._deliver(request)
            return _answer(request, 503 if name == "bare_503" else 500, _error(name))
        if name in (*THROTTLES, FULL):
            return _answer(request, 400, _error(name))
        if name == "late":
            self._late.append(threading.Timer(LATE_SECONDS, self._deliver, [request]))
            self._late[-1].start()
        elif name in AFTER:
            self._deliver(request)
        raise {
            "reset": ConnectionClosedError(endpoint_url=url),
            "refused": EndpointConnectionError(endpoint_url=url, error="refused"),
            "connect_timeout": ConnectTimeoutError(endpoint_url=url),
            "answer_lost": ConnectionClosedError(endpoint_url=url),
            "answer_late": ReadTimeoutError(endpoint_url=url),
            "late": ReadTimeoutError(endpoint_url=url),
        }[name]

    def _deliver(self, request: AWSPreparedRequest) -> None:
        self.store.connection.client._endpoint.http_session.send(request)


def _header(request: AWSPreparedRequest, name: str) -> str:
    value = request.headers[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def _error(name: str) -> bytes:
    if name == "bare_503":
        return b"<html>Service Unavailable</html>"  # what a load balancer says
    if name == "error_after":
        name = "InternalServerError"
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{name}", "message": "injected"}).encode()


def _cancelled(request: AWSPreparedRequest, reason: str) -> bytes:
    """The answer that blames the transaction's first put: the head, in the store's transactions."""
    items = json.loads(request.body)["TransactItems"]
    blamed = next((index for index, item in enumerate(items) if "Put" in item), 0)
    reasons = [{"Code": reason, "Message": "injected"} if i == blamed else {"Code": "None"} for i in range(len(items))]
    codes = ", ".join(each["Code"] for each in reasons)
    return json.dumps(
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            "CancellationReasons": reasons,
        }
    ).encode()


class _Raw:
    """The raw body of an answer, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Any:
        """The whole body as one chunk."""
        yield self._body


def _answer(request: AWSPreparedRequest, status: int, body: bytes) -> AWSResponse:
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "injected"}
    return AWSResponse(request.url, status, headers, _Raw(body))
