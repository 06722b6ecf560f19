"""A recovery of a company's rows to an earlier time, as an operator does it for the tables. It leaves a hole in the
clocks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chalicelib.domain.companies.company import Head
from chalicelib.wiring import World
from tests.rows import put_row

HOLE = 1_000_000
"""The increase of a head's clock by a recovery."""
Item = dict[str, Any]


def rows_of(world: World, company: str) -> dict[str, list[Item]]:
    """All rows of the company, by table."""
    client = world.store.connection.client
    found = {}
    for name in world.store.names.values():
        pages = client.get_paginator("query").paginate(
            TableName=name,
            KeyConditionExpression="company = :company",
            ExpressionAttributeValues={":company": {"S": company}},
            ConsistentRead=True,
        )
        found[name] = [item for page in pages for item in page["Items"]]
    return found


def recovery(world: World, company: str) -> Callable[[], None]:
    """Return a function that brings the company's rows of now back."""
    kept = rows_of(world, company)

    def recover() -> None:
        client = world.store.connection.client
        for name, items in rows_of(world, company).items():
            for item in items:
                client.delete_item(TableName=name, Key={part: item[part] for part in ("company", "sort")})
            for item in kept[name]:
                client.put_item(TableName=name, Item=item)
        (head,) = world.store.records([Head.ref(company)])
        assert isinstance(head, Head)
        put_row(world.store, replace(head, clock=head.clock + HOLE))

    return recover
