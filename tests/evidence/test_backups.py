"""A backup refuses to complete over a ledger that its journal contradicts, and a restore refuses such a backup."""

from dataclasses import replace

import pytest

from chalicelib.domain.backups.backup_errors import BackupDamaged
from chalicelib.services.backup import verify
from chalicelib.services.backup.create import backup_run
from chalicelib.services.evidence.recording import evidence_of
from chalicelib.workflow.deadline import NEVER
from tests.backup.worlds import Books, begun, ended, opened, stored, taken, turned_on
from tests.conftest import Shop
from tests.evidence.tamperings import TAMPERINGS
from tests.evidence.test_full import books
from tests.evidence.worlds import Stranger
from tests.rows import put_row

__all__ = ["books"]
EARLIER = {"number_used_twice": "documents_and_entries"}
"""Tamperings that a backup meets before its proof, when it adds up its rows."""
pytestmark = pytest.mark.usefixtures("embedded_s3")


@pytest.fixture
def backed(books: Shop) -> Books:
    """The books with their backup switched on."""
    return turned_on(books)


def test_a_backup_is_a_full_pass(backed: Books) -> None:
    done = taken(backed)
    assert done.status == "complete"
    row = evidence_of(backed.world, backed.company)
    assert row is not None
    assert (row.full_clock, row.full_found, row.full_from_anchor) == (done.clock, 0, 0)
    assert row.full_rows == len(Stranger(backed.shop).items("ledger"))
    shown = backed.shop.owner.get("/v1/register/verify").json
    assert (shown["last_full"]["verified"], shown["last_full"]["clock"]) == (True, done.clock)
    assert verify.check(opened(backed, done), None, NEVER) is None


@pytest.mark.parametrize("name", TAMPERINGS)
def test_no_backup_completes_over_a_tampering(backed: Books, name: str) -> None:
    good = taken(backed)
    tamper, code, _ = TAMPERINGS[name]
    tamper(Stranger(backed.shop))
    failed = taken(backed)
    earlier = EARLIER.get(name)
    assert (failed.status, failed.failure) == ("failed", earlier or "evidence_broken")
    last = backed.shop.owner.get("/v1/register/verify").json["last_full"]
    assert earlier or (last["verified"], last["code"]) == (False, code)
    assert verify.check(opened(backed, good), None, NEVER) is None, "the backup before it can still be restored"


def test_a_backup_that_was_made_over_a_tampering_is_not_restored(backed: Books) -> None:
    """Backups of earlier releases were completed without the pass."""
    tamper, _, _ = TAMPERINGS["payment_edited"]
    tamper(Stranger(backed.shop))
    row = begun(backed)
    while row.manifest is None:
        row = backup_run.advance(backed.world, row)
    put_row(backed.world.store, replace(row, proven_at=backed.world.now()))
    found = stored(backed, row)
    assert found is not None
    made = ended(backed, found)
    assert made.status == "complete"
    with pytest.raises(BackupDamaged) as refused:
        verify.check(opened(backed, made), None, NEVER)
    assert refused.value.params["reason"] == "evidence_broken"
