"""The permissions that IAM requires for each AWS call of the code: the action, the resource by its logical name, and
the values that conditions read. An unknown call is an error, so that its permissions are decided here first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.store.drill import DRILL_PREFIX
from infra.tables import logical_name

OTHER = "a company's"
"""Stands for every company's partition: no policy names one."""
TAGGED = "${aws:PrincipalTag/%s}"
"""Stands, in a session, for the company of a tag: so do the policies of sessions say it. One company may be that of two
tags (`company+into`), and is then whatever either may be."""
OWN = TAGGED % "company"
Tags = Mapping[str, str]
"""A session's, by name; empty without one."""
NONE: Tags = {}


@dataclass(frozen=True)
class Need:
    """A permission that one call needs: an action on a resource, and the values that conditions read (each a set)."""

    action: str
    resource: str
    context: tuple[tuple[str, frozenset[str]], ...] = ()


def meant(value: str) -> list[str]:
    """The placeholders for a company, as policies may name it: one for each of its tags."""
    if (several := re.search(r"aws:PrincipalTag/([a-z+]+)", value)) is None:
        return [value]
    return [value.replace(several[0], f"aws:PrincipalTag/{tag}") for tag in several[1].split("+")]


def _tagged(company: str, tags: Tags) -> str:
    """The placeholder for a company; empty for a company that no tag names."""
    names = "+".join(sorted(name for name, value in tags.items() if value == company))
    return TAGGED % names if names else ""


def needs(service: str, operation: str, asked: dict[str, Any], tags: Tags = NONE) -> Iterator[Need]:
    """The permissions that IAM requires for a call, in a session of these tags if there is one. Raises KeyError for an
    unknown operation."""
    if service == "dynamodb":
        yield from _of_table(operation, asked, tags)
    elif service == "s3":
        yield from _of_bucket(operation, asked, tags)
    elif (service, operation) == ("sts", "AssumeRole"):
        yield from _of_role(asked)
    else:
        bound = asked.get("EncryptionContext", {}).get("company")
        context = (("kms:EncryptionContext:company", _named({bound}, tags)),) if bound else ()
        yield Need(*OTHERS[service, operation], context)


def _of_role(asked: dict[str, Any]) -> Iterator[Need]:
    """A role's ARN ends in its job and its name; each tag is asked for with the role."""
    job = asked["RoleArn"].split("/")[-2]
    role = f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{AWS::StackName}}/{job}/x"
    tags = tuple((f"aws:RequestTag/{tag['Key']}", _kind_of_tag(tag["Value"])) for tag in asked.get("Tags", ()))
    for action in ("sts:AssumeRole", "sts:TagSession"):
        yield Need(action, role, tags)


def _kind_of_tag(value: str) -> frozenset[str]:
    return frozenset({"cmp_x" if value.startswith("cmp_") else value})


def _named(companies: Iterable[str], tags: Tags) -> frozenset[str]:
    """Partitions as policies can name them."""
    return frozenset(_tagged(c, tags) or (OTHER if c.startswith("cmp_") else c) for c in companies)


OTHERS = {
    ("kms", "Sign"): ("kms:Sign", "ReceiptKey"),
    ("kms", "GetPublicKey"): ("kms:GetPublicKey", "ReceiptKey"),
    ("kms", "GenerateDataKey"): ("kms:GenerateDataKey", "BackupKey"),
    ("kms", "GenerateDataKeyWithoutPlaintext"): ("kms:GenerateDataKeyWithoutPlaintext", "BackupKey"),
    ("kms", "Decrypt"): ("kms:Decrypt", "BackupKey"),
    ("sqs", "SendMessage"): ("sqs:SendMessage", "WakeQueue"),
    ("sesv2", "SendEmail"): ("ses:SendEmail", "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/x"),
    ("secretsmanager", "GetSecretValue"): ("secretsmanager:GetSecretValue", "PepperSecret"),
    ("cognito-idp", "AdminDeleteUser"): ("cognito-idp:AdminDeleteUser", "UserPool"),
    ("cognito-idp", "AdminGetUser"): ("cognito-idp:AdminGetUser", "UserPool"),
    ("cognito-idp", "ListUsers"): ("cognito-idp:ListUsers", "UserPool"),
}
_SINGLE = ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
_IN_TRANSACTION = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def _of_table(operation: str, asked: dict[str, Any], tags: Tags) -> Iterator[Need]:
    if operation in _SINGLE:
        yield _on_row(operation, asked, tags)
    elif operation == "Query":
        values = asked.get("ExpressionAttributeValues", {})
        partition = values.get(asked["KeyConditionExpression"].split("=")[1].split()[0].strip("() "), {}).get(
            "S", OTHER
        )
        index = f"/index/{asked['IndexName']}" if asked.get("IndexName") else ""
        yield Need("dynamodb:Query", _table_name(asked["TableName"]) + index, _leading({partition}, tags))
    elif operation in ("TransactGetItems", "TransactWriteItems"):
        for item in asked["TransactItems"]:
            ((kind, row),) = item.items()
            yield _on_row(_IN_TRANSACTION[kind], row, tags)
    elif operation in ("BatchWriteItem", "BatchGetItem"):
        for name, rows in asked["RequestItems"].items():
            yield Need(f"dynamodb:{operation}", _table_name(name), _leading(_batched(rows), tags))
    elif operation == "Scan":
        yield Need("dynamodb:Scan", _table_name(asked["TableName"]))
    else:
        raise KeyError(operation)


def _batched(rows: Any) -> set[str]:
    if isinstance(rows, dict):
        return {key["company"]["S"] for key in rows["Keys"]}
    each = [part for row in rows for part in row.values()]
    return {(part.get("Key") or part["Item"])["company"]["S"] for part in each}


def _on_row(action: str, row: dict[str, Any], tags: Tags) -> Need:
    key = row.get("Key") or row["Item"]
    context = _leading({key["company"]["S"]}, tags)
    if action == "UpdateItem":
        named = {*row.get("ExpressionAttributeNames", {}).values(), *row["Key"]}
        context += (("dynamodb:Attributes", frozenset(named)),)
    return Need(f"dynamodb:{action}", _table_name(row["TableName"]), context)


def _leading(partitions: set[str], tags: Tags) -> tuple[tuple[str, frozenset[str]], ...]:
    return (("dynamodb:LeadingKeys", _named(partitions, tags)),)


def _table_name(table: str) -> str:
    drill = "Drill" if f"-{DRILL_PREFIX}" in table else ""
    return drill + logical_name(table.rpartition("-")[2])


_ON_OBJECTS = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "GetObjectRetention": "GetObjectRetention",
    "GetObjectTagging": "GetObjectTagging",
}
_ON_BUCKETS = {"ListObjectsV2": "ListBucket", "ListObjectVersions": "ListBucketVersions"}


def _of_bucket(operation: str, asked: dict[str, Any], tags: Tags) -> Iterator[Need]:
    bucket = "ArchiveBucket" if asked["Bucket"].endswith("-archive") else "FilesBucket"
    if operation in _ON_BUCKETS:
        yield Need(f"s3:{_ON_BUCKETS[operation]}", bucket, (("s3:prefix", frozenset({_kind(asked["Prefix"], tags)})),))
    elif operation == "ListMultipartUploads":  # IAM knows no prefix of it
        yield Need("s3:ListBucketMultipartUploads", bucket)
    elif operation in ("DeleteObject", "DeleteObjects"):
        objects = [asked] if operation == "DeleteObject" else asked["Delete"]["Objects"]
        for each in objects:
            kind = _kind(each["Key"], tags)
            yield Need("s3:DeleteObject", f"{bucket}/{kind}")  # "always", says S3's reference, of versions too
            if each.get("VersionId"):
                yield Need("s3:DeleteObjectVersion", f"{bucket}/{kind}")
    elif operation == "CopyObject":
        yield Need("s3:GetObject", f"{bucket}/{_kind(asked['CopySource']['Key'], tags)}")
        yield Need("s3:PutObject", f"{bucket}/{_kind(asked['Key'], tags)}")
    else:
        version = "Version" if operation == "GetObject" and asked.get("VersionId") else ""
        yield Need(f"s3:{_ON_OBJECTS[operation]}{version}", f"{bucket}/{_kind(asked['Key'], tags)}")
        if operation == "HeadObject":  # without the right to list, S3 answers 403 for what is not there
            yield Need("s3:ListBucket", bucket, (("s3:prefix", frozenset({_kind(asked["Key"], tags)})),))
        if asked.get("ObjectLockMode"):
            yield Need("s3:PutObjectRetention", f"{bucket}/{_kind(asked['Key'], tags)}")


def _kind(key: str, tags: Tags) -> str:
    """A key without which it is, and without whose unless that is one of the session's tags: so policies name them."""
    from chalicelib.files.anchors import ANCHORS
    from chalicelib.policy.load import current

    if key.startswith(ANCHORS):  # one object a day, of no company
        return f"{ANCHORS}x"
    prefix = next((path for path in current().prefixes if key.startswith(path)), None)
    if prefix is None:
        return key
    whose, ended, _ = key.removeprefix(prefix).partition("/")
    own = _tagged(whose, tags) if ended else ""
    return f"{prefix}{own}/x" if own else f"{prefix}x"
