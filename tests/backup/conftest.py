"""Fixtures of backups."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest

from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from local.engine import Engine
from local.resources import create_archive_bucket, create_backup_key
from tests.backup.restoring import Kept
from tests.backup.worlds import Books, Plain, turned_on
from tests.conftest import Shop
from tests.histories.books import seeded
from tests.jobs.worlds import settings
from tests.privacy.conftest import shared_privacy_world, vault
from tests.privacy.worlds import Turned

_NUMBERS = count(1)

__all__ = ["shared_privacy_world", "vault"]


@pytest.fixture
def books(shop: Shop) -> Books:
    """A company with one customer behind the application, whose backup is on."""
    return turned_on(shop)


@pytest.fixture
def kept(vault: Turned) -> Kept:
    """A company with recognisable content, whose backup is on."""
    return Kept(vault, mark="Perle")


@pytest.fixture(scope="session")
def bare(engine: Engine) -> Iterator[World]:
    """A world with tables, buckets and a backup key of its own, and no application in front of it."""
    prefix = f"backup-{secrets.token_hex(4)}"
    made = World(replace(settings(engine.endpoint, prefix), backup_key=f"alias/{prefix}"))
    create_tables(made.settings)
    files, place = made.files.client, {"LocationConstraint": made.settings.region}
    files.create_bucket(Bucket=made.settings.files_bucket, CreateBucketConfiguration=place)
    create_archive_bucket(files, made.settings.archive_bucket)
    create_backup_key(made.vault.client, made.settings.backup_key)
    yield made
    made.store.connection.client.close()


@pytest.fixture
def plain(bare: World) -> Callable[[int], Plain]:
    """Makes companies with this many issued invoices."""

    def make(invoices: int = 0) -> Plain:
        return Plain(bare, seeded(bare, f"backup-{next(_NUMBERS)}", invoices, line_count=2))

    return make
