"""A backup killed around each of its AWS calls continues, ends as an undisturbed one and leaves no orphan."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from chalicelib.domain.backups.backup import Backup, BackupPlan
from chalicelib.domain.companies.item import Item
from chalicelib.services.backup.create import backup_run, cutoff
from chalicelib.services.backup.format import manifest, parts
from chalicelib.services.backup.verify import check
from chalicelib.services.replies import remembering_id
from chalicelib.store.decision import Decision
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import NEVER
from tests.backup.oracle import differences
from tests.backup.remains import remains
from tests.backup.worlds import Plain, objects, opened
from tests.crash import Work, prove

_KEYS = count(1)


def clients(books: Plain) -> list[Any]:
    return [books.world.store.connection.client, books.world.files.client, books.world.vault.client]


def backed_up(books: Plain, key: str) -> Backup:
    """Begin a backup under an idempotency key, and go on with it until it ends."""
    call = remembering_id(books.world.call(books.company, "usr_test", "backup", key=key))
    backup = backup_run.begin(books.world, call, "daily").backup
    while backup.status == "running":
        backup = backup_run.advance(books.world, backup)
    return backup


def state_of(books: Plain, key: str) -> object:
    """The state that must be the same however often the backup was killed. A repeated request changes nothing."""
    backup = backed_up(books, key)
    archive = opened(books, backup)
    check(archive, None, NEVER)
    assert differences(archive, books.world.store) == []
    named = [part.name for part in archive.manifest.parts] + [blob.name for blob in archive.manifest.blobs]
    assert sorted(objects(books, backup)) == sorted([*named, manifest.NAME]), "an orphan, or a hole"
    stored = remains(books.world, books.company)
    backups, asked = stored["transient", "backup"], stored["transient", "job"]
    assert backups == asked, "a backup without its job, or a job without its backup"
    assert (stored["journal", "backup_key"], stored["identity", "backup_key"]) == (1, 1)
    (plan,) = books.world.store.records([BackupPlan.ref(books.company)])
    assert isinstance(plan, BackupPlan)
    assert (plan.running, plan.last, plan.last_hash) == (None, backup.id, archive.digest)
    kept = {name: number for name, number in archive.manifest.counts.items() if name not in ("journal", "items")}
    return backup.status, kept, archive.manifest.gross, archive.manifest.series


@pytest.fixture
def books(plain: Callable[[int], Plain], monkeypatch: pytest.MonkeyPatch) -> Plain:
    """One company for all: a run is told by its key."""
    monkeypatch.setattr(parts, "MOST_TEXT", 9_000)
    return plain(2)


def test_killed_at_any_call_it_ends_the_same(books: Plain) -> None:
    work = Work(
        lambda: f"killed-{next(_KEYS)}",
        lambda key: backed_up(books, key),
        lambda key: backed_up(books, key),
        lambda key: state_of(books, key),
    )
    assert prove(clients(books), work) > 30


def test_killed_while_others_write_it_is_still_exact(books: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever the head is looked at, somebody has just written: the backup has layers, and is killed in each."""
    busy = _Busy(books)
    monkeypatch.setattr(parts, "MOST_TEXT", 1_000_000)
    monkeypatch.setattr(cutoff, "FEW", 1)
    monkeypatch.setattr(cutoff, "clock_of", busy.clock_of)
    monkeypatch.setattr("chalicelib.services.backup.create.writer.clock_of", busy.clock_of)
    work = Work(
        busy.prepare,
        lambda key: backed_up(books, key),
        lambda key: backed_up(books, key),
        lambda key: state_of(books, key),
    )
    assert prove(clients(books), work) > 30


class _Busy:
    """Writes an item when somebody looks at the clock, twice a backup."""

    def __init__(self, books: Plain) -> None:
        self.books, self.left, self.look = books, 0, cutoff.clock_of
        self.names: Iterator[int] = count()

    def prepare(self) -> str:
        self.left = 2
        return f"busy-{next(_KEYS)}"

    def clock_of(self, store: Any, company: str) -> int:
        clock = self.look(store, company)
        if self.left:
            self.left -= 1
            call = self.books.world.call(company, "usr_test", "item", key=f"busy-item-{next(self.names)}")
            made = Item(
                company=company,
                id=f"itm_{next(self.names)}",
                created_at=call.at,
                updated_at=call.at,
                name="x",
                unit_price=Decimal(1),
                vat_rate=Decimal(20),
            )
            transact(store, call, [], lambda _: Decision(new=(made,)))
        return clock
