"""A redo journal for the embedded engine, which saves its tables only when it stops in an orderly way.

Every change of an item is appended to one file before the engine answers, so a killed engine loses no acknowledged
change. The state is a snapshot (the engine's own file) plus the journal. Each start, and a large journal, merges the
journal into a new snapshot. Entries hold whole items, so an entry may be replayed twice.

A value that was overwritten or removed leaves the file soon: the journal is merged `STALE_SECONDS` later (the variable
JOURNAL_STALE_SECONDS overrides it), so an erased person does not stay in the file.

There is no fsync. A killed process loses nothing, but a power cut may lose the last seconds.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from ministack import app as engine
from ministack.core import persistence
from ministack.core.arn import parse_arn
from ministack.services import dynamodb

AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]
Table = dict[str, Any]

COMPACT_AT_BYTES = 32 * 1024 * 1024
STALE_SECONDS = 600.0
READ_PREFIXES = (
    "Get",
    "List",
    "Describe",
    "Head",
    "Encrypt",
    "Decrypt",
    "Generate",
    "ReEncrypt",
    "Sign",
    "Verify",
    "Receive",
)
log = logging.getLogger("journal")


class Unreadable(Exception):
    """A saved state exists and cannot be read. To go on would overwrite it with an empty one."""


class Journal:
    """Record the changes of DynamoDB items and write them, one line per answer, to `directory/journal.jsonl`. An
    earlier value stays in the file at most `stale_seconds` and until the next request after them."""

    def __init__(self, directory: Path, stale_seconds: float = STALE_SECONDS) -> None:
        self._stale_seconds = stale_seconds
        self._stale_since: float | None = None
        self.path = directory / "journal.jsonl"
        self.snapshot_path = directory / "dynamodb.json"
        self._pending: list[str] = []
        self._guard = threading.Lock()
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def record(
        self, table: Table, partition: str, sort: str, item: dict[str, Any] | None, *, stale: bool = False
    ) -> None:
        """Record that a key now holds `item`, or nothing. It is serialized at once, because the engine may change the
        item later. `stale`: the key held another item, which the file may hold."""
        entry = json.dumps([table["TableArn"], table["TableId"], partition, sort, item], separators=(",", ":"))
        with self._guard:
            self._pending.append(entry)
            if stale and self._stale_since is None:
                self._stale_since = time.monotonic()

    def flush(self) -> None:
        """Append the pending changes as one line, so a transaction is replayed completely or, when the line is torn,
        not at all."""
        with self._guard:
            if not self._pending:
                return
            line = f"[{','.join(self._pending)}]\n".encode()
            self._pending.clear()
            write_all(self._file, line)

    def replay(self) -> int:
        """Apply the journal to the loaded tables and return the number of changes. Skip a torn last line."""
        changes = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    log.warning("journal: the last line is torn; it was never acknowledged")
                    break
                for arn, table_id, partition, sort, item in json.loads(line):
                    changes += apply(arn, table_id, partition, sort, item)
        return changes

    def compact(self) -> None:
        """Write a snapshot, then empty the journal. In this order a kill between the two loses nothing."""
        with self._guard:
            before = inode(self.snapshot_path)
            persistence.save_state("dynamodb", dynamodb.get_state())
            if inode(self.snapshot_path) == before:
                raise OSError(f"the engine could not write {self.snapshot_path}")
            os.ftruncate(self._file, 0)
            self._pending.clear()
            self._stale_since = None

    def compact_if_due(self) -> None:
        """Merge the journal into the snapshot when reading it would slow the next start, or when it has held an earlier
        value for long enough."""
        since = self._stale_since
        stale = since is not None and time.monotonic() - since >= self._stale_seconds
        if stale or os.fstat(self._file).st_size > COMPACT_AT_BYTES:
            self.compact()


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte or raise. A short write would tear a line in the middle of the file."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def inode(path: Path) -> int | None:
    """Return the file's inode, which changes when the engine replaces its snapshot."""
    return path.stat().st_ino if path.exists() else None


def apply(arn: str, table_id: str, partition: str, sort: str, item: dict[str, Any] | None) -> int:
    """Redo one change. Skip a table that was dropped or created again since the entry was written."""
    spec = parse_arn(arn)
    table = dynamodb._tables.get_scoped(spec.account_id, spec.region, arn.split("table/", 1)[1])
    if table is None or table.get("TableId") != table_id:
        return 0
    if item is None:
        dynamodb._remove_item(table, partition, sort)
    else:
        dynamodb._set_item(table, partition, sort, item)
    return 1


def record_into(journal: Journal) -> None:
    """Make the engine's two item primitives record each change. Every change of an item uses them."""
    set_item, remove_item = dynamodb._set_item, dynamodb._remove_item

    def recorded_set(table: Table, partition: str, sort: str, item: dict[str, Any]) -> Any:
        old = set_item(table, partition, sort, item)
        journal.record(table, partition, sort, item, stale=old is not None)
        return old

    def recorded_remove(table: Table, partition: str, sort: str) -> Any:
        old = remove_item(table, partition, sort)
        journal.record(table, partition, sort, None, stale=old is not None)
        return old

    dynamodb._set_item, dynamodb._remove_item = recorded_set, recorded_remove


def save_others() -> None:
    """Save every service but DynamoDB: keys, buckets, queues. They are small and change rarely."""
    services = engine._build_persistence_save_dict()
    services.pop("dynamodb", None)
    persistence.save_all(services)


def changes_others(method: str, path: str, action: str) -> bool:
    """True when a request may have changed a service other than DynamoDB. S3 objects are files of their own."""
    if method in {"GET", "HEAD"} or action.startswith(READ_PREFIXES):
        return False
    return bool(action) or not is_object_path(path)


def is_object_path(path: str) -> bool:
    """True for `/bucket/key`. Objects are files of their own and need no snapshot."""
    return "/" in path.strip("/") and not path[1:].split("/", 1)[0].isdigit()


class Durable:
    """The engine's ASGI application, which answers only when the change is on disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._journal = Journal(directory, float(os.environ.get("JOURNAL_STALE_SECONDS", STALE_SECONDS)))

    async def __call__(self, scope: AsgiMessage, receive: Receive, send: Send) -> None:
        """Serve one request or the lifespan."""
        if scope["type"] == "lifespan":
            await engine.app(scope, receive, self._around_life(send))
        elif scope["type"] == "http":
            await engine.app(scope, receive, self._before_answer(scope, send))
        else:
            await engine.app(scope, receive, send)

    def _around_life(self, send: Send) -> Send:
        async def wrapped(message: AsgiMessage) -> None:
            if message["type"] == "lifespan.startup.complete":
                try:
                    self._restore()
                except (Unreadable, OSError, ValueError, KeyError) as error:
                    # An exception here would tell the server that there is no lifespan, and it would serve no request.
                    message = {"type": "lifespan.startup.failed", "message": str(error)}
            elif message["type"] == "lifespan.shutdown.complete":
                self._journal.compact()
            await send(message)

        return wrapped

    def _restore(self) -> None:
        if self._journal.snapshot_path.exists() and persistence.load_state("dynamodb") is None:
            raise Unreadable(f"{self._journal.snapshot_path} cannot be read; move it away to start empty")
        changes = self._journal.replay()
        self._journal.compact()
        record_into(self._journal)
        log.info("journal: %d changes replayed", changes)

    def _before_answer(self, scope: AsgiMessage, send: Send) -> Send:
        async def wrapped(message: AsgiMessage) -> None:
            if message["type"] == "http.response.start":
                self._commit(scope)
            await send(message)

        return wrapped

    def _commit(self, scope: AsgiMessage) -> None:
        self._journal.flush()
        service, _, action = header(scope, b"x-amz-target").rpartition(".")
        if service.startswith("DynamoDB_"):
            if action.startswith(("Get", "Describe", "List")) or is_item_action(action):
                self._journal.compact_if_due()
            else:
                self._journal.compact()
        elif changes_others(scope["method"], scope["path"], action):
            save_others()


def is_item_action(action: str) -> bool:
    """True when a DynamoDB action changes items only. The journal holds items and no table definitions."""
    return action.endswith(("Item", "Items", "Query", "Scan", "Statement", "Transaction"))


def header(scope: AsgiMessage, name: bytes) -> str:
    """Return one header of an ASGI request, or an empty string."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")
