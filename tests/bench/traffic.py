"""Counts what goes to DynamoDB: calls, round trips, rows, and the capacity units that they consume.

The engine says the units, except those of queries and of batch reads, which are computed from the bytes of the rows:
the engine counts each page of a query as one unit, and no batch at all.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from chalicelib.store.wire import Store
from tests.item_bytes import size

UNIT_BYTES = 4_096


@dataclass
class Traffic:
    """The traffic of a store within a `with` block. `calls` by operation; `read` and `write` in capacity units."""

    store: Store
    calls: Counter[str] = field(default_factory=Counter)
    read: float = 0.0
    write: float = 0.0
    rows: int = 0
    """Rows that reads returned, and entries of indexes."""
    waves: int = 0
    """Round trips one after another: calls that overlap are one wave."""
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        events = self.store.connection.client.meta.events
        events.register("provide-client-params.dynamodb", self._ask, unique_id=f"ask{id(self)}")
        events.register("after-call.dynamodb", self._answered, unique_id=f"answered{id(self)}")
        events.register("after-call-error.dynamodb", self._failed, unique_id=f"failed{id(self)}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        events = self.store.connection.client.meta.events
        events.unregister("provide-client-params.dynamodb", unique_id=f"ask{id(self)}")
        events.unregister("after-call.dynamodb", unique_id=f"answered{id(self)}")
        events.unregister("after-call-error.dynamodb", unique_id=f"failed{id(self)}")

    @property
    def total(self) -> int:
        """The number of calls."""
        return sum(self.calls.values())

    def _ask(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"
        with self._lock:
            self.calls[model.name] += 1
            self.waves += self._under_way == 0
            self._under_way += 1

    def _answered(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        reported = parsed.get("ConsumedCapacity") or []
        parts = reported if isinstance(reported, list) else [reported]
        units = sum(float(part["CapacityUnits"]) for part in parts)
        found = _rows(parsed)
        if model.name in ("Query", "Scan"):  # The engine says 1 for a consistent page, and 0.5 for another.
            units *= max(1, -(-sum(map(size, found)) // UNIT_BYTES))
        elif model.name == "BatchGetItem":
            units = sum(max(1, -(-size(row) // UNIT_BYTES)) for row in found)
        with self._lock:
            self._under_way -= 1
            self.rows += len(found)
            if model.name in ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"):
                self.write += units
            else:
                self.read += units

    def _failed(self, **_: Any) -> None:
        with self._lock:
            self._under_way -= 1


def _rows(parsed: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an answer of any read."""
    responses = parsed.get("Responses") or []
    if isinstance(responses, dict):
        return [row for rows in responses.values() for row in rows]
    return [*parsed.get("Items", []), *(each["Item"] for each in responses if each.get("Item"))]
