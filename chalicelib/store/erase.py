"""The write path of erasure: it only removes rows and attributes. `PATH` lists the kinds that it may touch.

An erasure acts on measures of the policy's plan, within one company's partition of one table, in batches that may be
repeated. An erasure is complete when a strongly consistent read of all rows finds none left. The ledger is not
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

from chalicelib.domain.entity import ENTITIES, ROOMS, Ref
from chalicelib.domain.errors import Busy
from chalicelib.domain.jobs import SYSTEM
from chalicelib.domain.privacy.request import Measure
from chalicelib.store.codec import Row
from chalicelib.store.wire import SORT, Key, Store, code_of, is_passing
from chalicelib.store.write_path import Kinds, WritePath

PATH: Final = WritePath(
    "erasure",
    updates=Kinds(transient=("idempotency",)),
    deletes=Kinds(every=("workspace", "identity", "transient"), journal=("outbox",), requests=("correction",)),
)
"""The measures of all plans: a test derives them from the policy. Answers that name a person lose their body."""
BATCH = 25
"""Rows of one BatchWriteItem, at most."""
ONE_BY_ONE = frozenset({"requests"})
"""Tables that also hold proofs. No function may delete from them in batches, so their rows are deleted one by one."""
PAGE = 500
TRIES = 8
KIND = Path("_kind")
Takes = Callable[[Row], bool]
"""Whether the measure concerns a complete row."""


class NotPlanned(Exception):
    """The measures of an erasure are not in the plan, or do not remove data."""

    code = "not_planned"


@dataclass(frozen=True)
class Target:
    """The rows of one company to erase: those of `kinds` (none: every row of the table) for which `takes` is true."""

    room: str
    company: str
    kinds: tuple[str, ...]
    takes: Takes | None = None


def target(company: str, measures: Sequence[Measure], takes: Takes | None = None) -> Target:
    """The rows that measures of one table concern. Raises NotPlanned for a measure that removes nothing, for the
    ledger, for rows that no company owns, and for a person's measure without its predicate."""
    rooms = {measure.place for measure in measures}
    taking = all(m.store == "table" and m.action in ("delete", "anonymise") for m in measures)
    whole = all(measure.match == "all" for measure in measures)
    if len(rooms) != 1 or not taking or not rooms <= set(ROOMS) - {"ledger"} or company == SYSTEM or not company:
        raise NotPlanned
    if whole is not (takes is None):
        raise NotPlanned
    return Target(rooms.pop(), company, tuple(kind for measure in measures for kind in measure.kinds), takes)


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
    """Remove `attributes` from about `most` rows. True once a complete consistent read found no row with any of them.
    Raises Busy."""
    while True:
        changed = 0
        for rows in pages(store, aim, whole=True):
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
    room: str,
    company: str,
    *,
    after: str | None = None,
    pages: int,
    whole: bool = False,
    sort: Callable[[Row], str | None] | None = None,
) -> tuple[Counter[str], str | None]:
    """Count the rows by kind, in at most `pages` pages after the sort key `after`. `sort` returns another name to
    count a row under, or None to leave it out; with `whole` it receives all attributes. Return the counts and the sort
    key to continue after (None: all rows were counted). Raises Busy."""
    found: Counter[str] = Counter()
    named = sort or (lambda row: row["_kind"]["S"])
    start: Key | None = {"company": {"S": company}, "sort": {"S": after}} if after else None
    for _ in range(pages):
        answer = _query(store, room, company, start=start, whole=whole)
        found.update(name for row in answer["Items"] if (name := named(row)) is not None)
        start = answer.get("LastEvaluatedKey")
        if start is None:
            return found, None
    assert start is not None  # noqa: S101 — the loop has returned where there was no more
    return found, start["sort"]["S"]


def pages(store: Store, aim: Target, *, whole: bool = False) -> Iterator[list[Row]]:
    """The rows of a target, page by page. Raises Busy."""
    for prefix, kinds in _ranges(aim):
        start: Key | None = None
        while True:
            answer = _query(
                store,
                aim.room,
                aim.company,
                prefix=prefix,
                kinds=kinds,
                start=start,
                whole=whole or aim.takes is not None,
            )
            yield [row for row in answer["Items"] if aim.takes is None or aim.takes(row)]
            if (start := answer.get("LastEvaluatedKey")) is None:
                break


def _ranges(aim: Target) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The key prefixes and kinds to query: the complete table if all its kinds are erased, else a prefix for each
    kind."""
    known = {kind for room, kind in ENTITIES if room == aim.room}
    if not aim.kinds or known <= set(aim.kinds):
        yield "", ()
        return
    for kind in aim.kinds:
        yield ENTITIES[aim.room, kind].SORT.partition("{")[0], (kind,)


def _query(
    store: Store,
    room: str,
    company: str,
    *,
    prefix: str = "",
    kinds: tuple[str, ...] = (),
    start: Key | None = None,
    whole: bool = False,
) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = store.connection.query(
            store.names[room],
            company,
            SORT.startswith(prefix) if prefix else None,
            filter_condition=KIND.is_in(*kinds) if kinds else None,
            consistent_read=True,
            exclusive_start_key=start,
            attributes_to_get=None if whole else ["company", "sort", "_kind"],
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
        store.connection.delete_item(store.names[ref.room], ref.company, ref.sort)
    except DeleteError as error:
        if is_passing(error):
            raise Busy from error
        raise


def _kind(row: Row) -> str:
    return str(row.get("_kind", {"S": "unknown"})["S"])


def _delete(store: Store, aim: Target, rows: Sequence[Row]) -> None:
    for row in rows:
        PATH.require("delete", aim.room, _kind(row))
    keys = [row["sort"]["S"] for row in rows]
    if aim.room in ONE_BY_ONE:
        for sort in keys:
            _delete_one(store, Ref(aim.room, aim.company, sort))
        return
    table, left = store.names[aim.room], iter(keys)
    while chunk := list(islice(left, BATCH)):
        wanted: list[Any] = [
            {"DeleteRequest": {"Key": {"company": {"S": aim.company}, "sort": {"S": sort}}}} for sort in chunk
        ]
        for attempt in range(TRIES):
            wanted = _batch(store, table, wanted)
            if not wanted:
                break
            time.sleep(0.05 * 2**attempt)
        else:
            raise Busy


def _batch(store: Store, table: str, wanted: list[Any]) -> list[Any]:
    """Send one batch. Return the requests that DynamoDB did not process. Raises Busy."""
    keys = [request["DeleteRequest"]["Key"] for request in wanted]
    try:
        answer = store.connection.batch_write_item(table, delete_items=keys)
    except PutError as error:
        if is_passing(error):
            raise Busy from error
        raise
    undone: list[Any] = (answer.get("UnprocessedItems") or {}).get(table, [])
    return undone


def _remove(store: Store, aim: Target, row: Row, names: Sequence[str]) -> None:
    PATH.require("update", aim.room, _kind(row))
    actions = [Path(name).remove() for name in names]
    condition = row["_kind"]["S"] == KIND
    try:
        store.connection.update_item(store.names[aim.room], aim.company, row["sort"]["S"], actions, condition)
    except UpdateError as error:
        if code_of(error) == "ConditionalCheckFailedException":  # deleted in the meantime
            return
        if is_passing(error):
            raise Busy from error
        raise
