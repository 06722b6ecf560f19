"""The six DynamoDB tables: one definition, used by PynamoDB to create them and by `infra/` to deploy them."""

from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.settings import Settings

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 8, 3
"""The limits of every call. An API gateway gives up after 29 s; PynamoDB's defaults wait 15 + 30 s."""


@dataclass(frozen=True)
class Index:
    """A sparse global index: it contains only rows that have both attributes."""

    name: str
    hash: str
    range: str
    keys_only: bool = False


@dataclass(frozen=True)
class TableDefinition:
    """A table. Write and delete permissions are granted by table. Its key is `company` and `sort`; `ttl` names the
    expiry attribute."""

    name: str
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None


_DUE = Index("due", "due", "due_at")
TABLES = (
    TableDefinition("workspace", indexes=(_DUE,)),
    TableDefinition("ledger"),
    TableDefinition("journal", indexes=(_DUE,)),
    TableDefinition("identity", indexes=(Index("user", "user", "company"), Index("email", "email_key", "company"))),
    TableDefinition("requests", indexes=(_DUE,)),
    TableDefinition("transient", indexes=(_DUE,), ttl="expires_at"),
)


def table_name(settings: Settings, table: str) -> str:
    """The name of the DynamoDB table in this stage."""
    return f"{settings.table_prefix}{table}"


def _index(index: Index) -> GlobalSecondaryIndex[Any]:
    projection = KeysOnlyProjection() if index.keys_only else AllProjection()
    meta = type("Meta", (), {"index_name": index.name, "projection": projection, "billing_mode": "PAY_PER_REQUEST"})
    body = {"Meta": meta, index.hash: UnicodeAttribute(hash_key=True), index.range: UnicodeAttribute(range_key=True)}
    index_class: GlobalSecondaryIndex[Any] = type(index.name.title() + "Index", (GlobalSecondaryIndex,), body)()
    return index_class


def _model(settings: Settings, table: TableDefinition) -> type[Model]:
    meta = {
        "table_name": table_name(settings, table.name),
        "region": settings.region,
        "host": settings.endpoint_of("dynamodb"),
        "billing_mode": "PAY_PER_REQUEST",
        "connect_timeout_seconds": CONNECT_SECONDS,
        "read_timeout_seconds": READ_SECONDS,
        "max_retry_attempts": ATTEMPTS,
    }
    body: dict[str, Any] = {
        "Meta": type("Meta", (), meta),
        "company": UnicodeAttribute(hash_key=True),
        "sort": UnicodeAttribute(range_key=True),
        **{f"{index.name}_index": _index(index) for index in table.indexes},
    }
    if table.ttl:
        body[table.ttl] = TTLAttribute(null=True)
    return type(table.name.title(), (Model,), body)


def tables(settings: Settings) -> dict[str, type[Model]]:
    """The PynamoDB classes of this stage by table. They are made from settings, so there is no global `Meta`."""
    return {table.name: _model(settings, table) for table in TABLES}


def create_tables(settings: Settings) -> None:
    """Create every missing table, with its expiry attribute. Safe to repeat."""
    for model in tables(settings).values():
        if model.exists():
            continue
        model.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
