"""The exact cutoff of a backup: read changed rows again until few remain, then read these at one clock.

The journal names every changed row. So the state at clock c is the earlier read plus all rows that changed since, as
they are at c. That last read is valid if no commit happened since the list of changed rows. The company's head, read
together with the last of them, proves it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.attachments.attachment import Attachment
from chalicelib.domain.companies.company import LONGEST_FENCE, Head, require_open
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import Busy, NotFound, TransactionTooLarge
from chalicelib.domain.journal import JournalEntry, sort_of
from chalicelib.services.attachments.owners import is_thread
from chalicelib.services.backup.format.contents import BY_NAME, GROUPS, ORDER, group_of, ref_of
from chalicelib.services.backup.format.lines import BackupLine, gone, line_of
from chalicelib.store.codec import Row, from_row
from chalicelib.store.conflicts import patiently
from chalicelib.store.decision import SYSTEM_WHILE_OPEN, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, Store, start_after
from chalicelib.workflow.failure import StepFailed

if TYPE_CHECKING:
    from chalicelib.wiring import World

FEW: Final = 60
"""Rows read together with the head in one transaction, which takes 100."""
TOGETHER: Final = 40
"""Rows read at once without a common clock. Most are small, and a transaction reads 4 MB."""
TRIES: Final = 3
"""Attempts at the cutoff before the next delta, also while writers are fenced."""
ChangedKeys = dict[tuple[str, str], str]
"""The kind of each row by its group and sort key."""


class UnnamedChange(StepFailed):
    """The journal does not say which row changed: the entry was written by an earlier release."""

    code = "journal_unreadable"


def streamed(store: Store, company: str, begun: int, after: tuple[str, str] | None) -> Iterator[BackupLine]:
    """Every row of the streamed groups in order, after a cursor. The journal is read up to the clock `begun` only,
    because it grows during the read. Raises Busy."""
    end = JournalEntry.ref(company, clock=begun).sort
    for group in GROUPS:
        if not group.streamed or (after and ORDER[group.name] < ORDER[after[0]]):
            continue
        here = after[1] if after and after[0] == group.name else ""
        for row in store.stream(group.table, company, group.prefix, after=here):
            if group.name == "journal" and row["sort"]["S"] > end:
                break
            if not _of_thread(row):
                yield line_of(row, group.table)


def changed(store: Store, company: str, after: int, until: int) -> ChangedKeys:
    """The rows of a backup that commits after the clock `after` up to `until` put or deleted, and the journal entries
    of those commits. Raises UnnamedChange, Busy (an entry is not yet visible)."""
    found: ChangedKeys = {}
    for entry in _entries(store, company, after, until):
        found["journal", entry.key.sort] = JournalEntry.KIND
        for change in entry.changes:
            group = group_of(change.room, change.kind)
            if group is None:
                continue
            if (sort := sort_of(change)) is None:
                raise UnnamedChange
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


def in_order(keys: ChangedKeys) -> list[tuple[str, str]]:
    """The keys in the order of a delta: by group, then by sort key."""
    return sorted(keys, key=lambda key: (ORDER[key[0]], key[1]))


def reread(store: Store, company: str, keys: ChangedKeys, selected: Sequence[tuple[str, str]]) -> Iterator[BackupLine]:
    """The present rows at these keys, or lines that delete them. Raises Busy."""
    for start in range(0, len(selected), TOGETHER):
        some = selected[start : start + TOGETHER]
        rows = _read(store, [ref_of(company, *key) for key in some])
        yield from (_line(key, keys[key], row) for key, row in zip(some, rows, strict=True))


def _line(key: tuple[str, str], kind: str, row: Row | None) -> BackupLine:
    return gone(key[0], kind, key[1]) if row is None or _of_thread(row) else line_of(row, BY_NAME[key[0]].table)


def _of_thread(row: Row) -> bool:
    """Whether a row is the attachment of a support thread. It ends with its thread, which is in no backup."""
    return row["_kind"]["S"] == Attachment.KIND and is_thread(row["owner"]["S"])


def _read(store: Store, refs: Sequence[Ref]) -> list[Row | None]:
    try:
        return patiently(lambda: store.get(refs))
    except TransactionTooLarge:
        if len(refs) == 1:
            raise
        half = len(refs) // 2
        return _read(store, refs[:half]) + _read(store, refs[half:])


@dataclass(frozen=True)
class Cutoff:
    """All changes since the last delta, as of `clock`. The head's line is the last."""

    clock: int
    lines: tuple[BackupLine, ...]


def clock_of(store: Store, company: str) -> int:
    """The company's clock. Raises NotFound, Busy."""
    (head,) = patiently(lambda: store.records([Head.ref(company)]))
    if not isinstance(head, Head):
        raise NotFound
    return head.clock


def cut(world: "World", company: str, after: int, *, fencing: bool) -> Cutoff | None:
    """All changes after the clock `after`, as of one clock. Returns None when more than FEW rows changed, or when
    writers were faster on each attempt: the backup then needs another delta. `fencing` makes writers wait for two
    seconds at most, and accepts any number of rows. Raises UnnamedChange, Busy."""
    for _ in range(TRIES):
        clock = _fenced(world, company) if fencing else clock_of(world.store, company)
        keys = changed(world.store, company, after, clock)
        if len(keys) > FEW and not fencing:
            return None
        if lines := _at(world.store, company, keys, clock):
            return Cutoff(clock, lines)
    return None


def _at(store: Store, company: str, keys: ChangedKeys, clock: int) -> tuple[BackupLine, ...] | None:
    """The rows at these keys and the head, all as of `clock`; None if a commit came in between. Raises CompanyBlocked
    during a restore, whose intermediate states are not consistent."""
    ordered = in_order(keys)
    lines = list(reread(store, company, keys, ordered[:-FEW]))
    last = ordered[-FEW:]
    # The head is the last of these. Several transactions read what one cannot, and the last one reads the head.
    *rows, head = _read(store, [*(ref_of(company, *key) for key in last), Head.ref(company)])
    lines += [_line(key, keys[key], row) for key, row in zip(last, rows, strict=True)]
    found = from_row("journal", head) if head else None
    if head is None or not isinstance(found, Head) or found.clock != clock:
        return None
    require_open(found)
    return (*lines, line_of(head, "journal"))


def _fenced(world: "World", company: str) -> int:
    """Fence the company's writers and return its clock. The fence is a commit, so a concurrent decision conflicts with
    it."""
    call = world.call(company, "backup", "fence", key="fence")

    def decide_fence(_: Snapshot) -> Decision:
        # Other processes wait for the fence: it is set now, however long the run has waited.
        return Decision(head={"fence_until": world.wall_now() + LONGEST_FENCE})

    return transact(world.store, call, [], decide_fence, SYSTEM_WHILE_OPEN).clock
