"""A world for the tests of privacy: tables and a versioned bucket that nobody else has, and a key for receipts."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

import app
from chalicelib.store.drill import drill_settings
from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from local.engine import Engine
from local.issuer import Issuer
from local.resources import create_archive_bucket, create_backup_key, create_receipt_key
from tests.conftest import Shop
from tests.jobs.worlds import settings
from tests.mailbox import open_mailbox
from tests.privacy.lifetime import DAY, Life, ShortLocks
from tests.privacy.worlds import Turned


def _made(engine: Engine) -> Turned:
    """Tables, versioned buckets and keys of their own: a second's work."""
    prefix = f"privacy-{secrets.token_hex(4)}"
    made = Turned(replace(settings(engine.endpoint, prefix), receipt_key=f"alias/{prefix}", pepper="p" * 32))
    create_tables(made.settings)
    files, bucket = made.files.client, made.settings.files_bucket
    files.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": made.settings.region})
    files.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    create_archive_bucket(files, made.settings.archive_bucket)
    create_receipt_key(made.keys.client, made.settings.receipt_key)
    create_backup_key(made.keys.client, made.settings.backup_key)
    return made


@pytest.fixture(scope="session")
def shared_privacy_world(engine: Engine) -> Turned:
    """One world serves the session."""
    return _made(engine)


@pytest.fixture(scope="module")
def alone(engine: Engine) -> Turned:
    """A world for one module alone, whose mails are sent: for what looks at all rows, as jobs and scans do."""
    made = _made(engine)
    open_mailbox(made)
    return made


@pytest.fixture
def vault(shared_privacy_world: Turned) -> Iterator[Turned]:
    """The session's world, its clock set right."""
    shared_privacy_world.offset = timedelta(0)
    yield shared_privacy_world
    shared_privacy_world.offset = timedelta(0)


@pytest.fixture
def life(world: World, new_shop: Callable[..., Shop], issuer: Issuer) -> Iterator[Life]:
    """A company in a world of its own behind the application."""
    known, own = world.settings, f"life-{secrets.token_hex(4)}-"
    made = Turned(
        replace(
            known,
            table_prefix=own,
            files_bucket=f"{own}{known.files_bucket}",
            archive_bucket=f"{own}{known.archive_bucket}",
        )
    )
    create_tables(made.settings)
    create_tables(drill_settings(made.settings))
    files, bucket = made.files.client, made.settings.files_bucket
    files.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": known.region})
    files.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    create_archive_bucket(files, made.settings.archive_bucket)
    made.archive = ShortLocks(made.settings)
    open_mailbox(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "world", lambda: made)
        shop = replace(new_shop(), world=made)
        (member,) = shop.owner.get("/v1/members").json["data"]
        signed_in = made.now() + 5 * 366 * DAY  # just now, whenever that is
        shop.owner.token = issuer.token(
            member["user"], email="owner@shop.example", auth_time=int(signed_in.timestamp())
        )
        yield Life(shop, made)
