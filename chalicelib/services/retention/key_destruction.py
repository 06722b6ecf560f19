"""The end of a company's working keys: first doomed, so that no backup ends under one, then destroyed with the account.

A key's row is all there is of it: once the row and its point-in-time recovery are gone, whatever was sealed under it,
wherever a copy of it may lie, cannot be read by anybody.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from chalicelib.domain.backups.backup import Destruction, WorkingKey
from chalicelib.domain.clock import today
from chalicelib.domain.entity import Record
from chalicelib.policy.load import current
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World


def final_day(at: datetime) -> date:
    """The last day on which a row that goes at `at` can still be recovered."""
    return current().storage.point_in_time_recovery.after(today(at))


def doomed(world: "World", company: str, request: str, at: datetime) -> tuple[Destruction, ...]:
    """What dooms every working key of a company, for the commit that begins its deletion. The company is blocked by
    then, so that no key can come to be meanwhile. Raises Busy."""
    keys = _of(world, "identity", company, WorkingKey.KIND)
    return tuple(
        Destruction(company=company, id=key.id, created_at=at, updated_at=at, request=request, final_on=final_day(at))
        for key in keys
    )


def destroyed(world: "World", company: str, request: str, at: datetime) -> tuple[Destruction, ...]:
    """The same, once the keys' rows are gone: a hold may have kept them longer than was foreseen. Raises Busy."""
    return tuple(replace(end.edited(at), final_on=final_day(at)) for end in of_request(world, company, request))


def of_request(world: "World", company: str, request: str) -> tuple[Destruction, ...]:
    """The keys that a deletion destroys. Raises Busy."""
    rows = _of(world, "requests", company, Destruction.KIND)
    return tuple(row for row in rows if isinstance(row, Destruction) and row.request == request)


def _of(world: "World", room: str, company: str, kind: str) -> Iterable[Record]:
    return world.store.query(room, company, SORT.startswith(f"{kind}#")).records
