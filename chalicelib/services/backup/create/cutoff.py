"""The exact cut: what the journal says has changed is read again until few rows remain, and these at one clock.

A row that changed after it was read is in the journal, since every change is. So the state at clock c is what was read
before, with all rows that changed since as they are at c; they are read at c if no commit lies between the list of
them and the reading, which the head read with the last of them shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.companies.company import LONGEST_FENCE, Head, require_open
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import Busy, NotFound, TransactionTooLarge
from chalicelib.domain.journal import JournalEntry, sort_of
from chalicelib.services.backup.format.contents import BY_NAME, GROUPS, ORDER, group_of, ref_of
from chalicelib.services.backup.format.lines import Line, gone, line_of
from chalicelib.store.codec import Row, from_row
from chalicelib.store.conflicts import patiently
from chalicelib.store.transaction import SYSTEM_WHILE_OPEN, Decision, Snapshot, transact
from chalicelib.store.wire import SORT, Store, start_after

if TYPE_CHECKING:
    from chalicelib.wiring import World

FEW: Final = 60
"""Rows that are read together with the head in one transaction, of the hundred that it takes."""
TOGETHER: Final = 40
"""Rows read at once while nothing needs to be of one moment: most are small, and 4 MB is what a transaction reads."""
TRIES: Final = 3
"""Cuts tried before the writers are asked to wait."""
Keys = dict[tuple[str, str], str]
"""The kind of each row by its group and sort key."""


class Unreadable(Exception):
    """The journal does not say which row changed: the entry was written by an earlier release."""

    code = "journal_unreadable"


def streamed(store: Store, company: str, begun: int, after: tuple[str, str] | None) -> Iterator[Line]:
    """Every row of the streamed groups in their order, after a place that was reached before; of the journal up to the
    clock `begun`, because it grows while it is read. Raises Busy."""
    end = JournalEntry.ref(company, clock=begun).sort
    for group in GROUPS:
        if not group.streamed or (after and ORDER[group.name] < ORDER[after[0]]):
            continue
        here = after[1] if after and after[0] == group.name else ""
        for row in store.stream(group.room, company, group.prefix, after=here):
            if group.name == "journal" and row["sort"]["S"] > end:
                break
            yield line_of(row, group.room)


def changed(store: Store, company: str, after: int, until: int) -> Keys:
    """The rows of a backup that commits after the clock `after` and up to `until` put or deleted, and those commits'
    own entries. Raises Unreadable, Busy (an entry is not to be seen yet)."""
    found: Keys = {}
    for entry in _entries(store, company, after, until):
        found["journal", entry.key.sort] = JournalEntry.KIND
        for change in entry.changes:
            group = group_of(change.room, change.kind)
            if group is None:
                continue
            if (sort := sort_of(change)) is None:
                raise Unreadable
            found[group.name, sort] = change.kind
    return found


def _entries(store: Store, company: str, after: int, until: int) -> Iterator[JournalEntry]:
    clock = after
    while clock < until:
        start = start_after(company, JournalEntry.ref("", clock=clock).sort)
        page = store.query("journal", company, SORT.startswith("entry#"), after=start, limit=min(100, until - clock))
        for entry in page.records:
            if not isinstance(entry, JournalEntry) or entry.clock != clock + 1:
                raise Busy
            clock = entry.clock
            yield entry
        if not page.records:
            raise Busy


def in_order(keys: Keys) -> list[tuple[str, str]]:
    """The keys as a layer holds them: group by group, by sort key."""
    return sorted(keys, key=lambda key: (ORDER[key[0]], key[1]))


def reread(store: Store, company: str, keys: Keys, wanted: Sequence[tuple[str, str]]) -> Iterator[Line]:
    """The rows at these keys as they are now, or a line that takes each away. Raises Busy."""
    for start in range(0, len(wanted), TOGETHER):
        some = wanted[start : start + TOGETHER]
        rows = _read(store, [ref_of(company, *key) for key in some])
        yield from (_line(key, keys[key], row) for key, row in zip(some, rows, strict=True))


def _line(key: tuple[str, str], kind: str, row: Row | None) -> Line:
    return line_of(row, BY_NAME[key[0]].room) if row else gone(key[0], kind, key[1])


def _read(store: Store, refs: Sequence[Ref]) -> list[Row | None]:
    try:
        return patiently(lambda: store.get(refs))
    except TransactionTooLarge:
        if len(refs) == 1:
            raise
        half = len(refs) // 2
        return _read(store, refs[:half]) + _read(store, refs[half:])


@dataclass(frozen=True)
class Cut:
    """What had changed since the last layer, as it was at `clock`; the head's own line is the last."""

    clock: int
    lines: tuple[Line, ...]


def clock_of(store: Store, company: str) -> int:
    """The company's clock. Raises NotFound, Busy."""
    (head,) = patiently(lambda: store.records([Head.ref(company)]))
    if not isinstance(head, Head):
        raise NotFound
    return head.clock


def cut(world: "World", company: str, after: int, *, fencing: bool) -> Cut | None:
    """Everything that changed after the clock `after`, at one clock. None when more than FEW rows did, or when writers
    were faster each time: another layer comes first. `fencing` lets writers wait for two seconds at most, and then
    takes however many rows there are. Raises Unreadable, Busy."""
    for _ in range(TRIES):
        clock = _fenced(world, company) if fencing else clock_of(world.store, company)
        keys = changed(world.store, company, after, clock)
        if len(keys) > FEW and not fencing:
            return None
        if lines := _at(world.store, company, keys, clock):
            return Cut(clock, lines)
    return None


def _at(store: Store, company: str, keys: Keys, clock: int) -> tuple[Line, ...] | None:
    """The rows at these keys and the head, all of the moment `clock`; None when a commit came in between. Raises
    CompanyBlocked: the rows of a company that is being restored are of no moment that it ever had."""
    ordered = in_order(keys)
    lines = list(reread(store, company, keys, ordered[:-FEW]))
    last = ordered[-FEW:]
    # The head is the last of these: too large for one transaction, they are read in several, and it with the last.
    *rows, head = _read(store, [*(ref_of(company, *key) for key in last), Head.ref(company)])
    lines += [_line(key, keys[key], row) for key, row in zip(last, rows, strict=True)]
    found = from_row("journal", head) if head else None
    if head is None or not isinstance(found, Head) or found.clock != clock:
        return None
    require_open(found)
    return (*lines, line_of(head, "journal"))


def _fenced(world: "World", company: str) -> int:
    """Let the company's writers wait, and tell its clock then. Whoever had decided loses: the fence is a commit."""
    call = world.call(company, "backup", "fence", key="fence")

    def decide(_: Snapshot) -> Decision:
        # Other processes wait for the fence: it is set now, however long the run has waited.
        return Decision(head={"fence_until": world.wall_now() + LONGEST_FENCE})

    return transact(world.store, call, [], decide, SYSTEM_WHILE_OPEN).clock
