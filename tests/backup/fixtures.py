"""Backups of each schema there has been, committed: `python -m tests.backup.fixtures` writes the present one's.

Do it once, when `encryption.SCHEMA` has become a new number, and commit the new directories; those that are there are
never written again. Of each schema there are two: a few invoices, and a company that has everything (`-rich`). The data
keys are of these tests alone, and beside the objects in clear.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.payment import ReceivedPayment
from chalicelib.domain.errors import NotFound, TooLarge
from chalicelib.files import prefixes
from chalicelib.services.backup.format import manifest as manifests
from chalicelib.services.backup.format.archive import Archive, Objects
from chalicelib.services.encryption import SCHEMA, ObjectCipher
from chalicelib.wiring import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.backup.worlds import Plain

    Made = tuple[Plain, Callable[[], None]]
    """A company, and what happens to it while it is backed up."""

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
    stored = (place / manifests.NAME).read_bytes()
    claims = manifests.claims(stored)
    cipher = ObjectCipher(None, claims.company, claims.backup, claims.keys)  # type: ignore[arg-type]
    known = known_keys(place)
    cipher._data = {key_class: known[key_class] for key_class in claims.keys}
    return Archive(manifests.read(stored, cipher), Objects(Disk(place), "", cipher), manifests.hash_of(stored))  # type: ignore[arg-type]


def known_keys(place: Path) -> dict[str, bytes]:
    """The data keys of a directory, by class."""
    return {key_class: bytes.fromhex(key) for key_class, key in json.loads((place / KEYS).read_text()).items()}


def _seeded(world: World) -> "Made":
    """Three invoices."""
    from tests.backup.worlds import Plain
    from tests.histories.books import seeded

    return Plain(world, seeded(world, f"schema-{SCHEMA}", 3)), lambda: None


def _rich(world: World) -> "Made":
    """Everything that a company can have: a logo, parties, items, drafts, invoices paid and credited, a term and what
    was left at it, and a buyer who was erased. While it is backed up, a supplier changes."""
    from decimal import Decimal

    from chalicelib.domain.companies.company import OrphanedPayments
    from chalicelib.domain.companies.party import Supplier
    from chalicelib.services.documents import crediting, issuing, payments
    from tests.backup.restoring import Kept
    from tests.backup.worlds import Plain
    from tests.privacy.worlds import carried

    kept = Kept(world, mark="Perle")
    kept.put(kept.profile.edited(world.now(), logo=prefixes.logo(kept.id, "b", "png")))
    second = kept.drafted(kept.new("inv"), kept.other)
    kept.put(second)
    issuing.issue(world.store, kept.call("issue"), INVOICE, second.id)
    payments.pay(
        world.store,
        kept.call("pay"),
        second.id,
        ReceivedPayment(amount=Decimal("100.10"), method="cash", date=kept.day, reference="reçu – وصل"),
        None,
    )
    crediting.credit(world.store, kept.call("credit"), second.id, None, "Retour", None)
    kept.put(OrphanedPayments(**kept.stamps | {"id": second.id, "due_at": kept.at}))
    kept.confirmed(kept.customer)
    carried(world)

    def meanwhile() -> None:
        supplier = kept.there(Supplier.ref(kept.id, kept.supplier))
        assert isinstance(supplier, Supplier)
        kept.put(supplier.edited(world.now(), notes="changé – غُيّر"))

    return Plain(world, kept.id), meanwhile


def _written(made: "Made", place: Path) -> None:
    """A backup of a company, and its keys, written to a directory."""
    from tests.backup.worlds import begun, ended

    books, meanwhile = made
    world, backup = books.world, begun(books)
    meanwhile()
    done = ended(books, backup)
    prefix = prefixes.backup(done.tier, books.company, done.id)
    cipher = ObjectCipher(world, books.company, done.id, {"statutory": done.statutory_key, "working": done.working_key})
    keys: dict[str, str] = {}
    for key_class in cipher.keys:
        cipher.require(key_class)
        keys[key_class] = cipher._data[key_class].hex()
    place.mkdir(parents=True)
    for key in world.files.list(prefix):
        (place / key.removeprefix(prefix)).write_bytes(world.files.read(key))
    (place / KEYS).write_text(json.dumps(keys, indent=2) + "\n")


def main() -> int:
    """Write the present schema's directories, but those that there are."""
    import boto3

    from chalicelib.store.tables import create_tables
    from local import engine as embedded
    from local.resources import create_backup_key, create_receipt_key
    from tests.histories import company as companies

    wanted = {PLACE / f"schema-{SCHEMA}": _seeded, PLACE / f"schema-{SCHEMA}-rich": _rich}
    missing = {place: make for place, make in wanted.items() if not place.exists()}
    with embedded.running() as engine:
        os.environ.update(embedded.ENVIRONMENT)
        world = World(companies.settings(engine.endpoint, "fixture-"))
        create_tables(world.settings)
        boto3.client("s3", endpoint_url=engine.endpoint, region_name=world.settings.region).create_bucket(
            Bucket=world.settings.files_bucket,
            CreateBucketConfiguration={"LocationConstraint": world.settings.region},
        )
        create_backup_key(world.vault.client, world.settings.backup_key)
        create_receipt_key(world.keys.client, world.settings.receipt_key)
        for place, make in missing.items():
            _written(make(world), place)
    sys.stderr.write("".join(f"{place} is new: commit it\n" for place in missing) or "all are committed already\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
