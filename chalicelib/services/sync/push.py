"""Stores a push of a device: conflicts first, then transactions in the order in which rows depend on each other.

Nothing is stored while one row is in conflict. A transaction is complete or absent. If a row changes after the first
transaction, the row is refused and the others are stored: a conflict says that nothing is stored. The rows of a push
that was cut are pushed again: what is stored already has equal content and makes no commit.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from chalicelib.domain.call import Call
from chalicelib.domain.companies.party import Party
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import Busy, InUse, Refusal, SynchronisationOff, TooLarge
from chalicelib.domain.journal import JobRow
from chalicelib.domain.sync.outcomes import IssueRequest
from chalicelib.domain.sync.push import Cost, PushedRow, Rejection, batches, stages
from chalicelib.domain.sync.push_errors import DraftRejected, PullFirst, RowChanged, SyncConflict
from chalicelib.services.parties.deletion import Use, uses_of
from chalicelib.services.records.duplicates import note_all_duplicates, note_duplicates
from chalicelib.services.sync import issue_requests
from chalicelib.services.sync.created_only import WRITERS, document_of
from chalicelib.services.sync.examine import PushRequest, examine, rejection
from chalicelib.services.sync.notices import put_notices
from chalicelib.services.sync.writers import Planned, RecordWriter, Unit
from chalicelib.store.conflicts import PATIENCE_SECONDS
from chalicelib.store.decision import DEVICE, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

ROW_BYTES: Final = 2_000
"""The bytes that a stored row has beyond the text of its content."""


class _RowsMoved(Exception):
    """A row changed after it was examined."""


@dataclass
class Pushed:
    """The outcome of a push: the company's clock after it, the refused rows, and those in conflict. `requests`: it held
    requests to issue, which may wait since an earlier push that was cut. `stored`: a transaction has stored a row."""

    clock: int
    requests: bool
    stored: bool = False
    rejected: list[Rejection] = field(default_factory=list)
    conflicts: list[tuple[PushedRow, int]] = field(default_factory=list)


def push(request: PushRequest) -> Pushed:
    """Store the rows of a push. Raises SynchronisationOff, SyncConflict, PullFirst, Busy, CompanyFull. With assumed
    rows instead of a clock, each row in conflict is left out, and SyncConflict is never raised."""
    if not request.reader.head.cloud_sync:
        raise SynchronisationOff
    pushed = Pushed(request.reader.head.clock, any(row.table == "issue_requests" for row in request.rows))
    remaining = {row.key: row for row in request.rows}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while remaining:
        try:
            examined = examine(request, remaining.values())
        except PullFirst:
            if not pushed.stored:
                raise
            pushed.rejected += [rejection(row, RowChanged()) for row in remaining.values()]
            break
        _add_conflicts(request, pushed, examined.conflicts)
        pushed.rejected += examined.rejected
        remaining = {planned.row.key: planned.row for planned in examined.planned}
        try:
            _Storing(request, pushed, remaining).store(examined.planned)
        except _RowsMoved:
            if time.monotonic() > deadline:
                raise Busy from None
    pushed.clock = max(pushed.clock, put_notices(request, pushed.rejected))
    return pushed


def _add_conflicts(request: PushRequest, pushed: Pushed, conflicts: Sequence[tuple[PushedRow, int]]) -> None:
    """Note rows in conflict. Raises SyncConflict for a push with a clock. If a part of it is stored, these rows are
    refused, and the device merges them after its next pull."""
    if request.last_pulled_at is None:
        pushed.conflicts += conflicts
    elif pushed.stored:
        pushed.rejected += [rejection(row, RowChanged()) for row, _ in conflicts]
    elif conflicts:
        raise SyncConflict(conflicts=[{"table": row.table, "id": row.id, "clock": clock} for row, clock in conflicts])


class _Storing:
    """Stores planned rows. Takes each stored or refused row from `remaining`."""

    def __init__(self, request: PushRequest, pushed: Pushed, remaining: dict[tuple[str, str], PushedRow]) -> None:
        self.request = request
        self.pushed = pushed
        self.remaining = remaining

    def store(self, planned: Iterable[Planned]) -> None:
        """Store all rows. Raises _RowsMoved, and leaves the rest in `remaining`."""
        for stage in stages(planned):
            rows = self._allowed(stage)
            note = self._note(rows)
            for batch in batches(rows, self._cost):
                self._store_split(batch, note)

    def _allowed(self, stage: Sequence[Planned]) -> list[Planned]:
        """The rows of a stage without those that earlier stages forbid."""
        rejected = {each.id for each in self.pushed.rejected if each.table == "drafts"}
        allowed, uses = [], self._uses(stage)
        for planned in stage:
            if planned.table == "issue_requests" and document_of(planned.row) in rejected:
                self._reject(planned, DraftRejected())
            elif (use := uses.get(planned.row.id)) and (use.drafts or use.debts):
                self._reject(planned, InUse(drafts=use.drafts, debts=use.debts))
            else:
                allowed.append(planned)
        return allowed

    def _uses(self, stage: Sequence[Planned]) -> dict[str, Use]:
        """The use of each party that a stage deletes."""
        parties = [each.row.id for each in stage if each.deletes and each.table in ("customers", "suppliers")]
        return uses_of(self.request.reader, parties)

    def _reject(self, planned: Planned, refusal: Refusal) -> None:
        self.pushed.rejected.append(rejection(planned.row, refusal))
        del self.remaining[planned.row.key]

    def _note(self, rows: Sequence[Planned]) -> Callable[[Any], Any]:
        """The function that notes on each written party the attributes that another one shares."""
        writer = WRITERS[rows[0].table] if rows else None
        if not isinstance(writer, RecordWriter) or writer.resource.observe is not note_duplicates:
            return lambda record: record
        contents = {planned.row.id: planned.content for planned in rows if not planned.deletes}
        party: type[Party] = writer.resource.cls
        return note_all_duplicates(self.request.store, party, self.request.company, contents)

    def _cost(self, planned: Planned) -> Cost:
        """The share of a transaction that a row takes."""
        found = [record for record in planned.found if record is not None]
        size = sum(len(msgspec.json.encode(record)) for record in found) + len(msgspec.json.encode(planned.row.cells))
        return Cost(self._reads(planned), 4 if planned.table == "payments" else 1, size + ROW_BYTES)

    def _reads(self, planned: Planned) -> tuple[Ref, ...]:
        writer, company = WRITERS[planned.table], self.request.company
        return (*writer.identity(company, planned.row), *writer.related(company, planned))

    def _store_split(self, batch: list[Planned], note: Callable[[Any], Any]) -> None:
        """Store a batch; if it does not fit into a transaction, its halves."""
        try:
            self._store(batch, note)
        except TooLarge as refusal:
            if len(batch) == 1:
                self._reject(batch[0], refusal)
                return
            half = len(batch) // 2
            self._store_split(batch[:half], note)
            self._store_split(batch[half:], note)

    def _store(self, batch: list[Planned], note: Callable[[Any], Any]) -> None:
        request, call = self.request, self.request.new_call()

        def decide_batch(snapshot: Snapshot) -> Decision[list[Rejection]]:
            if not snapshot.head.cloud_sync:
                raise SynchronisationOff
            for each in batch:
                identity = WRITERS[each.table].identity(request.company, each.row)
                if tuple(snapshot.at(identity)) != each.found:
                    raise _RowsMoved
            unit = Unit(snapshot, call, note)
            refused = [rejection(each.row, refusal) for each in batch if (refusal := _written(unit, each))]
            unit.puts += _queue(snapshot, call, unit)
            return unit.decision(refused)

        reads = [ref for planned in batch for ref in self._reads(planned)]
        committed = transact(request.store, call, reads, decide_batch, DEVICE)
        self.pushed.clock = max(self.pushed.clock, committed.clock)
        self.pushed.rejected += committed.outcome
        self.pushed.stored |= len(committed.outcome) < len(batch)
        for planned in batch:
            del self.remaining[planned.row.key]


def _written(unit: Unit, planned: Planned) -> Refusal | None:
    """Write a row into the unit. Returns the refusal that prevents it."""
    try:
        WRITERS[planned.table].write(unit, planned)
    except Refusal as refusal:
        if refusal.passing:
            raise
        return refusal
    return None


def _queue(snapshot: Snapshot, call: Call, unit: Unit) -> list[Record]:
    """The queue with the unit's requests to issue; nothing without one."""
    requests = [row for row in unit.new if isinstance(row, IssueRequest)]
    if not requests:
        return []
    queue = snapshot.get(JobRow, issue_requests.queue_id(call.company))
    return [issue_requests.queued(queue, call, requests)]
