"""Queries that seek: the same answer as the engine's own, from the rows of one page."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import dynamodb

from local import seeking

TABLE = "seeking"
PARTITIONS, SORTS = ("a", "b"), tuple(f"{kind}#{number}" for kind in ("x", "xy", "z") for number in range(4))
CONDITIONS = (
    ("", ()),
    (" AND {} = :1", ("x#1",)),
    (" AND {} < :1", ("xy#1",)),
    (" AND {} <= :1", ("xy#1",)),
    (" AND {} > :1", ("x#2",)),
    (" AND {} >= :1", ("x#2",)),
    (" AND ({} BETWEEN :1 AND :2)", ("x#1", "xy#2")),
    (" AND begins_with ({}, :1)", ("x",)),
    (" AND begins_with({}, :1)", ("xy#",)),
    (" AND :1 <= {}", ("x#2",)),
)
INDEXES = {None: ("p", "s"), "local": ("p", "l"), "wide": ("g", "s"), "flat": ("g", None)}
Row = dict[str, dict[str, str]]

keys = st.tuples(st.sampled_from(PARTITIONS), st.sampled_from(SORTS))
rows = st.tuples(
    keys, st.sampled_from((*SORTS, None)), st.sampled_from((*PARTITIONS, None)), st.sampled_from((1, 300_000))
)
queries = st.fixed_dictionaries(
    {
        "index": st.sampled_from(tuple(INDEXES)),
        "partition": st.sampled_from((*PARTITIONS, "none")),
        "condition": st.sampled_from(CONDITIONS),
        "limit": st.sampled_from((None, 1, 2, 5)),
        "forward": st.booleans(),
        "named": st.booleans(),
        "grouped": st.booleans(),
        "filter": st.booleans(),
    }
)


@pytest.fixture(scope="module", autouse=True)
def installed() -> Iterator[None]:
    """The engine's module in this process. No test here starts an engine."""
    seeking.install()
    yield
    dynamodb.reset()


def create_table() -> None:
    """A table with a local index, and two global ones."""
    dynamodb.reset()
    schema = {name: [key for key in keys if key] for name, keys in INDEXES.items()}
    as_keys = {
        name: [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]
        for name, keys in schema.items()
    }
    indexes = [
        {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}}
        for name, keys in as_keys.items()
        if name
    ]
    status, *_ = dynamodb._create_table(
        {
            "TableName": TABLE,
            "KeySchema": as_keys[None],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in "pslg"],
            "LocalSecondaryIndexes": indexes[:1],
            "GlobalSecondaryIndexes": indexes[1:],
            "BillingMode": "PAY_PER_REQUEST",
        }
    )
    assert status == 200


def put(row: Any) -> None:
    """Store a row. Its index keys may be absent."""
    (partition, sort), local, wide, weight = row
    item = {"p": partition, "s": sort, "l": local, "g": wide, "text": "y" * weight}
    typed = {name: {"S": value} for name, value in item.items() if value is not None}
    status, *_ = dynamodb._put_item({"TableName": TABLE, "Item": typed})
    assert status == 200


def request(query: dict[str, Any]) -> dict[str, Any]:
    """The request of a query."""
    hash_key, range_key = INDEXES[query["index"]]
    condition, values = query["condition"] if range_key else ("", ())
    names = {"#h": hash_key, "#r": range_key} if query["named"] else {}
    text = f"{'#h' if names else hash_key} = :0{condition}".format("#r" if names else range_key)
    wanted = {
        "TableName": TABLE,
        "KeyConditionExpression": f"({text})" if query["grouped"] else text,
        "ExpressionAttributeNames": {name: key for name, key in names.items() if name == "#h" or condition},
        "ExpressionAttributeValues": {f":{at}": {"S": value} for at, value in enumerate((query["partition"], *values))},
        "IndexName": query["index"],
        "Limit": query["limit"],
        "ScanIndexForward": query["forward"],
        "ReturnConsumedCapacity": "TOTAL",
    }
    if query["filter"]:
        wanted["FilterExpression"] = "s > :f"
        wanted["ExpressionAttributeValues"][":f"] = {"S": "x#2"}
    return {name: value for name, value in wanted.items() if value is not None}


def pages(answer: Any, wanted: dict[str, Any]) -> list[Any]:
    """Every page of a query."""
    found: list[Any] = []
    start = None
    while not found or start:
        status, _, body = answer(wanted | ({"ExclusiveStartKey": start} if start else {}))
        page = json.loads(body)
        found.append((status, page))
        start = page.get("LastEvaluatedKey")
    return found


def by_reading_all(wanted: dict[str, Any]) -> Any:
    """The engine's own answer."""
    token = seeking._view.set(seeking.partitions_of(wanted))
    try:
        return seeking._query(wanted)
    finally:
        seeking._view.reset(token)


@given(
    before=st.lists(rows, max_size=12), after=st.lists(rows, max_size=6), gone=st.lists(keys, max_size=4), query=queries
)
def test_a_query_that_seeks_answers_what_the_engine_answers(
    before: list[Any], after: list[Any], gone: list[tuple[str, str]], query: dict[str, Any]
) -> None:
    """Rows that are written, replaced and deleted after the first query, too."""
    create_table()
    for row in before:
        put(row)
    wanted = request(query)
    assert pages(seeking.query, wanted) == pages(by_reading_all, wanted)
    for row in after:
        put(row)
    for partition, sort in gone:
        dynamodb._delete_item({"TableName": TABLE, "Key": {"p": {"S": partition}, "s": {"S": sort}}})
    assert pages(seeking.query, wanted) == pages(by_reading_all, wanted)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("index", INDEXES)
def test_a_page_reads_its_own_rows(index: str | None, *, grouped: bool) -> None:
    create_table()
    for number in range(300):
        put((("a", f"x#{number:03d}"), f"x#{number:03d}", "a", 1))
    query = {"index": index, "partition": "a", "condition": CONDITIONS[7], "limit": 10, "forward": True}
    wanted = request(query | {"named": True, "grouped": grouped, "filter": False})
    start = {name: {"S": "x#200" if name in "sl" else "a"} for name in {"p", "s", *filter(None, INDEXES[index])}}
    view = seeking.page_of(wanted | {"ExclusiveStartKey": start})
    assert view is not None
    assert [*view["items"]["a"]] == [f"x#{number}" for number in range(201, 211)]


def test_the_engine_names_the_fault_of_a_query() -> None:
    create_table()
    faults = (
        {"KeyConditionExpression": "s = :0"},
        {"KeyConditionExpression": "p = :0 AND text = :0"},
        {"KeyConditionExpression": "p = :0", "IndexName": "none"},
        {"KeyConditionExpression": "p = :0", "Limit": 0},
    )
    for fault in faults:
        wanted = {"TableName": TABLE, "ExpressionAttributeValues": {":0": {"S": "a"}}} | fault
        status, _, body = seeking.query(wanted)
        assert (status, json.loads(body)["__type"]) == (400, "ValidationException"), fault
