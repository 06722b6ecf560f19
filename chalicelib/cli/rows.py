"""Rows of the due index, for the lists of commands."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.entity import Record
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World


def due_rows(world: "World", room: str, name: str, until: datetime) -> Iterator[Record]:
    """Yield every row that is due for a job before `until`, the oldest first."""
    cursor = None
    while True:
        page = bookkeeping.page(world.store, room, name, until, cursor=cursor)
        yield from page.records
        if (cursor := bookkeeping.cursor_of(page)) is None:
            return
