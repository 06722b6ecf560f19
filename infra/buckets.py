"""The bucket of files as CloudFormation; what expires in it, and when, is derived from the policy."""

from collections.abc import Callable
from typing import Any

from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.model import Policy
from infra.tables import KEPT, KEY

BUCKET = "FilesBucket"
"""The logical name of the bucket, which the functions' policies refer to."""


def buckets(policy: Policy) -> dict[str, Any]:
    """The bucket, private, encrypted and versioned, and the policy that refuses whatever is not over TLS."""
    properties = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [_encryption()]},
        "PublicAccessBlockConfiguration": dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        ),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {"Rules": [_rule(rule) for rule in configuration(policy)["Rules"]]},
    }
    own = {"Fn::GetAtt": [BUCKET, "Arn"]}
    refused = {
        "Sid": "OverTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [own, {"Fn::Sub": f"${{{BUCKET}.Arn}}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [refused]}
    return {
        BUCKET: {"Type": "AWS::S3::Bucket", **KEPT, "Properties": properties},
        f"{BUCKET}Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": BUCKET}, "PolicyDocument": document},
        },
    }


def _encryption() -> dict[str, Any]:
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": [KEY, "Arn"]}}
    return {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_key}


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
