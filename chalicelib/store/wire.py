"""The connection to DynamoDB: PynamoDB's connection with explicit time-outs, and the four calls that the store uses."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import GetError, QueryError, TransactGetError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import Busy, TransactionTooLarge
from chalicelib.session import sign
from chalicelib.settings import Settings
from chalicelib.store.codec import Row, from_row
from chalicelib.store.failures import is_passing, is_too_large, met_a_writer
from chalicelib.store.parsing import RowParsers
from chalicelib.store.tables import ATTEMPTS, CONNECT_SECONDS, READ_SECONDS, TABLES, meta_table, table_name

R = TypeVar("R")
K = TypeVar("K", bound=Record)
MAX_TRANSACTION, MAX_TRANSACTION_BYTES = 100, 4_000_000
Key = dict[str, dict[str, Any]]
SORT = Path("sort")
MAX_BATCH, BATCH_TRIES = 100, 6
"""The rows of one batch read, of any tables, and how often it asks again for the rows that an answer left out."""
STREAMED = 1_000
"""The most rows of a streamed page. Large rows reach DynamoDB's 1 MB limit earlier."""


@dataclass(frozen=True)
class IndexEntry:
    """A row as a local index states it: its sort key, and its key in the index."""

    sort: str
    key: str


@dataclass(frozen=True)
class RowPage:
    """Rows of one query, and the key after which the next page starts (None at the end). A query of a local index finds
    `entries` and no records."""

    records: list[Record]
    next: Key | None
    entries: tuple[IndexEntry, ...] = ()


OnCommit = Callable[[Sequence[Record], Sequence[Record]], None]
"""Called once per commit, with the records that were created and the records that were removed."""


def ignore_commit(new: Sequence[Record], gone: Sequence[Record]) -> None:
    """Ignore the commit."""


def at_once(ask: Callable[[], RowPage]) -> RowPage:
    """Get a page by one read."""
    return ask()


class Wire(Connection):
    """PynamoDB's connection. Each call uses its caller's session (chalicelib/session.py), and rows are parsed by
    chalicelib/store/parsing.py."""

    @property
    def session(self) -> Any:
        """The botocore session of the client, one a thread."""
        session = super().session
        session.register("before-sign.dynamodb", sign, unique_id="session")
        session.register_component("response_parser_factory", RowParsers())
        return session


class Pool(ThreadPoolExecutor):
    """Threads that run work for other threads."""

    def submit(self, work: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Run `work` in a copy of the caller's context."""
        return super().submit(copy_context().run, work, *args, **kwargs)


class Store:
    """The tables of one stage. Holds one connection; safe to share between threads."""

    def __init__(self, settings: Settings, on_commit: OnCommit = ignore_commit) -> None:
        self.on_commit = on_commit
        self.connection = Wire(
            region=settings.region,
            host=settings.endpoint_of("dynamodb"),
            connect_timeout_seconds=CONNECT_SECONDS,
            read_timeout_seconds=READ_SECONDS,
            retry_configuration={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            max_pool_connections=32,
        )
        self.names = {table.name: table_name(settings, table.name) for table in TABLES}
        self.local = {(table.name, index.name): index.range for table in TABLES for index in table.local}
        for table in TABLES:
            self.connection.add_meta_table(meta_table(self.names[table.name], table))
        _ = self.connection.client  # Made here, because PynamoDB makes it on first use without a lock.

    @cached_property
    def pool(self) -> ThreadPoolExecutor:
        """Threads for the few reads that run in parallel."""
        return Pool(max_workers=8, thread_name_prefix="store")

    def get(self, refs: Sequence[Ref]) -> list[Row | None]:
        """The rows at `refs` (at most 100), read in one transaction at one moment."""
        if not refs:
            return []
        items = [self.key(ref) for ref in refs]
        try:
            answer = self.connection.transact_get_items(items)
        except TransactGetError as error:
            if is_passing(error) or met_a_writer(error):
                raise Busy from error
            if is_too_large(error):
                raise TransactionTooLarge(limit="4 MB") from error
            raise
        return [response.get("Item") or None for response in answer["Responses"]]

    def records(self, refs: Sequence[Ref]) -> list[Record | None]:
        """The records at `refs`, read at one moment."""
        return [from_row(ref.table, row) if row else None for ref, row in zip(refs, self.get(refs), strict=True)]

    def batch(self, refs: Sequence[Ref]) -> dict[Ref, Record]:
        """The records at `refs` that exist, each strongly consistent, but not all as of one moment. It costs half of
        `records`, and has no limit of rows or bytes. Raises Busy."""
        found: dict[Ref, Record] = {}
        own = list(dict.fromkeys(refs))
        for at in range(0, len(own), MAX_BATCH):
            for table, row in self._batch(own[at : at + MAX_BATCH]):
                record = from_row(table, row)
                found[record.key] = record
        return found

    def _batch(self, refs: Sequence[Ref]) -> Iterator[tuple[str, Row]]:
        tables = {self.names[ref.table]: ref.table for ref in refs}
        keys = {name: [start_after(*ref[1:]) for ref in refs if ref.table == table] for name, table in tables.items()}
        for attempt in range(BATCH_TRIES):
            wanted = {name: {"Keys": some, "ConsistentRead": True} for name, some in keys.items()}
            try:
                answer = self.connection.dispatch("BatchGetItem", {"RequestItems": wanted})
            except (BotoCoreError, ClientError) as error:
                failed = GetError("BatchGetItem", error)
                if is_passing(failed):
                    raise Busy from error
                raise failed from error
            for name, rows in answer["Responses"].items():
                yield from ((tables[name], row) for row in rows)
            # An answer has 16 MB at most, and a throttled table gives less.
            keys = {name: left["Keys"] for name, left in answer.get("UnprocessedKeys", {}).items()}
            if not keys:
                return
            time.sleep(0.02 * 2**attempt)
        raise Busy

    def all(
        self,
        table: str,
        partition: str,
        where: Condition | None = None,
        *,
        index: str | None = None,
        after: Key | None = None,
        descending: bool = False,
        limit: int = 100,
        read: Callable[[Callable[[], RowPage]], RowPage] = at_once,
    ) -> Iterator[Record]:
        """Every row of a partition whose sort key satisfies `where`, in order, a page of `limit` rows at a time.

        A page is strongly consistent, except on an index. `read` gets each page: `conflicts.patiently` repeats a read
        that met a writer. Raises Busy.
        """
        while True:
            ask = partial(
                self.query, table, partition, where, index=index, after=after, descending=descending, limit=limit
            )
            page = read(ask)
            yield from page.records
            if (after := page.next) is None:
                return

    def all_of(
        self,
        cls: type[K],
        company: str,
        *,
        descending: bool = False,
        read: Callable[[Callable[[], RowPage]], RowPage] = at_once,
    ) -> Iterator[K]:
        """Every row of a company that is of this class, by its sort key. `read` is as `all` has it. Raises Busy."""
        where = SORT.startswith(cls.SORT.partition("{")[0])
        found = self.all(cls.TABLE, company, where, descending=descending, read=read)
        return (row for row in found if isinstance(row, cls))

    def query(
        self,
        table: str,
        partition: str,
        where: Condition | None = None,
        *,
        index: str | None = None,
        after: Key | None = None,
        descending: bool = False,
        limit: int | None = 100,
        consistent: bool | None = None,
    ) -> RowPage:
        """One page of a partition's rows whose sort key (on an index: its range key) satisfies `where`.

        It is strongly consistent, except on a global index, or if `consistent` is False. A local index holds keys only,
        so its page has `entries`. Without a limit, a page has 1 MB.
        """
        key = self.local.get((table, index or ""))
        try:
            answer = self.connection.query(
                self.names[table],
                partition,
                where,
                consistent_read=(index is None or key is not None) if consistent is None else consistent,
                exclusive_start_key=after,
                index_name=index,
                limit=limit,
                scan_index_forward=not descending,
            )
        except QueryError as error:
            if is_passing(error):
                raise Busy from error
            raise
        rows, following = answer["Items"], answer.get("LastEvaluatedKey")
        if key is not None:
            return RowPage([], following, tuple(IndexEntry(row["sort"]["S"], row[key]["S"]) for row in rows))
        return RowPage([from_row(table, row) for row in rows], following)

    def entries(
        self,
        table: str,
        index: str,
        company: str,
        low: str,
        high: str,
        *,
        descending: bool = False,
        limit: int | None = None,
    ) -> tuple[tuple[IndexEntry, ...], bool]:
        """The entries of a local index from the key `low` to `high`, both inclusive, and whether there may be more. A
        page has `limit` entries or 1 MB at most. Raises Busy."""
        if low > high:
            return (), False
        where = Path(self.local[table, index]).between(low, high)
        found = self.query(table, company, where, index=index, descending=descending, limit=limit)
        return found.entries, found.next is not None

    def stream(
        self, table: str, company: str, prefix: str = "", *, after: str = "", most: int | None = None
    ) -> Iterator[Row]:
        """Every raw row of a company in `table` whose sort key begins with `prefix` and follows `after`, `most` at
        most. Reads are strongly consistent, in pages of at most 1 MB. Raises Busy."""
        start = start_after(company, after) if after else None
        left = most
        while left is None or left > 0:
            try:
                answer = self.connection.query(
                    self.names[table],
                    company,
                    SORT.startswith(prefix) if prefix else None,
                    consistent_read=True,
                    exclusive_start_key=start,
                    limit=STREAMED if left is None else min(STREAMED, left),
                )
            except QueryError as error:
                if is_passing(error):
                    raise Busy from error
                raise
            yield from answer["Items"]
            left = None if left is None else left - len(answer["Items"])
            if (start := answer.get("LastEvaluatedKey")) is None:
                return

    def key(self, ref: Ref) -> dict[str, Any]:
        """A row's table and key, in the form of the transaction calls."""
        return {"TableName": self.names[ref.table], "Key": start_after(ref.company, ref.sort)}


def start_after(company: str, sort: str) -> Key:
    """The primary key of a row. As the start of a query, the row need not exist."""
    return {"company": {"S": company}, "sort": {"S": sort}}
