"""Examines a push before anything is stored: what is stored already, what is in conflict, what is refused.

The stored rows are read first, then the head, then the journal from the last pull up to that head. So a change that
precedes the read of a row is in the journal. A change that follows it is found by the transaction, which compares the
row with what was read here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import AlreadyIssued, ClockTooOld, Forbidden, InvalidContent, Refusal, invalid
from chalicelib.domain.sync.push import MOST_ENTRIES_SINCE_PULL, PushedRow, Rejection
from chalicelib.domain.sync.push_errors import ClockLost, PullFirst, RowReadOnly
from chalicelib.domain.sync.tables import BY_NAME, READ_ONLY
from chalicelib.services.commits import entries_after
from chalicelib.services.sync.created_only import WRITERS
from chalicelib.services.sync.pull import MOST_ENTRIES
from chalicelib.services.sync.rows import row_of
from chalicelib.services.sync.writers import Found, Parse, Planned, Writer, body_of
from chalicelib.store.read import Reader, open_company
from chalicelib.store.wire import Store

TOGETHER: Final = 100
"""Journal entries in one read."""
Touched = Mapping[str, int]
"""The last clock at which somebody changed a row since the device's last pull, by the row's id."""


@dataclass(frozen=True)
class PushRequest:
    """A push: the maker of a call for each of its transactions, the reader of its company, its rows, and what is known
    about its device.

    `last_pulled_at` is the clock of the device's last pull; None if each row states what the device assumes to be
    stored. `rebasing`: the device pulls everything anew after this push, so nothing may stop the push, and each
    conflict is a refused row. `may` tells whether the member may write a row. `parse` checks its content.
    """

    new_call: Callable[[], Call]
    reader: Reader
    rows: Sequence[PushedRow]
    device: str
    version: int
    parse: Parse
    may: Callable[[PushedRow], bool]
    last_pulled_at: int | None = None
    rebasing: bool = False

    @property
    def store(self) -> Store:
        """The tables."""
        return self.reader.store

    @property
    def company(self) -> str:
        """The company's id."""
        return self.reader.company


@dataclass(frozen=True)
class Examined:
    """The rows to store, those in conflict (each with the clock of the other change), and the refused ones. Further
    rows are stored already, or delete nothing."""

    planned: tuple[Planned, ...]
    conflicts: tuple[tuple[PushedRow, int], ...]
    rejected: tuple[Rejection, ...]


def rejection(row: PushedRow, refusal: Refusal) -> Rejection:
    """The refused row, with its first fault."""
    if isinstance(refusal, InvalidContent) and refusal.faults:
        fault = refusal.faults[0]
        return Rejection(row.table, row.id, fault.code, fault.pointer or None, fault.params)
    return Rejection(row.table, row.id, refusal.code, params=refusal.params)


def examine(request: PushRequest, rows: Iterable[PushedRow]) -> Examined:
    """Examine these rows of a push. Raises PullFirst, Busy."""
    known: list[PushedRow] = []
    rejected: list[Rejection] = []
    for row in rows:
        if refusal := _unwritable(request, row):
            rejected.append(rejection(row, refusal))
        else:
            known.append(row)
    refs = [WRITERS[row.table].identity(request.company, row) for row in known]
    found = request.store.batch([ref for own in refs for ref in own])
    reader = open_company(request.store, request.company)
    examination = _Examination(request, reader.head, _touched(request, reader))
    planned: list[Planned] = []
    for row, own in zip(known, refs, strict=True):
        examination.add(planned, row, tuple(found.get(ref) for ref in own))
    rejected += [rejection(each.row, each.refusal) for each in planned if each.refusal]
    free = tuple(each for each in planned if not each.refusal)
    return Examined(free, tuple(examination.conflicts), tuple(rejected))


def _unwritable(request: PushRequest, row: PushedRow) -> Refusal | None:
    """The refusal of a row that no device may write, or not this member."""
    try:
        _require_writable(request, row)
    except Refusal as refusal:
        return refusal
    return None


def _require_writable(request: PushRequest, row: PushedRow) -> None:
    if row.table not in BY_NAME:
        raise invalid("", "unknown_table", known=", ".join(BY_NAME))
    if row.table == "documents":
        raise AlreadyIssued
    if row.table not in WRITERS:
        raise RowReadOnly
    WRITERS[row.table].require_id(row)
    if not request.may(row):
        raise Forbidden


def _touched(request: PushRequest, reader: Reader) -> Touched | None:
    """The changes since the device's last pull. None if nobody can tell, so that the device must pull everything
    anew. Raises PullFirst."""
    after = request.last_pulled_at
    if after is None:
        return {}
    try:
        entries = [*islice(entries_after(reader, after, TOGETHER), MOST_ENTRIES)]
    except ClockTooOld:  # The pull would ask for a push first, so the push must not ask for a pull.
        return None
    if len(entries) <= MOST_ENTRIES_SINCE_PULL:
        return {change.id: entry.clock for entry in entries for change in entry.changes}
    if request.rebasing:
        return None
    raise PullFirst


class _Examination:
    """One look at the rows of a push."""

    def __init__(self, request: PushRequest, head: Head, touched: Touched | None) -> None:
        self.request = request
        self.head = head
        self.touched = touched
        self.call = request.new_call()
        self.conflicts: list[tuple[PushedRow, int]] = []

    def add(self, planned: list[Planned], row: PushedRow, found: Found) -> None:
        """Add the row to the planned ones or to the conflicts, unless there is nothing to do."""
        writer = WRITERS[row.table]
        known = any(found) if writer.only_creates else writer.stored(found) is not None
        if not known and not row.deletes and row.assumed is not None:  # It is deleted, or issued.
            self.conflicts.append((row, self.head.clock))
            return
        plan = self._existing if known else self._new
        try:
            each = plan(writer, Planned(row, found))
        except Refusal as refusal:
            each = Planned(row, found, refusal=refusal)
        if each is None:
            return
        if known and not writer.only_creates:
            clock = self._conflict(writer, each)
            if clock is not None and self.touched is not None and not self.request.rebasing:
                self.conflicts.append((row, clock))
                return
            if clock is not None:
                each = replace(each, refusal=ClockLost())
        planned.append(each)

    def _new(self, writer: Writer, planned: Planned) -> Planned | None:
        row = planned.row
        if row.deletes and not any(planned.found):
            return None
        touched = row.id in (self.touched or ())
        if row.deletes:
            writer.missing(row, planned.found, self.head, touched=touched)
            return None
        planned = replace(planned, content=self._parsed(writer, row, None))
        if writer.is_done(planned):
            return None
        writer.missing(row, planned.found, self.head, touched=touched)
        if self.touched is None and not row.created:
            raise ClockLost
        return planned

    def _existing(self, writer: Writer, planned: Planned) -> Planned | None:
        row, stored = planned.row, None
        if not writer.only_creates:
            stored = row_of(writer.stored(planned.found), self.head, self.request.version)
        fixed = stored is None or stored.get(READ_ONLY)
        if not row.deletes:
            content = self._parsed(writer, row, stored)
            if content is None:
                return None
            planned = replace(planned, content=content)
            if writer.same(planned, self.call, self.head, self.request.version):
                return None
        if fixed:
            raise RowReadOnly
        return planned

    def _parsed(self, writer: Writer, row: PushedRow, stored: Any) -> Any:
        """The content of a row, or of what it changes; None if it states what is stored. Raises InvalidContent."""
        body = body_of(writer.table, stored, row.cells or {}, self.request.version)
        return None if body is None else self.request.parse(row.table, row.id, body, stored is None)

    def _conflict(self, writer: Writer, planned: Planned) -> int | None:
        """The clock of a change that the row would overwrite unseen; None if there is none."""
        row = planned.row
        if self.request.last_pulled_at is None:
            stored = row_of(writer.stored(planned.found), self.head, self.request.version)
            assumed = row.assumed
            unseen = assumed is None or writer.table.changed(stored, assumed, self.request.version)
            return self.head.clock if unseen else None
        return self.head.clock if self.touched is None else self.touched.get(row.id)
