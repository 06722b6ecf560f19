"""The buckets in CloudFormation: files, the locked archive and the access logs. The policy decides when objects
expire."""

from collections.abc import Callable
from typing import Any

from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.model import Policy
from chalicelib.policy.terms import most_days
from infra.malware import gate, seal
from infra.stages import arn, document, period_of, ref, sub
from infra.tables import KEPT, KEY

BUCKET = "FilesBucket"
"""Logical names of the buckets. The functions' policies refer to them."""
ARCHIVE = "ArchiveBucket"
ACCESS_LOGS = "AccessLogsBucket"


def buckets(policy: Policy) -> dict[str, Any]:
    """Return every bucket: private, encrypted and versioned, with a policy that refuses requests without TLS."""
    archive = _properties(policy, "archive") | {
        "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            # files/archive.py locks each object to its own day. The default lock protects an object without one.
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    }
    resources = {
        **_bucket(
            BUCKET,
            _properties(policy, "files") | {"CorsConfiguration": {"CorsRules": [_CORS]}},
            gate(BUCKET),
            seal(BUCKET),
        ),
        **_bucket(ARCHIVE, archive),
        **_bucket(ACCESS_LOGS, _access_logs(policy), _delivery()),
    }
    for name in (BUCKET, ARCHIVE):
        # S3 cannot deliver logs there before this policy exists.
        resources[name]["DependsOn"] = [f"{ACCESS_LOGS}Policy"]
    return resources


_CORS = {
    "AllowedMethods": ["GET", "PUT"],
    "AllowedHeaders": ["content-type", "if-none-match", "x-amz-checksum-sha256"],
    "AllowedOrigins": ["*"],
    "ExposedHeaders": ["Content-Disposition"],
    "MaxAge": 600,
}
"""A web application of any origin may read a file, or upload an announced one, through its signed link. The link is the
permission."""


def _properties(policy: Policy, bucket: str) -> dict[str, Any]:
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn(KEY)}
    rules = configuration(policy, bucket)["Rules"]
    return _private() | {
        "BucketEncryption": _encrypted({"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_key}),
        "LifecycleConfiguration": {"Rules": [_rule(rule) for rule in rules]},
        "LoggingConfiguration": {"DestinationBucketName": ref(ACCESS_LOGS), "LogFilePrefix": f"{bucket}/"},
    }


def _access_logs(policy: Policy) -> dict[str, Any]:
    """Return the bucket of access logs. They hold callers' addresses, so a rule of their own ends them."""
    ends = {
        "Id": "traces",
        "Status": "Enabled",
        "ExpirationInDays": most_days(period_of(policy, "log.access")),
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    tidy = {
        "Id": "unfinished-uploads",
        "Status": "Enabled",
        "ExpiredObjectDeleteMarker": True,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    return _private() | {
        # S3 encrypts its access logs under its own key only.
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
        "Resource": sub(f"${{{ACCESS_LOGS}.Arn}}/*"),
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Convert a lifecycle rule from boto3's shape to CloudFormation's. Raises KeyError for an unknown part."""
    converted: dict[str, Any] = {}
    for name, value in rule.items():
        converted |= _PARTS[name](value)
    return converted


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
