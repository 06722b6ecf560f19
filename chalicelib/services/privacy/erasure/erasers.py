"""Count and carry out each measure of an erasure in its store, a bounded part at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.domain.attachments.attachment import Attachment
from chalicelib.domain.clock import today
from chalicelib.domain.contact.support import SupportMessage, Thread
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.privacy.erased import unnamed
from chalicelib.domain.privacy.request import Measure, PrivacyRequest
from chalicelib.files import erase as files
from chalicelib.files import prefixes
from chalicelib.files.objects import Files
from chalicelib.policy.load import current
from chalicelib.services.attachments.rows import counts_without, files_of
from chalicelib.store import erase as store
from chalicelib.store.codec import Row, from_row
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World

PAGES, ROWS = 40, 1_000
"""Pages counted and rows erased between two checks of the deadline."""
TOGETHER = 20
"""Rows of an open company that one commit changes."""
TAKING = ("delete", "anonymise")
OPEN_TABLES = ("workspace", "identity")
"""Tables with a complete change journal, so that devices and backups learn of an erasure in an open company."""


def counted(world: "World", request: PrivacyRequest, pages: int = PAGES) -> PrivacyRequest:
    """The request with its next table counted, as far as `pages` allow. Nothing is stored."""
    begun, _, after_sort = (request.cursor or "").partition(":")
    uncounted = (i for i, measure in enumerate(request.measures) if measure.found is None)
    first = request.measures[int(begun) if begun else next(uncounted)]
    own = [i for i, m in enumerate(request.measures) if (m.store, m.place) == (first.store, first.place)]
    if first.store == "files":
        if not _erases_all_files(request, first):
            return _uncounted(request, own[0])
        return _with(request, {own[0]: files.count(_bucket(world, first), first.place, request.company)}, own, None)
    found, after = store.census(
        world.store,
        first.place,
        request.company,
        after=after_sort or None,
        pages=pages,
        complete=request.subject is not None,
        sort=lambda row: _measure_of(request, own, row),
    )
    known = {i: (request.measures[i].found or 0) + found[str(i)] for i in own}
    return _with(request, known, own, f"{own[0]}:{after}" if after else None)


def files_within(world: "World", request: PrivacyRequest, measure: Measure, listings: int) -> Measure:
    """A measure of files, with the count below its prefix if `listings` reach its end. Raises Busy."""
    if not _erases_all_files(request, measure):
        return replace(measure, found=0, counted=False)
    return replace(measure, found=files.count_within(_bucket(world, measure), measure.place, request.company, listings))


def _bucket(world: "World", measure: Measure) -> Files:
    return world.bucket(current().prefixes[measure.place].bucket)


def _erases_all_files(request: PrivacyRequest, measure: Measure) -> bool:
    """Whether all files of the company below a prefix are erased. True for an account. For a person, true for rendered
    pages only, which are rendered again on request. Other people's exports and attachments stay."""
    return request.subject is None or measure.place == prefixes.PDF


def _uncounted(request: PrivacyRequest, at: int) -> PrivacyRequest:
    """The request with a measure that nobody counts, and that has nothing to do."""
    uncounted = replace(request.measures[at], found=0, counted=False, done=True)
    measures = (*request.measures[:at], uncounted, *request.measures[at + 1 :])
    return replace(request, measures=measures, cursor=None)


def _with(request: PrivacyRequest, found: Mapping[int, int], own: Sequence[int], cursor: str | None) -> PrivacyRequest:
    """The request with the counts. A complete measure without rows or work is done."""
    measures = list(request.measures)
    for i in own:
        count = found.get(i, 0)
        idle = cursor is None and (count == 0 or measures[i].action not in TAKING)
        measures[i] = replace(measures[i], found=max(count, measures[i].found or 0), done=idle or measures[i].done)
    return replace(request, measures=tuple(measures), cursor=cursor)


def _measure_of(request: PrivacyRequest, own: Sequence[int], row: Row) -> str | None:
    """The measure of the row's table that concerns the row."""
    kind = row["_kind"]["S"]
    for i in own:
        measure = request.measures[i]
        if kind in measure.kinds and concerns(measure, request.subject, row):
            return str(i)
    return None


def concerns(measure: Measure, subject: str | None, row: Row) -> bool:
    """Whether the measure concerns this row. An account's measure concerns every row. A person's concerns the rows that
    are, reference or name the person."""
    if subject is None:
        return True
    record = from_row(measure.place, row)
    if measure.match == "own":
        return record.id == subject
    if measure.match == "reference":
        return any(getattr(record, name, None) == subject for name in measure.attributes)
    return names(record, subject)


def names(record: Record, subject: str) -> bool:
    """Whether a record's content holds the id `subject` anywhere. Every text about a person lies next to their id, so
    the search by id finds it."""
    return any(subject in text for text in _texts(msgspec.to_builtins(record, builtin_types=(bytes,))))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, bytes):
        return [value.decode(errors="replace")]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [text for part in parts for text in _texts(part)]


def waits(measure: Measure, on: date) -> bool:
    """Whether the data of a measure is kept beyond the day `on`. Its term begins with the account's deletion."""
    return not measure.done and measure.action in TAKING and measure.until is not None and measure.until >= on


def carry_out(world: "World", request: PrivacyRequest) -> PrivacyRequest | None:
    """The request after its next measure, among those that do not wait for a term; None if a part of it remains. Raises
    Busy."""
    on = today(world.now())
    first = next(m for m in request.measures if not m.done and not waits(m, on))
    group = [m for m in request.measures if _alike(m, first)]
    if first.store == "files":
        finished = not _erases_all_files(request, first) or files.erase(
            _bucket(world, first), first.place, request.company
        )
    elif request.subject is not None and first.place in OPEN_TABLES:
        finished = _erase_open_company(world, request, first)
        group = [first]
    else:
        of_table = [m for m in request.measures if m.store == "table" and m.place == first.place]
        if request.subject is None and all(m.action == "delete" and not waits(m, on) for m in of_table):
            group = of_table  # The table's partition goes, with any other rows in it.
        finished = _erase_rows(world, request, group)
    if not finished:
        return None
    return replace(request, measures=tuple(replace(m, done=True) if m in group else m for m in request.measures))


def _alike(measure: Measure, first: Measure) -> bool:
    same = (measure.store, measure.place, measure.match, measure.action, measure.until)
    return (
        not measure.done
        and same == (first.store, first.place, first.match, first.action, first.until)
        and (first.action == "delete" or measure == first)
    )


def _erase_rows(world: "World", request: PrivacyRequest, group: Sequence[Measure]) -> bool:
    takes = None
    if request.subject is not None:
        own = list(range(len(group)))
        view = replace(request, measures=tuple(group))

        def takes(row: Row) -> bool:
            return _measure_of(view, own, row) is not None

    aim = store.target(request.company, group, takes)
    if group[0].action == "anonymise":
        return store.strip(world.store, aim, group[0].attributes, most=ROWS)
    return store.erase(world.store, aim, most=ROWS)


def _erase_open_company(world: "World", request: PrivacyRequest, measure: Measure) -> bool:
    """Erase one commit of rows in an open company; True once nothing remains."""
    found: list[Ref] = []
    aim = store.Target(
        measure.place, request.company, measure.kinds, lambda row: concerns(measure, request.subject, row)
    )
    for rows in store.pages(world.store, aim):
        found += [Ref(measure.place, request.company, row["sort"]["S"]) for row in rows]
        if len(found) >= TOGETHER:
            break
    if not found:
        return True
    if measure.action == "delete":
        _attachments_of(world, request.company, found[:TOGETHER])
    call = world.call(request.company, request.asked_by, "erase", key=f"{request.id}:{measure.place}")

    def decide_erasure(snapshot: Snapshot) -> Decision:
        records = [record for record in snapshot.at(found[:TOGETHER]) if record is not None]
        if measure.action == "delete":
            gone = tuple(r for r in records if names(r, request.subject or ""))
            return Decision(puts=counts_without(snapshot, call, gone), deletes=gone)
        changed = [r.edited(call.at, **empty) for r in records if (empty := _emptied(measure, request.subject, r))]
        return Decision(puts=tuple(changed))

    transact(world.store, call, found[:TOGETHER], decide_erasure, SYSTEM_STEP)
    return False


def _attachments_of(world: "World", company: str, refs: Sequence[Ref]) -> None:
    """Erase the files of the threads and attachments among these rows, and of messages in other people's threads, while
    a row still references them. Raises Busy."""
    for row in world.store.records(refs):
        if isinstance(row, Thread):
            while not files.erase(world.files, prefixes.of_company(prefixes.UPLOADS, company), row.id):
                continue
        elif isinstance(row, SupportMessage):
            for attached in row.attachments:
                files.erase_file(world.files, attached.key)
        elif isinstance(row, Attachment):
            for key in files_of(row):
                files.erase_file(world.files, key)


def _emptied(measure: Measure, subject: str | None, record: Record) -> dict[str, str | None]:
    pointing = [f.name for f in fields(record) if f.name in measure.attributes and getattr(record, f.name) == subject]
    return unnamed(record, pointing)
