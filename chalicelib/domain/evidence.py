"""Evidence: what a pass over the journal and the ledger found, and what a company's row remembers of the passes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from chalicelib.domain.entity import Record, entity, kept

Code = Literal[
    "journal_unreadable",
    "journal_changed",
    "journal_gap",
    "head_mismatch",
    "anchor_mismatch",
    "anchor_ahead",
    "ledger_emptied",
    "number_used_twice",
    "purge_unrecorded",
    "tail_cut",
    "row_unreadable",
    "row_changed",
    "row_unrecorded",
    "row_missing",
]
"""The codes of faults, the most telling first."""
Pass = Literal["series", "daily", "full"]


@dataclass(frozen=True)
class EvidenceFault:
    """One difference between the ledger, the journal and its anchors. `kind` and `id` name the row, `clock` the commit
    that the journal states."""

    code: Code
    kind: str | None = None
    id: str | None = None
    clock: int | None = None


@dataclass(frozen=True)
class Verdict:
    """The result of a pass at the company's clock `clock`, where the journal's hash is `chain`. `from_anchor` counts
    the rows whose entry the sweep removed: only the chain from the last anchor covers them. `faults` are the first
    ones of `found`. `anchored` is the clock of the newest anchor that was compared."""

    clock: int
    chain: str
    entries: int
    rows: int
    from_anchor: int
    found: int
    faults: tuple[EvidenceFault, ...]
    anchored: int | None = None

    @property
    def verified(self) -> bool:
        """Whether the pass found no fault."""
        return not self.found


@dataclass(frozen=True)
class Anchor:
    """A company's clock and its journal's hash, as an object of the locked archive states them for a day (ISO
    8601)."""

    day: str
    clock: int
    chain: str


BEGINNING: Final = Anchor("", 0, "")
"""The start of every journal."""


@entity("evidence", table="journal", prefix="cmp", sort="evidence")
class Evidence(Record):
    """The passes over a company's journal: the last full one, and the clock and hash that the next anchor takes. The
    row is due every night for the job `evidence`."""

    full_at: datetime | None = kept("journal.state", default=None)
    full_clock: int | None = kept("journal.clock", default=None)
    full_rows: int = kept("journal.state", default=0)
    full_from_anchor: int = kept("journal.state", default=0)
    full_found: int = kept("journal.state", default=0)
    full_code: str | None = kept("journal.state", default=None)
    """The code of the first fault of the last full pass; None if it found none."""
    daily_at: datetime | None = kept("journal.state", default=None)
    daily_code: str | None = kept("journal.state", default=None)
    noted_at: datetime | None = kept("journal.state", default=None)
    """The instant at which the night's step noted `noted_clock` and `noted_chain` for the next anchor."""
    noted_clock: int | None = kept("journal.clock", default=None)
    noted_chain: str | None = kept("journal.hash", default=None)
    recovered_at: datetime | None = kept("journal.state", default=None)
    """The instant at which an operator recorded that the tables were recovered to an earlier state. Anchors of days up
    to it are not compared."""
    due: str | None = kept("journal.state", default="evidence")
    due_at: datetime = kept("journal.state")
    attempts: int = kept("journal.state", default=0)


@entity("anchor_plan", table="journal", prefix="anc", sort="anchor_plan")
class AnchorPlan(Record):
    """The daily anchor of all companies. `through` is the instant of the last one, and `last_hash` its SHA-256 (hex).
    It belongs to no company."""

    through: datetime | None = kept("journal.state", default=None)
    last_hash: str | None = kept("journal.hash", default=None)
    due: str | None = kept("journal.state", default="evidence")
    due_at: datetime = kept("journal.state")
    attempts: int = kept("journal.state", default=0)
