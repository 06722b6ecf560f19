"""Everything that is stored of a company, counted: what proofs by killing look for orphans in."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from chalicelib.files import prefixes
from chalicelib.wiring import World

Remains = Counter[tuple[str, str]]
PREFIXES = (prefixes.PDF, prefixes.LOGOS, prefixes.UPLOADS, prefixes.EXPORTS, *prefixes.BACKUPS.values())


def remains(world: World, company: str) -> Remains:
    """The number of rows of each kind in each table, and of objects under each prefix, without zeros."""
    found: Remains = Counter()
    for table, name in world.store.names.items():
        found.update((table, row["_kind"]["S"]) for row in _rows(world, name, company))
    for prefix in (*PREFIXES, prefixes.ARCHIVE):
        bucket = world.archive if prefix == prefixes.ARCHIVE else world.files
        found["object", prefix] = len(list(bucket.list(prefixes.of_company(prefix, company))))
    return +found


def companies(world: World) -> set[str]:
    """Every company with a row in any table."""
    client, found = world.store.connection.client, set()
    for table in world.store.names.values():
        for page in client.get_paginator("scan").paginate(TableName=table, ProjectionExpression="company"):
            found |= {row["company"]["S"] for row in page["Items"]}
    return found


def _rows(world: World, table: str, company: str) -> Iterator[dict[str, Any]]:
    pages = world.store.connection.client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="company = :c",
        ConsistentRead=True,
        ExpressionAttributeValues={":c": {"S": company}},
    )
    for page in pages:
        yield from page["Items"]
