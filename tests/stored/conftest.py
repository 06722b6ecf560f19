"""The stage of each test: tables, buckets and keys that these tests alone use, emptied before each."""

import os
from dataclasses import replace
from itertools import count
from typing import Any

import boto3
import pytest
from chalice.config import Config

from chalicelib.settings import Settings
from local.engine import Engine
from local.gateway import Gateway
from local.issuer import Issuer
from local.resources import create_archive_bucket, create_backup_key, create_receipt_key
from local.serve import real_service
from tests.engine import settings_environment
from tests.mailbox import open_mailbox
from tests.privacy.worlds import Turned
from tests.stored.stage import Stage, Tables

_NUMBERS = count(1)


class Ground:
    """Settings, tables and a world that the stages of a session share: making clients costs more than most tests."""

    def __init__(self, settings: Settings, tables: Tables) -> None:
        self.settings, self.tables = settings, tables
        self._world: Turned | None = None

    def world(self) -> Turned:
        """A world whose buckets are empty. The archive's objects are locked: once it has any, another one begins."""
        if self._world is None or _listed(self._world, self._world.settings.archive_bucket):
            self._world = self._begun()
        else:
            _emptied(self._world)
        self.tables.clear()
        return self._world

    def _begun(self) -> Turned:
        bucket = f"{self.settings.files_bucket}-{next(_NUMBERS)}"
        world = Turned(replace(self.settings, files_bucket=bucket, archive_bucket=f"{bucket}-archive"))
        files, place = world.files.client, {"LocationConstraint": world.settings.region}
        files.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        files.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        create_archive_bucket(files, world.settings.archive_bucket)
        return world


def _listed(world: Turned, bucket: str) -> list[dict[str, Any]]:
    """Every version of every object."""
    found = world.files.client.list_object_versions(Bucket=bucket)
    return [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]


def _emptied(world: Turned) -> None:
    bucket = world.settings.files_bucket
    for each in _listed(world, bucket):
        world.files.client.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


@pytest.fixture(scope="session")
def ground(engine: Engine, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Tables, keys and a mail sender under a prefix of their own."""
    import app

    read = Settings.from_env(settings_environment(engine, issuer, f"stored-{os.getpid()}"))
    made = replace(read, answers_bound_since=None)  # The scenes have answers of earlier releases.
    world = Turned(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "world", lambda: world)
        real_service().prepare(tmp_path_factory.mktemp("data"))
    create_receipt_key(world.keys.client, made.receipt_key)
    create_backup_key(world.vault.client, made.backup_key)
    open_mailbox(world)
    client = boto3.client("dynamodb", endpoint_url=made.endpoint_of("dynamodb"), region_name=made.region)
    tables = Tables(client, made.table_prefix)
    tables.stop_expiry()
    return Ground(made, tables)


@pytest.fixture
def stage(ground: Ground, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The application with empty tables and buckets."""
    import app

    world = ground.world()
    monkeypatch.setattr(app, "world", lambda: world)
    return Stage(world, real_service(), Gateway(app.app, Config()), issuer, ground.tables)
