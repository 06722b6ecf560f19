"""The exact cutoff: with any concurrent writes, a backup is a state that the company really had."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest

from chalicelib.domain import journal
from chalicelib.domain.backups.backup import Backup
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.item import Item
from chalicelib.domain.documents.invoice import INVOICE, Invoice
from chalicelib.services.backup.create import cutoff as cutting
from chalicelib.services.backup.create import writer
from chalicelib.services.backup.create.writer import BackupWriter
from chalicelib.services.backup.format import parts
from chalicelib.services.backup.format.archive import Archive
from chalicelib.services.backup.restoring.context import RestoreInput
from chalicelib.services.backup.verify import check
from chalicelib.services.documents import issuing
from chalicelib.store.decision import Decision
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT
from chalicelib.wiring import World
from chalicelib.workflow.deadline import NEVER
from tests.backup import restoring
from tests.backup.oracle import as_it_was, differences, entries, state_at, state_restored
from tests.backup.restoring import content_of, queued
from tests.backup.worlds import Plain, begun, clock, ended, opened, taken
from tests.backup.writers import Writers
from tests.histories import company as companies

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few rows, so that a small company has many."""
    monkeypatch.setattr(parts, "MOST_TEXT", 20_000)


def test_a_quiet_company(plain: Callable[[int], Plain]) -> None:
    books = plain(24)
    before = clock(books)
    done = taken(books)
    assert (done.status, done.begun, done.clock) == ("complete", before + 1, before + 1)
    archive = opened(books, done)
    check(archive, None, NEVER)
    assert differences(archive, books.world.store) == []
    assert [part.group for part in archive.manifest.parts if part.layer] == ["head"]
    assert sum(part.group == "invoices" for part in archive.manifest.parts) > 1


@dataclass(frozen=True)
class Busy:
    """A company that was backed up while sixteen wrote to it."""

    books: Plain
    backup: Backup
    writers: Writers
    cut_began: float
    """The instant (monotonic) at which the cut that succeeded began."""

    @property
    def world(self) -> World:
        """The world of the company."""
        return self.books.world

    def restored(self, into: Literal["same", "new"]) -> str:
        """The company that its backup was restored into."""
        asked = RestoreInput(self.backup.id, into=into, operator=True, owner="sub-owner" if into == "new" else None)
        return str(restoring.ended(self.world, queued(self.world, self.books.company, "opr_1", asked))["company"])

    def changed_since(self, archive: Archive) -> None:
        """Edit an item that is in the backup."""
        kept = next(line.sort for line in archive.rows({"items"}) if line.sort in self._items())
        item = self._items()[kept]
        call = companies.call(self.world, self.books.company, "item", "since")
        transact(self.world.store, call, [], lambda _: Decision(puts=(item.edited(call.at, name="since"),)))

    def _items(self) -> dict[str, Item]:
        rows = self.world.store.query("workspace", self.books.company, SORT.startswith("item#")).records
        return {row.key.sort: row for row in rows if isinstance(row, Item)}

    def issued_another(self, company: str) -> Invoice:
        """One more invoice of a company."""
        buyer = companies.customer_of(self.books.company)
        (id,) = companies.drafts(self.world, company, ["one more"], buyer=buyer)
        issuing.issue(self.world.store, companies.call(self.world, company, "issue", "one more"), INVOICE, id)
        (found,) = self.world.store.records([Invoice.ref(company, id)])
        assert isinstance(found, Invoice)
        return found


@pytest.fixture
def busy(plain: Callable[[int], Plain], monkeypatch: pytest.MonkeyPatch) -> Busy:
    """Before each part is stored, a few more writes are acknowledged: layer follows layer, and the head is fenced."""
    books = plain(6)
    cuts: list[float] = []
    with Writers(books.world, books.company, pause=0.02) as writers:
        put, cut = BackupWriter._put, cutting.cut

        def paced(self: BackupWriter, writer: parts.PartWriter) -> bool:
            if not cuts:
                writers.wait_for(2)
            return put(self, writer)

        def told(*arguments: Any, **more: Any) -> Any:
            begun_at = time.monotonic()
            if made := cut(*arguments, **more):
                cuts.append(begun_at)
            return made

        monkeypatch.setattr(BackupWriter, "_put", paced)
        monkeypatch.setattr(writer, "cut", told)
        writers.wait_for(16)
        backup = taken(books)
    assert not writers.broken
    assert backup.status == "complete", backup.failure
    return Busy(books, backup, writers, cuts[0])


def test_sixteen_writers_throughout(busy: Busy) -> None:
    """The archive is the state at its clock, which is later than every write that was acknowledged before the cut; and
    so is what comes out of it."""
    books, backup, store = busy.books, busy.backup, busy.world.store
    archive = opened(books, backup)
    check(archive, None, NEVER)
    assert differences(archive, store) == []
    assert len(backup.layers) > 3
    written = list(entries(store, books.company))
    assert any(entry.verb == "fence" for entry in written)
    known = {entry.id: entry.clock for entry in written}
    before = [known[call] for at, call in busy.writers.acknowledged if at < busy.cut_began]
    assert len(before) > 40
    assert max(before) <= archive.manifest.clock, "a write that was acknowledged before the cut is not in it"
    copied(busy, archive)
    brought_back(busy, archive)


def copied(busy: Busy, archive: Archive) -> None:
    """Restored into a new company it is, to the byte, the state that the journal says there was at the cut."""
    company, source = busy.restored("new"), busy.books.company
    rows = content_of(busy.world, company)
    there = state_restored(archive, [as_it_was(row, source) for row in rows.values()])
    was = {
        place: digest
        for place, digest in state_at(busy.world.store, source, archive.manifest.clock).items()
        if place[0] in restoring.BUSINESS_TABLES
    }
    assert len(was) > 60
    assert there == was
    numbers = {row.id: row.number for row in rows.values() if isinstance(row, Invoice)}
    acknowledged = [(id, number) for at, id, number in busy.writers.issued if at < busy.cut_began]
    assert len(acknowledged) > 8
    assert {id: numbers.get(id) for id, _ in acknowledged} == dict(acknowledged)
    (head,) = archive.manifest.series
    another = busy.issued_another(company)
    assert (another.position, another.number in numbers.values()) == (head.next, False)


def brought_back(busy: Busy, archive: Archive) -> None:
    """Restored into itself, what it worked with is as it was at the cut, what came since stays, and so do numbers."""
    busy.changed_since(archive)
    before = content_of(busy.world, busy.books.company)
    issued = sorted(row.position for row in before.values() if isinstance(row, Invoice))
    assert issued == list(range(1, len(issued) + 1))
    busy.restored("same")
    after = content_of(busy.world, busy.books.company)
    backed = {(line.table, line.sort): line.record(busy.books.company) for line in archive.rows()}
    wanted = before | {
        key: row
        for key, row in backed.items()
        if key[0] == "workspace" and ("ledger", f"invoice#{row.id}") not in before
    }
    assert after.keys() == wanted.keys()
    for key, row in wanted.items():
        same = replace(after[key], version=row.version, updated_at=row.updated_at)
        assert (same if key[0] == "workspace" else after[key]) == row
    assert any(after[key] != row for key, row in before.items() if key in backed), "nothing had changed since"
    assert issued[-1] >= archive.manifest.series[0].next, "nothing was issued since"
    assert busy.issued_another(busy.books.company).position == len(issued) + 1


def test_writers_are_fenced_for_a_cutoff_that_never_converges(plain: Callable[[int], Plain]) -> None:
    """Each time the cut looks, somebody has written: it fences the head, takes what changed, and nobody loses."""
    books = plain(2)
    with Writers(books.world, books.company, crowd=4) as writers:
        writers.wait_for(8)
        after = clock(books)
        made = cutting.cut(books.world, books.company, after, fencing=True)
        fenced = time.monotonic()
    assert made is not None
    assert made.clock > after
    known = {entry.id: entry for entry in entries(books.world.store, books.company)}
    fence = next(entry for entry in known.values() if entry.clock == made.clock)
    assert (fence.verb, fence.changes) == ("fence", ())
    assert not writers.broken
    waited = [at for at, call in writers.acknowledged if known[call].clock > made.clock]
    assert waited, "nobody wrote after the fence"
    assert min(waited) <= fenced + 3


def test_a_fence_falls_by_itself_and_is_taken_away_by_the_next_commit(plain: Callable[[int], Plain]) -> None:
    books = plain(0)
    world, store = books.world, books.world.store
    begun_at = time.monotonic()
    fenced = cutting._fenced(world, books.company)
    call = world.call(books.company, "usr_test", "test", key="after the fence")
    committed = transact(store, call, [], lambda _: Decision(head={"cloud_sync": True}))
    assert committed.clock == fenced + 1
    assert 1.5 < time.monotonic() - begun_at < 6
    (head,) = store.records([Head.ref(books.company)])
    assert isinstance(head, Head)
    assert head.fence_until is None


def test_few_changes_are_read_with_the_head_in_one_transaction(plain: Callable[[int], Plain]) -> None:
    books = plain(3)
    after = clock(books)
    with Writers(books.world, books.company, crowd=1, pause=0.01) as writers:
        writers.wait_for(4)
    made = cutting.cut(books.world, books.company, after, fencing=False)
    assert made is not None
    assert made.clock == clock(books)
    assert [line.group for line in made.lines[-1:]] == ["head"]
    assert not any(entry.verb == "fence" for entry in entries(books.world.store, books.company))


def test_many_changes_make_another_layer_first(plain: Callable[[int], Plain], monkeypatch: pytest.MonkeyPatch) -> None:
    books = plain(1)
    after = clock(books)
    monkeypatch.setattr(cutting, "FEW", 2)
    with Writers(books.world, books.company, crowd=1) as writers:
        writers.wait_for(3)
    assert cutting.cut(books.world, books.company, after, fencing=False) is None
    assert cutting.cut(books.world, books.company, after, fencing=True) is not None


def test_an_entry_that_names_no_sort_key_fails_the_backup(
    plain: Callable[[int], Plain], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier release did not say where a payment lies: better no backup than one that may lack it."""
    books = plain(1)
    backup = begun(books)
    monkeypatch.setattr(journal, "_is_simple", lambda _: True)  # as if every key were made of kind and id
    with Writers(books.world, books.company, crowd=2) as writers:
        writers.wait_for(6)
    monkeypatch.undo()
    done = ended(books, backup)
    assert (done.status, done.failure) == ("failed", "journal_unreadable")
