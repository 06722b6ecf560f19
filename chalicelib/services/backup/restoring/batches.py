"""Walking through a backup, a transaction's worth of rows at a time, from wherever an earlier run stopped."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.domain.entity import Record, Ref
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.services.backup.format.kinds import NAMES, Place, wanted
from chalicelib.services.backup.restoring.merge import Merged, Outcome, beside, leader, merged
from chalicelib.services.backup.restoring.replay import Replay
from chalicelib.services.backup.verify import Checked, check
from chalicelib.services.exports.tables import Written
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.services.backup.format.archive import Archive
    from chalicelib.services.backup.format.lines import Line

MOST_ROWS = 96
"""Of a transaction's 100: the head, the answer or the entry, and what is read beside."""
MOST_BYTES = 1_500_000
"""Of rows as JSON: stored they are read and written again, and a transaction carries 4 MB."""


@dataclass(frozen=True)
class Progress:
    """How far a restore is, as its job's row keeps it."""

    step: str = "verify"
    checked: Checked | None = None
    """Of the step "verify": what was read so far."""
    cursor: str | None = None
    """Where the step goes on; each step knows what it means."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """By kind (`kinds.NAMES`) and outcome."""
    rows: int = 0
    total: int = 0
    """Rows of the backup: looked at, and to be."""
    gross: dict[str, str] = field(default_factory=dict)
    """Of a drill: dirhams stored aside so far, by kind."""
    found: int = 0
    """What the present pass of the search for erased subjects has met."""
    failure: str | None = None
    written: Written | None = None
    """Of a plain ZIP: what of it is made."""
    since: str = ""
    """The `Replay.mark` that it is made by."""

    def verified(self, archive: "Archive", deadline: Deadline, then: str, **changes: Any) -> "Progress":
        """After the next piece of the archive's verification: with `changes` in the step `then`, once all of it was
        read. Raises what `verify.check` does."""
        checked = check(archive, self.checked, deadline)
        if checked is not None:
            return replace(self, checked=checked)
        return replace(self, step=then, checked=None, **changes)

    def counted(self, outcomes: Mapping[tuple[str, str], int], rows: int) -> "Progress":
        """With these outcomes added, by kind and outcome, of so many rows of the backup."""
        counts = {kind: dict(known) for kind, known in self.counts.items()}
        for (kind, outcome), number in outcomes.items():
            own = counts.setdefault(kind, {})
            own[outcome] = own.get(outcome, 0) + number
        return replace(self, counts=counts, rows=self.rows + rows)


@dataclass(frozen=True)
class Batch:
    """Rows to be merged in one transaction, those of them that do not come back, and where the batch ends."""

    records: tuple[Record, ...]
    stay: Mapping[tuple[str, str], int]
    rows: int
    last: tuple[str, str]
    swept: bool = False
    """Whether documents have left at their term: what goes with one that is not there stays away, too."""

    @property
    def refs(self) -> list[Ref]:
        """Every row that decides what is done with these."""
        own = [ref for record in self.records for ref in beside(record)]
        return list(dict.fromkeys([*own, *(led for record in self.records if (led := self._leader(record)))]))

    def _leader(self, record: Record) -> Ref | None:
        return leader(record) if self.swept else None

    def merged(self, rows: Mapping[Ref, Record | None], at: datetime) -> list[tuple[Record, Merged]]:
        """What is done with each, given the rows that are there now."""
        there = {record.key for record in self.records} | {ref for ref, row in rows.items() if row is not None}
        return [
            (
                record,
                Merged("expired") if (led := self._leader(record)) and led not in there else merged(record, rows, at),
            )
            for record in self.records
        ]

    def halves(self) -> "tuple[Batch, Batch]":
        """The same in two: the first without what stays away, since it is counted once."""
        middle = len(self.records) // 2
        first = replace(self, records=self.records[:middle], stay={}, rows=0)
        return first, replace(self, records=self.records[middle:])


@dataclass(frozen=True)
class Walk:
    """Which rows of which backup, as whose they come back (`rekeyed` makes them so), and what is done to each first."""

    archive: "Archive"
    source: str
    chosen: frozenset[Place]
    replay: Replay
    rekeyed: Callable[[Record], Record] = lambda record: record
    group: str | None = None
    """One group alone."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups in which such rows lie, in their order."""
        named = (g for g in GROUPS if self.group in (None, g.name))
        return tuple(g.name for g in named if any((g.room, kind) in self.chosen for kind in g.kinds))

    def batches(self, after: str | None) -> Iterator[Batch]:
        """Batches from the place that a batch's `last` names (as `place_of` writes it)."""
        start = tuple(after.split("\x1f", 1)) if after else None
        pending = _Pending(self)
        for line in self.archive.rows(self.groups, after=start):  # type: ignore[arg-type]
            if wanted(self.chosen, (line.room, line.kind), line.data or {}) and (full := pending.taken(line)):
                yield full
        if pending.rows:
            yield pending.ended()


def place_of(batch: Batch) -> str:
    """Where a batch ends, as text."""
    return "\x1f".join(batch.last)


class _Pending:
    """A batch that is being filled."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self._begin()

    def _begin(self) -> None:
        self.records: list[Record] = []
        self.stay: Counter[tuple[str, str]] = Counter()
        self.refs = self.size = self.rows = 0
        self.last = ("", "")

    def taken(self, line: "Line") -> Batch | None:
        """Put a row in; the batch before it, where that was full."""
        record = line.record(self.walk.source)
        back = self.walk.replay.replayed(record)
        if back is None:
            self._note(line)
            self.stay[NAMES[line.room, line.kind], self._why(record)] += 1
            return None
        back = self.walk.rekeyed(back)
        refs, size = len(beside(back)) + (self.walk.replay.swept is not None), len(msgspec.json.encode(line.data))
        full = self.rows and (self.refs + refs > MOST_ROWS or self.size + size > MOST_BYTES)
        ended = self.ended() if full else None
        self.records.append(back)
        self.refs, self.size = self.refs + refs, self.size + size
        self._note(line)
        return ended

    def _why(self, record: Record) -> Outcome:
        return "expired" if self.walk.replay.expired(record) else "erased"

    def _note(self, line: "Line") -> None:
        self.rows += 1
        self.last = (line.group, line.sort)

    def ended(self) -> Batch:
        """The batch as it is; the next one begins."""
        swept = self.walk.replay.swept is not None
        batch = Batch(tuple(self.records), dict(self.stay), self.rows, self.last, swept)
        self._begin()
        return batch


def outcomes(batch: Batch, found: Sequence[tuple[Record, Merged]]) -> Counter[tuple[str, str]]:
    """What came of a batch, by kind and outcome."""
    counted: Counter[tuple[str, str]] = Counter(batch.stay)
    counted.update((NAMES[record.ROOM, record.KIND], done.outcome) for record, done in found)
    return counted
