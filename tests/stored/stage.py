"""A stage: the application on an embedded AWS that holds a scene, its clock set to the scene's instant.

Only this module builds the application. The tests speak HTTP, run jobs by name and read raw rows.
"""

import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from chalicelib.cli.main import main
from chalicelib.store import codec
from local.gateway import Gateway
from local.issuer import Issuer
from local.resources import table_names
from local.serve import Service
from tests.client import Client
from tests.privacy.worlds import Turned
from tests.stored.scenes import Key, Row, Scene, keys, scene

OWNER = "owner-of-the-books"
"""The token's subject of the owner in every scene."""
LAPSE = timedelta(minutes=30)
"""The time after which the claim of a killed run has lapsed."""
BATCH = 25


class Tables:
    """The raw tables under a prefix."""

    def __init__(self, client: Any, prefix: str) -> None:
        self.client, self.prefix = client, prefix
        self.names = [name for name in table_names(client) if name.startswith(prefix)]

    def stop_expiry(self) -> None:
        """Keep rows whose `expires_at` is past: the engine's clock is the real one."""
        for name in self.names:
            found = self.client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            if found["TimeToLiveStatus"] == "ENABLED":
                off = {"Enabled": False, "AttributeName": found["AttributeName"]}
                self.client.update_time_to_live(TableName=name, TimeToLiveSpecification=off)

    def all(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.prefix + table, ConsistentRead=True)
        return [row for page in pages for row in page["Items"]]

    def write(self, table: str, requests: Sequence[Any]) -> None:
        """Put and delete rows, in batches."""
        for start in range(0, len(requests), BATCH):
            asked = {self.prefix + table: requests[start : start + BATCH]}
            assert not self.client.batch_write_item(RequestItems=asked)["UnprocessedItems"]

    def clear(self) -> None:
        """Delete every row."""
        for name in self.names:
            table = name.removeprefix(self.prefix)
            gone = [{part: row[part] for part in ("company", "sort")} for row in self.all(table)]
            self.write(table, [{"DeleteRequest": {"Key": key}} for key in gone])


def digest_of(table: str, row: Row, *, salted: bool = True) -> str:
    """The hash (hex) of a raw row's content, as the present code reads it."""
    record = codec.from_row(table, {name: dict(value) for name, value in row.items()})
    return codec.digest(record, row["_salt"]["B"] if salted else b"").hex()


def job(client: Client, id: str) -> Any:
    """A job as the API shows it."""
    got = client.get(f"/v1/jobs/{id}")
    assert got.status == 200, got.text
    return got.json


def fetched(url: str) -> BytesIO:
    """The object at a signed address."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return BytesIO(answer.read())


@dataclass
class Stage:
    """The application in a scene."""

    world: Turned
    service: Service
    gateway: Gateway
    issuer: Issuer
    tables: Tables

    def load(self, name: str) -> Scene:
        """Put a scene's rows and objects, and set the clock to its instant."""
        found = scene(name)
        self.turn(found.at)
        for table, rows in found.rows.items():
            self.tables.write(table, [{"PutRequest": {"Item": self._wrapped(row)}} for row in rows.values()])
        for bucket, objects in found.objects.items():
            for key, stored in objects.items():
                self.world.files.client.put_object(
                    Bucket=self._bucket(bucket), Key=key, Body=stored.content, ContentType=stored.media
                )
        return found

    def load_client(self, name: str) -> Client:
        """Load a scene; its owner, signed in, for its company."""
        return self.client(self.load(name).company)

    def resume(self, name: str) -> tuple[Scene, Client]:
        """Load a scene whose jobs were killed, some time after that; and its owner."""
        found = self.load(name)
        self.world.offset += LAPSE
        return found, self.client(found.company)

    def turn(self, at: datetime) -> None:
        """Set the clock, to the millisecond; it goes on from there."""
        self.world.offset = timedelta(milliseconds=round((at - datetime.now(UTC)) / timedelta(milliseconds=1)))

    def later(self, **by: float) -> None:
        """Turn the clock on."""
        self.world.offset += timedelta(**by)

    def client(self, company: str | None = None, subject: str = OWNER) -> Client:
        """A person who signed in a moment ago, for one company."""
        since = int(self.world.now().timestamp()) - 5
        token = self.issuer.token(subject, email=f"{subject}@books.example", auth_time=since)
        return Client(self.gateway, token, company)

    def run(self, *jobs: str) -> None:
        """Run each job once, as its schedule does."""
        for job in jobs:
            self.service.run(job)

    def operate(self, *command: str) -> int:
        """Run a command of the operator's tool; its exit code."""
        return main(command, lambda: self.world)

    def row(self, table: str, key: Key) -> dict[str, Any]:
        """A raw row as it is now. Raises KeyError."""
        company, sort = key
        asked = {"company": {"S": company}, "sort": {"S": sort}}
        answer = self.tables.client.get_item(TableName=self.tables.prefix + table, Key=asked, ConsistentRead=True)
        found: dict[str, Any] = answer["Item"]
        return found

    def put(self, table: str, row: Row) -> None:
        """Put a raw row."""
        self.tables.write(table, [{"PutRequest": {"Item": row}}])

    def delete(self, table: str, keys: Iterable[Key]) -> None:
        """Delete raw rows."""
        named = [{"company": {"S": company}, "sort": {"S": sort}} for company, sort in keys]
        self.tables.write(table, [{"DeleteRequest": {"Key": key}} for key in named])

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """The objects under a prefix, by key."""
        client, name = self.world.files.client, self._bucket(bucket)
        keys = [each["Key"] for each in client.list_objects_v2(Bucket=name, Prefix=prefix).get("Contents", ())]
        return {key: client.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}

    def _bucket(self, name: str) -> str:
        settings = self.world.settings
        return settings.files_bucket if name == "files" else settings.archive_bucket

    def _wrapped(self, row: Row) -> Row:
        """A backup's data key, wrapped anew: each engine has its own KMS key. All other rows stay as they are."""
        id = row.get("id", {}).get("S", "")
        if row["_kind"]["S"] != "backup_key":
            return row
        context = {"company": row["company"]["S"], "key": id}
        made = self.world.vault.client.encrypt(
            KeyId=self.world.settings.backup_key, Plaintext=bytes.fromhex(keys()[id]), EncryptionContext=context
        )
        return {**row, "wrapped": {"B": made["CiphertextBlob"]}}
