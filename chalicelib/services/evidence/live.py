"""The passes over a company's live tables: the full pass, and the daily pass over what changed since an anchor."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import ENTITIES, Ref
from chalicelib.domain.errors import Busy, NotFound, TransactionTooLarge
from chalicelib.domain.evidence import Anchor
from chalicelib.domain.journal import JournalEntry
from chalicelib.policy.rules import all_entities
from chalicelib.services.evidence.proof import LEDGER, Proof, RowName, sort_at
from chalicelib.store.codec import UNREADABLE, Row, from_row
from chalicelib.store.conflicts import patiently
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

PIECE: Final = 200
"""Rows or entries between two looks at the deadline."""
TOGETHER: Final = 60
"""Rows that are read again together with the head."""
TRIES: Final = 8
"""Attempts at the last read, while others write."""


def full(world: "World", company: str, anchors: Sequence[Anchor]) -> Iterator[Proof]:
    """The full pass: the whole journal, then every row of the ledger. It yields the proof after each piece, so that the
    caller may stop; the last one is complete. Raises NotFound, Busy."""
    all_entities()  # A class that this process has not imported would be no record.
    store = world.store
    head = head_of(store, company)
    proof = Proof(anchors=anchors)
    yield from _entries(store, proof, company, head.clock)
    rows = store.stream(LEDGER, company)
    while piece := list(islice(rows, PIECE)):
        for row in piece:
            _meet(proof, row)
        yield proof
    proof.ended()
    _settle(store, proof, company)
    proof.complete = True
    yield proof


def daily(world: "World", company: str, since: Anchor) -> Iterator[Proof]:
    """The daily pass: the chain after an anchor, and the rows that its commits touched. Its reads follow what changed.
    Yields the proof as `full` does. Raises NotFound, Busy."""
    all_entities()
    head = head_of(world.store, company)
    proof = Proof(since=since if since.clock else None)
    yield from _entries(world.store, proof, company, head.clock)
    _settle(world.store, proof, company, head, list(proof.committed))
    proof.rows = len(proof.committed)
    proof.complete = True
    yield proof


def head_of(store: Store, company: str) -> Head:
    """The company's head. Raises NotFound, Busy."""
    (head,) = patiently(lambda: store.records([Head.ref(company)]))
    if not isinstance(head, Head):
        raise NotFound
    return head


def _entries(store: Store, proof: Proof, company: str, until: int) -> Iterator[Proof]:
    """Read the journal after the proof's clock up to the clock `until`."""
    after = JournalEntry.ref(company, clock=proof.clock).sort
    rows = store.stream(JournalEntry.TABLE, company, "entry#", after=after, most=until - proof.clock)
    while piece := list(islice(rows, PIECE)):
        for row in piece:
            try:
                entry = from_row(JournalEntry.TABLE, row)
            except UNREADABLE:
                proof.fault("journal_unreadable", clock=proof.clock + 1)
                continue
            if not isinstance(entry, JournalEntry):
                proof.fault("journal_unreadable", clock=proof.clock + 1)
            elif entry.clock > until:
                return
            else:
                proof.entry(entry)
        yield proof


def _meet(proof: Proof, row: Row) -> None:
    sort = row["sort"]["S"]
    try:
        record, salt = from_row(LEDGER, row), row["_salt"]["B"]
    except UNREADABLE:
        proof.unreadable(str(row.get("_kind", {}).get("S", "")), sort)
        return
    proof.row(record, sort, salt)


def _settle(
    store: Store, proof: Proof, company: str, head: Head | None = None, touched: list[RowName] | None = None
) -> None:
    """Judge again the rows that commits touched during the pass, as of one clock with the head. `touched` are rows that
    were not read yet. Raises Busy while others write faster."""
    names = dict.fromkeys(touched or ())
    for _ in range(TRIES):
        head = head or head_of(store, company)
        seen = proof.entries
        begun = proof.clock
        for _piece in _entries(store, proof, company, head.clock):
            pass
        if proof.entries > seen:
            names |= dict.fromkeys(name for name, last in proof.committed.items() if last.clock > begun)
        if _judge_at(store, proof, company, list(names), head):
            proof.journal_ended(head.clock, head.chain)
            return
        head = None
    raise Busy


def _judge_at(store: Store, proof: Proof, company: str, names: list[RowName], head: Head) -> bool:
    """Judge these rows; False if the head has moved since."""
    located = [(name, ref) for name in names if (ref := _ref_of(proof, company, name))]
    for start in range(0, len(located), TOGETHER):
        some = located[start : start + TOGETHER]
        *rows, now = _read(store, [*(ref for _, ref in some), Head.ref(company)])
        found = from_row(Head.TABLE, now) if now else None
        if not isinstance(found, Head) or found.clock != head.clock:
            return False
        for (name, _), row in zip(some, rows, strict=True):
            _judge(proof, name, row)
    return True


def _judge(proof: Proof, name: RowName, row: Row | None) -> None:
    if row is None:
        proof.again(name, None)
        return
    try:
        proof.again(name, from_row(LEDGER, row), row["_salt"]["B"])
    except UNREADABLE:
        proof.unreadable(name[0], row["sort"]["S"])


def _ref_of(proof: Proof, company: str, name: RowName) -> Ref | None:
    """The address of a row; None if the journal does not state it, or for a kind that is no more."""
    sort = sort_at(name, proof.committed[name])
    return Ref(LEDGER, company, sort) if sort is not None and (LEDGER, name[0]) in ENTITIES else None


def _read(store: Store, refs: Sequence[Ref]) -> list[Row | None]:
    """Rows as of one moment. The last of several transactions reads the head."""
    try:
        return patiently(lambda: store.get(refs))
    except TransactionTooLarge:
        half = len(refs) // 2
        return _read(store, refs[:half]) + _read(store, refs[half:])
