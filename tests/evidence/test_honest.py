"""Honest histories verify: the sweep, recovered tables, rows of earlier releases, and writers during a pass."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head, RetentionSchedule
from chalicelib.domain.evidence import Anchor, Verdict
from chalicelib.domain.journal import JournalEntry
from chalicelib.jobs.job import within
from chalicelib.jobs.retention import retention_job
from chalicelib.jobs.runner import run
from chalicelib.policy.rules import all_entities
from chalicelib.services.evidence import live
from chalicelib.services.evidence.proof import RECOVERY, Proof
from chalicelib.services.retention import purge
from chalicelib.store.codec import from_row
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.transaction import transact
from infra.disaster import CLOCKS_SKIPPED
from tests.bench.evidence import GOAL, RowsRead
from tests.conftest import Shop
from tests.evidence.tamperings import fake_sweep
from tests.evidence.test_full import books
from tests.evidence.worlds import Stranger, codes, verdict
from tests.stored.scenes import PLACE, Scene, scene

__all__ = ["books"]
LOST = {"row_missing"}
FAULTY = {
    "overpaid": {"row_changed", "row_unrecorded"},
    "restore-preview": LOST,
    "restore-same-begun": LOST,
    "restore-same-queued": LOST,
}
"""Scenes whose rows were written by hand, past the journal, and scenes whose ledger lost rows that a restore brings
back, with the faults of each."""


def proven(found: Scene, company: str) -> Verdict:
    """The verdict over a company of a scene."""
    all_entities()
    own = {
        table: sorted((row for (id, _), row in rows.items() if id == company), key=lambda row: str(row["sort"]["S"]))
        for table, rows in found.rows.items()
    }
    proof, head = Proof(), None
    for row in own["journal"]:
        record = from_row("journal", row)  # type: ignore[arg-type]
        if isinstance(record, JournalEntry):
            proof.entry(record)
        elif isinstance(record, Head):
            head = record
    for row in own.get("ledger", ()):
        proof.row(from_row("ledger", row), row["sort"]["S"], row["_salt"]["B"])  # type: ignore[arg-type]
    proof.ended()
    assert head is not None
    proof.journal_ended(head.clock, head.chain)
    return proof.verdict


@pytest.mark.parametrize("name", sorted(path.stem for path in (PLACE / "scenes").glob("*.json")))
def test_rows_of_earlier_releases_verify(name: str) -> None:
    found = scene(name)
    companies = {company for company, sort in found.rows["journal"] if sort == "head"}
    assert set().union(*(codes(proven(found, company)) for company in companies)) == FAULTY.get(name, set())


def test_after_the_sweep_the_journal_proves_what_is_left(books: Shop) -> None:
    end = datetime(books.today.year + 12, 1, 5, 5, tzinfo=UTC)
    report = run(books.world, retention_job(), now=end, left=within(120))
    assert not report.failures
    left = Stranger(books).items("ledger")
    assert {item["_kind"]["S"] for item in left} == {"series"}
    found = verdict(books)
    assert (found.faults, found.rows, found.from_anchor) == ((), len(left), 0)
    (first, *_) = Stranger(books).items("journal", "entry#")
    assert int(first["clock"]["N"]) > 1, "the sweep removed entries"


def swept_journal(shop: Shop) -> None:
    """Remove the journal's entries as the sweep does, and leave the rows."""
    (schedule,) = shop.world.store.records([RetentionSchedule.ref(shop.company)])
    assert isinstance(schedule, RetentionSchedule)
    assert purge._journal(shop.world, schedule, today(shop.world.now()))


def test_rows_whose_entry_was_swept_are_counted_and_covered_by_the_last_anchor(books: Shop) -> None:
    rows = len(Stranger(books).items("ledger"))
    swept_journal(books)
    before = verdict(books)
    assert (before.faults, before.from_anchor) == ((), rows)
    anchor = Anchor("2026-01-01", before.clock, before.chain)
    books.issued()
    after = verdict(books, anchor)
    assert (after.faults, after.anchored) == ((), before.clock)
    assert after.from_anchor == rows - 1, "the issue wrote the series again"
    wrong = Anchor("2026-01-01", before.clock, "00" * 32)
    assert codes(verdict(books, wrong)) == {"anchor_mismatch"}


def test_entries_that_no_sweep_removed_are_missed(books: Shop) -> None:
    stranger = Stranger(books)
    fake_sweep(stranger)
    for item in stranger.items("journal", "entry#")[:3]:
        stranger.delete("journal", item["sort"]["S"])
    assert "journal_gap" in codes(verdict(books))


def test_an_entry_taken_out_or_altered_breaks_the_chain(books: Shop) -> None:
    stranger = Stranger(books)
    *_, item, _ = stranger.items("journal", "entry#")
    stranger.put("journal", {**item, "verb": {"S": "nothing"}})
    assert codes(verdict(books)) == {"journal_changed"}
    stranger.delete("journal", item["sort"]["S"])
    assert "journal_gap" in codes(verdict(books))
    stranger.put("journal", {**item, "changes": {"B": b"no zlib"}})
    assert "journal_unreadable" in codes(verdict(books))


def test_the_clocks_that_a_recovery_skips_are_no_gap(books: Shop) -> None:
    early = verdict(books)
    books.issued()
    world = books.world
    call = world.call(books.company, "operator", f"{RECOVERY}tables-2-", key="recovery")
    head = {"clock": books.clock + CLOCKS_SKIPPED}
    transact(world.store, call, [], lambda _: Decision(head=head), SYSTEM_STEP)
    books.issued()
    assert verdict(books, Anchor("2026-01-01", early.clock, early.chain)).verified
    lost = Anchor("2026-01-02", books.clock - 10, "00" * 32)
    assert codes(verdict(books, lost)) == {"anchor_mismatch"}, "the commits of that anchor are lost"


def test_writers_during_a_pass_are_judged_by_their_own_commits(books: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PIECE", 3)
    walk = live.full(books.world, books.company, ())
    for _ in range(4):
        next(walk)
    paid = {"amount": "10.00", "method": "transfer", "date": books.today.isoformat()}
    assert books.owner.post(f"/v1/invoices/{books.issued()['id']}/payments", paid).status == 201
    *_, proof = walk
    assert proof.verdict.faults == ()
    assert proof.clock == books.clock


def test_the_daily_pass_reads_what_changed(books: Shop) -> None:
    """10,000 documents or 3: the pass reads the entries since the anchor, their rows, and the head."""
    before = verdict(books)
    since = Anchor(today(books.world.now() - timedelta(days=1)).isoformat(), before.clock, before.chain)
    for _ in range(3):
        books.issued()
    changed = [item for item in Stranger(books).items("journal", "entry#") if int(item["clock"]["N"]) > before.clock]
    touched = {(change.kind, change.id) for item in changed for change in _changes(item) if change.room == "ledger"}
    read = RowsRead(books.world.store)
    *_, proof = live.daily(books.world, books.company, since)
    read.end()
    assert proof.verdict.faults == ()
    assert proof.verdict.rows == len(touched)
    assert read.count == len(changed) + len(touched) + 2, "the head is read before and together with the rows"
    assert read.count <= GOAL * (len(changed) + len(touched))


def _changes(item: dict[str, Any]) -> Any:
    entry = from_row("journal", item)
    assert isinstance(entry, JournalEntry)
    return entry.changes
