"""A world for the tests of privacy: tables and a versioned bucket that nobody else has, and a key for receipts."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.store.tables import create_tables
from local.engine import Engine
from local.resources import create_receipt_key
from tests.jobs.worlds import settings
from tests.privacy.worlds import Turned


@pytest.fixture(scope="session")
def shared_privacy_world(engine: Engine) -> Turned:
    """Tables cost a second to create; one set serves the session."""
    prefix = f"privacy-{secrets.token_hex(4)}"
    made = Turned(replace(settings(engine.endpoint, prefix), receipt_key=f"alias/{prefix}"))
    create_tables(made.settings)
    files, bucket = made.files.client, made.settings.files_bucket
    files.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": made.settings.region})
    files.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    create_receipt_key(made.keys.client, made.settings.receipt_key)
    return made


@pytest.fixture
def vault(shared_privacy_world: Turned) -> Iterator[Turned]:
    """The session's world, its clock set right."""
    shared_privacy_world.offset = timedelta(0)
    yield shared_privacy_world
    shared_privacy_world.offset = timedelta(0)
