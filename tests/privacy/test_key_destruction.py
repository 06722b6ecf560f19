"""The end of a backup's keys: marked when a deletion begins, destroyed with the account, named in the receipt."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.backups.backup import Backup, BackupPlan, KeyDestruction, StatutoryKey, WorkingKey
from chalicelib.domain.backups.backup_errors import BackupKeyDestroyed, BackupUnknownKey
from chalicelib.domain.clock import today
from chalicelib.domain.journal import JobRow
from chalicelib.domain.privacy.request import Receipt
from chalicelib.files import prefixes
from chalicelib.jobs import requests as request_jobs
from chalicelib.jobs.backups import EXPIRY_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.retention import proofs_job
from chalicelib.jobs.runner import run
from chalicelib.services.backup.create import backup_run
from chalicelib.services.backup.format.archive import open_archive
from chalicelib.services.backup.verify import check, readable_groups
from chalicelib.services.encryption import ObjectCipher
from chalicelib.services.retention import key_destruction
from chalicelib.store.decision import ACCOUNT, Decision
from chalicelib.store.transaction import transact
from chalicelib.workflow import engine
from chalicelib.workflow.deadline import NEVER, Deadline
from tests.backup.restoring import set_head
from tests.crash import watched
from tests.privacy.worlds import Books, Turned, carried, carry
from tests.rows import delete_row


def turned_on(shop: Books) -> None:
    transact(shop.world.store, shop.call(), [], lambda _: Decision(head={"cloud_backup": True}), ACCOUNT)


def begun(shop: Books) -> Backup:
    made = backup_run.begin(shop.world, shop.call("backup"), "daily")
    delete_row(shop.world.store, JobRow.ref(shop.id, made.job))
    return made.backup


def taken(shop: Books) -> Backup:
    backup = begun(shop)
    while backup.status == "running":
        backup = backup_run.advance(shop.world, backup)
    assert backup.status == "complete"
    return backup


def rows(shop: Books, table: str, cls: type[Any]) -> list[Any]:
    found = shop.world.store.query(table, shop.id).records
    return [row for row in found if isinstance(row, cls)]


def copied(shop: Books, backup: Backup) -> dict[str, bytes]:
    """A copy of a backup, as somebody may have one who took it before the deletion."""
    prefix = prefixes.backup(backup.tier, shop.id, backup.id)
    return {key: shop.world.files.read(key) for key in shop.world.files.list(prefix)}


def begins(shop: Books, id: str) -> None:
    """The request's first step: the measures are fixed, and the keys are marked for destruction."""
    engine.run(shop.world, request_jobs.deletion(), shop.request(id))


def test_after_the_deletion_old_backups_restore_only_statutory_records(vault: Turned) -> None:
    shop = Books(vault)
    turned_on(shop)
    backup = taken(shop)
    copy = copied(shop, backup)
    shop.confirmed(waive=True)
    carried(vault)
    assert not [key for key in shop.versions() if key.startswith("backups/")]
    assert rows(shop, "identity", WorkingKey) == []
    assert len(rows(shop, "journal", StatutoryKey)) == 1
    for key, content in copy.items():
        vault.files.put(key, content, "application/octet-stream")
    archive = open_archive(vault, shop.id, backup.id)
    kept = [line.record(shop.id) for line in archive.rows(["invoices"]) if line.kind == "invoice"]
    assert [record.id for record in kept] == [shop.invoice]
    for group in ("company", "customers", "drafts"):
        with pytest.raises(BackupKeyDestroyed):
            list(archive.rows([group]))
    check(archive, None, NEVER)  # by its hashes, where it cannot be read any more
    said = readable_groups(archive)
    assert {"company", "customers", "drafts"} <= set(said["unreadable"])
    assert {"invoices", "register", "journal"} <= set(said["readable"])
    for key in copy:
        vault.files.delete(key)


def test_a_key_that_never_was_is_unknown_and_not_destroyed(vault: Turned) -> None:
    shop = Books(vault, small=True)
    stranger = shop.new(WorkingKey.PREFIX)
    with pytest.raises(BackupUnknownKey):
        ObjectCipher(vault, shop.id, shop.new("bak"), {"working": stranger}).require("working")


def test_the_receipt_names_each_key_and_the_day_on_which_its_end_is_final(vault: Turned) -> None:
    """The row goes with the account; its point-in-time recovery ends 35 days later."""
    shop = Books(vault, small=True)
    turned_on(shop)
    taken(shop)
    (key,) = rows(shop, "identity", WorkingKey)
    id = shop.confirmed(waive=True)
    carried(vault)
    (receipt,) = rows(shop, "requests", Receipt)
    day = today(vault.now()) + timedelta(days=35)
    assert json.loads(receipt.content)["keys_destroyed"] == [{"key": key.id, "final_on": day.isoformat()}]
    (end,) = rows(shop, "requests", KeyDestruction)
    assert (end.id, end.request, end.final_on) == (key.id, id, day)


def test_a_deletion_that_was_held_up_is_final_that_much_later(vault: Turned) -> None:
    shop = Books(vault, small=True)
    turned_on(shop)
    taken(shop)
    id = shop.confirmed(waive=True)
    begins(shop, id)
    (foreseen,) = rows(shop, "requests", KeyDestruction)
    vault.offset = timedelta(days=9)
    carried(vault)
    (end,) = rows(shop, "requests", KeyDestruction)
    assert end.final_on - foreseen.final_on == timedelta(days=9)


def test_an_account_without_backups_and_one_person_destroy_no_key(vault: Turned) -> None:
    shop, other = Books(vault, small=True), Books(vault)
    turned_on(other)
    taken(other)
    for books, subject in ((shop, None), (other, other.customer)):
        books.confirmed(subject, waive=subject is None)
        carried(vault)
        (receipt,) = rows(books, "requests", Receipt)
        assert json.loads(receipt.content)["keys_destroyed"] == []
        assert rows(books, "requests", KeyDestruction) == []
    assert len(rows(other, "identity", WorkingKey)) == 1


def test_the_commit_that_begins_the_deletion_marks_the_keys(vault: Turned) -> None:
    """There is no moment at which the one is true and the other not."""
    shop = Books(vault, small=True)
    turned_on(shop)
    taken(shop)
    id = shop.confirmed(waive=True)
    with watched([vault.store.connection.client]) as calls:
        begins(shop, id)
    assert calls.writes.count("TransactWriteItems") == 1, "beside it, only what waited to be told was delivered"
    assert shop.request(id).status == "running"
    assert len(rows(shop, "requests", KeyDestruction)) == 1


@pytest.mark.parametrize(("state", "failure"), [("blocked", "company_blocked"), ("active", "backup_key_destroyed")])
def test_a_running_backup_cannot_end_under_a_key_marked_for_destruction(
    vault: Turned, monkeypatch: pytest.MonkeyPatch, state: str, failure: str
) -> None:
    """Its last commit reads the key's mark in every state of the account."""
    shop = Books(vault, small=True)
    turned_on(shop)
    backup = begun(shop)
    steps = backup_run.WORKFLOW.steps

    def late(context: Any, row: Backup, deadline: Deadline) -> Any:
        """The deletion begins after everything was read and before the backup is complete."""
        begins(shop, shop.confirmed(waive=True))
        set_head(vault, shop.id, state=state)
        try:
            return steps["complete"](context, row, deadline)
        finally:
            set_head(vault, shop.id, state="blocked")

    monkeypatch.setattr(backup_run, "WORKFLOW", replace(backup_run.WORKFLOW, steps={**steps, "complete": late}))
    ended = backup_run.advance(vault, backup_run.advance(vault, backup))
    assert (ended.status, ended.failure) == ("failed", failure)
    carried(vault)
    assert not [key for key in shop.versions() if key.startswith("backups/")], "what it had put is gone as well"


def test_no_backup_begins_under_a_key_marked_for_destruction(vault: Turned) -> None:
    shop = Books(vault, small=True)
    turned_on(shop)
    taken(shop)
    call = shop.call("doom")
    doom = key_destruction.plan_destruction(vault, shop.id, shop.new("req"), call.at)
    transact(vault.store, call, [], lambda _: Decision(new=doom), ACCOUNT)
    with pytest.raises(BackupKeyDestroyed):
        backup_run.begin(vault, shop.call("backup"), "daily")


def test_objects_written_after_the_block_are_deleted_by_the_next_check(vault: Turned) -> None:
    """A function that was putting a part while the account was erased has ended ten minutes later."""
    shop = Books(vault, small=True)
    turned_on(shop)
    backup = taken(shop)
    shop.confirmed(waive=True)
    carry(vault)
    part = prefixes.backup(backup.tier, shop.id, backup.id) + "000099"
    vault.files.put(part, b"late", "application/octet-stream")
    carry(vault, minutes=11)
    assert [key for key in shop.versions() if key.startswith("backups/")] == []


def test_a_cancelled_deletion_leaves_the_keys_as_they_were(vault: Turned) -> None:
    from chalicelib.services.privacy.requests import requests

    shop = Books(vault, small=True)
    turned_on(shop)
    taken(shop)
    id = shop.confirmed()
    requests.cancel(vault, shop.call(), shop.owner(), id)
    assert rows(shop, "requests", KeyDestruction) == []
    assert taken(shop).status == "complete"
    (plan,) = vault.store.records([BackupPlan.ref(shop.id)])
    assert isinstance(plan, BackupPlan)


def test_the_proof_of_a_destruction_goes_with_its_receipt(vault: Turned) -> None:
    shop = Books(vault, small=True)
    turned_on(shop)
    taken(shop)
    shop.confirmed(waive=True)
    carried(vault)
    run(vault, proofs_job(), now=vault.now() + timedelta(days=5 * 366), left=within(60))
    assert rows(shop, "requests", Receipt) == []
    assert rows(shop, "requests", KeyDestruction) == []


def test_rows_of_backups_do_not_outlive_the_account(vault: Turned) -> None:
    shop = Books(vault, small=True)
    turned_on(shop)
    taken(shop)
    shop.confirmed(waive=True)
    carried(vault)
    run(vault, EXPIRY_JOB, now=vault.now() + timedelta(days=400), left=within(60))
    assert rows(shop, "transient", Backup) == []
