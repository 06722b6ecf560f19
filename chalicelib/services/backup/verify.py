"""Verification of a backup: the hash of every object, then every row, counted and compared with the manifest."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.backups.backup import Backup, KeyClass, Stretch
from chalicelib.domain.backups.backup_errors import BackupDamaged
from chalicelib.domain.documents.register import genesis, link
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.errors import Refusal
from chalicelib.domain.journal import JobRow
from chalicelib.services.backup.format.archive import Archive, open_archive
from chalicelib.services.backup.format.contents import GROUPS, RowGroup
from chalicelib.services.backup.format.lines import BackupLine
from chalicelib.services.backup.format.manifest import NAME, SeriesHead
from chalicelib.services.backup.format.parts import Sum
from chalicelib.services.backup.proving import proven
from chalicelib.services.evidence.pieces import advanced
from chalicelib.store import bookkeeping
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow
from chalicelib.workflow.failure import StepFailed

if TYPE_CHECKING:
    from chalicelib.wiring import World

BLOBS: Final = "blobs"


class Disagreement(StepFailed):
    """The backup contradicts its manifest; `code` names the difference."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class VerifyProgress:
    """The progress of a verification, as its row stores it: a cursor in the archive, and the sums of everything before
    it. The result does not depend on how the work is divided."""

    place: tuple[str, str] = ("", "")
    """A group and a sort key in it (a part's name if its key is destroyed), or `BLOBS` and a file's name."""
    sealed: tuple[KeyClass, ...] = ()
    """The keys already destroyed at the start. If another key is destroyed later, the verification begins again."""
    counts: dict[str, int] = field(default_factory=dict)
    gross: dict[str, Decimal] = field(default_factory=dict)
    register: dict[str, Stretch] = field(default_factory=dict)
    """The entries, last number and chain hash of each series so far."""


def check(archive: Archive, checked: VerifyProgress | None, deadline: Deadline) -> VerifyProgress | None:
    """Read a backup from `checked` (None: the beginning) until the deadline, part by part. Checks each object's hash
    before it is decrypted; the keys, order and number of lines; counts and totals; the consecutive numbers and the
    chain of each series. Objects under a destroyed key are checked by hash only. Returns None once the complete backup
    is verified. Raises BackupDamaged, BackupUnknownKey, Busy."""
    run = _Checking(archive, checked or VerifyProgress(), deadline)
    for group in GROUPS:
        if not run.group(group):
            return run.kept()
    if not run.blobs():
        return run.kept()
    if not run.proof():
        return run.kept()
    manifest, total = archive.manifest, run.total
    counts = {name: count for name, count in total.counts.items() if count}
    if counts != manifest.counts or total.gross != manifest.gross:
        raise BackupDamaged(reason="totals", where=NAME)
    try:
        agree(total, manifest.series)
    except Disagreement as error:
        raise BackupDamaged(reason=error.code, where=NAME) from error
    return None


class _Checking:
    """One piece of a verification."""

    def __init__(self, archive: Archive, checked: VerifyProgress, deadline: Deadline) -> None:
        self.archive, self.deadline = archive, deadline
        sealed = tuple(key_class for key_class in sorted(archive.manifest.keys) if not archive.readable(key_class))
        self.begun = checked if checked.sealed == sealed else VerifyProgress(sealed=sealed)
        self.place = self.begun.place
        register = dict(self.begun.register)
        self.total = Sum(Counter(self.begun.counts), dict(self.begun.gross), register)

    def kept(self) -> VerifyProgress:
        """The progress so far."""
        total = self.total
        return VerifyProgress(self.place, self.begun.sealed, dict(total.counts), total.gross, total.register)

    def _after(self, name: str) -> str | None:
        """The cursor in a group (or among the files); None if it is already read."""
        at, after = self.begun.place
        if not at or at == name:
            return after
        order = [*(group.name for group in GROUPS), BLOBS]
        return "" if order.index(name) > order.index(at) else None

    def _over(self, name: str, reached: str) -> bool:
        self.place = (name, reached)
        return self.deadline.passed

    def group(self, group: RowGroup) -> bool:
        """Read a group; False if the deadline passed before its end."""
        after, archive = self._after(group.name), self.archive
        if after is None:
            return True
        if group.key_class in self.begun.sealed:
            for part in archive.manifest.parts:
                if part.group == group.name and part.name > after:
                    archive.objects.stored(part)
                    self.total.add(part.counts, part.gross, part.register)
                    if self._over(group.name, part.name):
                        return False
            return True
        register = group.name == "register"
        anchors = self._anchors() if register else {}
        for line in archive.objects.merged(archive.manifest.parts, group.name, after):
            if register:
                self._link(line, anchors)
            self.total.meet(line, None)
            if self._over(group.name, line.sort):
                return False
        return True

    def blobs(self) -> bool:
        """Read the files; False if the deadline passed before the last."""
        after, archive = self._after(BLOBS) or "", self.archive
        for blob in sorted(archive.manifest.blobs, key=lambda blob: blob.name):
            if blob.name > after:
                archive.objects.stored(blob)
                if blob.seal not in self.begun.sealed:
                    archive.blob(blob.key)
                if self._over(BLOBS, blob.name):
                    return False
        return True

    def proof(self) -> bool:
        """Compare the ledger's rows with the journal; False if the deadline passed before the end. Without the key of
        the journal, only the hashes of objects prove the backup."""
        archive, sealed = self.archive, self.begun.sealed
        if "statutory" in sealed:
            return True
        manifest = archive.manifest
        proof = advanced(
            archive.digest,
            lambda: proven(archive.objects, manifest.parts, manifest.company, sealed=sealed),
            self.deadline,
        )
        if proof is not None and not proof.verdict.verified:
            fault = proof.verdict.faults[0]
            raise BackupDamaged(reason="evidence_broken", where=fault.id or fault.code)
        return proof is not None

    def _anchors(self) -> dict[str, str | None]:
        rows = self.archive.rows({"series"})
        return {line.data["id"]: line.data.get("anchor") for line in rows if line.data}

    def _link(self, line: BackupLine, anchors: Mapping[str, str | None]) -> None:
        """Compare a register entry with the previous one, or with the start of its series."""
        data, manifest = line.data or {}, self.archive.manifest
        name, position = data["series"], data["position"]
        head = next((head for head in manifest.series if head.series == name), None)
        if head is None:
            raise BackupDamaged(reason="series_missing", where=NAME)
        # A copied series continues from the source's first chain hash, which is its anchor.
        before, last = max(head.first, head.swept + 1) - 1, anchors.get(name) or genesis(manifest.company, name)
        if known := self.total.register.get(name):
            before, last = known.last, known.chain
        if position != before + 1:
            raise BackupDamaged(reason="gap", where=NAME)
        if link(last, data["hash"]) != data["chain"]:
            raise BackupDamaged(reason="chain", where=NAME)


def agree(total: Sum, series: Iterable[SeriesHead]) -> None:
    """Check that the register matches the registered documents: the same number, the same gross, and for each series
    every number that was issued and not purged, up to its chain hash. Raises Disagreement."""
    names = [document_type.backup_group for document_type in document_types() if document_type.registered]
    if sum(total.counts[name] for name in names) != total.counts["register"]:
        raise Disagreement("documents_and_entries")
    if sum(total.gross.get(name, 0) for name in names) != total.gross.get("register", 0):
        raise Disagreement("gross")
    known = {head.series: head for head in series}
    if any(stretch.entries and name not in known for name, stretch in total.register.items()):
        raise Disagreement("series_missing")
    for name, head in known.items():
        stretch = total.register.get(name)
        kept = head.next - max(head.first, head.swept + 1)
        if kept != (stretch.entries if stretch else 0):
            raise Disagreement("entries_missing")
        if stretch and kept and (stretch.last, stretch.chain) != (head.next - 1, head.chain):
            raise Disagreement("series_head")


class _Inputs(msgspec.Struct, frozen=True):
    """The inputs of a verification's job, as its row keeps them."""

    backup: str
    checked: VerifyProgress | None = None


@dataclass(frozen=True)
class Verification:
    """A verification: the progress, and at its end the outcome."""

    inputs: _Inputs
    total: int = 0
    """Rows of the backup, as its manifest states."""
    outcome: dict[str, Any] | None = None
    step: str = "check"
    failure: str | None = None


@dataclass(frozen=True)
class _VerificationContext:
    world: "World"
    job: JobRow


def _load(context: _VerificationContext) -> Verification:
    inputs = msgspec.json.decode(context.job.inputs, type=_Inputs)
    return Verification(inputs, context.job.total)


def _row(context: _VerificationContext, state: Verification) -> JobRow:
    checked, over = state.inputs.checked, state.outcome is not None
    return context.job.progressed(
        over=over,
        failed=state.failure is not None,
        inputs=msgspec.json.encode(state.inputs),
        outcomes=msgspec.json.encode([state.outcome] if over else []),
        done=state.total if over else sum(checked.counts.values()) if checked else 0,
        total=state.total,
    )


def _check_next(context: _VerificationContext, state: Verification, deadline: Deadline) -> Verification:
    """Verify the next piece of the backup; at its end record the result on the backup's row."""
    world, job, backup = context.world, context.job, state.inputs.backup
    archive = open_archive(world, job.company, backup)
    manifest = archive.manifest
    total = sum(manifest.counts.values())
    checked = check(archive, state.inputs.checked, deadline)
    if checked is not None:
        return replace(state, inputs=_Inputs(backup, checked), total=total)
    at = world.now()
    note(world, job.company, backup, at, verified_at=at)
    outcome = {
        "backup": backup,
        "verified_at": at.isoformat(),
        "parts": len(manifest.parts) + len(manifest.blobs),
        "counts": manifest.counts,
        **readable_groups(archive),
    }
    return replace(state, total=total, outcome=outcome, step=DONE)


def readable_groups(archive: Archive) -> dict[str, Any]:
    """The groups of a backup that can still be decrypted, and those whose key is destroyed. The latter were checked by
    their hashes alone."""
    held = [group for group in GROUPS if any(part.group == group.name for part in archive.manifest.parts)]
    classes = {key_class: archive.readable(key_class) for key_class in {group.key_class for group in held}}
    return {
        "readable": [group.name for group in held if classes[group.key_class]],
        "unreadable": [group.name for group in held if not classes[group.key_class]],
    }


def _failed(_: _VerificationContext, state: Verification, failure: Failure) -> Verification:
    params = failure.params if isinstance(failure, Refusal) else {}
    outcome = {"outcome": "failed", "code": failure.code, "backup": state.inputs.backup, **params}
    return replace(state, outcome=outcome, step=DONE, failure=failure.code)


WORKFLOW: Final = Workflow(
    name="verification",
    context=_VerificationContext,
    load=_load,
    row=_row,
    steps={"check": _check_next},
    failed=_failed,
)


def note(world: "World", company: str, backup: str, at: datetime, **what: object) -> None:
    """Record a result on a backup's row; skip a deleted row. Raises Busy."""
    while True:
        (row,) = world.store.records([Backup.ref(company, backup)])
        # A concurrent edit of the row must not lose this result.
        if not isinstance(row, Backup) or bookkeeping.save(world.store, row.edited(at, **what), row, world.random(16)):
            return
