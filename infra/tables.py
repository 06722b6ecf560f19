"""The tables in CloudFormation, from the definition that creates them everywhere else (`store.tables.TABLES`)."""

from typing import Any

from chalicelib.policy.model import Policy
from chalicelib.policy.terms import most_days
from chalicelib.store.drill import DRILL_PREFIX
from chalicelib.store.tables import TABLES, Index, LocalIndex, TableDefinition

KEY = "DataKey"
"""The logical name of the key that encrypts tables and objects."""
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
"""Neither a change nor the deletion of a stack may delete data."""
MOST_RECOVERY_DAYS = 35


def logical_name(table: str) -> str:
    """Return the logical name of a table. The functions' policies refer to it."""
    return f"{table.title()}Table"


def tables(prefix: str, policy: Policy) -> dict[str, Any]:
    """Return every table, under names that begin with `prefix` (FACTURE_TABLE_PREFIX)."""
    return {logical_name(table.name): _table(prefix, table, policy) for table in TABLES}


def drill_tables(prefix: str, policy: Policy) -> dict[str, Any]:
    """Return the tables into which drills restore. They have no recovery, which could bring an erased person back, and
    nothing is lost with them."""
    return {f"Drill{logical_name(table.name)}": _drill_table(prefix + DRILL_PREFIX, table, policy) for table in TABLES}


def _drill_table(prefix: str, table: TableDefinition, policy: Policy) -> dict[str, Any]:
    properties = _table(prefix, table, policy)["Properties"]
    unsaved = {
        "DeletionProtectionEnabled": False,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": {**properties, **unsaved}}


def _table(prefix: str, table: TableDefinition, policy: Policy) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "TableName": prefix + table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _keys("company", "sort"),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in table.attributes],
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": _recovery(policy),
        "SSESpecification": {
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": {"Fn::GetAtt": [KEY, "Arn"]},
        },
    }
    if table.indexes:
        properties["GlobalSecondaryIndexes"] = [_index(index) for index in table.indexes]
    if table.local:
        properties["LocalSecondaryIndexes"] = [_local_index(index) for index in table.local]
    if table.ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": table.ttl, "Enabled": True}
    return {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": properties}


def _recovery(policy: Policy) -> dict[str, Any]:
    days = most_days(policy.storage.point_in_time_recovery)
    if not 1 <= days <= MOST_RECOVERY_DAYS:
        raise ValueError(f"the policy recovers tables for {days} days; DynamoDB does for 1 to {MOST_RECOVERY_DAYS}")
    return {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}


def _index(index: Index) -> dict[str, Any]:
    projection = {"ProjectionType": "KEYS_ONLY" if index.keys_only else "ALL"}
    return {"IndexName": index.name, "KeySchema": _keys(index.hash, index.range), "Projection": projection}


def _local_index(index: LocalIndex) -> dict[str, Any]:
    keys = _keys("company", index.range)
    return {"IndexName": index.name, "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}}


def _keys(hash_name: str, range_name: str) -> list[dict[str, str]]:
    named = (("HASH", hash_name), ("RANGE", range_name))
    return [{"AttributeName": name, "KeyType": kind} for kind, name in named]
