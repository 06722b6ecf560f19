"""The present state of rows that a push did not take, in RxDB's form."""

from collections.abc import Iterable
from typing import Any

from chalicelib.services.sync import sources
from chalicelib.services.sync.rows import row_of, shows, table_of
from chalicelib.store.read import Reader


def masters(reader: Reader, device: str, table: str, ids: Iterable[str], version: int) -> list[dict[str, Any]]:
    """The stored documents with these ids, each with `_deleted` and the clock of its read. A row that is not stored, or
    that has moved to another table, is a deleted document. Raises Busy."""
    found: list[dict[str, Any]] = []
    for id, known in sources.find(reader, table, [*ids]):
        here = known is not None and table_of(known).name == table and shows(known, device)
        row = row_of(known, reader.head, version) if here else {"id": id}
        found.append({**row, "_deleted": not here, "clock": reader.head.clock})
    return found
