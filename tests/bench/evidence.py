"""The passes over the evidence of a company of 10,000 invoices: the full one, and the daily one after 200 commits."""

import time
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.companies.company import Head
from chalicelib.domain.evidence import Anchor
from chalicelib.domain.journal import JournalEntry
from chalicelib.services.evidence import live
from chalicelib.store.wire import Store
from chalicelib.wiring import World

CHANGES = 200
"""Commits since the anchor. Each one issued an invoice."""
GOAL = 1.2
"""Rows that the daily pass reads ÷ rows that changed."""


@dataclass(frozen=True)
class Passes:
    """The full pass: its rows, seconds, and seconds of the process's own work. The daily pass: the rows that changed,
    the rows that it read, and its seconds."""

    rows: int
    seconds: float
    own: float
    changed: int
    read: int
    daily: float


def measured(world: World, company: str) -> Passes:
    """Make a full pass, then a daily pass since the anchor before the last commits."""
    begun, own = time.perf_counter(), time.process_time()
    *_, full = live.full(world, company, ())
    seconds, own = time.perf_counter() - begun, time.process_time() - own
    assert full.verdict.verified, full.verdict.faults
    since = _anchor(world, company)
    read = RowsRead(world.store)
    begun = time.perf_counter()
    *_, daily = live.daily(world, company, since)
    took = time.perf_counter() - begun
    read.end()
    assert daily.verdict.verified, daily.verdict.faults
    changed = daily.entries + daily.verdict.rows
    return Passes(full.verdict.rows, seconds, own, changed, read.count, took)


def _anchor(world: World, company: str) -> Anchor:
    (head,) = world.store.records([Head.ref(company)])
    assert isinstance(head, Head)
    (entry,) = world.store.records([JournalEntry.ref(company, clock=head.clock - CHANGES)])
    assert isinstance(entry, JournalEntry)
    return Anchor("2026-01-01", entry.clock, entry.hash)


class RowsRead:
    """Counts the rows that DynamoDB gives."""

    OPERATIONS = ("Query", "TransactGetItems")

    def __init__(self, store: Store) -> None:
        self.count = 0
        self.events = store.connection.client.meta.events
        for operation in self.OPERATIONS:
            self.events.register(f"after-call.dynamodb.{operation}", self._answered, unique_id=f"read-{operation}")

    def _answered(self, parsed: dict[str, Any], **_: Any) -> None:
        self.count += len(parsed.get("Items", ())) + sum("Item" in each for each in parsed.get("Responses", ()))

    def end(self) -> None:
        """Stop counting."""
        for operation in self.OPERATIONS:
            self.events.unregister(f"after-call.dynamodb.{operation}", unique_id=f"read-{operation}")
