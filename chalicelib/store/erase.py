"""The write path of erasure: it only removes rows and attributes. `PATH` lists the kinds that it may touch.

An erasure acts on measures of the policy's plan, within one company's partition of one table, in batches that may be
repeated. Nothing counts as gone until a strongly consistent read of all of it has found nothing left. The ledger is not
on the list: retention purges it at the end of the statutory term, through `transact`.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from pynamodb.exceptions import DeleteError, PutError, QueryError, UpdateError
from pynamodb.expressions.operand import Path

from chalicelib.domain.entity import ENTITIES, TABLE_NAMES, Ref
from chalicelib.domain.errors import Busy
from chalicelib.domain.jobs import SYSTEM
from chalicelib.domain.privacy.request import Measure
from chalicelib.store.codec import Row
from chalicelib.store.failures import code_of, is_passing
from chalicelib.store.wire import SORT, Key, Store
from chalicelib.store.write_path import Kinds, WritePath

PATH: Final = WritePath(
    "erasure",
    updates=Kinds(transient=("idempotency",)),
    deletes=Kinds(every=("workspace", "identity", "transient"), journal=("outbox",), requests=("correction",)),
)
"""The kinds that the measures of all plans name; a test derives them from the policy. Of a stored answer that names a
person, only the body is removed."""
BATCH = 25
"""Rows of one BatchWriteItem, at most."""
ONE_BY_ONE = frozenset({"requests"})
"""Tables that also hold proofs. No function has the permission to delete there in batches."""
PAGE = 500
TRIES = 8
KIND = Path("_kind")
Takes = Callable[[Row], bool]
"""Tells whether the measure concerns a row, given with all its attributes."""


class NotPlanned(Exception):
    """An erasure may not run these measures. `target` lists the reasons."""

    code = "not_planned"


@dataclass(frozen=True)
class Target:
    """The rows of one company to erase: those of `kinds` (empty: all of the table), and of these the ones for which
    `takes`, if given, returns true."""

    table: str
    company: str
    kinds: tuple[str, ...]
    takes: Takes | None = None


def target(company: str, measures: Sequence[Measure], takes: Takes | None = None) -> Target:
    """The rows that measures of one table concern.

    Raises NotPlanned for measures of more than one table, a measure that removes nothing, the ledger, rows without a
    company, a person's measure without its predicate, and an account's with one.
    """
    tables = {measure.place for measure in measures}
    taking = all(m.store == "table" and m.action in ("delete", "anonymise") for m in measures)
    complete = all(measure.match == "all" for measure in measures)
    if (
        len(tables) != 1
        or not taking
        or not tables <= set(TABLE_NAMES) - {"ledger"}
        or company == SYSTEM
        or not company
    ):
        raise NotPlanned
    if complete is not (takes is None):
        raise NotPlanned
    return Target(tables.pop(), company, tuple(kind for measure in measures for kind in measure.kinds), takes)


def erase(store: Store, aim: Target, *, most: int) -> bool:
    """Delete about `most` rows. True once a complete consistent read found none left; False: call again.

    Raises Busy.
    """
    while True:
        gone = 0
        for rows in pages(store, aim):
            _delete(store, aim, rows)
            gone += len(rows)
            if gone >= most:
                return False
        if not gone:
            return True


def strip(store: Store, aim: Target, attributes: Sequence[str], *, most: int) -> bool:
    """Remove `attributes` from about `most` rows and keep the rows. True once a complete consistent read found no row
    that has any of them. Raises Busy."""
    while True:
        changed = 0
        for rows in pages(store, aim, complete=True):
            for row in rows:
                if named := [name for name in attributes if name in row]:
                    _remove(store, aim, row, named)
                    changed += 1
            if changed >= most:
                return False
        if not changed:
            return True


def census(
    store: Store,
    table: str,
    company: str,
    *,
    after: str | None = None,
    pages: int,
    complete: bool = False,
    sort: Callable[[Row], str | None] | None = None,
) -> tuple[Counter[str], str | None]:
    """Count the rows of each kind, or of what `sort` makes of a row, in at most `pages` pages after the sort key
    `after`. Reads all attributes if `complete`. Returns the counts and where to go on (None: that was all). Raises
    Busy."""
    found: Counter[str] = Counter()
    named = sort or (lambda row: row["_kind"]["S"])
    start: Key | None = {"company": {"S": company}, "sort": {"S": after}} if after else None
    for _ in range(pages):
        answer = _query(store, table, company, start=start, complete=complete)
        found.update(name for row in answer["Items"] if (name := named(row)) is not None)
        start = answer.get("LastEvaluatedKey")
        if start is None:
            return found, None
    assert start is not None  # noqa: S101 — the loop has returned where there was no more
    return found, start["sort"]["S"]


def pages(store: Store, aim: Target, *, complete: bool = False) -> Iterator[list[Row]]:
    """Yield the target's rows, in pages."""
    for prefix, kinds in _ranges(aim):
        start: Key | None = None
        while True:
            answer = _query(
                store,
                aim.table,
                aim.company,
                prefix=prefix,
                kinds=kinds,
                start=start,
                complete=complete or aim.takes is not None,
            )
            yield [row for row in answer["Items"] if aim.takes is None or aim.takes(row)]
            if (start := answer.get("LastEvaluatedKey")) is None:
                break


def _ranges(aim: Target) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield key prefixes and their kinds: the whole table if all its known kinds are erased, else one for each kind."""
    known = {kind for table, kind in ENTITIES if table == aim.table}
    if not aim.kinds or known <= set(aim.kinds):
        yield "", ()
        return
    for kind in aim.kinds:
        yield ENTITIES[aim.table, kind].SORT.partition("{")[0], (kind,)


def _query(
    store: Store,
    table: str,
    company: str,
    *,
    prefix: str = "",
    kinds: tuple[str, ...] = (),
    start: Key | None = None,
    complete: bool = False,
) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = store.connection.query(
            store.names[table],
            company,
            SORT.startswith(prefix) if prefix else None,
            filter_condition=KIND.is_in(*kinds) if kinds else None,
            consistent_read=True,
            exclusive_start_key=start,
            attributes_to_get=None if complete else ["company", "sort", "_kind"],
            limit=PAGE,
        )
    except QueryError as error:
        if is_passing(error):
            raise Busy from error
        raise
    return answer


def erase_row(store: Store, ref: Ref) -> None:
    """Delete one row. Safe to repeat. Raises Busy, OutsideWritePath."""
    PATH.require_at("delete", ref)
    _delete_one(store, ref)


def _delete_one(store: Store, ref: Ref) -> None:
    try:
        store.connection.delete_item(store.names[ref.table], ref.company, ref.sort)
    except DeleteError as error:
        if is_passing(error):
            raise Busy from error
        raise


def _kind(row: Row) -> str:
    return str(row.get("_kind", {"S": "unknown"})["S"])


def _delete(store: Store, aim: Target, rows: Sequence[Row]) -> None:
    for row in rows:
        PATH.require("delete", aim.table, _kind(row))
    keys = [row["sort"]["S"] for row in rows]
    if aim.table in ONE_BY_ONE:
        for sort in keys:
            _delete_one(store, Ref(aim.table, aim.company, sort))
        return
    name, left = store.names[aim.table], iter(keys)
    while chunk := list(islice(left, BATCH)):
        requests: list[Any] = [
            {"DeleteRequest": {"Key": {"company": {"S": aim.company}, "sort": {"S": sort}}}} for sort in chunk
        ]
        for attempt in range(TRIES):
            requests = _batch(store, name, requests)
            if not requests:
                break
            time.sleep(0.05 * 2**attempt)
        else:
            raise Busy


def _batch(store: Store, table: str, requests: list[Any]) -> list[Any]:
    """Send one batch. Return the items that DynamoDB did not process."""
    keys = [request["DeleteRequest"]["Key"] for request in requests]
    try:
        answer = store.connection.batch_write_item(table, delete_items=keys)
    except PutError as error:
        if is_passing(error):
            raise Busy from error
        raise
    undone: list[Any] = (answer.get("UnprocessedItems") or {}).get(table, [])
    return undone


def _remove(store: Store, aim: Target, row: Row, names: Sequence[str]) -> None:
    PATH.require("update", aim.table, _kind(row))
    actions = [Path(name).remove() for name in names]
    condition = row["_kind"]["S"] == KIND
    try:
        store.connection.update_item(store.names[aim.table], aim.company, row["sort"]["S"], actions, condition)
    except UpdateError as error:
        if code_of(error) == "ConditionalCheckFailedException":  # deleted meanwhile: nothing to remove
            return
        if is_passing(error):
            raise Busy from error
        raise
