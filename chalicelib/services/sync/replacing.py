"""A replacement: all rows that a device may have, in one answer, because WatermelonDB cannot take it in pages.

A small one is a page, a larger one a gzipped file. A request writes for `WORK_SECONDS`. If there is more, it stores
what it wrote as a piece, and the device repeats its pull (ADR 0110). The last request joins the pieces. The clock is
that of the first request: what changes meanwhile comes with the next pull.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import Busy
from chalicelib.domain.ids import derived_id
from chalicelib.domain.journal import JobRow
from chalicelib.domain.sync.changes import Changes, no_changes
from chalicelib.domain.sync.sync_errors import ReplacementPreparing
from chalicelib.domain.sync.tables import TABLES
from chalicelib.files import prefixes
from chalicelib.files.objects import Link
from chalicelib.services.sync import parcel
from chalicelib.services.sync import pull as pages
from chalicelib.services.sync.pull import PAGE_BYTES, PlacedRow, Pulled, View
from chalicelib.services.sync.sources import START, Position
from chalicelib.store import bookkeeping
from chalicelib.store.read import Reader
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.wiring import World

TASK: Final = "sync_replacement"
WORK_SECONDS: Final = 12.0
"""The gateway ends a request after 29 seconds. The rest is for the pieces, and for a slow call."""
LARGEST_PIECE: Final = 50_000_000
KEPT: Final = timedelta(hours=1)
"""A device that repeats its pull later begins anew."""


@dataclass(frozen=True)
class ReplacementProgress:
    """The part that earlier requests wrote: up to a position, with the tables in their order, as objects under these
    keys. `erased` is a digest of the persons who were erased at its beginning."""

    clock: int
    version: int
    erased: str
    position: Position = START
    written: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()


@dataclass
class _Json:
    """The JSON of a replacement, part by part: every row under `updated`, and each table of the schema version, because
    a device keeps the old rows of a table that is missing."""

    written: list[str] = field(default_factory=list)

    def row(self, placed: PlacedRow) -> bytes:
        """A row, in the order of the tables."""
        if self.written and self.written[-1] == placed.table:
            return b"," + bytes(placed.row)
        return self._begin(placed.table) + bytes(placed.row)

    def end(self, clock: int, version: int) -> bytes:
        """The tables without rows, and what is beside the changes."""
        names = [table.name for table in TABLES if table.since <= version and table.name not in self.written]
        empty = b"".join(self._begin(name) for name in names)
        tail = Pulled(Changes(version, {}), clock, replacement=True).body()
        beside = {name: part for name, part in tail.items() if name != "changes"}
        return empty + b'],"deleted":[]}},' + msgspec.json.encode(beside)[1:]

    def _begin(self, name: str) -> bytes:
        before = b'],"deleted":[]},' if self.written else b'{"changes":{'
        self.written.append(name)
        return before + msgspec.json.encode(name) + b':{"created":[],"updated":['


def replacement(world: "World", reader: Reader, call: Call, view: View) -> Pulled | Link:
    """All rows: as a page if they fit, otherwise as a file. Raises ReplacementPreparing, Busy."""
    deadline = Deadline.within(WORK_SECONDS)
    (row,) = world.store.records([JobRow.ref(reader.company, _id(reader.company, view.device))])
    seen = row if isinstance(row, JobRow) else None
    begun = _resumed(seen, reader.head, view, call)
    if begun is None:
        small, rows = _small(reader, view)
        if small is not None:
            return small
        begun = ReplacementProgress(reader.head.clock, view.version, _erased(reader.head))
    else:
        rows = pages.everything(reader, view, begun.position)
    with SpooledTemporaryFile(max_size=parcel.IN_MEMORY) as file:
        after = _write(file, rows, begun, deadline)
        if after is not None:
            _keep(world, call, view, seen, after, file)
            raise ReplacementPreparing
        return _join(world, call, view, seen, begun, file)


def _id(company: str, device: str) -> str:
    return derived_id(JobRow.PREFIX, TASK, company, device)


def _erased(head: Head) -> str:
    return sha256(head.erased or b"").hexdigest()


def _resumed(row: JobRow | None, head: Head, view: View, call: Call) -> ReplacementProgress | None:
    """The part that earlier requests of the device wrote. None after an erasure, a new schema, or an hour."""
    if row is None or row.status == "completed" or call.at - row.updated_at > KEPT:
        return None
    progress = msgspec.json.decode(row.inputs, type=ReplacementProgress)
    fits = (progress.version, progress.erased) == (view.version, _erased(head)) and progress.clock <= head.clock
    return progress if fits else None


def _small(reader: Reader, view: View) -> tuple[Pulled | None, Iterator[PlacedRow]]:
    """The replacement as a page; None if it is larger, and its rows."""
    rows = pages.everything(reader, view)
    changes = no_changes(view.version)
    read: list[PlacedRow] = []
    for placed in rows:
        read.append(placed)
        changes.set(placed.table, placed.id, placed.row)
        if changes.size > PAGE_BYTES:
            return None, chain(read, rows)
    return Pulled(changes, reader.head.clock, replacement=True), iter(())


def _write(
    file: IO[bytes], rows: Iterator[PlacedRow], begun: ReplacementProgress, deadline: Deadline
) -> ReplacementProgress | None:
    """Write rows until the deadline, or until the database is busy. Returns the progress; None at the end. Raises Busy
    without a row."""
    text, last = _Json([*begun.written]), None
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0, compresslevel=6) as packed:
        try:
            for placed in rows:
                packed.write(text.row(placed))
                last = placed.position
                if deadline.passed:
                    break
            else:
                packed.write(text.end(begun.clock, begun.version))
                return None
        except Busy:
            if last is None:
                raise
    return replace(begun, position=last or begun.position, written=tuple(text.written))


def _keep(
    world: "World", call: Call, view: View, seen: JobRow | None, after: ReplacementProgress, file: IO[bytes]
) -> None:
    """Store a piece and the progress. If another request of the device was faster, its progress stays."""
    key = prefixes.sync(call.company, view.device, f"{world.random(16).hex()}-piece")
    file.seek(0)
    world.files.put(key, file, "application/gzip", only_if_absent=False)
    inputs = msgspec.json.encode(replace(after, pieces=(*after.pieces, key)))
    state: dict[str, Any] = {"inputs": inputs, "due_at": call.at, "expires_at": int((call.at + KEPT).timestamp())}
    if seen is not None:
        row = seen.edited(call.at, status="running", **state)
    else:
        made: dict[str, Any] = {"task": TASK, "actor": call.actor, "status": "running", "outcomes": b"[]"}
        row = call.make(JobRow, id=_id(call.company, view.device), **made, **state)
    bookkeeping.swap(world.store, row, seen, world.random(16))


def _join(
    world: "World", call: Call, view: View, seen: JobRow | None, begun: ReplacementProgress, file: IO[bytes]
) -> Link:
    """Store the file: the pieces, then what this request wrote. Gzipped parts one after another are one gzipped
    file."""
    with SpooledTemporaryFile(max_size=parcel.IN_MEMORY) as complete:
        for piece in begun.pieces:
            complete.write(world.files.read(piece, LARGEST_PIECE))
        file.seek(0)
        complete.write(file.read())
        link = parcel.put(world, call.company, view.device, complete)
    if seen is not None:
        over = seen.edited(call.at, status="completed", inputs=b"{}")
        bookkeeping.swap(world.store, over, seen, world.random(16))
    return link
