"""Diagnostics: stored unless the member objected, under their day; the operator sees counts."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.contact.diagnostics import DiagnosticsBatch, Event, Os, SummaryLine, coarse, partition, summarise
from chalicelib.domain.entity import new_row
from chalicelib.domain.ids import new_id
from chalicelib.domain.privacy.consent import granted
from chalicelib.policy.ends import expires_at, term
from chalicelib.policy.terms import most_days
from chalicelib.services.codes import limit
from chalicelib.services.companies import consent
from chalicelib.store import bookkeeping
from chalicelib.store.read import Reader

if TYPE_CHECKING:
    from chalicelib.wiring import World

MOST, WINDOW_SECONDS = 120, 3600
"""Batches per network address and hour. Many devices behind one office's address still fit."""


def store_batch(
    world: "World", reader: Reader | None, member: str | None, source: str, sent: tuple[str, Os, str, Sequence[Event]]
) -> bool:
    """Store a batch unless the member objected; return whether it was stored. Raises TooManyRequests, Busy."""
    if reader is not None and member is not None and not granted(consent.of_member(reader, member), "diagnostics"):
        return False
    limit(world, "diagnostics", source, most=MOST, seconds=WINDOW_SECONDS)
    app_version, os, os_version, events = sent
    at = coarse(world.now())
    batch = DiagnosticsBatch(
        **new_row(partition(at.date()), new_id(DiagnosticsBatch.PREFIX, at, world.random(10)), at),
        app_version=app_version,
        os=os,
        os_version=os_version.partition(".")[0],
        events=tuple(events),
        expires_at=expires_at(DiagnosticsBatch, at),
    )
    bookkeeping.remember(world.store, batch, world.random(16))
    return True


def summary(world: "World", days: int, now: datetime) -> list[SummaryLine]:
    """The counts of the last `days` days."""
    return summarise(_batches(world, days, now))


def _batches(world: "World", days: int, now: datetime) -> Iterator[DiagnosticsBatch]:
    """Every batch of those days within its term. The database deletes expired rows days late, so expired ones are
    filtered out."""
    for back in range(min(days, most_days(term("diagnostics.event")) + 1)):
        rows = world.store.all_of(DiagnosticsBatch, partition(now.date() - timedelta(days=back)))
        yield from (row for row in rows if row.expires_at > now.timestamp())
