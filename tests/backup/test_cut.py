"""The exact cut: whatever is written meanwhile, a backup is a state that the company really had."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain import journal
from chalicelib.domain.call import Answer
from chalicelib.domain.company import Head
from chalicelib.services.backup import cut as cutting
from chalicelib.services.backup import making, parts
from chalicelib.services.backup.making import Making
from chalicelib.store.door import Decision, transact
from tests.backup.oracle import differences, entries
from tests.backup.worlds import Plain, begun, clock, ended, opened, taken
from tests.backup.writers import Writers

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
    archive.verify()
    assert differences(archive, books.world.store) == []
    assert [part.group for part in archive.manifest.parts if part.layer] == ["head"]
    assert sum(part.group == "invoices" for part in archive.manifest.parts) > 1


def test_sixteen_writers_throughout(plain: Callable[[int], Plain], monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each part is stored, a few more writes are acknowledged: layer follows layer, and the head is fenced."""
    books = plain(6)
    cuts: list[float] = []
    with Writers(books.world, books.company, pause=0.02) as writers:
        put, cut = Making._put, cutting.cut

        def paced(self: Making, writer: parts.Writer) -> bool:
            if not cuts:
                writers.wait_for(2)
            return put(self, writer)

        def told(*arguments: Any, **more: Any) -> Any:
            begun_at = time.monotonic()
            if made := cut(*arguments, **more):
                cuts.append(begun_at)
            return made

        monkeypatch.setattr(Making, "_put", paced)
        monkeypatch.setattr(making, "cut", told)
        writers.wait_for(16)
        backup = taken(books)
    assert not writers.broken
    assert backup.status == "complete", backup.failure
    archive = opened(books, backup)
    archive.verify()
    assert differences(archive, books.world.store) == []
    assert len(backup.layers) > 3
    written = list(entries(books.world.store, books.company))
    assert any(entry.verb == "fence" for entry in written)
    known = {entry.id: entry.clock for entry in written}
    before = [known[call] for at, call in writers.acknowledged if at < cuts[0]]
    assert len(before) > 40
    assert max(before) <= (backup.clock or 0), "a write that was acknowledged before the cut is not in it"


def test_the_writers_wait_for_a_cut_that_never_catches_up(plain: Callable[[int], Plain]) -> None:
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
    committed = transact(store, call, [], lambda _: Decision(Answer({}), head={"cloud_sync": True}))
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
