"""The drill tables: the same tables under their own prefix, which no other role may access.

The code that empties them takes only a `DrillStore`, which names no table without the prefix. So it cannot reach any
other table.
"""

from dataclasses import replace
from typing import Any

from pynamodb.exceptions import PutError, QueryError, ScanError

from chalicelib.domain.errors import Busy
from chalicelib.settings import Settings
from chalicelib.store.failures import is_passing
from chalicelib.store.wire import Key, Store

DRILL_PREFIX = "drill-"
DRILL_TABLES = ("workspace", "ledger", "journal")
"""The tables that a drill writes to. A drill reads the others in place."""
BATCH, PAGE = 25, 500


def drill_settings(settings: Settings) -> Settings:
    """The settings of the drill tables."""
    return replace(settings, table_prefix=f"{settings.table_prefix}{DRILL_PREFIX}")


class DrillStore(Store):
    """The drill tables of one stage. Made from the stage's own settings."""

    def __init__(self, settings: Settings) -> None:
        drill = drill_settings(settings)
        super().__init__(drill)
        if not all(name.startswith(drill.table_prefix) and DRILL_PREFIX in name for name in self.names.values()):
            raise ValueError("a drill's tables need the prefix of drills")


def cleared(store: DrillStore, company: str, *, most: int) -> bool:
    """Delete about `most` of a company's rows in the drill tables. True: a complete consistent read found none. False:
    call again. Raises Busy."""
    if not isinstance(store, DrillStore):
        raise TypeError("only drill tables are cleared")
    gone = 0
    for table in DRILL_TABLES:
        while keys := _keys(store, table, company):
            for start in range(0, len(keys), BATCH):
                _delete(store, table, keys[start : start + BATCH])
            gone += len(keys)
            if gone >= most:
                return False
    return True


def companies(store: DrillStore) -> list[str]:
    """The companies that have rows in the drill tables. Raises Busy."""
    found: set[str] = set()
    start: Any = None  # PynamoDB annotates only the hash key.
    for table in DRILL_TABLES:
        while True:
            try:
                page = store.connection.scan(
                    store.names[table], attributes_to_get=["company"], exclusive_start_key=start, consistent_read=True
                )
            except ScanError as error:
                if is_passing(error):
                    raise Busy from error
                raise
            found |= {row["company"]["S"] for row in page["Items"]}
            if (start := page.get("LastEvaluatedKey")) is None:
                break
    return sorted(found)


def _keys(store: DrillStore, table: str, company: str) -> list[Key]:
    try:
        page = store.connection.query(
            store.names[table], company, consistent_read=True, attributes_to_get=["company", "sort"], limit=PAGE
        )
    except QueryError as error:
        if is_passing(error):
            raise Busy from error
        raise
    return [{"company": row["company"], "sort": row["sort"]} for row in page["Items"]]


def _delete(store: DrillStore, table: str, keys: list[Key]) -> None:
    try:
        store.connection.batch_write_item(store.names[table], delete_items=keys)
    except PutError as error:
        if is_passing(error):
            raise Busy from error
        raise
