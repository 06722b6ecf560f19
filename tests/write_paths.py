"""Each write on the wire, held against the list of the path that it comes from.

The whole suite runs under this watch. A write to DynamoDB by the product comes from the transaction, from bookkeeping,
from erasure or from a company's end, and touches only what that path lists. Anything else fails the test that caused
it. Writes by the tests themselves do not count. A run of all tests fails if no test made a write that a path lists by
kind.
"""

import sys
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest

from chalicelib.domain.entity import TABLE_NAMES, Ref, RowKind
from chalicelib.store import bookkeeping, drill, ending, erase, transaction
from chalicelib.store.drill import DRILL_PREFIX
from chalicelib.store.write_path import Kinds, Operation, WritePath, kinds_at
from tests.tiers import chose_every_test

DRILLS = WritePath("drills", deletes=Kinds(every=drill.DRILL_TABLES))
"""The write path that empties the tables of drills. It reaches no other table."""
PATHS: Mapping[str, WritePath] = {
    transaction.__name__: transaction.PATH,
    bookkeeping.__name__: bookkeeping.PATH,
    erase.__name__: erase.PATH,
    ending.__name__: ending.PATH,
    drill.__name__: DRILLS,
}
SENDERS = ("chalicelib.store.conflicts", "chalicelib.store.turns", "chalicelib.store.wire")
"""Modules that send for others: the caller counts."""
OBSERVERS = (__name__, "tests.iam")
OWN = ("chalicelib", "tests", "local", "infra")
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")


SeenWrite = tuple[str, Operation, str, str]
"""The path, the operation, the table and the kind."""


@dataclass(frozen=True)
class Write:
    """One row that a call puts, changes or deletes."""

    operation: Operation
    table: str
    kinds: tuple[str, ...]
    of_drill: bool

    def __str__(self) -> str:
        return f"{self.operation} {DRILL_PREFIX if self.of_drill else ''}{self.table}/{'|'.join(self.kinds)}"


@dataclass
class Watch:
    """The writes seen so far, by path, and those that no path's list has."""

    seen: Counter[SeenWrite] = field(default_factory=Counter)
    strays: list[str] = field(default_factory=list)
    calls: int = 0
    """How many calls wrote, those of the tests included."""

    def note(self, module: str, write: Write) -> None:
        """Hold a write of a module against the module's path."""
        path = PATHS.get(module)
        if path is None:
            self.strays.append(f"{module} is no write path: {write}")
            return
        if path is DRILLS and not write.of_drill:
            self.strays.append(f"{path.name} reaches other tables: {write}")
        for kind in write.kinds:
            self.seen[path.name, write.operation, write.table, kind] += 1
            if not path.allows(write.operation, write.table, kind):
                self.strays.append(f"{path.name} does not list: {write}")


WATCH = Watch()


def unwritten(seen: Container[SeenWrite]) -> list[str]:
    """The writes that a path lists by kind and that were not seen. A table whose every kind counts lists none."""
    from chalicelib.policy.rules import all_entities

    found = []
    for path in (transaction.PATH, bookkeeping.PATH, erase.PATH, ending.PATH):
        lists: dict[Operation, Container[RowKind]] = {"put": path.puts, "update": path.updates, "delete": path.deletes}
        for operation, kinds in lists.items():
            every = kinds.every if isinstance(kinds, Kinds) else frozenset()
            listed = (key for key in sorted(all_entities()) if key in kinds and key[0] not in every)
            missing = (key for key in listed if (path.name, operation, *key) not in seen)
            found += [f"{path.name} {operation} {'/'.join(key)}" for key in missing]
    return found


class Unwritten:
    """A plugin that gathers what all workers saw. What no test wrote fails a run of all tests, and is listed: take it
    from its path's list, or test it."""

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what a worker of xdist saw to the controller. There, fail a run of all tests that would pass."""
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output["writes"] = [*WATCH.seen]
        elif session.exitstatus == pytest.ExitCode.OK and chose_every_test(session.config) and unwritten(WATCH.seen):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker saw."""
        WATCH.seen.update(tuple(each) for each in getattr(node, "workeroutput", {}).get("writes", ()))

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """List the writes after a run of all tests."""
        if chose_every_test(config) and (left := unwritten(WATCH.seen)):
            terminalreporter.section("writes of a path's list that no test made")
            terminalreporter.write_line("\n".join(left))


def writes(operation: str, asked: Mapping[str, Any]) -> Iterator[Write]:
    """The rows that a call to DynamoDB writes."""
    if operation == "TransactWriteItems":
        for item in asked["TransactItems"]:
            ((name, part),) = item.items()
            yield from writes(f"{name}Item", part)
    elif operation == "BatchWriteItem":
        for table, requests in asked["RequestItems"].items():
            for request in requests:
                ((name, part),) = request.items()
                yield from writes(f"{name.removesuffix('Request')}Item", {"TableName": table} | part)
    elif operation == "PutItem":
        yield _write("put", asked["TableName"], (asked["Item"]["_kind"]["S"],))
    else:
        table, key = asked["TableName"], asked["Key"]
        kinds = kinds_at(Ref(_table_name(table), key["company"]["S"], key["sort"]["S"]))
        yield _write("update" if operation == "UpdateItem" else "delete", table, kinds or ("unknown",))


def _write(operation: Operation, table: str, kinds: tuple[str, ...]) -> Write:
    return Write(operation, _table_name(table), kinds, DRILL_PREFIX in table)


def _table_name(name: str) -> str:
    return next(table for table in TABLE_NAMES if name.endswith(table))


def writer(frame: FrameType | None) -> str | None:
    """The module of the product that makes a call; None when a test makes it."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in OWN and module not in SENDERS and module not in OBSERVERS:
            return module if module.startswith("chalicelib.") else None
        frame = frame.f_back
    return None


def _observed(original: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    def emit(client: Any, api_params: Any, operation_model: Any, context: Any) -> Any:
        is_write = operation_model.service_model.service_name == "dynamodb" and operation_model.name in WRITES
        watch.calls += is_write
        if is_write and (module := writer(sys._getframe(1))):
            for write in writes(operation_model.name, api_params):
                watch.note(module, write)
        return original(client, api_params, operation_model, context)

    return emit


@pytest.fixture(scope="session", autouse=True)
def write_watch() -> Iterator[Watch]:
    """Hold every write of this session against its path."""
    from botocore.client import BaseClient

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_emit_api_params", _observed(BaseClient._emit_api_params, WATCH))
        yield WATCH


@pytest.fixture(autouse=True)
def only_by_a_write_path(write_watch: Watch) -> Iterator[None]:
    """Fail the test in whose course a write came from elsewhere, or touched a kind that its path does not list."""
    before = len(write_watch.strays)
    yield
    if strays := list(dict.fromkeys(write_watch.strays[before:])):
        pytest.fail("outside the write paths:\n" + "\n".join(strays), pytrace=False)
