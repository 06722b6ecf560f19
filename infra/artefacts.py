"""Upload a package to the stage's own bucket, from which CloudFormation reads it. A file's key is the digest of its
content."""

import json
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from infra.build import Built


def upload(storage: Any, bucket: str, built: Built, region: str) -> str:
    """Upload the package to `bucket`, and create the bucket if it is missing. Return the template's URL."""
    _ensure_bucket(storage, bucket, region)
    template = json.loads(built.template.read_text("utf-8"))
    places = {}
    for path in (built.application, *built.layers.values()):
        key = f"{sha256(path.read_bytes()).hexdigest()}.zip"
        if not _exists(storage, bucket, key):
            storage.upload_file(str(path), bucket, key)
        places[path.name] = {"Bucket": bucket, "Key": key}
    refer_to_uploads(template, places)
    text = json.dumps(template, separators=(",", ":"), ensure_ascii=False).encode()
    key = f"{sha256(text).hexdigest()}.json"
    storage.put_object(Bucket=bucket, Key=key, Body=text, ContentType="application/json")
    endpoint = str(storage.meta.endpoint_url).rstrip("/")
    aws = f"https://{bucket}.s3.{region}.amazonaws.com"
    return f"{aws if endpoint.endswith('amazonaws.com') else f'{endpoint}/{bucket}'}/{key}"


def refer_to_uploads(template: dict[str, Any], places: Mapping[str, Mapping[str, str]]) -> None:
    """Make the template refer to the uploaded files. Raises KeyError for a file that was not uploaded."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = dict(places[properties["CodeUri"]])
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = dict(places[properties["ContentUri"]])


def _exists(storage: Any, bucket: str, key: str) -> bool:
    try:
        storage.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True


def _ensure_bucket(storage: Any, bucket: str, region: str) -> None:
    """Create the bucket of packages, private. Old packages stay, because a rollback may read one at any later time."""
    try:
        storage.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    storage.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
    stopped = {
        "ID": "unfinished-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    storage.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [stopped]})
