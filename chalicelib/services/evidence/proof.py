"""The proof of a ledger: each of its rows against the digest that its last commit put into the journal's chain.

A `Proof` first reads the journal's entries in order, then the rows. It knows no table and no file: the passes over the
live tables, over a backup and over an auditor's export give it entries and rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from sys import intern
from typing import Final, get_args

from chalicelib.domain.canonical import canonical, salted_digest
from chalicelib.domain.companies.company import Series
from chalicelib.domain.documents.model import Registered
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import Record
from chalicelib.domain.evidence import Anchor, Code, EvidenceFault, Verdict
from chalicelib.domain.journal import Change, JournalEntry, sort_of

LEDGER: Final = "ledger"
MOST_FAULTS: Final = 50
"""Faults that a verdict names. It counts all."""
RECOVERY: Final = "raise_clock "
"""Begins the verb of the commit that skips clocks after a recovery of the tables (`infra.disaster`)."""
ORDER: Final = {code: place for place, code in enumerate(get_args(Code))}
UNSTATED: Final = b""
RowName = tuple[str, str]
"""A row by its kind and id. A company uses an id once in a kind."""


@dataclass(slots=True)
class Committed:
    """The last commit of a row: its clock, the row's digest (None: the commit deleted it; `UNSTATED`: the entry has
    none), and its sort key if kind and id do not determine it. One of each row is in memory."""

    clock: int
    digest: bytes | None
    sort: str | None
    met: bool = False


def sort_at(name: RowName, committed: Committed) -> str | None:
    """The sort key of a row of the ledger; None if the journal does not state it, or for a kind that is no more."""
    kind, id = name
    return sort_of(Change(kind=kind, id=id, room=LEDGER, op="put", sort=committed.sort))


def entry_hash(entry: JournalEntry) -> str:
    """The hash of an entry (hex): SHA-256 over its canonical content without the hash."""
    return salted_digest(b"", canonical(replace(entry, hash=""))).hex()


class Proof:
    """Compares a company's ledger with its journal.

    With `since`, the journal is read from the commit after that anchor on, and only rows that those commits touched are
    compared. `anchors` are compared with the entries at their clocks. `judged` limits the kinds of rows (None: all).
    """

    def __init__(
        self, *, since: Anchor | None = None, anchors: Sequence[Anchor] = (), judged: frozenset[str] | None = None
    ) -> None:
        self.since, self.judged = since, judged
        self.anchors = {anchor.clock: anchor for anchor in anchors}
        self.clock = since.clock if since else 0
        self.chain = since.chain if since else ""
        self.first: JournalEntry | None = None
        self.committed: dict[RowName, Committed] = {}
        self.entries = self.rows = self.from_anchor = 0
        self.compared: int | None = since.clock if since and since.clock else None
        """The clock of the newest anchor that agrees."""
        self.complete = False
        """Whether everything was read and compared."""
        self._faults: dict[RowName | int, EvidenceFault] = {}
        self._series: dict[str, Series] = {}
        self._numbers: dict[tuple[str, int], RowName] = {}
        self._purged = 0

    def fault(self, code: Code, name: RowName | None = None, clock: int | None = None) -> None:
        """Record a fault of a row, or of the journal at a clock."""
        kind, id = name or (None, None)
        self._faults.setdefault(name or -len(self._faults) - 1, EvidenceFault(code, kind, id, clock))

    def entry(self, entry: JournalEntry) -> None:
        """Read the next entry of the journal. Clocks may skip numbers after a recovery of the tables; the chain never
        does."""
        if self.entries == 0 and self.since is None:
            self.first = entry
            linked = entry.clock > 1 or not entry.previous
        else:
            linked = entry.previous == self.chain
        expected = entry_hash(entry)
        if not linked and entry.clock != self.clock + 1:
            self.fault("journal_gap", clock=self.clock + 1)
        elif not linked or entry.hash != expected:
            self.fault("journal_changed", clock=entry.clock)
        self._anchored(entry.clock, expected)
        self.clock, self.chain = entry.clock, entry.hash
        self.entries += 1
        for change in entry.changes:
            self._change(entry, change)

    def _anchored(self, clock: int, expected: str) -> None:
        """Compare the anchors up to a clock with the entry there. An anchor between two entries names a commit that is
        gone; one before the first entry cannot be compared."""
        for anchor in self.anchors.values():
            if self.clock < anchor.clock <= clock and (self.entries or anchor.clock == clock):
                if (anchor.clock, anchor.chain) == (clock, expected):
                    self.compared = anchor.clock
                else:
                    self.fault("anchor_mismatch", clock=anchor.clock)

    def _change(self, entry: JournalEntry, change: Change) -> None:
        if change.room == LEDGER:
            digest = None if change.op == "delete" else bytes.fromhex(change.hash) if change.hash else UNSTATED
            self.committed[intern(change.kind), change.id] = Committed(entry.clock, digest, change.sort)
        elif change.kind == JournalEntry.KIND and change.op == "delete" and change.sort:
            self._purged = max(self._purged, int(change.sort.rpartition("#")[2]))

    def journal_ended(self, clock: int, chain: str) -> None:
        """Compare the journal's last entry with the company's head, and its first one with the sweep that removed the
        entries before it."""
        if (self.clock, self.chain) != (clock, chain):
            self.fault("head_mismatch", clock=clock)
        if self.first is not None and self.first.clock - 1 > self._purged and not self._skipped(self.first):
            self.fault("journal_gap", clock=self._purged + 1)
        for anchor in self.anchors.values():
            if anchor.clock > clock:
                self.fault("anchor_ahead", clock=anchor.clock)

    def _skipped(self, first: JournalEntry) -> bool:
        """Whether the first entry is that of a recovery, which skips clocks, and the entries before it were purged."""
        return first.verb.startswith(RECOVERY) and self._purged > 0

    def row(self, record: Record, sort: str, salt: bytes) -> None:
        """Compare a row of the ledger, which lies at `sort`."""
        self.rows += 1
        if isinstance(record, Series):
            self._series[record.id] = record
        name = (record.KIND, record.id)
        committed = self.committed.get(name)
        if committed is not None:
            committed.met = True
        if fault := self._judged(record, sort, salt, committed):
            self.fault(fault, name, committed.clock if committed else None)
        self._numbered(record, name)

    def _judged(self, record: Record, sort: str, salt: bytes, committed: Committed | None) -> Code | None:
        if (committed is None and self.since is not None) or self._covered(record, committed):
            return None
        if committed is None or committed.digest is None:
            return "row_unrecorded"
        same = sort == record.key.sort and salted_digest(salt, canonical(record)) == committed.digest
        return None if same else "row_changed"

    def _covered(self, record: Record, committed: Committed | None) -> bool:
        """Whether the journal no longer states, or never stated, the digest of a row, so that only the chain from the
        last anchor covers it. Counts such rows."""
        covered = self._before_journal(record.updated_at) if committed is None else committed.digest == UNSTATED
        self.from_anchor += covered
        return covered

    def _before_journal(self, at: datetime) -> bool:
        """Whether the entry of a row that was written at this instant was purged."""
        return self.first is not None and self.first.clock > 1 and at <= self.first.created_at

    def _numbered(self, record: Record, name: RowName) -> None:
        """Name a document under a number that the register gives to another one."""
        if isinstance(record, Registered) and name in self._faults:
            self._numbers[record.series, record.position] = name
        elif isinstance(record, RegisterEntry):
            other = self._numbers.get((record.series, record.position))
            if other is not None and other[1] != record.document:
                self._faults[other] = replace(self._faults[other], code="number_used_twice")

    def digest(self, kind: str, id: str, digest: str) -> None:
        """Compare the digest (hex) of a row whose content is withheld."""
        self.rows += 1
        committed = self.committed.get((kind, id))
        if committed is None:
            self.fault("row_unrecorded", (kind, id))
            return
        committed.met = True
        if committed.digest is None or committed.digest.hex() != digest:
            self.fault("row_changed", (kind, id), committed.clock)

    def unreadable(self, kind: str, sort: str) -> None:
        """A row of the ledger that is no record."""
        self.rows += 1
        for name, committed in self.committed.items():
            if sort_at(name, committed) == sort:
                committed.met = True
                self.fault("row_unreadable", name, committed.clock)
                return
        self.fault("row_unreadable", (kind, sort))

    def ended(self) -> None:
        """Find the rows that the journal states and that were not met."""
        missing = [
            name
            for name, committed in self.committed.items()
            if committed.digest is not None and not committed.met and (self.judged is None or name[0] in self.judged)
        ]
        if missing and not self.rows and self.since is None:
            self.fault("ledger_emptied", clock=self.clock)
        for name in missing:
            committed = self.committed[name]
            self.fault(self._missing(committed), name, committed.clock)

    def _missing(self, committed: Committed) -> Code:
        """Why a row is missing: a register entry beyond its series' end, before its first number, or another row."""
        kind, _, rest = (committed.sort or "").partition("#")
        series, _, position = rest.rpartition("#")
        head = self._series.get(series)
        if kind != "register" or head is None:
            return "row_missing"
        if int(position) >= head.next:
            return "tail_cut"
        return "purge_unrecorded" if int(position) <= head.swept else "row_missing"

    def again(self, name: RowName, record: Record | None, salt: bytes = b"") -> None:
        """Judge a row that later commits touched, as it is now, in place of what was known of it."""
        self._faults.pop(name, None)
        committed = self.committed[name]
        if record is not None:
            if fault := self._judged(record, sort_at(name, committed) or record.key.sort, salt, committed):
                self.fault(fault, name, committed.clock)
        elif committed.digest is not None:
            self.fault(self._missing(committed), name, committed.clock)

    @property
    def verdict(self) -> Verdict:
        """The findings of the proof."""
        faults = sorted(self._faults.values(), key=lambda fault: (ORDER[fault.code], fault.clock or 0))
        return Verdict(
            clock=self.clock,
            chain=self.chain,
            entries=self.entries,
            rows=self.rows,
            from_anchor=self.from_anchor,
            found=len(faults),
            faults=tuple(faults[:MOST_FAULTS]),
            anchored=self.compared,
        )
