"""The tables as CloudFormation, from the definition that creates them everywhere else (`store.tables.ROOM_TABLES`)."""

from typing import Any

from chalicelib.policy.model import Policy
from chalicelib.policy.terms import most_days
from chalicelib.store.drill import ASIDE
from chalicelib.store.tables import ROOM_TABLES, Index, Room

KEY = "DataKey"
"""The logical name of the key that tables and objects are encrypted under."""
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
"""No change of a stack, and no deletion of one, may take data with it."""
MOST_RECOVERY_DAYS = 35


def logical_name(room: str) -> str:
    """A room's name in the template, which the functions' policies refer to."""
    return f"{room.title()}Table"


def tables(prefix: str, policy: Policy) -> dict[str, Any]:
    """The resources of every room under the table names that begin with `prefix` (as FACTURE_TABLE_PREFIX says)."""
    return {logical_name(room.name): _table(prefix, room, policy) for room in ROOM_TABLES}


def drill_tables(prefix: str, policy: Policy) -> dict[str, Any]:
    """The tables that drills restore into and empty again. Nothing in them is to be recovered, or it could bring back
    somebody who was erased meanwhile; and nothing is lost with them."""
    return {f"Drill{logical_name(room.name)}": _aside(prefix + ASIDE, room, policy) for room in ROOM_TABLES}


def _aside(prefix: str, room: Room, policy: Policy) -> dict[str, Any]:
    properties = _table(prefix, room, policy)["Properties"]
    unsaved = {
        "DeletionProtectionEnabled": False,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": {**properties, **unsaved}}


def _table(prefix: str, room: Room, policy: Policy) -> dict[str, Any]:
    names = ["company", "sort", *(name for index in room.indexes for name in (index.hash, index.range))]
    properties: dict[str, Any] = {
        "TableName": prefix + room.name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _keys("company", "sort"),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in dict.fromkeys(names)],
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": _recovery(policy),
        "SSESpecification": {
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": {"Fn::GetAtt": [KEY, "Arn"]},
        },
    }
    if room.indexes:
        properties["GlobalSecondaryIndexes"] = [_index(index) for index in room.indexes]
    if room.ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": room.ttl, "Enabled": True}
    return {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": properties}


def _recovery(policy: Policy) -> dict[str, Any]:
    days = most_days(policy.storage.point_in_time_recovery)
    if not 1 <= days <= MOST_RECOVERY_DAYS:
        raise ValueError(f"the policy recovers tables for {days} days; DynamoDB does for 1 to {MOST_RECOVERY_DAYS}")
    return {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}


def _index(index: Index) -> dict[str, Any]:
    projection = {"ProjectionType": "KEYS_ONLY" if index.keys_only else "ALL"}
    return {"IndexName": index.name, "KeySchema": _keys(index.hash, index.range), "Projection": projection}


def _keys(hash_name: str, range_name: str) -> list[dict[str, str]]:
    named = (("HASH", hash_name), ("RANGE", range_name))
    return [{"AttributeName": name, "KeyType": kind} for kind, name in named]
