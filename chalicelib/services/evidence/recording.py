"""The company's row of evidence: the results of passes, noted beside the journal."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import RetentionSchedule
from chalicelib.domain.entity import new_row
from chalicelib.domain.evidence import Anchor, Evidence, Verdict
from chalicelib.services.evidence.nights import next_night
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World


def new_evidence(company: str, at: datetime) -> Evidence:
    """The row of a company without passes. It is due in the next night."""
    return Evidence(**new_row(company, company, at), due_at=next_night(company, at))


def evidence_of(world: "World", company: str) -> Evidence | None:
    """The company's row of evidence. Raises Busy."""
    (row,) = world.store.records([Evidence.ref(company)])
    return row if isinstance(row, Evidence) else None


def noted(row: Evidence | None) -> Anchor | None:
    """The clock and chain that the last night noted, if any."""
    if row is None or row.noted_clock is None or row.noted_chain is None or row.noted_at is None:
        return None
    return Anchor(today(row.noted_at).isoformat(), row.noted_clock, row.noted_chain)


def note_full(world: "World", company: str, found: Verdict, at: datetime, since: datetime | None = None) -> None:
    """Note the result of a full pass at `at`, and count a broken one for the alarm. A run that was killed after its
    note finds the same result since its beginning, and leaves it. Raises Busy."""
    result: dict[str, Any] = {
        "full_clock": found.clock,
        "full_rows": found.rows,
        "full_from_anchor": found.from_anchor,
        "full_found": found.found,
        "full_code": found.faults[0].code if found.faults else None,
    }
    known = evidence_of(world, company) if since else None
    repeated = known is not None and since is not None and known.full_at is not None and known.full_at >= since
    if not repeated or any(getattr(known, name) != value for name, value in result.items()):
        note(world, company, full_at=at, **result)
    if not found.verified:
        world.telemetry.figures({"EvidenceBroken": 1})


def note(world: "World", company: str, **changes: Any) -> None:
    """Change the row, which is created if it is missing. Raises Busy."""
    while True:
        seen, at = evidence_of(world, company), world.now()
        after = (seen or new_evidence(company, at)).edited(at, **changes)
        if bookkeeping.swap(world.store, after, seen, world.random(16)):
            return


def note_recovery(world: "World", company: str) -> None:
    """Note that the tables were recovered to an earlier state: anchors up to now state commits that are lost. Raises
    Busy."""
    note(world, company, recovered_at=world.now(), noted_at=None, noted_clock=None, noted_chain=None)


def adopt(world: "World") -> int:
    """Create the rows of the companies that lack one; return their number. Each company has a row of retention, which
    the index of due rows lists. Raises Busy."""
    made = 0
    for row in bookkeeping.all_scheduled(world.store, RetentionSchedule.TABLE, "retention"):
        if isinstance(row, RetentionSchedule):
            new = new_evidence(row.company, world.now())
            made += bookkeeping.swap(world.store, new, None, world.random(16))
    return made
