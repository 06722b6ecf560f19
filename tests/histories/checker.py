"""Judges a history by what the clients saw and what the tables hold: an empty list, or a line for each thing wrong.

Nothing is asked of the code under test: the register, the journal and the hashes are read from the rows and recomputed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.companies.company import Head, Series
from chalicelib.domain.documents.register import RegisterEntry, genesis, link
from chalicelib.domain.entity import Record
from chalicelib.domain.journal import JournalEntry
from chalicelib.store import codec
from chalicelib.wiring import World
from tests.histories.drivers import DRIVERS, Driver
from tests.histories.history import Event, Task
from tests.histories.run import Ran

TABLE_NAMES = ("workspace", "ledger", "journal")
PREPARATIONS = {"sign_up", "draft"}
"""Verbs of what was there before the history began."""


@dataclass(frozen=True)
class Rows:
    """The company's content in the tables: records with their salts, the journal in order, the head."""

    stored: list[tuple[Record, bytes]]
    journal: list[JournalEntry]
    head: Head

    def of(self, *kinds: str) -> list[Record]:
        """The records of these kinds."""
        return [record for record, _ in self.stored if record.KIND in kinds]


def check(world: World, ran: Ran, driver_name: str) -> list[str]:
    """Everything that is wrong with the history."""
    driver, rows = DRIVERS[driver_name], _read(world, ran.company)
    tasks = _by_task(ran.events)
    return [
        *_answers(tasks),
        *_register(rows, ran, tasks, driver),
        *_order(tasks, driver, rows),
        *_journal(rows),
        *_applied(tasks, rows),
        *_effects(world, ran, tasks, rows, driver),
        *_hashes(rows),
    ]


def _read(world: World, company: str) -> Rows:
    stored, entries, head = [], [], None
    for table in TABLE_NAMES:
        for record, salt in _rows_of(world, table, company):
            if isinstance(record, JournalEntry):
                entries.append(record)
            elif isinstance(record, Head):
                head = record
            else:
                stored.append((record, salt))
    assert head is not None
    return Rows(stored, sorted(entries, key=lambda entry: entry.clock), head)


def _rows_of(world: World, table: str, company: str) -> Iterator[tuple[Record, bytes]]:
    start = None
    while True:
        answer = world.store.connection.query(
            world.store.names[table], company, consistent_read=True, exclusive_start_key=start
        )
        for row in answer["Items"]:
            yield codec.from_row(table, row), row["_salt"]["B"]
        if (start := answer.get("LastEvaluatedKey")) is None:
            return


def _by_task(events: Iterable[Event]) -> dict[Task, list[Event]]:
    tasks: dict[Task, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event.begun):
        tasks[event.task].append(event)
    return tasks


def _answered(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.outcome == "answered"]


def _answers(tasks: dict[Task, list[Event]]) -> Iterator[str]:
    """Every task is answered in the end, by everybody the same, and by at most one first answer."""
    for task, events in tasks.items():
        answered = _answered(events)
        yield from (f"{task.key}: {e.outcome} ({e.error})" for e in events if e.outcome in ("refused", "broken"))
        if not answered:
            yield f"{task.key}: never answered"
        if any(event.body != answered[0].body for event in answered):
            yield f"{task.key}: two different answers"
        if sum(not event.replayed for event in answered) > 1:
            yield f"{task.key}: two first answers"


def _register(rows: Rows, ran: Ran, tasks: dict[Task, list[Event]], driver: Driver) -> Iterator[str]:
    """No gap, no number twice, no document twice, every acknowledged number there, and the chain of hashes."""
    found = sorted((r for r in rows.of("register_entry") if isinstance(r, RegisterEntry)), key=lambda e: e.position)
    by_position = {entry.position: entry for entry in found}
    if gaps := set(range(1, max(by_position, default=0) + 1)) - set(by_position):
        yield f"register: gaps at {sorted(gaps)}"
    for name, values in (("document", [e.document for e in found]), ("number", [e.number for e in found])):
        yield from (f"register: {name} {value} is there {n} times" for value, n in Counter(values).items() if n > 1)
    for series in (r for r in rows.of("series") if isinstance(r, Series)):
        chain = genesis(ran.company, series.id)
        for entry in found:
            chain = link(chain, entry.hash)
            if entry.chain != chain:
                yield f"register: the chain is broken at {entry.position}"
                break
        if series.next != len(found) + 1 or series.chain != chain:
            yield f"register: the series says next {series.next} after {len(found)} documents"
    for task, events in tasks.items():
        for event in _answered(events) if task.kind == "issue" else ():
            there = by_position.get(driver.issued(event.body or {}))
            if there is None or there.document != task.subject:
                yield f"{task.key}: acknowledged number {driver.issued(event.body or {})} is not in the register"


def _order(tasks: dict[Task, list[Event]], driver: Driver, rows: Rows) -> Iterator[str]:
    """Real time: what was acknowledged before another began has the lower number, and the lower clock."""
    clocks = {entry.id: entry.clock for entry in rows.journal}
    for name in ("number", "clock"):
        spans: list[tuple[float, float, int, str]] = []
        for task, events in tasks.items():
            answered = _answered(events)
            if not answered or (name == "number" and task.kind != "issue"):
                continue
            own = [clocks[event.call] for event in events if event.call in clocks]
            place = driver.issued(answered[0].body or {}) if name == "number" else min(own, default=0)
            spans.append((events[0].begun, min(event.ended for event in answered), place, task.key))
        yield from _inversions(name, spans)


def _inversions(name: str, spans: list[tuple[float, float, int, str]]) -> Iterator[str]:
    ended = sorted(spans, key=lambda span: span[1])
    done, highest = 0, (0, "")
    for begun, _, place, key in sorted(spans):
        while done < len(ended) and ended[done][1] < begun:
            highest = max(highest, (ended[done][2], ended[done][3]))
            done += 1
        if place < highest[0]:
            yield f"{key}: {name} {place} although {highest[1]} was acknowledged before with {highest[0]}"


def _journal(rows: Rows) -> Iterator[str]:
    """Clocks without gap up to the head's, each entry's hash recomputed and carried on."""
    if [entry.clock for entry in rows.journal] != list(range(1, rows.head.clock + 1)):
        yield f"journal: clocks {[e.clock for e in rows.journal]} under a head of {rows.head.clock}"
    previous = ""
    for entry in rows.journal:
        if entry.previous != previous:
            yield f"journal: the chain is broken at {entry.clock}"
        if codec.digest(replace(entry, hash=""), b"").hex() != entry.hash:
            yield f"journal: entry {entry.clock} does not hash to what it says"
        previous = entry.hash
    if rows.head.chain != previous:
        yield "journal: the head's chain is not its last entry's"


def _applied(tasks: dict[Task, list[Event]], rows: Rows) -> Iterator[str]:
    """Each key once if it was acknowledged, and never twice."""
    keys = {event.call: task.key for task, events in tasks.items() for event in events}
    applied = Counter(keys.get(entry.id, entry.id) for entry in rows.journal if entry.verb not in PREPARATIONS)
    yield from (f"{key}: applied {count} times" for key, count in applied.items() if count > 1)
    for task, events in tasks.items():
        if _answered(events) and not applied[task.key]:
            yield f"{task.key}: acknowledged and never applied"


def _effects(world: World, ran: Ran, tasks: dict[Task, list[Event]], rows: Rows, driver: Driver) -> Iterator[str]:
    """Every acknowledged write is there: the creations, and every edit of the counter."""
    there = {record.id for record in rows.of(driver.creates.KIND)}
    created = (task for task, events in tasks.items() if task.kind == "create" and _answered(events))
    yield from (f"{task.key}: created and missing" for task in created if task.subject not in there)
    calls = {event.call for task, events in tasks.items() if task.kind == "edit" for event in events}
    applied = sum(entry.id in calls for entry in rows.journal)
    if (count := driver.count(world, ran.company, ran.counter)) != applied:
        yield f"the counter is at {count} after {applied} edits"


def _hashes(rows: Rows) -> Iterator[str]:
    """Every row is what the journal last said of it."""
    last = {(c.room, c.kind, c.id): c for entry in rows.journal for c in entry.changes}
    for record, salt in rows.stored:
        change = last.pop((record.TABLE, record.KIND, record.id), None)
        if change is None or change.op != "put" or change.hash != codec.digest(record, salt).hex():
            yield f"{record.KIND} {record.id} is not what the journal says"
    unread = (c for c in last.values() if c.op == "put" and c.room in TABLE_NAMES)
    yield from (f"{change.kind} {change.id} is in the journal and nowhere else" for change in unread)
