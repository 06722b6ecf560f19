"""The stack and `create_tables` make the same tables, attribute by attribute."""

import secrets
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib.policy.load import current
from chalicelib.policy.terms import Period
from chalicelib.store.tables import TABLES, create_tables
from infra.keys import keys
from infra.tables import KEPT, KEY, logical_name, tables
from local.engine import REGION, Engine
from tests.jobs.worlds import settings

PREFIX = f"infra-{secrets.token_hex(4)}-"
DEPLOYED = tables(PREFIX, current())


@pytest.fixture(scope="module")
def dynamodb(engine: Engine) -> Any:
    create_tables(settings(engine.endpoint, PREFIX.removesuffix("-")))
    return boto3.client("dynamodb", endpoint_url=engine.endpoint, region_name=REGION)


def attributes(table: dict[str, Any]) -> set[tuple[str, str]]:
    return {(part["AttributeName"], part["AttributeType"]) for part in table["AttributeDefinitions"]}


def indexes(table: dict[str, Any]) -> dict[str, Any]:
    found = [*table.get("GlobalSecondaryIndexes", []), *table.get("LocalSecondaryIndexes", [])]
    return {index["IndexName"]: (index["KeySchema"], index["Projection"]["ProjectionType"]) for index in found}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_created_and_deployed_are_the_same(dynamodb: Any, table: Any) -> None:
    deployed = DEPLOYED[logical_name(table.name)]["Properties"]
    created = dynamodb.describe_table(TableName=PREFIX + table.name)["Table"]
    assert deployed["TableName"] == created["TableName"]
    assert deployed["KeySchema"] == created["KeySchema"]
    assert attributes(deployed) == attributes(created)
    assert indexes(deployed) == indexes(created)
    assert deployed["BillingMode"] == created["BillingModeSummary"]["BillingMode"]
    expiry = dynamodb.describe_time_to_live(TableName=PREFIX + table.name)["TimeToLiveDescription"]
    assert deployed.get("TimeToLiveSpecification", {}).get("AttributeName") == expiry.get("AttributeName")
    assert ("TimeToLiveSpecification" in deployed) == (expiry["TimeToLiveStatus"] == "ENABLED")


def test_every_table_is_deployed_and_protected() -> None:
    assert set(DEPLOYED) == {logical_name(table.name) for table in TABLES}
    for table in DEPLOYED.values():
        assert table.items() >= KEPT.items()
        properties = table["Properties"]
        assert properties["DeletionProtectionEnabled"] is True
        assert properties["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": 35,
        }
        assert properties["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": [KEY, "Arn"]}


def test_the_tables_that_expire_rows_are_those_of_the_policy() -> None:
    assert {table.name: table.ttl for table in TABLES} == {name: table.ttl for name, table in current().tables.items()}


def test_the_key_turns_and_stays() -> None:
    key = keys("dev")[KEY]
    assert key.items() >= KEPT.items()
    assert key["Properties"]["EnableKeyRotation"] is True


def test_a_recovery_that_dynamodb_cannot_give_is_refused() -> None:
    policy = current()
    longer = replace(policy, storage=replace(policy.storage, point_in_time_recovery=Period(days=36)))
    with pytest.raises(ValueError, match="36 days"):
        tables(PREFIX, longer)
