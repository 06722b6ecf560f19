"""The tables: made once, with their indexes and their expiry."""

from dataclasses import fields, replace
from uuid import uuid4

from chalicelib.policy.rules import all_entities
from chalicelib.store.codec import STORES_OWN
from chalicelib.store.tables import TABLES, create_tables, table_name, tables
from chalicelib.wiring import World


def test_tables_are_made_as_they_are_defined(bare_world: World) -> None:
    client = bare_world.store.connection.client
    for definition in TABLES:
        table = client.describe_table(TableName=table_name(bare_world.settings, definition.name))["Table"]
        assert [key["AttributeName"] for key in table["KeySchema"]] == ["company", "sort"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        indexes = table.get("GlobalSecondaryIndexes", [])
        made = {index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]] for index in indexes}
        assert made == {index.name: [index.hash, index.range] for index in definition.indexes}
        local = {
            index["IndexName"]: (
                [key["AttributeName"] for key in index["KeySchema"]],
                index["Projection"]["ProjectionType"],
            )
            for index in table.get("LocalSecondaryIndexes", [])
        }
        assert local == {index.name: (["company", index.range], "KEYS_ONLY") for index in definition.local}
        expiry = client.describe_time_to_live(TableName=table["TableName"])["TimeToLiveDescription"]
        assert expiry.get("AttributeName") == definition.ttl


def test_creating_the_tables_again_keeps_their_rows(bare_world: World) -> None:
    settings = replace(bare_world.settings, table_prefix=f"again-{uuid4().hex[:8]}-")
    create_tables(settings)
    world = World(settings)
    row = {"company": {"S": "cmp_1"}, "sort": {"S": "x"}}
    world.store.connection.client.put_item(TableName=world.store.names["ledger"], Item=row)
    create_tables(settings)
    found = world.store.connection.client.get_item(TableName=world.store.names["ledger"], Key=row)
    assert found["Item"] == row
    world.store.connection.client.close()


def test_every_stage_has_tables_of_its_own(bare_world: World) -> None:
    names = [table_name(bare_world.settings, definition.name) for definition in TABLES]
    assert list(bare_world.store.names.values()) == names
    assert all(name.startswith(bare_world.settings.table_prefix) for name in names)
    assert [model.Meta.table_name for model in tables(bare_world.settings).values()] == names


def test_no_entity_has_an_attribute_of_the_store() -> None:
    keys = {index.range for definition in TABLES for index in definition.local}
    assert keys == {"_open", "_date", "_customer", "_w"}
    assert not [field.name for cls in all_entities().values() for field in fields(cls) if field.name[0] == STORES_OWN]
