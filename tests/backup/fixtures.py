"""Backups of each schema there has been, committed: `python -m tests.backup.fixtures` writes the present one's.

Do it once, when `seal.SCHEMA` has become a new number, and commit the new directory; the old ones are never written
again. The data keys are of these tests alone, and beside the objects in clear.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from chalicelib.domain.errors import NotFound, TooLarge
from chalicelib.files import prefixes
from chalicelib.services.backup import manifest as manifests
from chalicelib.services.backup.archive import Archive, Objects
from chalicelib.services.backup.seal import SCHEMA, Seals
from chalicelib.wiring import World

PLACE = Path(__file__).parent / "schemas"
KEYS = "keys.json"


class Disk:
    """A directory that is read as the bucket is."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def read(self, key: str, limit: int = 0) -> bytes:
        """A file of the directory."""
        path = self.place / key
        if not path.exists():
            raise NotFound
        content = path.read_bytes()
        if limit and len(content) > limit:
            raise TooLarge(limit=limit)
        return content


def places() -> list[Path]:
    """Every schema's directory."""
    return sorted(path for path in PLACE.iterdir() if path.is_dir())


def opened(place: Path) -> Archive:
    """The backup of a directory, its keys taken from beside it."""
    known: dict[str, Any] = json.loads((place / KEYS).read_text())
    stored = (place / manifests.NAME).read_bytes()
    claims = manifests.claims(stored)
    seals = Seals(None, claims.company, claims.backup, claims.keys)  # type: ignore[arg-type]
    seals._data = {seal: bytes.fromhex(known[seal]) for seal in claims.keys}
    return Archive(manifests.read(stored, seals), Objects(Disk(place), "", seals), manifests.hash_of(stored))  # type: ignore[arg-type]


def main() -> int:
    """Write the present schema's directory, unless there is one."""
    import boto3

    from chalicelib.store.tables import create_tables
    from local import engine as embedded
    from local.resources import create_backup_key
    from tests.backup.worlds import Plain, taken
    from tests.histories import company as companies
    from tests.histories.books import seeded

    place = PLACE / f"schema-{SCHEMA}"
    if place.exists():
        sys.stderr.write(f"{place} is committed already\n")
        return 1
    with embedded.running() as engine:
        os.environ.update(embedded.ENVIRONMENT)
        world = World(companies.settings(engine.endpoint, "fixture-"))
        create_tables(world.settings)
        boto3.client("s3", endpoint_url=engine.endpoint, region_name=world.settings.region).create_bucket(
            Bucket=world.settings.files_bucket,
            CreateBucketConfiguration={"LocationConstraint": world.settings.region},
        )
        create_backup_key(world.vault.client, world.settings.backup_key)
        books = Plain(world, seeded(world, f"schema-{SCHEMA}", 3))
        done = taken(books)
        prefix = prefixes.backup(done.tier, books.company, done.id)
        seals = Seals(world, books.company, done.id, {"statutory": done.statutory_key, "working": done.working_key})
        keys: dict[str, str] = {}
        for seal in seals.keys:
            seals.require(seal)
            keys[seal] = seals._data[seal].hex()
        place.mkdir(parents=True)
        for key in world.files.list(prefix):
            (place / key.removeprefix(prefix)).write_bytes(world.files.read(key))
        (place / KEYS).write_text(json.dumps(keys, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
