"""Read a backup in batches of one transaction each, from the cursor of an earlier run."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.overpaid import excess_of
from chalicelib.domain.documents.registry import by_kind
from chalicelib.domain.entity import Record, Ref, RowKind
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.services.backup.format.kinds import NAMES, is_selected
from chalicelib.services.backup.restoring.merge import Merged, MergeOutcome, leader, merged, related
from chalicelib.services.backup.restoring.replay import Replay
from chalicelib.services.backup.verify import VerifyProgress, check
from chalicelib.services.exports.tables import ZipProgress
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.services.backup.format.archive import Archive
    from chalicelib.services.backup.format.lines import BackupLine

MOST_ROWS = 94
"""Rows per batch, and a balance after its document with at most 2. The other 4 of a transaction's 100 items are
bookkeeping."""
MOST_BYTES = 1_500_000
"""Bytes of rows as JSON. A transaction carries 4 MB, and stored rows are read and written."""


@dataclass(frozen=True)
class RestoreProgress:
    """The progress of a restore, as its job's row stores it."""

    step: str = "verify"
    checked: VerifyProgress | None = None
    """The progress of the step "verify"."""
    cursor: str | None = None
    """The cursor of the present step, in that step's own format."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Counts of rows by kind (`kinds.NAMES`) and outcome."""
    rows: int = 0
    total: int = 0
    """Rows of the backup: `rows` are processed, `total` are all."""
    gross: dict[str, str] = field(default_factory=dict)
    """Dirhams in the drill tables so far, by kind."""
    found: int = 0
    """Rows of erased subjects found in the present pass."""
    failure: str | None = None
    written: ZipProgress | None = None
    """The progress of a plain ZIP."""
    since: str = ""
    """The `Replay.digest` that the ZIP applies."""
    unstated: int | None = None
    """Restored documents whose balance lacks something that the step "balances" adds, at least. None: a run of an
    earlier version did not count them."""
    unmatched: str = ""
    """The last restored document, while its balance may still follow."""

    def verified(self, archive: "Archive", deadline: Deadline, then: str, **changes: Any) -> "RestoreProgress":
        """The progress after the next piece of the verification. After the last piece it moves to the step `then` with
        `changes`. Raises the errors of `verify.check`."""
        checked = check(archive, self.checked, deadline)
        if checked is not None:
            return replace(self, checked=checked)
        return replace(self, step=then, checked=None, **changes)

    def counted(self, outcomes: Mapping[tuple[str, str], int], rows: int) -> "RestoreProgress":
        """The progress plus these outcomes, by kind and outcome, of `rows` rows of the backup."""
        counts = {kind: dict(known) for kind, known in self.counts.items()}
        for (kind, outcome), number in outcomes.items():
            own = counts.setdefault(kind, {})
            own[outcome] = own.get(outcome, 0) + number
        return replace(self, counts=counts, rows=self.rows + rows)

    def matched(self, written: Sequence[Record]) -> "RestoreProgress":
        """The progress plus the documents of a batch whose balance is missing or incomplete. `written` are the ledger's
        rows as they are after the batch. A balance follows its document, perhaps in the next batch."""
        if self.unstated is None:
            return self
        unstated, unmatched = self.unstated, self.unmatched
        document: Issued | None = None
        for row in written:
            if isinstance(row, Balance):
                unstated += not _complete(row, document)
                unmatched = "" if unmatched == row.id else unmatched
            elif isinstance(row, Issued) and by_kind(row.KIND).balance:
                unstated += bool(unmatched)
                document, unmatched = row, row.id
        return replace(self, unstated=unstated, unmatched=unmatched)

    def all_matched(self) -> "RestoreProgress":
        """The progress after the last batch: no balance follows any more."""
        if self.unstated is None:
            return self
        return replace(self, unstated=self.unstated + bool(self.unmatched), unmatched="")


@dataclass(frozen=True)
class Batch:
    """Rows to merge in one transaction, rows that do not return, and the batch's end."""

    records: tuple[Record, ...]
    skipped: Mapping[tuple[str, str], int]
    rows: int
    last: tuple[str, str]
    swept: bool = False
    """Whether documents were purged at their term. A row that depends on a missing document then stays away too."""

    @property
    def refs(self) -> list[Ref]:
        """Every row that decides the merge of these rows."""
        own = [ref for record in self.records for ref in related(record)]
        return list(dict.fromkeys([*own, *(led for record in self.records if (led := self._leader(record)))]))

    def _leader(self, record: Record) -> Ref | None:
        return leader(record) if self.swept else None

    def merged(self, rows: Mapping[Ref, Record | None], at: datetime) -> list[tuple[Record, Merged]]:
        """The merge of each row with the present rows."""
        there = {record.key for record in self.records} | {ref for ref, row in rows.items() if row is not None}
        return [
            (
                record,
                Merged("expired") if (led := self._leader(record)) and led not in there else merged(record, rows, at),
            )
            for record in self.records
        ]

    def halves(self) -> "tuple[Batch, Batch]":
        """Two halves of the batch. The first half counts the rows that do not return, so that they are counted once."""
        middle = len(self.records) // 2
        first = replace(self, records=self.records[:middle], skipped={}, rows=0)
        return first, replace(self, records=self.records[middle:])


@dataclass(frozen=True)
class SelectedRows:
    """The selected rows of a backup, the company that they return to (`rekeyed` sets it), and the change to each before
    the merge."""

    archive: "Archive"
    source: str
    chosen: frozenset[RowKind]
    replay: Replay
    rekeyed: Callable[[Record], Record] = lambda record: record
    group: str | None = None
    """The only group to read; None for all."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that hold selected rows, in order."""
        named = (g for g in GROUPS if self.group in (None, g.name))
        return tuple(g.name for g in named if any((g.table, kind) in self.chosen for kind in g.kinds))

    def batches(self, after: str | None) -> Iterator[Batch]:
        """Yield the batches after a cursor of `batch_cursor` (None: all batches)."""
        start = tuple(after.split("\x1f", 1)) if after else None
        pending = _Pending(self)
        for line in self.archive.rows(self.groups, after=start):  # type: ignore[arg-type]
            if is_selected(self.chosen, (line.table, line.kind), line.data or {}) and (full := pending.taken(line)):
                yield full
        if pending.rows:
            yield pending.ended()


def batch_cursor(batch: Batch) -> str:
    """The end of a batch, as a cursor."""
    return "\x1f".join(batch.last)


class _Pending:
    """A batch being filled."""

    def __init__(self, selected: SelectedRows) -> None:
        self.selected = selected
        self._begin()

    def _begin(self) -> None:
        self.records: list[Record] = []
        self.skipped: Counter[tuple[str, str]] = Counter()
        self.refs = self.size = self.rows = 0
        self.last = ("", "")

    def taken(self, line: "BackupLine") -> Batch | None:
        """Add a row; return the previous batch if it was full."""
        record = line.record(self.selected.source)
        back = self.selected.replay.replayed(record)
        if back is None:
            self._note(line)
            self.skipped[NAMES[line.table, line.kind], self._why(record)] += 1
            return None
        back = self.selected.rekeyed(back)
        refs, size = len(related(back)) + (self.selected.replay.swept is not None), len(msgspec.json.encode(line.data))
        full = self.refs + refs > MOST_ROWS or self.size + size > MOST_BYTES
        # A balance is judged together with its document, which precedes it.
        full = bool(self.rows) and full and not self._follows(back)
        ended = self.ended() if full else None
        self.records.append(back)
        self.refs, self.size = self.refs + refs, self.size + size
        self._note(line)
        return ended

    def _why(self, record: Record) -> MergeOutcome:
        return "expired" if self.selected.replay.expired(record) else "erased"

    def _follows(self, record: Record) -> bool:
        last = self.records[-1] if self.records else None
        return isinstance(record, Balance) and isinstance(last, Issued) and last.id == record.id

    def _note(self, line: "BackupLine") -> None:
        self.rows += 1
        self.last = (line.group, line.sort)

    def ended(self) -> Batch:
        """End the batch and begin the next one."""
        swept = self.selected.replay.swept is not None
        batch = Batch(tuple(self.records), dict(self.skipped), self.rows, self.last, swept)
        self._begin()
        return batch


def _complete(balance: Balance, document: Issued | None) -> bool:
    """Whether the step "balances" surely adds nothing. The excess of a credited balance needs its document."""
    if balance.owed is None:
        return False
    if document is None or document.id != balance.id:
        return not balance.vat
    return excess_of(document, balance) <= 0


def balanced(found: Sequence[tuple[Record, Merged]], rows: Mapping[Ref, Record | None]) -> tuple[Record, ...]:
    """The documents with a balance and the balances of a batch, as they are after its merge."""
    kept = [(record, done) for record, done in found if done.outcome in ("restored", "unchanged")]
    return tuple(
        row
        for record, done in kept
        if isinstance(record, Balance | Issued) and (row := done.puts[0] if done.puts else rows[record.key])
    )


def outcomes(batch: Batch, found: Sequence[tuple[Record, Merged]]) -> Counter[tuple[str, str]]:
    """The outcomes of a batch, by kind and outcome."""
    counted: Counter[tuple[str, str]] = Counter(batch.skipped)
    counted.update((NAMES[record.TABLE, record.KIND], done.outcome) for record, done in found)
    return counted
