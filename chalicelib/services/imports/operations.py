"""Requests on imports: announce a file, analyse it, map its columns, commit it, undo the commit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.call import Call
from chalicelib.domain.errors import Fault, InvalidContent, NotFound
from chalicelib.domain.file_errors import (
    ImportKindUnavailable,
    ImportOver,
    ImportRunning,
    ImportUnanswered,
    ImportUndoOver,
    UploadMismatch,
    UploadMissing,
)
from chalicelib.domain.imports.model import (
    ANALYSE,
    COMMIT,
    TAKE_BACK,
    UNDO,
    Encoding,
    Import,
    ImportColumn,
    ImportKind,
    ImportStatus,
)
from chalicelib.domain.imports.targets import type_of
from chalicelib.domain.journal import JobRow
from chalicelib.domain.tabular.numbers import DecimalSign
from chalicelib.files.objects import Link
from chalicelib.files.uploads import SignedUpload, sign
from chalicelib.policy.ends import end, expires_at
from chalicelib.services import tallies
from chalicelib.services.imports import storage
from chalicelib.services.imports.analysis import ANSWERABLE
from chalicelib.services.imports.context import ImportProgress, inputs_of
from chalicelib.services.imports.kinds import RULES
from chalicelib.services.job_rows import new_job
from chalicelib.store.decision import CUSTOMER, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World

JOB: Final = "imports"
"""The job that runs the rows queued here."""
JOBS_A_DAY: Final = 300
"""Analyses, commits and undos that a company may request in a day. Each reads a file of up to 5 MB."""


@dataclass(frozen=True)
class Announced:
    """A file that a client is about to upload."""

    kind: ImportKind
    content_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ColumnChange:
    """A decision about a column (from 1): its field, and the decimal sign of its numbers."""

    column: int
    field: str | None
    decimal: DecimalSign | None


@dataclass(frozen=True)
class ImportView:
    """An import with what it found in the values of the file, while they exist, and a link to the file of refusals."""

    imported: Import
    analysis: Mapping[str, Any] | None = None
    refusals: Link | None = None


def announce(world: "World", call: Call, file: Announced) -> Committed[Import]:
    """Record the file that will be uploaded. Raises ImportKindUnavailable."""
    if file.kind not in RULES:
        raise ImportKindUnavailable(kind=file.kind)
    imported = call.make(
        Import,
        kind=file.kind,
        actor=call.actor,
        content_type=file.content_type,
        bytes=file.bytes,
        sha256=file.sha256,
        expires_at=expires_at(Import, call.at),
    )

    def decide_import(_: Snapshot) -> Decision[Import]:
        return Decision(imported, puts=(storage.removal(call, imported),), new=(imported,))

    return transact(world.store, call, [], decide_import, CUSTOMER)


def upload_of(world: "World", imported: Import) -> SignedUpload:
    """The signed request with which the client uploads the file."""
    key = storage.file_key(imported)
    return sign(world.files, key, imported.content_type, imported.bytes, imported.sha256)


def read(world: "World", reader: Reader, id: str, at: datetime) -> ImportView:
    """An import. Raises NotFound, also after its term."""
    imported = _one(reader, id, at)
    analysis = storage.analysis_of(world, imported) if imported.status in ("analysed", "committing") else None
    if analysis is None:
        return ImportView(imported)
    return ImportView(imported, analysis, world.files.url(storage.refusals_key(imported), storage.REFUSALS))


def _one(reader: Reader, id: str, at: datetime) -> Import:
    imported = reader.get(Import, id)
    if imported.expires_at <= at.timestamp():
        raise NotFound
    return imported


def complete(world: "World", reader: Reader, call: Call, id: str) -> Committed[JobRow]:
    """Check the uploaded file, and queue its analysis. Raises NotFound, UploadMissing, UploadMismatch, ImportOver."""
    imported = _one(reader, id, call.at)
    if imported.status == "expected":
        try:
            content = storage.content_of(world, imported)
        except NotFound:
            raise UploadMissing from None
        if len(content) != imported.bytes or sha256(content).hexdigest() != imported.sha256:
            raise UploadMismatch
    return _queue(world, call, id, _Task(ANALYSE, "analyse", "analysing", ("expected",)))


def remap(
    world: "World", reader: Reader, call: Call, id: str, changes: tuple[ColumnChange, ...], encoding: Encoding | None
) -> Committed[JobRow]:
    """Change the mapping of columns, and queue the analysis. Raises NotFound, InvalidContent, ImportOver."""
    imported = _one(reader, id, call.at)
    columns = _mapped(imported, changes)
    changed: dict[str, Any] = {"columns": columns, "encoding": encoding or imported.encoding}
    if encoding and encoding != imported.encoding:  # The headers are read anew.
        changed["columns"] = None
    before: tuple[ImportStatus, ...] = ("analysed", "refused") if imported.failure in ANSWERABLE else ("analysed",)
    task = _Task(ANALYSE, "analyse", "analysing", before, changed | {"failure": None})
    return _queue(world, call, id, task)


def _mapped(imported: Import, changes: tuple[ColumnChange, ...]) -> tuple[ImportColumn, ...] | None:
    """The columns after the changes. Raises InvalidContent."""
    columns = list(imported.columns or ())
    faults: list[Fault] = []
    for place, change in enumerate(changes):
        if not 1 <= change.column <= len(columns):
            faults.append(Fault(f"/mapping/columns/{place}/column", "out_of_range", {"min": 1, "max": len(columns)}))
            continue
        if change.field is not None and type_of(imported.kind, change.field) is None:
            faults.append(Fault(f"/mapping/columns/{place}/field", "import_field_unknown"))
            continue
        before = columns[change.column - 1]
        columns[change.column - 1] = replace(before, field=change.field, decimal=change.decimal, ask=None)
    named = [column.field for column in columns if column.field]
    if len(set(named)) < len(named):
        faults.append(Fault("/mapping/columns", "repeated"))
    if faults:
        raise InvalidContent(*faults)
    return tuple(columns) or None


def commit(world: "World", reader: Reader, call: Call, id: str, *, only_valid: bool) -> Committed[JobRow]:
    """Queue the commit of all rows, or of the valid ones. Raises NotFound, ImportUnanswered, ImportOver,
    ImportRunning."""
    imported = _one(reader, id, call.at)
    if imported.status == "analysed" and any(column.ask for column in imported.columns or ()):
        raise ImportUnanswered
    changed = {"only_valid": only_valid, "failure": None}
    return _queue(world, call, id, _Task(COMMIT, "check", "committing", ("analysed",), changed))


def undo(world: "World", reader: Reader, call: Call, id: str) -> Committed[JobRow]:
    """Queue the undo of a commit. Raises NotFound, ImportUndoOver, ImportOver."""
    imported = _one(reader, id, call.at)
    if imported.committed_at is not None and call.at >= imported.committed_at + UNDO:
        raise ImportUndoOver
    return _queue(world, call, id, _Task(TAKE_BACK, "undo", "undoing", ("committed",)))


@dataclass(frozen=True)
class _Task:
    """A job on an import: its name, its first step, and the states of the import after and before it is queued."""

    name: str
    step: str
    after: ImportStatus
    before: tuple[ImportStatus, ...]
    changes: Mapping[str, Any] | None = None


def _queue(world: "World", call: Call, id: str, task: _Task) -> Committed[JobRow]:
    """Queue a job if the import's state allows it. Raises TooManyRequests."""
    job = new_job(call, JOB, task.name, inputs_of(id, ImportProgress(task.step)))

    def decide_queue(snapshot: Snapshot) -> Decision[JobRow]:
        imported = snapshot.get(Import, id)
        if imported is None:
            raise NotFound
        if imported.status in ("analysing", "committing", "undoing"):
            raise ImportRunning
        if imported.status not in task.before or (task.name != TAKE_BACK and _file_over(imported, call.at)):
            raise ImportOver(status=imported.status)
        after = imported.edited(call.at, status=task.after, job=job.id, **(task.changes or {}))
        count = tallies.by_company(snapshot, call, "import-jobs", JOBS_A_DAY)
        return Decision(job, puts=(after, count), new=(job,))

    committed = transact(world.store, call, [Import.ref(call.company, id)], decide_queue, CUSTOMER)
    world.wake(JOB)
    return committed


def _file_over(imported: Import, at: datetime) -> bool:
    """Whether the term of the uploaded file is over."""
    return at >= end("file.import", imported.created_at)
