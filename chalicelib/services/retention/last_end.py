"""The end of a closed company: the rows that are left once its last statutory record is past its term.

These are the numbering and the rows that the sweep itself needs: the head, the series, the journal entries of the
sweeps, the notes of evidence and of the archive, and the schedule. They go together (ADR 0126).
"""

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import KeyDestruction
from chalicelib.domain.companies.company import Head, RetentionSchedule, Series
from chalicelib.domain.entity import Record
from chalicelib.domain.evidence import Evidence
from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.privacy.request import OPEN, PrivacyRequest, RequestDeadline
from chalicelib.files import prefixes
from chalicelib.store import bookkeeping, ending
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

Progress = Literal["stays", "going", "gone"]
"""stays: something is kept by its rule, or the company is not closed. going: call again."""
SWEEP: Final = ("retention", "sweep")
"""The actor and the verb of the purge's own commits."""
OWN: Final = (Archived, Evidence, Head, RetentionSchedule)
"""The rows of the journal's table that end with the company, besides the sweep's entries."""
SERIES: Final = 80
"""Series that one commit deletes."""
ENTRIES: Final = 1_000
"""Journal entries that one call deletes."""


def end(world: "World", schedule: RetentionSchedule) -> Progress:
    """Delete the next rows of a closed company of which nothing else is left. Raises Busy."""
    (head,) = world.store.records([Head.ref(schedule.company)])
    if isinstance(head, Head):
        return "going" if head.state == "closed" and _begin(world, head) else "stays"
    if not schedule.ended:
        return "stays"
    rows = world.store.all(JournalEntry.TABLE, schedule.company, SORT.startswith("entry#"))
    if entries := list(islice(rows, ENTRIES)):
        ending.delete_rows(world.store, entries)
        return "going"
    company = schedule.company
    others = world.store.records([Archived.ref(company), Evidence.ref(company)])
    ending.delete_rows(world.store, [row for row in others if row is not None])
    ending.delete_rows(world.store, [schedule])  # The last one: until then a killed run is repeated.
    return "gone"


def is_closed(world: "World", company: str) -> bool:
    """Whether the company is closed. Raises Busy."""
    (head,) = world.store.records([Head.ref(company)])
    return isinstance(head, Head) and head.state == "closed"


def _begin(world: "World", head: Head) -> bool:
    """Delete a part of the series, or the head after the last of them. False if something is kept, or if a commit came
    in between."""
    company, store = head.company, world.store
    series: list[Record] = []
    for row in store.all(Series.TABLE, company):
        if not isinstance(row, Series):
            return False
        series.append(row)
    if not (_only_sweeps(world, company) and _without_proofs(world, company)):
        return False
    if world.archive.holds(prefixes.of_company(prefixes.ARCHIVE, company)):
        return False
    clock = _note(world, company, series[:SERIES], last=len(series) <= SERIES)
    if len(series) > SERIES:
        return True
    return ending.delete_head(store, replace(head, clock=clock)) if clock == head.clock + 1 else False


def _only_sweeps(world: "World", company: str) -> bool:
    """Whether the journal's table has only what the purge itself needs. Each other commit is kept for its own term."""
    rows = world.store.all(JournalEntry.TABLE, company)
    return all(
        (row.actor, row.verb) == SWEEP if isinstance(row, JournalEntry) else isinstance(row, OWN) for row in rows
    )


def _without_proofs(world: "World", company: str) -> bool:
    """Whether no proof is left within its term. Removes what earlier releases left without an end: a request that was
    open when the account closed, and the destruction of a key when the cloud was turned off."""
    rows = [*world.store.all(PrivacyRequest.TABLE, company)]
    requests = {row.id for row in rows if isinstance(row, PrivacyRequest) and row.status not in OPEN}
    endless = [row for row in rows if _is_endless(row, requests)]
    for row in endless:
        bookkeeping.finish(world.store, row.key)
    return len(endless) == len(rows)


def _is_endless(row: Record, requests: set[str]) -> bool:
    if isinstance(row, KeyDestruction):
        return row.due is None and row.request not in requests
    return isinstance(row, RequestDeadline) or (isinstance(row, PrivacyRequest) and row.status in OPEN)


def _note(world: "World", company: str, series: list[Record], *, last: bool) -> int:
    """Delete series, and with the last of them note the end on the schedule. Return the company's clock after it."""
    call = world.call(company, *SWEEP, key="end")

    def decide_end(snapshot: Snapshot) -> Decision:
        schedule = snapshot.get(RetentionSchedule)
        if schedule is None:
            return Decision()
        noted = (schedule.edited(call.at, ended=call.at),) if last else ()
        return Decision(puts=noted, deletes=tuple(series))

    return transact(world.store, call, [RetentionSchedule.ref(company)], decide_end, SYSTEM_STEP).clock
