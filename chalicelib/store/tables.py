"""The six DynamoDB tables: one definition, used by PynamoDB to create them and by `infra/` to deploy them."""

from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.connection.base import MetaTable
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection, LocalSecondaryIndex
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
class LocalIndex:
    """A sparse index of one company's rows, by the attribute `range`. It holds keys only, and its reads may be strongly
    consistent. DynamoDB makes it only together with its table (ADR 0070)."""

    name: str
    range: str


@dataclass(frozen=True)
class TableDefinition:
    """A table. Write and delete permissions are granted by table. Its key is `company` and `sort`; `ttl` names the
    expiry attribute."""

    name: str
    indexes: tuple[Index, ...] = ()
    local: tuple[LocalIndex, ...] = ()
    ttl: str | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes of its key and of the keys of its indexes. Each is a string."""
        ranges = (index.range for index in self.local)
        return tuple(
            dict.fromkeys(
                ("company", "sort", *(part for index in self.indexes for part in (index.hash, index.range)), *ranges)
            )
        )


_DUE = Index("due", "due", "due_at")
_CUSTOMER = LocalIndex("customer", "_customer")
TABLES = (
    TableDefinition("workspace", indexes=(_DUE,), local=(_CUSTOMER, LocalIndex("words", "_w"))),
    TableDefinition("ledger", local=(LocalIndex("open", "_open"), LocalIndex("date", "_date"), _CUSTOMER)),
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


def _local_index(index: LocalIndex) -> LocalSecondaryIndex[Any]:
    meta = type("Meta", (), {"index_name": index.name, "projection": KeysOnlyProjection()})
    body = {
        "Meta": meta,
        "company": UnicodeAttribute(hash_key=True),
        "key": UnicodeAttribute(range_key=True, attr_name=index.range),
    }
    index_class: LocalSecondaryIndex[Any] = type(index.name.title() + "Index", (LocalSecondaryIndex,), body)()
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
        **{f"{index.name}_local_index": _local_index(index) for index in table.local},
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


def meta_table(name: str, table: TableDefinition) -> MetaTable:
    """The table as PynamoDB's connection knows it, so that it asks DynamoDB for no description."""

    def schema(hash_name: str, range_name: str) -> list[dict[str, str]]:
        return [{"AttributeName": hash_name, "KeyType": "HASH"}, {"AttributeName": range_name, "KeyType": "RANGE"}]

    return MetaTable(
        {
            "TableName": name,
            "KeySchema": schema("company", "sort"),
            "AttributeDefinitions": [{"AttributeName": a, "AttributeType": "S"} for a in sorted(table.attributes)],
            "GlobalSecondaryIndexes": [
                {"IndexName": index.name, "KeySchema": schema(index.hash, index.range)} for index in table.indexes
            ],
            "LocalSecondaryIndexes": [
                {"IndexName": index.name, "KeySchema": schema("company", index.range)} for index in table.local
            ],
        }
    )
