"""Verifying in pieces: the same answer however it is cut, one part in memory, and nothing lost with a killed run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from chalicelib.domain.backups.backup import Backup, KeyDestruction, Part, Stretch
from chalicelib.domain.backups.backup_errors import BackupDamaged
from chalicelib.domain.entity import Record
from chalicelib.domain.journal import JobRow
from chalicelib.services.backup import verify
from chalicelib.services.backup.format import parts
from chalicelib.services.backup.format.archive import Archive, Objects, open_archive
from chalicelib.services.backup.verify import VerifyProgress, check
from chalicelib.store import bookkeeping
from chalicelib.store.decision import Decision
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store
from chalicelib.workflow import deadline
from chalicelib.workflow.deadline import NEVER, Deadline
from tests.backup.restoring import Kept, ended, step, unsaved
from tests.privacy.worlds import Turned

NOW = Deadline.within(0.0)
"""A deadline that has passed: one piece."""


@pytest.fixture
def shop(vault: Turned) -> Kept:
    return Kept(vault)


def pieces(archive: Archive, begun: VerifyProgress | None = None) -> Iterator[VerifyProgress]:
    """A verification of one row or file a piece, each kept as JSON as the job's row keeps it."""
    while (begun := check(archive, begun, NOW)) is not None:
        begun = msgspec.json.decode(msgspec.json.encode(begun), type=VerifyProgress)
        yield begun


def opened(shop: Kept, backup: str) -> Archive:
    return open_archive(shop.world, shop.id, backup)


def test_a_verification_of_one_row_a_piece_reads_every_row_once(shop: Kept) -> None:
    archive = opened(shop, shop.taken())
    found = list(pieces(archive))
    assert len(found) == sum(archive.manifest.counts.values()) + len(archive.manifest.blobs)
    assert {name: count for name, count in found[-1].counts.items() if count} == archive.manifest.counts
    assert found[-1].gross == archive.manifest.gross
    assert len({piece.place for piece in found}) == len(found)


def test_the_sums_of_earlier_pieces_count_at_the_end(shop: Kept) -> None:
    archive = opened(shop, shop.taken())
    found = list(pieces(archive))
    last = found[-1]
    ((series, stretch),) = last.register.items()
    before = next(piece for piece in found if piece.place[0] == "credit_notes" or piece.counts.get("invoices"))
    wrong: dict[str, VerifyProgress] = {
        "totals": replace(last, counts={**last.counts, "invoices": 2}),
        "series_head": replace(last, register={series: replace(stretch, chain="0" * 64)}),
        "gap": replace(before, register={series: Stretch(series=series, entries=1, last=7, chain=stretch.chain)}),
        "chain": replace(before, register={series: Stretch(series=series, entries=0, last=0, chain="0" * 64)}),
    }
    for reason, begun in wrong.items():
        with pytest.raises(BackupDamaged) as refusal:
            list(pieces(archive, begun))
        assert refusal.value.params["reason"] == reason


def test_damage_after_the_first_piece_is_found(shop: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = shop.taken()
    archive = opened(shop, backup)
    first = next(pieces(archive))
    read = shop.world.files.read
    last = archive.manifest.parts[-1]

    def damaged(key: str, limit: int = 0) -> bytes:
        found = read(key, limit)
        return found[:-1] + bytes([found[-1] ^ 1]) if key.endswith(last.name) else found

    monkeypatch.setattr(shop.world.files, "read", damaged)
    with pytest.raises(BackupDamaged) as refusal:
        list(pieces(archive, first))
    assert refusal.value.params == {"reason": "hash", "where": last.name}


def test_a_piece_holds_one_part_however_many_there_are(shop: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts.PartWriter, "full", property(lambda self: self.lines > 0))  # a part a row
    archive = opened(shop, shop.taken())
    assert len(archive.manifest.parts) >= sum(archive.manifest.counts.values())
    read: list[str] = []
    stored = Objects.stored

    def counted(self: Objects, stated: Part) -> bytes:
        read.append(stated.name)
        return stored(self, stated)

    monkeypatch.setattr(Objects, "stored", counted)
    begun: VerifyProgress | None = None
    most = 0
    while (begun := check(archive, begun, NOW)) is not None:
        most, read[:] = max(most, len(read)), []
    assert most <= 4, "the end of one group, a part, and the series beside the register"


def test_a_job_goes_on_from_its_row_and_a_repeated_piece_is_the_same(
    shop: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)
    backup = shop.taken()
    job = shop.job("verify", backup=backup)
    first = step(shop.world, job, verify.WORKFLOW)
    assert first.status == "running"
    killed, again = unsaved(shop.world, first, verify.WORKFLOW), unsaved(shop.world, first, verify.WORKFLOW)
    assert killed.inputs == again.inputs != first.inputs
    outcome = ended(shop.world, first, verify.WORKFLOW)
    assert (outcome["backup"], outcome["unreadable"]) == (backup, [])
    assert {"company", "invoices", "register"} <= set(outcome["readable"])
    assert shop.backup(backup).verified_at is not None


def test_a_key_that_goes_meanwhile_lets_it_begin_anew(shop: Kept) -> None:
    archive = opened(shop, shop.taken())
    begun = list(pieces(archive))[3]
    assert not begun.sealed
    key, at = archive.manifest.keys["working"], shop.world.now()
    end = KeyDestruction(
        company=shop.id,
        id=key,
        created_at=at,
        updated_at=at,
        request=shop.new("req"),
        final_on=(at + timedelta(days=35)).date(),
    )
    transact(shop.world.store, shop.call(), [], lambda _: Decision(new=(end,)))
    anew = opened(shop, archive.manifest.backup)
    after = check(anew, begun, NOW)
    assert after is not None
    assert after.sealed == ("working",)
    assert check(anew, after, NEVER) is None


def test_a_restore_verifies_in_pieces_before_it_writes(shop: Kept, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)
    job = shop.job(backup=shop.taken())
    clock, steps = shop.head().clock, 0
    after: JobRow = job
    while b'"step":"verify"' in after.inputs or not steps:
        after, steps = step(shop.world, job), steps + 1
        assert shop.head().clock == clock
    assert steps > 10


def test_a_note_survives_another_write_of_the_same_row(shop: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    backup, world, save = shop.taken(), shop.world, bookkeeping.save
    first = shop.world.now()

    def raced(store: Store, record: Record, seen: Record, salt: bytes) -> bool:
        monkeypatch.setattr(bookkeeping, "save", save)
        assert isinstance(seen, Backup)
        assert save(store, seen.edited(first, drill="passed"), seen, salt), "somebody else is faster"
        return save(store, record, seen, salt)

    monkeypatch.setattr(bookkeeping, "save", raced)
    verify.note(world, shop.id, backup, first, verified_at=first)
    (row,) = world.store.records([Backup.ref(shop.id, backup)])
    assert isinstance(row, Backup)
    assert (row.verified_at, row.drill) == (first, "passed")
