"""Where CloudFormation reads a package: in a bucket of the stage's own, each file once, under its content's digest."""

import json
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from infra.build import Built


def upload(storage: Any, bucket: str, built: Built, region: str) -> str:
    """Put the artefacts into `bucket`, which is made where there is none; the address of the template."""
    _made(storage, bucket, region)
    template = json.loads(built.template.read_text("utf-8"))
    places = {}
    for path in (built.application, *built.layers.values()):
        key = f"{sha256(path.read_bytes()).hexdigest()}.zip"
        if not _there(storage, bucket, key):
            storage.upload_file(str(path), bucket, key)
        places[path.name] = {"Bucket": bucket, "Key": key}
    placed(template, places)
    text = json.dumps(template, separators=(",", ":"), ensure_ascii=False).encode()
    key = f"{sha256(text).hexdigest()}.json"
    storage.put_object(Bucket=bucket, Key=key, Body=text, ContentType="application/json")
    endpoint = str(storage.meta.endpoint_url).rstrip("/")
    own = f"https://{bucket}.s3.{region}.amazonaws.com"
    return f"{own if endpoint.endswith('amazonaws.com') else f'{endpoint}/{bucket}'}/{key}"


def placed(template: dict[str, Any], places: Mapping[str, Mapping[str, str]]) -> None:
    """Let the template refer to the uploaded artefacts. Raises KeyError for one that was not uploaded."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = dict(places[properties["CodeUri"]])
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = dict(places[properties["ContentUri"]])


def _there(storage: Any, bucket: str, key: str) -> bool:
    try:
        storage.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True


def _made(storage: Any, bucket: str, region: str) -> None:
    """The bucket of packages, private. What was deployed stays: a rollback reads it again, however long ago it was."""
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
