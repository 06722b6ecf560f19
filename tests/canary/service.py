"""A person at the local service, and what it holds: tables, objects, mails, its lines and the files on its disk."""

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import boto3

from tests.e2e.serving import Answer, Served

_KEYS = count(1)
ENGINE = "the embedded AWS listens on "
REGION = "eu-west-3"
PATIENCE = 120.0


@dataclass
class Person:
    """Asks over HTTP with one token."""

    served: Served
    subject: str
    email: str | None = None
    company: str = ""
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self.sign_in()

    def sign_in(self) -> None:
        """A new token, of the service's present hour."""
        claims = {"sub": self.subject} | ({"email": self.email} if self.email else {})
        got = self.served.request("POST", "/_local/token", json.dumps(claims).encode())
        self.token = got.json()["access_token"]

    def ask(self, method: str, path: str, body: Any = None, media: str = "application/json", **more: str) -> Answer:
        """One request."""
        sent = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if self.company:
            sent["Company"] = self.company
        if method in ("POST", "PATCH", "PUT"):
            sent["Idempotency_Key"] = f"canary-{next(_KEYS)}"
        data = None
        if body is not None:
            sent["Content_Type"] = media
            data = json.dumps(body).encode() if media == "application/json" else urlencoded(body)
        return self.served.request(method, path, data, **(sent | more))

    def must(self, method: str, path: str, body: Any = None, **more: str) -> Any:
        """One request that succeeds; its body."""
        got = self.ask(method, path, body, **more)
        assert got.status < 300, (method, path, got.status, got.body)
        return got.json() if got.body else None


def urlencoded(body: dict[str, Any]) -> bytes:
    """A form."""
    from urllib.parse import urlencode

    return urlencode(body).encode()


@dataclass(frozen=True)
class Aws:
    """The embedded AWS of a running service."""

    endpoint: str

    @classmethod
    def of(cls, served: Served) -> "Aws":
        """That of a service, which names it when it starts."""
        (line,) = (line for line in served.lines if ENGINE in line)
        return cls(line.split(ENGINE)[1].strip())

    def client(self, service: str) -> Any:
        """A client that reaches the engine alone."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def run_jobs(self, names: list[str]) -> None:
        """Wake each job, and return when all have run."""
        queue = self.client("sqs")
        (url,) = (each for each in queue.list_queues()["QueueUrls"] if "dead" not in each)
        for name in names:
            queue.send_message(QueueUrl=url, MessageBody=json.dumps({"job": name}))
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        deadline = time.monotonic() + PATIENCE
        while any(
            int(number)
            for number in queue.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"].values()
        ):
            assert time.monotonic() < deadline, f"the jobs did not end within {PATIENCE} s"
            time.sleep(0.1)

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every row of every table, with the table's short name."""
        tables = self.client("dynamodb")
        for name in tables.list_tables()["TableNames"]:
            for page in tables.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
                yield from ((name.rpartition("-")[2], row) for row in page["Items"])

    def objects(self) -> Iterator[tuple[str, str, bytes]]:
        """Every version of every object: its key, its metadata, its bytes; the keys of markers and open uploads."""
        files = self.client("s3")
        for bucket in (each["Name"] for each in files.list_buckets()["Buckets"]):
            for page in files.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for each in page.get("Versions", ()):
                    got = files.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
                    yield each["Key"], f"{got['Metadata']} {got['ContentType']}", got["Body"].read()
                yield from ((each["Key"], "", b"") for each in page.get("DeleteMarkers", ()))
            for upload in files.list_multipart_uploads(Bucket=bucket).get("Uploads", ()):
                yield upload["Key"], "", b""

    def mails(self) -> list[dict[str, Any]]:
        """Every mail that was handed to SES, complete."""
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/ses/messages", timeout=20) as answer:
            captured = json.load(answer)["messages"]
        return [mail for mails in captured.values() for mail in mails]
