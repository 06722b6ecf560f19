"""Destruction of a company's working keys: recorded as planned when its deletion begins, final when the account is
deleted.

A key with a planned destruction encrypts no further backup. A key exists only in its row. Once the row and its
point-in-time recovery are gone, nothing encrypted under it can be decrypted, wherever a copy lies.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from chalicelib.domain.backups.backup import KeyDestruction, WorkingKey
from chalicelib.domain.clock import today
from chalicelib.domain.entity import new_row
from chalicelib.policy.load import current

if TYPE_CHECKING:
    from chalicelib.wiring import World


def final_day(at: datetime) -> date:
    """The last day on which a row deleted at `at` can be recovered."""
    return current().storage.point_in_time_recovery.after(today(at))


def plan_destruction(world: "World", company: str, request: str, at: datetime) -> tuple[KeyDestruction, ...]:
    """The planned destructions of every working key, for the commit that begins the company's deletion. The company is
    blocked before that, so that no new key can appear. Raises Busy."""
    keys = world.store.all_of(WorkingKey, company)
    return tuple(
        KeyDestruction(**new_row(company, key.id, at), request=request, final_on=final_day(at)) for key in keys
    )


def finish_destruction(world: "World", company: str, request: str, at: datetime) -> tuple[KeyDestruction, ...]:
    """The destructions with their final day, once the rows of the keys are gone. A hold may have delayed them. Raises
    Busy."""
    return tuple(replace(end.edited(at), final_on=final_day(at)) for end in destroyed_by(world, company, request))


def destroyed_by(world: "World", company: str, request: str) -> tuple[KeyDestruction, ...]:
    """The keys that a deletion destroys. Raises Busy."""
    return tuple(row for row in world.store.all_of(KeyDestruction, company) if row.request == request)
