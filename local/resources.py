"""Create the template's bucket, queue and sender on the embedded engine. The store creates the tables."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.engine import REGION

FILES_BUCKET = "facture-local-files"
WAKE_QUEUE = "facture-local-wake"
DEAD_QUEUE = "facture-local-wake-dead"
MAIL_FROM = "service@facture.example"
ARCHIVE_BUCKET = f"{FILES_BUCKET}-archive"
RECEIPT_KEY = "alias/facture-receipts"
BACKUP_KEY = "alias/facture-backups"
USER_POOL = "facture-local"
MAX_RECEIVES = 5
VISIBILITY_SECONDS = 60


class EngineClients:
    """Make boto3 clients of the engine at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        def client(service: str) -> Any:
            config = Config(connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
            return boto3.client(
                service,
                endpoint_url=endpoint,
                region_name=REGION,
                aws_access_key_id="local",
                aws_secret_access_key="local",  # noqa: S106 - the engine checks none
                config=config,
            )

        self.files = client("s3")
        self.queue = client("sqs")
        self.keys = client("kms")
        self.mail = client("sesv2")
        self.sign_ins = client("cognito-idp")

    def create(self) -> str:
        """Create the bucket, the queues and the sender unless they exist. Return the wake queue's URL."""
        self._create_bucket(FILES_BUCKET)
        create_archive_bucket(self.files, ARCHIVE_BUCKET)
        create_receipt_key(self.keys, RECEIPT_KEY)
        create_backup_key(self.keys, BACKUP_KEY)
        self._create_sender(MAIL_FROM)
        dead = self.queue.create_queue(QueueName=DEAD_QUEUE)["QueueUrl"]
        arn = self.queue.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
        attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS), "RedrivePolicy": redrive}
        url: str = self.queue.create_queue(QueueName=WAKE_QUEUE)["QueueUrl"]
        self.queue.set_queue_attributes(QueueUrl=url, Attributes=attributes)
        return url

    def _create_sender(self, address: str) -> None:
        try:
            self.mail.create_email_identity(EmailIdentity=address)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise

    def _create_bucket(self, name: str) -> None:
        try:
            self.files.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise


def create_receipt_key(keys: Any, alias: str) -> None:
    """Create the key that signs receipts, under `alias`, unless it exists."""
    _create_key(keys, alias, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Description="Receipts")


def create_backup_key(keys: Any, alias: str) -> None:
    """Create the key that wraps the data keys of backups, under `alias`, unless it exists."""
    _create_key(keys, alias, KeySpec="SYMMETRIC_DEFAULT", KeyUsage="ENCRYPT_DECRYPT", Description="Backups")


def _create_key(keys: Any, alias: str, **options: str) -> None:
    try:
        keys.describe_key(KeyId=alias)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        key = keys.create_key(**options)
        keys.create_alias(AliasName=alias, TargetKeyId=key["KeyMetadata"]["KeyId"])


def create_user_pool(sign_ins: Any, name: str) -> str:
    """Create the pool of sign-in accounts unless it exists; return its id."""
    pools = sign_ins.list_user_pools(MaxResults=60)["UserPools"]
    found = [str(pool["Id"]) for pool in pools if pool["Name"] == name]
    if found:
        return found[0]
    made = sign_ins.create_user_pool(PoolName=name, UsernameAttributes=["email"], AutoVerifiedAttributes=["email"])
    return str(made["UserPool"]["Id"])


def table_names(client: Any) -> list[str]:
    """Return the names of all tables. DynamoDB lists a hundred at a time."""
    return [name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]]


def create_archive_bucket(files: Any, name: str) -> None:
    """Create the bucket of the statutory archive, under Object Lock, unless it exists."""
    try:
        files.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectLockEnabledForBucket=True
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise
