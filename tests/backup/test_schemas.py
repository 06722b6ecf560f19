"""A backup of every schema that there was is restored whole by the code of today: into its company, and a new one."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.backups.backup import StatutoryKey, WorkingKey
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.balance import Balance, fresh, left
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.overpaid import excess_of, freed
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.request import Tombstone
from chalicelib.files import prefixes
from chalicelib.services.backup.format.archive import Archive
from chalicelib.services.backup.restoring.context import RestoreInput
from chalicelib.services.documents import register
from chalicelib.store.decision import CUSTOMER, FOUNDING, Decision
from chalicelib.store.read import open_company
from chalicelib.store.transaction import transact
from tests.backup import fixtures
from tests.backup.oracle import as_it_was, state_of, state_restored
from tests.backup.restoring import BUSINESS_TABLES, content_of, ended, queued
from tests.privacy.worlds import Turned

KEYS: dict[str, type[Any]] = {"statutory": StatutoryKey, "working": WorkingKey}


@dataclass(frozen=True)
class Old:
    """A committed backup, stored again as it once was, of a company that has lost all but its head."""

    world: Turned
    archive: Archive

    @property
    def company(self) -> str:
        """The company that the backup belongs to."""
        return self.archive.manifest.company

    def restored(self, into: Any) -> str:
        """The company that it was restored into."""
        asked = RestoreInput(
            self.archive.manifest.backup, into=into, operator=True, owner="sub-1" if into == "new" else None
        )
        outcome = ended(self.world, queued(self.world, self.company, "opr_1", asked))
        return str(outcome["company"])

    def forgets(self) -> None:
        """Lose what came back, and who was erased."""
        store = self.world.store
        erased = store.query("requests", self.company).records
        for row in (*content_of(self.world, self.company).values(), *erased):
            store.connection.delete_item(store.names[row.TABLE], self.company, row.key.sort)

    def put(self, *rows: Record, **head: Any) -> None:
        """Write rows in transactions of the product."""
        call = self.world.call(self.company, "test", "test", key=self.world.random(8).hex())
        decision = Decision(new=rows, head=head or None)
        transact(self.world.store, call, [], lambda _: decision, FOUNDING if head else CUSTOMER)


@pytest.fixture(scope="session")
def old_ones(shared_privacy_world: Turned) -> Callable[[Path], Old]:
    """Each backup put once a session: its objects, its wrapped keys, and its company's head."""
    world, known = shared_privacy_world, dict[Path, Old]()

    def of(place: Path) -> Old:
        if place not in known:
            known[place] = _stored(world, place)
        return known[place]

    return of


def _stored(world: Turned, place: Path) -> Old:
    old = Old(world, fixtures.opened(place))
    manifest, at = old.archive.manifest, world.now()
    prefix = prefixes.backup(manifest.tier, old.company, manifest.backup)
    for path in place.iterdir():
        if path.name != fixtures.KEYS:
            world.files.put(prefix + path.name, path.read_bytes(), "application/octet-stream")
    rows = []
    for key_class, key in fixtures.known_keys(place).items():
        id = manifest.keys[key_class]  # type: ignore[index]
        wrapped = world.vault.client.encrypt(
            KeyId=world.settings.backup_key, Plaintext=key, EncryptionContext={"company": old.company, "key": id}
        )["CiphertextBlob"]
        rows.append(KEYS[key_class](company=old.company, id=id, created_at=at, updated_at=at, wrapped=wrapped))
    old.put(*rows, cloud_sync=True, cloud_backup=True)
    return old


@pytest.fixture(params=fixtures.places(), ids=lambda place: str(place.name))
def old(request: pytest.FixtureRequest, old_ones: Callable[[Path], Old], vault: Turned) -> Old:
    """One of them, everything lost."""
    found = old_ones(request.param)
    found.forgets()
    return found


@pytest.mark.parametrize("into", ["same", "new"])
def test_it_is_restored_whole(old: Old, into: str) -> None:
    """Each row has the hash that the backup says, but for what the restore adds about balances; the registers verify; a
    picture is its own."""
    company = old.restored(into)
    rows = content_of(old.world, company)
    own = list(rows.values()) if into == "same" else [as_it_was(row, old.company) for row in rows.values()]
    backed, added = without_additions(old, own)
    assert state_restored(old.archive, backed) == {
        place: digest for place, digest in state_of(old.archive).items() if place[0] in BUSINESS_TABLES
    }
    counted = Counter(line.kind for line in old.archive.rows() if line.table in BUSINESS_TABLES)
    assert Counter(row.KIND for row in rows.values()) == counted + Counter(row.KIND for row in added)
    reader = open_company(old.world.store, company)
    for series in old.archive.manifest.series:
        told = register.verify(reader, series.series, 0)
        assert (told.fault, told.complete, told.checked) == (None, True, series.entries)
    for blob in old.archive.manifest.blobs:
        assert old.world.files.read(str(prefixes.own_logo(company, blob.key))) == old.archive.blob(blob.key)


def without_additions(old: Old, rows: Iterable[Record]) -> tuple[list[Record], list[Record]]:
    """The rows as the backup has them, and those that the restore added. A restore gives each invoice a balance, each
    balance what is owed and when it is due, and a balance below zero its entry of unapplied credit."""
    before = {line.sort: line.record(old.company) for line in old.archive.rows(["invoices", "credit_notes"])}
    notes = [row for row in before.values() if isinstance(row, CreditNote)]
    restored = {row.key.sort: row for row in rows}
    backed, added = {place: row for place, row in restored.items() if not isinstance(row, Balance)}, list[Record]()
    balances = {row.id: row for row in restored.values() if isinstance(row, Balance)}
    for row in balances.values():
        invoice, balance = before[Invoice.ref(old.company, row.id).sort], before.get(row.key.sort)
        assert isinstance(invoice, Invoice)
        assert (row.due_date, row.owed) == (invoice.due_date, left(invoice, row))
        if not isinstance(balance, Balance):
            assert row == fresh(invoice)
            added.append(row)
        elif excess_of(invoice, balance) > 0:
            after, entry = freed(invoice, balance, notes)
            assert row == after.edited(row.updated_at)
            assert backed.pop(entry.key.sort) == entry
            added.append(entry)
            backed[row.key.sort] = balance
        else:
            backed[row.key.sort] = replace(row, due_date=balance.due_date, owed=balance.owed)
    assert balances.keys() == {row.id for row in before.values() if isinstance(row, Invoice)}
    return [*backed.values()], added


def rows_of(old: Old, company: str, kind: type[Any]) -> list[Any]:
    """The rows of one kind, in the order of their ids."""
    found = [row for row in content_of(old.world, company).values() if isinstance(row, kind)]
    return sorted(found, key=lambda row: row.id)


def test_the_first_schema_has_the_same_content(old_ones: Callable[[Path], Old], vault: Turned) -> None:
    """Amounts and names by heart: a reader that misread both ways would agree with itself."""
    small = old_ones(fixtures.PLACE / "schema-1")
    small.forgets()
    company = small.restored("new")
    invoices = sorted(rows_of(small, company, Invoice), key=lambda row: row.position)
    assert [row.number[-5:] for row in invoices] == ["00001", "00002", "00003"]
    assert {str(row.totals.gross) for row in invoices} == {"18001.5"}
    assert {row.buyer.name for row in invoices} == {"Client Exemple"}
    assert [row.notes for row in invoices] == ["Commande 1", "Commande 2", "Commande 3"]
    (profile,) = rows_of(small, company, Company)
    assert (profile.name, profile.ice) == ("Atlas Négoce", "002136093000040")


def test_a_rich_backup_of_the_first_schema_has_the_same_content(old_ones: Callable[[Path], Old], vault: Turned) -> None:
    """Paid, credited, changed while it was backed up, a buyer erased before; and another one erased since."""
    rich = old_ones(fixtures.PLACE / "schema-1-rich")
    rich.forgets()
    company = rich.restored("same")
    first, second = sorted(rows_of(rich, company, Invoice), key=lambda row: row.position)
    assert [str(row.totals.gross) for row in (first, second)] == ["3600", "3600"]
    (note,) = rows_of(rich, company, CreditNote)
    assert (note.invoice, str(note.totals.gross), note.reason) == (second.id, "3600", "Retour")
    assert sorted((str(row.amount), row.reference) for row in rows_of(rich, company, Payment)) == [
        ("10", "Perle"),
        ("100.1", "reçu – وصل"),
    ]
    (supplier,) = rows_of(rich, company, Supplier)
    assert (supplier.notes, supplier.version) == ("changé – غُيّر", 2)
    (customer,) = rows_of(rich, company, Customer)
    assert {row.customer for row in rows_of(rich, company, Draft)} == {None, customer.id}
    erased = Tombstone(
        company=company, id="req_later", created_at=note.created_at, updated_at=note.created_at, subject=customer.id
    )
    rich.forgets()
    rich.put(erased)
    rich.restored("same")
    assert rows_of(rich, company, Customer) == []
    assert {row.customer for row in rows_of(rich, company, Draft)} == {None}
    assert sorted(row.hash for row in rows_of(rich, company, Invoice)) == sorted([first.hash, second.hash])
