"""A backup of a company of 10,000 invoices, beside a plain reading of the same rows; and the memory that it takes.

Each measurement is of an interpreter of its own. The engine shares the machine, so the process's own time is what tells
the two sides apart.
"""

import base64
import gzip
import hashlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3

from chalicelib.domain.backups.backup import Backup
from chalicelib.services.backup.create import backup_run
from chalicelib.services.backup.format.contents import GROUPS
from chalicelib.services.backup.format.parts import LEVEL
from chalicelib.store import wire
from chalicelib.store.wire import SORT
from chalicelib.wiring import World
from local.resources import create_archive_bucket, create_backup_key
from tests.bench import evidence, restores
from tests.histories import company as companies
from tests.histories.books import seeded

FEW, MANY, LINES = 1_000, 10_000, 5
GOAL, MEMORY_GOAL = 2.0, 150
PREFIX = "backup-bench-"


@dataclass(frozen=True)
class Taken:
    """One run: seconds by the clock, seconds of its own work, peak memory (MB), bytes that it stored."""

    wall: float
    own: float
    peak: float
    size: int


@dataclass(frozen=True)
class Measured:
    """A backup and a plain reading of the same rows; the peaks (MB) of a small and a large company's backup; the large
    one's restore, and the passes over its evidence."""

    backup: Taken
    raw: Taken
    small: float
    large: float
    restored: restores.Restored
    passes: evidence.Passes

    @property
    def ratio(self) -> float:
        """The worse of both clocks'."""
        return max(self.backup.wall / self.raw.wall, self.backup.own / self.raw.own)


def measured(world: World) -> Measured:
    """Seed two companies (a minute for the large one) and measure. The world has its tables."""
    place = {"LocationConstraint": world.settings.region}
    world.files.client.create_bucket(Bucket=world.settings.files_bucket, CreateBucketConfiguration=place)
    create_archive_bucket(world.files.client, world.settings.archive_bucket)
    create_backup_key(world.vault.client, world.settings.backup_key)
    few, many = (seeded(world, f"of-{count}", count, line_count=LINES) for count in (FEW, MANY))
    small, large, raw = (_run(world, *each) for each in (("backup", few), ("backup", many), ("raw", many)))
    restored, passes = restores.measured(world, many, _latest(world, many)), evidence.measured(world, many)
    return Measured(large, raw, small.peak, large.peak, restored, passes)


def _latest(world: World, company: str) -> str:
    page = world.store.query("transient", company, SORT.startswith("backup#"), descending=True, limit=1)
    return page.records[0].id


def _run(world: World, what: str, company: str) -> Taken:
    settings = world.settings
    command = [sys.executable, "-m", "tests.bench.backups", what, str(settings.endpoint), settings.table_prefix]
    done = subprocess.run([*command, company], check=True, capture_output=True, text=True)
    return Taken(**json.loads(done.stdout))


def main() -> int:
    """The entry point of a measuring process: `what endpoint prefix company`."""
    what, endpoint, prefix, company = sys.argv[1:]
    world = World(companies.settings(endpoint, prefix))
    begun, own = time.perf_counter(), time.process_time()
    size = _backed_up(world, company) if what == "backup" else _read(world, company)
    taken = Taken(time.perf_counter() - begun, time.process_time() - own, peak(), size)
    sys.stdout.write(json.dumps(vars(taken)))
    return 0


def _backed_up(world: World, company: str) -> int:
    call = world.call(company, "user-1", "backup", key=world.random(8).hex())
    backup: Backup = backup_run.begin(world, call, "daily").backup
    while backup.status == "running":
        backup = backup_run.advance(world, backup)
    if backup.status != "complete":
        raise RuntimeError(backup.failure)
    return backup.size


def _read(world: World, company: str) -> int:
    """The floor: boto3's own client, each group's rows as they come, gzip, SHA-256."""
    settings = world.settings
    client = boto3.client("dynamodb", region_name=settings.region, endpoint_url=settings.endpoint)
    size = 0
    for group in GROUPS:
        out = BytesIO()
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=LEVEL) as packed:
            for row in _rows(client, world.store.names[group.table], company, group.prefix):
                packed.write(json.dumps(row, default=_text).encode() + b"\n")
        hashlib.sha256(out.getvalue()).hexdigest()
        size += out.tell()
    return size


def _rows(client: Any, table: str, company: str, prefix: str) -> Any:
    start: dict[str, Any] = {}
    while True:
        page = client.query(
            TableName=table,
            KeyConditionExpression="company = :company AND begins_with(sort, :prefix)",
            ExpressionAttributeValues={":company": {"S": company}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
            Limit=wire.STREAMED,
            **start,
        )
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def peak() -> float:
    """This interpreter's peak memory in MB. `getrusage` would also report the peak of the parent process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(found.split()[1]) / 1000


if __name__ == "__main__":
    raise SystemExit(main())
