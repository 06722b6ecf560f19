"""The buckets as CloudFormation: files, the locked archive, and who asked for what. What expires, and when, is the
policy's."""

from collections.abc import Callable
from typing import Any

from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.model import Policy
from infra.stages import arn, document, ref, sub, trace_days
from infra.tables import KEPT, KEY

BUCKET = "FilesBucket"
"""The logical names of the buckets, which the functions' policies refer to."""
ARCHIVE = "ArchiveBucket"
ASKED = "AccessLogsBucket"


def buckets(policy: Policy) -> dict[str, Any]:
    """Every bucket, private, encrypted and versioned, with the policy that refuses whatever is not over TLS."""
    archive = _properties(policy, "archive") | {
        "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            # Each object is locked to its own day when it is written (files/archive.py); one without is noticed.
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    }
    made = {
        **_bucket(BUCKET, _properties(policy, "files") | {"CorsConfiguration": {"CorsRules": [_READERS]}}),
        **_bucket(ARCHIVE, archive),
        **_bucket(ASKED, _asked(policy), _delivery()),
    }
    for name in (BUCKET, ARCHIVE):
        made[name]["DependsOn"] = [f"{ASKED}Policy"]  # before it, S3 may not deliver there
    return made


_READERS = {
    "AllowedMethods": ["GET"],
    "AllowedOrigins": ["*"],
    "ExposedHeaders": ["Content-Disposition"],
    "MaxAge": 600,
}
"""A web application reads by the link that the API gave it, from wherever it is served: the link is what permits."""


def _properties(policy: Policy, bucket: str) -> dict[str, Any]:
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn(KEY)}
    rules = configuration(policy, bucket)["Rules"]
    return _private() | {
        "BucketEncryption": _encrypted({"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_key}),
        "LifecycleConfiguration": {"Rules": [_rule(rule) for rule in rules]},
        "LoggingConfiguration": {"DestinationBucketName": ref(ASKED), "LogFilePrefix": f"{bucket}/"},
    }


def _asked(policy: Policy) -> dict[str, Any]:
    """Who asked for which object: callers' addresses, so it goes when technical information goes."""
    ends = {
        "Id": "traces",
        "Status": "Enabled",
        "ExpirationInDays": trace_days(policy),
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    tidy = {
        "Id": "unfinished-uploads",
        "Status": "Enabled",
        "ExpiredObjectDeleteMarker": True,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    return _private() | {
        # S3 delivers its logs under its own key and no other.
        "BucketEncryption": _encrypted({"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}),
        "LifecycleConfiguration": {"Rules": [ends, tidy]},
    }


def _private() -> dict[str, Any]:
    public = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    return {
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": dict.fromkeys(public, True),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }


def _encrypted(rule: dict[str, Any]) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": [rule]}


def _bucket(name: str, properties: dict[str, Any], *statements: dict[str, Any]) -> dict[str, Any]:
    refused = {
        "Sid": "OverTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn(name), sub(f"${{{name}.Arn}}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    allowed = {"Bucket": ref(name), "PolicyDocument": document(refused, *statements)}
    return {
        name: {"Type": "AWS::S3::Bucket", **KEPT, "Properties": properties},
        f"{name}Policy": {"Type": "AWS::S3::BucketPolicy", **KEPT, "Properties": allowed},
    }


def _delivery() -> dict[str, Any]:
    return {
        "Sid": "Delivery",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": sub(f"${{{ASKED}.Arn}}/*"),
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A lifecycle rule of boto3's shape in CloudFormation's. Raises KeyError for a part that it does not know."""
    made: dict[str, Any] = {}
    for name, value in rule.items():
        made |= _PARTS[name](value)
    return made


def _expiration(value: dict[str, Any]) -> dict[str, Any]:
    names = {"Days": "ExpirationInDays", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
    return {names[name]: part for name, part in value.items()}


def _transitions(value: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Transitions": [{"TransitionInDays": t["Days"], "StorageClass": t["StorageClass"]} for t in value]}


_PARTS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "ID": lambda value: {"Id": value},
    "Status": lambda value: {"Status": value},
    "Filter": lambda value: {"Prefix": value["Prefix"]} if value["Prefix"] else {},
    "Expiration": _expiration,
    "Transitions": _transitions,
    "NoncurrentVersionExpiration": lambda value: {"NoncurrentVersionExpiration": value},
    "AbortIncompleteMultipartUpload": lambda value: {"AbortIncompleteMultipartUpload": value},
}
