"""Queries of the embedded engine that seek, as DynamoDB does.

The engine reads every row of a partition for each query: it sorts them, tests each, and then cuts out a page. Here each
partition of a table or an index has its keys in order. A query finds its range by bisection, and the engine gets a view
of the table that holds this page only. The engine still validates, filters, projects and counts (ADR 0105).
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import dynamodb

Table = dict[str, Any]
Item = dict[str, Any]
Entry = tuple[Any, ...]
"""The values that order a row, then its partition key and its sort key in the table."""
_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_ROWS = None
"""The name under which the order of a table's own rows lies beside the orders of its indexes."""
_PAGE, _FOUND = "_page", "_found"
"""The attributes that a view adds: whether more rows follow its page, and which rows are known to be in the range."""
_PUNCTUATION = ("LPAREN", "RPAREN", "COMMA")
_changing = Lock()
"""Held while entries change: the engine removes expired rows in a thread of its own."""
_view: ContextVar[Table | None] = ContextVar("view", default=None)

# The engine's own functions, which the replacements below use.
_query = dynamodb._query
_paginate = dynamodb._paginate_evaluated_items
_evaluate = dynamodb._evaluate_condition


class _Unknown(Exception):
    """A form of query that does not seek."""


class Views(AccountRegionScopedDict):  # type: ignore[misc] # the engine has no types
    """The engine's tables. A query in progress gets the view of its table."""

    def get(self, key: str, default: Any = None) -> Any:
        """The table of a name, or its view."""
        return _view.get() or super().get(key, default)


class Order(NamedTuple):
    """The keys of a table or an index: the attributes of its partition key and of its sort key, and the attributes that
    order its rows, each with its type."""

    hashes: list[str]
    ranges: list[str]
    by: list[tuple[str, str]]

    def entry(self, partition: Any, sort: Any, item: Item) -> Entry:
        """The place of a row in this order."""
        return (*self.values(item), partition, sort)

    def values(self, item: Item) -> Entry:
        """The values that order an item or the key of an item."""
        return tuple(dynamodb._index_order_value(item, name, kind) for name, kind in self.by)


Partitions = dict[Any, list[Entry]]
"""The entries of each partition, in order."""
Members = dict[str | None, tuple[Order, Partitions]]
"""The order of a table's rows and of each index, with its entries."""


class Range(NamedTuple):
    """A condition on a sort key: whether a value lies before its range, and whether it lies after it."""

    before: Callable[[Any], bool]
    after: Callable[[Any], bool]


def install() -> None:
    """Replace the engine's query, and what keeps its indexes."""
    tables = Views()
    tables._data = dynamodb._tables._data
    dynamodb._tables = tables
    dynamodb._index_members, dynamodb._index_item = members, index_item
    dynamodb._query, dynamodb._paginate_evaluated_items, dynamodb._evaluate_condition = query, paginate, evaluate
    # They depend on the text of an expression only, and the engine calls them for each row.
    for name in ("_tokenize", "_condition_syntax_error"):
        setattr(dynamodb, name, lru_cache(maxsize=1_000)(getattr(dynamodb, name)))


def orders(table: Table) -> dict[str | None, Order]:
    """The order of the table's rows, and that of each index."""
    found: dict[str | None, Order] = {}
    own = (_ROWS, [table["pk_name"]], [table["sk_name"]] if table["sk_name"] else [])
    for name, hashes, ranges in (own, *dynamodb._index_key_schemas(table)):
        found[name] = Order(hashes, ranges, dynamodb._index_order_keys(table, ranges))
    return found


def members(table: Table) -> Members:
    """The order and the entries of the table and of each index. They are made at the first query of a table."""
    known: Members | None = table.get(dynamodb._INDEX_MEMBERS)
    if known is None:
        known = {name: (order, _partitions(table, order)) for name, order in orders(table).items()}
        table[dynamodb._INDEX_MEMBERS] = known
    return known


def _partitions(table: Table, order: Order) -> Partitions:
    found: Partitions = {}
    for partition, rows in table["items"].items():
        for sort, item in rows.items():
            place = dynamodb._index_partition(item, order.hashes, order.ranges)
            if place is not None:
                found.setdefault(place, []).append(order.entry(partition, sort, item))
    for entries in found.values():
        entries.sort()
    return found


def index_item(table: Table, partition: Any, sort: Any, item: Item, add: bool) -> None:
    """Add the entries of a row, or remove them."""
    known: Members | None = table.get(dynamodb._INDEX_MEMBERS)
    if known is None:
        return
    if len(known) != 1 + sum(len(table.get(kind) or ()) for kind in _INDEXES):
        table.pop(dynamodb._INDEX_MEMBERS)  # An index is new. The next query makes all entries again.
        return
    for order, partitions in known.values():
        place = dynamodb._index_partition(item, order.hashes, order.ranges)
        if place is not None:
            with _changing:
                _change(partitions.setdefault(place, []), order.entry(partition, sort, item), add)


def _change(entries: list[Entry], entry: Entry, add: bool) -> None:
    if add:
        insort(entries, entry)
    elif (at := bisect_left(entries, entry)) < len(entries) and entries[at] == entry:
        del entries[at]


def query(data: dict[str, Any]) -> Any:
    """Answer a query, from the rows of its page."""
    token = _view.set(page_of(data) or partitions_of(data))
    try:
        return _query(data)
    finally:
        _view.reset(token)


def page_of(data: dict[str, Any]) -> Table | None:
    """The table of a query with the rows of one page only; None if the query is invalid, or has a form that only the
    engine knows."""
    try:
        table = dynamodb._tables.get(dynamodb._normalize_table_name(data["TableName"]))
        name, partition, entries = _entries(data, table)
        limit = int(data["Limit"]) if data.get("Limit") is not None else None
        rows, more = _paginate(_rows(table, entries), limit, table, name)
    except (_Unknown, AttributeError, KeyError, TypeError, ValueError):
        return None  # The engine names the fault.
    # The first row is tested against the key condition, because the engine then names a fault of its syntax.
    return _view_with(table, name, partition, rows) | {_PAGE: more, _FOUND: frozenset(map(id, rows[1:]))}


def partitions_of(data: dict[str, Any]) -> Table | None:
    """The table of a query of an index with all its rows, in the engine's form: it reads the whole partition."""
    table, name = dynamodb._tables.get(dynamodb._normalize_table_name(data.get("TableName"))), data.get("IndexName")
    if not table or not name:
        return None
    _, partitions = members(table).get(name) or (None, {})
    keys = {partition: [entry[-2:] for entry in entries] for partition, entries in partitions.items()}
    return {**table, dynamodb._INDEX_MEMBERS: {name: keys}}


def _entries(data: dict[str, Any], table: Table) -> tuple[str | None, Any, Sequence[Entry]]:
    """The index of a query, its partition, and the entries in the order in which it reads them."""
    name = data.get("IndexName")
    order, partitions = members(table)[name]
    if data.get("KeyConditions") or len(order.hashes) > 1 or len(order.ranges) > 1:
        raise _Unknown
    partition, ranged = _conditions(data, table, order)
    entries = partitions.get(partition, [])
    low, high = _bounds(data, order, ranged, entries)
    return name, partition, (entries[low:high] if data.get("ScanIndexForward", True) else entries[low:high][::-1])


def evaluate(expr: str, item: Item, attr_values: Any, attr_names: Any, slot: str = "ConditionExpression") -> Any:
    """Evaluate a condition on a row. The rows that a query found satisfy its key condition."""
    view = _view.get()
    if view and slot == "KeyConditionExpression" and id(item) in view.get(_FOUND, ()):
        return True
    return _evaluate(expr, item, attr_values, attr_names, slot)


def _view_with(table: Table, name: str | None, partition: Any, rows: Sequence[Item]) -> Table:
    items: dict[Any, dict[Any, Item]] = {}
    keys = []
    for row in rows:
        key = dynamodb._extract_key_val(row[table["pk_name"]])
        sort = dynamodb._extract_key_val(row[table["sk_name"]]) if table["sk_name"] else "__no_sort__"
        items.setdefault(key, {})[sort] = row
        keys.append((key, sort))
    return {**table, "items": items, dynamodb._INDEX_MEMBERS: {name: {partition: keys}}}


def paginate(items: Sequence[Item], limit: Any, table: Table, index_name: str | None = None) -> Any:
    """The page of a query or a scan. A view holds one page only."""
    return (items, table[_PAGE]) if _PAGE in table else _paginate(items, limit, table, index_name)


def _rows(table: Table, entries: Sequence[Entry]) -> Iterator[Item]:
    for *_, partition, sort in entries:
        if (row := table["items"].get(partition, {}).get(sort)) is not None:
            yield row


def _conditions(data: dict[str, Any], table: Table, order: Order) -> tuple[Any, Range | None]:
    """The partition of a query and the condition on its sort key."""
    names, values = data.get("ExpressionAttributeNames") or {}, data["ExpressionAttributeValues"]
    partition, ranged = None, None
    tokens = [token for token in dynamodb._tokenize(data["KeyConditionExpression"]) if token[0] not in _PUNCTUATION]
    for clause in dynamodb._key_condition_clauses(tokens):  # A key condition has no OR, so parentheses change nothing.
        words = [(kind, names.get(word, word)) for kind, word in clause if word != "AND"]
        given = [values[word] for kind, word in words if kind == "VALUE_REF"]
        attributes = [word for _, word in words if word in (*order.hashes, *order.ranges)]
        operators = [word for kind, word in words if kind != "VALUE_REF" and word not in attributes]
        if len(operators) != 1 or len(attributes) != 1 or words[0][0] == "VALUE_REF":
            raise _Unknown
        if attributes == order.hashes and operators == ["="]:
            partition = dynamodb._extract_key_val(given[0])
        elif attributes == order.ranges and ranged is None:
            kind = dynamodb._get_attr_type(table, attributes[0])
            ranged = _range(operators[0], [dynamodb._sort_key_value(value, kind) for value in given])
        else:
            raise _Unknown
    if partition is None:
        raise _Unknown
    return partition, ranged


def _range(operator: str, values: Sequence[Any]) -> Range:
    """Raises KeyError for an operator that keys do not have."""
    low, high = values[0], values[-1]
    known: dict[str, Range] = {
        "=": Range(lambda value: value < low, lambda value: value > low),
        "<": Range(lambda _: False, lambda value: value >= low),
        "<=": Range(lambda _: False, lambda value: value > low),
        ">": Range(lambda value: value <= low, lambda _: False),
        ">=": Range(lambda value: value < low, lambda _: False),
        "BETWEEN": Range(lambda value: value < low, lambda value: value > high),
        "begins_with": Range(lambda value: value < low, lambda value: value > low and not value.startswith(low)),
    }
    return known[operator]


def _bounds(data: dict[str, Any], order: Order, ranged: Range | None, entries: list[Entry]) -> tuple[int, int]:
    """The first entry of a query, and the one after its last."""
    low, high = 0, len(entries)
    if ranged:
        low = bisect_left(entries, True, key=lambda entry: not ranged.before(entry[0]))
        high = bisect_left(entries, True, lo=low, key=lambda entry: ranged.after(entry[0]))
    start = data.get("ExclusiveStartKey")
    if start:
        cursor, width = order.values(start), len(order.by)
        if data.get("ScanIndexForward", True):
            low = max(low, bisect_right(entries, cursor, key=lambda entry: entry[:width]))
        else:
            high = min(high, bisect_left(entries, cursor, key=lambda entry: entry[:width]))
    return low, high
