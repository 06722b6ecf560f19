"""The deletion of an export's file at the end of its term."""

from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.contact.support import Upload
from chalicelib.domain.entity import Record, new_row
from chalicelib.files import prefixes
from chalicelib.policy.ends import end, expires_at
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World


def schedule_removal(world: "World", row: Record, extension: str = "zip") -> datetime:
    """Put the row that deletes the file of a job or request at its term, and return that instant. There is one such row
    for each job or request, however often it is written. Raises Busy."""
    now = world.now()
    at = end("file.export", now)
    upload = Upload(
        **new_row(row.company, f"{Upload.PREFIX}_{row.id.partition('_')[2]}", now),
        keys=(prefixes.export(row.company, row.id, extension),),
        due_at=at,
        expires_at=expires_at(Upload, at),
    )
    bookkeeping.remember(world.store, upload, world.random(16))
    return at
