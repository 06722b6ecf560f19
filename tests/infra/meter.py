"""Meters what goes to DynamoDB and S3, table by table and index by index, as the engine reports it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from chalicelib.store.wire import Store
from chalicelib.wiring import World

WRITES = frozenset({"TransactWriteItems", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem"})
PUTS = frozenset(
    {
        "PutObject",
        "ListObjectsV2",
        "ListObjectVersions",
        "ListMultipartUploads",
        "CopyObject",
        "CreateMultipartUpload",
    }
)
"""Operations that S3 bills as writes. Lists are among them."""
FREE = frozenset({"DeleteObject", "DeleteObjects", "AbortMultipartUpload"})


@dataclass
class Meter:
    """The traffic of a world within a `with` block, as infra/counts.toml says it."""

    world: World
    stores: Sequence[Store] = ()
    """Further stores that count too."""
    calls: int = 0
    keys: int = 0
    units: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    objects: Counter[str] = field(default_factory=Counter)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        tables = [store.connection.client for store in (self.world.store, *self.stores)]
        for client, event, hear in (
            *((client, "provide-client-params.dynamodb", self._ask) for client in tables),
            *((client, "after-call.dynamodb", self._answered) for client in tables),
            *((files.client, "before-call.s3", self._object) for files in (self.world.files, self.world.archive)),
            (self.world.vault.client, "before-call.kms", self._key),
        ):
            events, name = client.meta.events, f"{event}{id(self)}"
            events.register(event, hear, unique_id=name)
            self._stack.callback(events.unregister, event, unique_id=name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def counted(self) -> dict[str, float]:
        """The figures of a flow; what is 0 is left out, except reads and writes."""
        journal = self.world.store.names["journal"]
        optional: dict[str, float] = {
            "journal": self.units[f"write {journal}"],
            "due": self.units[f"write {journal} due"],
            "get": self.objects["get"],
            "put": self.objects["put"],
            "kms": self.keys,
        }
        always: dict[str, float] = {"calls": self.calls, "read": self.units["read"], "write": self.units["write"]}
        return always | {name: value for name, value in optional.items() if value}

    def _ask(self, params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"
        self.calls += 1

    def _answered(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        reported = parsed.get("ConsumedCapacity") or []
        kind = "write" if model.name in WRITES else "read"
        for part in reported if isinstance(reported, list) else [reported]:
            self.units[kind] += part["CapacityUnits"]
            self.units[f"{kind} {part['TableName']}"] += part["CapacityUnits"]
            for index, used in (part.get("GlobalSecondaryIndexes") or {}).items():
                self.units[f"{kind} {part['TableName']} {index}"] += used["CapacityUnits"]

    def _object(self, model: Any, **_: Any) -> None:
        if model.name not in FREE:
            self.objects["put" if model.name in PUTS else "get"] += 1

    def _key(self, **_: Any) -> None:
        self.keys += 1
