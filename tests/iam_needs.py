"""What IAM asks for each AWS call that the code makes: the action, the resource by its logical name, and what
conditions look at. A call that is not known here is an error, so that a new one is thought about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.store.drill import ASIDE
from infra.tables import logical_name

OTHER = "a company's"
"""Stands for every company's partition: no policy names one."""


@dataclass(frozen=True)
class Need:
    """What one call needs: an action on a resource, and what conditions look at (each a set of values)."""

    action: str
    resource: str
    context: tuple[tuple[str, frozenset[str]], ...] = ()


def needs(service: str, operation: str, asked: dict[str, Any]) -> Iterator[Need]:
    """What IAM asks for a call. Raises KeyError for an operation that is not known here."""
    if service == "dynamodb":
        yield from _of_table(operation, asked)
    elif service == "s3":
        yield from _of_bucket(operation, asked)
    else:
        yield Need(*OTHERS[service, operation])


OTHERS = {
    ("kms", "Sign"): ("kms:Sign", "ReceiptKey"),
    ("kms", "GetPublicKey"): ("kms:GetPublicKey", "ReceiptKey"),
    ("kms", "GenerateDataKey"): ("kms:GenerateDataKey", "BackupKey"),
    ("kms", "GenerateDataKeyWithoutPlaintext"): ("kms:GenerateDataKeyWithoutPlaintext", "BackupKey"),
    ("kms", "Decrypt"): ("kms:Decrypt", "BackupKey"),
    ("sqs", "SendMessage"): ("sqs:SendMessage", "WakeQueue"),
    ("sesv2", "SendEmail"): ("ses:SendEmail", "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/x"),
    ("secretsmanager", "GetSecretValue"): ("secretsmanager:GetSecretValue", "PepperSecret"),
}
_SINGLE = ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
_IN_TRANSACTION = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def _of_table(operation: str, asked: dict[str, Any]) -> Iterator[Need]:
    if operation in _SINGLE:
        yield _on_row(operation, asked)
    elif operation == "Query":
        values = asked.get("ExpressionAttributeValues", {})
        partition = values.get(asked["KeyConditionExpression"].split("=")[1].split()[0].strip("() "), {}).get(
            "S", OTHER
        )
        index = f"/index/{asked['IndexName']}" if asked.get("IndexName") else ""
        yield Need("dynamodb:Query", _room(asked["TableName"]) + index, _leading({partition}))
    elif operation in ("TransactGetItems", "TransactWriteItems"):
        for item in asked["TransactItems"]:
            ((kind, row),) = item.items()
            yield _on_row(_IN_TRANSACTION[kind], row)
    elif operation in ("BatchWriteItem", "BatchGetItem"):
        for name, rows in asked["RequestItems"].items():
            yield Need(f"dynamodb:{operation}", _room(name), _leading(_batched(rows)))
    elif operation == "Scan":
        yield Need("dynamodb:Scan", _room(asked["TableName"]))
    else:
        raise KeyError(operation)


def _batched(rows: Any) -> set[str]:
    if isinstance(rows, dict):
        return {key["company"]["S"] for key in rows["Keys"]}
    each = [part for row in rows for part in row.values()]
    return {(part.get("Key") or part["Item"])["company"]["S"] for part in each}


def _on_row(action: str, row: dict[str, Any]) -> Need:
    key = row.get("Key") or row["Item"]
    context = _leading({key["company"]["S"]})
    if action == "UpdateItem":
        named = {*row.get("ExpressionAttributeNames", {}).values(), *row["Key"]}
        context += (("dynamodb:Attributes", frozenset(named)),)
    return Need(f"dynamodb:{action}", _room(row["TableName"]), context)


def _leading(partitions: set[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    told = frozenset(OTHER if name.startswith("cmp_") else name for name in partitions)
    return (("dynamodb:LeadingKeys", told),)


def _room(table: str) -> str:
    aside = "Drill" if f"-{ASIDE}" in table else ""
    return aside + logical_name(table.rpartition("-")[2])


_ON_OBJECTS = {
    "GetObject": "GetObject", "HeadObject": "GetObject", "PutObject": "PutObject", "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject", "AbortMultipartUpload": "AbortMultipartUpload",
    "GetObjectRetention": "GetObjectRetention",
}  # fmt: skip
_ON_BUCKETS = {"ListObjectsV2": "ListBucket", "ListObjectVersions": "ListBucketVersions"}


def _of_bucket(operation: str, asked: dict[str, Any]) -> Iterator[Need]:
    bucket = "ArchiveBucket" if asked["Bucket"].endswith("-archive") else "FilesBucket"
    if operation in _ON_BUCKETS:
        yield Need(f"s3:{_ON_BUCKETS[operation]}", bucket, (("s3:prefix", frozenset({_kind(asked["Prefix"])})),))
    elif operation == "ListMultipartUploads":  # IAM knows no prefix of it
        yield Need("s3:ListBucketMultipartUploads", bucket)
    elif operation in ("DeleteObject", "DeleteObjects"):
        objects = [asked] if operation == "DeleteObject" else asked["Delete"]["Objects"]
        for each in objects:
            action = "s3:DeleteObjectVersion" if each.get("VersionId") else "s3:DeleteObject"
            yield Need(action, f"{bucket}/{_kind(each['Key'])}")
    elif operation == "CopyObject":
        yield Need("s3:GetObject", f"{bucket}/{_kind(asked['CopySource']['Key'])}")
        yield Need("s3:PutObject", f"{bucket}/{_kind(asked['Key'])}")
    else:
        yield Need(f"s3:{_ON_OBJECTS[operation]}", f"{bucket}/{_kind(asked['Key'])}")
        if operation == "HeadObject":  # without the right to list, S3 answers 403 for what is not there
            yield Need("s3:ListBucket", bucket, (("s3:prefix", frozenset({_kind(asked["Key"])})),))
        if asked.get("ObjectLockMode"):
            yield Need("s3:PutObjectRetention", f"{bucket}/{_kind(asked['Key'])}")


def _kind(key: str) -> str:
    """A key without whose it is and which: policies know prefixes only."""
    from chalicelib.policy.load import current

    prefix = next((path for path in current().prefixes if key.startswith(path)), None)
    return f"{prefix}x" if prefix else key
