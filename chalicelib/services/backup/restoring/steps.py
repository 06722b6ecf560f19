"""The steps of a restore after the company is closed: rows, registers, search for erased persons, opening.

Each step is bounded in time, repeatable, and saves its cursor. A drill runs the same steps in separate tables.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.domain.companies.company import Head, Series
from chalicelib.domain.documents.registry import in_register
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound, TransactionTooLarge
from chalicelib.domain.privacy.erased import joined, marked
from chalicelib.services.backup.format.kinds import NAMES
from chalicelib.services.backup.restoring.batches import (
    Batch,
    RestoreProgress,
    SelectedRows,
    balanced,
    batch_cursor,
    outcomes,
)
from chalicelib.services.backup.restoring.merge import issue_of, reached
from chalicelib.services.backup.restoring.replay import Replay
from chalicelib.services.documents import register
from chalicelib.store.conflicts import patiently
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, RowPage, Store, start_after
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE
from chalicelib.workflow.failure import StepFailed

if TYPE_CHECKING:
    from chalicelib.wiring import World

T = TypeVar("T")
Put = tuple[Mapping[tuple[str, str], int], tuple[Record, ...]]
"""The result of a batch: its outcomes, and the rows that `balanced` returns."""
PAGE = 45
"""Rows searched and corrected at once. Each may require another row."""
VERIFIED = 5_000
"""Numbers of a series verified between two saves of the progress."""
PREFIXES = tuple(sorted(f"{kind}#" for table, kind in NAMES if table == "workspace" and kind != "company"))


class NotClosedByRestore(StepFailed):
    """The company is not closed by this restore, or no longer."""

    code = "not_ours"


@dataclass(frozen=True)
class Into:
    """The target of the rows: tables, company, the job that closed it, and the journal's actor."""

    world: "World"
    store: Store
    company: str
    job: str
    actor: str

    def commit(self, reads: Sequence[Ref], decide: Callable[[Snapshot], Decision[T]]) -> T:
        """Commit for this restore. Raises NotOurs, Busy, TransactionTooLarge."""
        call = self.world.call(self.company, self.actor, "restore", key=f"{self.job}:{self.world.random(8).hex()}")

        def decide_guarded(snapshot: Snapshot) -> Decision[T]:
            if (snapshot.head.state, snapshot.head.restore) != ("restoring", self.job):
                raise NotClosedByRestore
            return decide(snapshot)

        return transact(self.store, call, reads, decide_guarded, SYSTEM_STEP).outcome

    def reader(self) -> Reader:
        """A reader of the closed company. Raises NotFound, Busy."""
        (head,) = patiently(lambda: self.store.records([Head.ref(self.company)]))
        if not isinstance(head, Head):
            raise NotFound
        return Reader(self.store, self.company, head)


def rows(into: Into, selected: SelectedRows, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    """Write the next rows; after the last one move to the next step. Raises the errors of the archive, Busy."""
    if progress.cursor is None:
        progress = replace(progress, unstated=0)
    for batch in selected.batches(progress.cursor):
        progress = replace(put(into, batch, progress), cursor=batch_cursor(batch))
        if deadline.passed:
            return progress
    return replace(progress.all_matched(), step="logos", cursor=None)


def put(into: Into, batch: Batch, progress: RestoreProgress) -> RestoreProgress:
    """Write one batch in one commit, or in two if it is too large. Unchanged rows are not written."""
    try:
        found, written = into.commit(batch.refs, _putting(into, batch))
    except TransactionTooLarge:
        if len(batch.records) < 2:
            raise
        for half in batch.halves():
            progress = put(into, half, progress)
        return progress
    return progress.counted(found, batch.rows).matched(written)


def _putting(into: Into, batch: Batch) -> Callable[[Snapshot], Decision[Put]]:
    at = into.world.now()

    def decide_batch(snapshot: Snapshot) -> Decision[Put]:
        refs = batch.refs
        rows = dict(zip(refs, snapshot.at(refs), strict=True))
        done = batch.merged(rows, at)
        head, changes = snapshot.head, dict[str, Any]()
        for record, _ in done:
            if isinstance(record, Series) and (change := reached(head, record)):
                head, changes = replace(head, **change), change
        puts = tuple(row for _, each in done for row in each.puts)
        return Decision((outcomes(batch, done), balanced(done, rows)), puts=puts, head=changes or None)

    return decide_batch


def registers(into: Into, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    """Recompute the chain of every series of the register from the stored rows. A fault is recorded; a restore cannot
    repair it."""
    reader = into.reader()
    rows = [row for row in reader.all("ledger", "series#") if isinstance(row, Series)]
    names = sorted(row.id for row in rows if in_register(row.document))
    name, _, after = (progress.cursor or "\x1f").rpartition("\x1f")
    for series in [each for each in names if each >= name]:
        position: int | None = int(after or 0) if series == name else 0
        while position is not None:
            found = register.verify(reader, series, 0, after=position, at_once=VERIFIED)
            if found.fault:
                return replace(progress, step="search", cursor=None, failure=progress.failure or "register_invalid")
            position = found.next
            if position is not None and deadline.passed:
                return replace(progress, cursor=f"{series}\x1f{position}")
    return replace(progress, step="search", cursor=None)


def search(into: Into, replay: Replay, progress: RestoreProgress, deadline: Deadline) -> RestoreProgress:
    """Search the restored working data for every erased subject, and correct the rows found. The step ends after a pass
    without a find. A draft that was issued since is deleted too."""
    begun = progress.cursor or PREFIXES[0]
    for prefix in [each for each in PREFIXES if each >= begun.partition("#")[0] + "#"]:
        after: str | None = begun if begun.startswith(prefix) and begun != prefix else None
        while True:
            page = _page(into, prefix, after)
            progress = replace(progress, found=progress.found + _put_right(into, replay, page.records))
            if page.next is None:
                break
            after = page.next["sort"]["S"]
            if deadline.passed:
                return replace(progress, cursor=after)
    return replace(progress, step="search" if progress.found else "open", cursor=None, found=0)


def _page(into: Into, prefix: str, after: str | None) -> RowPage:
    start = start_after(into.company, after) if after else None
    return patiently(
        lambda: into.store.query("workspace", into.company, SORT.startswith(prefix), after=start, limit=PAGE)
    )


def _put_right(into: Into, replay: Replay, found: Iterable[Record]) -> int:
    """Remove erased persons and issued drafts from a page; return the number of rows found."""
    met = [(row, issue_of(row)) for row in found if issue_of(row) or replay.names(row)]
    issues = [(row.key, issue) for row, issue in met if issue]
    issued = patiently(lambda: into.store.records([issue for _, issue in issues]))
    numbered = {key for (key, _), document in zip(issues, issued, strict=True) if document is not None}
    wrong = [row.key for row, _ in met if replay.names(row) or row.key in numbered]
    if not wrong:
        return 0
    at = into.world.now()

    def decide_removal(snapshot: Snapshot) -> Decision:
        now = [row for row in snapshot.at(wrong) if row is not None]
        gone = [row for row in now if replay.erases(row) or row.key in numbered]
        changed = [replay.unnamed(row).edited(at) for row in now if row not in gone and replay.unnamed(row) != row]
        return Decision(puts=tuple(changed), deletes=tuple(gone))

    into.commit(wrong, decide_removal)
    return len(wrong)


def reopen(into: Into, replay: Replay, progress: RestoreProgress, erased: bytes | None = None) -> RestoreProgress:
    """Open the company again. Its head must list the erased buyers, because it may come from a time before their
    erasure. `erased` are the digests on the source's head: they last as long as the documents, longer than a tombstone.
    A repetition after a crash finds the company open."""
    reader = into.reader()
    if reader.head.restore != into.job:
        return replace(progress, step=DONE)

    def decide_reopening(snapshot: Snapshot) -> Decision:
        erased_marks = joined(snapshot.head.erased, erased)
        for subject in sorted(replay.erased):
            erased_marks = marked(erased_marks, subject)
        return Decision(head={"state": "active", "restore": None, "erased": erased_marks})

    into.commit([], decide_reopening)
    return replace(progress, step=DONE)
