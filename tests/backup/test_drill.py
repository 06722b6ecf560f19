"""The weekly drill: it passes a sound backup, reports a fault, leaves no drill rows, and touches no other table."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.attachments.attachment import Attachment, DocumentAttachment
from chalicelib.domain.backups.backup import BackupPlan, DrillPlan
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.entity import Record
from chalicelib.files import prefixes
from chalicelib.services.backup import drill
from chalicelib.services.backup.create import cutoff
from chalicelib.services.backup.restoring import steps
from chalicelib.services.backup.restoring.copy import Founding
from chalicelib.store.drill import DrillStore, cleared, companies, drill_settings
from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from chalicelib.workflow import deadline, engine
from chalicelib.workflow.deadline import NEVER
from tests.backup.restoring import Kept
from tests.backup.test_attachments import stored as attached
from tests.privacy.worlds import Turned, carried
from tests.rows import delete_row


@pytest.fixture(scope="session")
def drill_store(shared_privacy_world: Turned) -> DrillStore:
    """The drill tables of the session's world."""
    create_tables(drill_settings(shared_privacy_world.settings))
    return shared_privacy_world.drills


@pytest.fixture
def shop(vault: Turned, drill_store: DrillStore) -> Kept:
    return Kept(vault, mark="Perle")


@pytest.fixture
def told(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The figures that are published."""
    names: list[str] = []
    monkeypatch.setattr(vault.telemetry, "figures", lambda values, **_: names.extend(values))
    return names


def plan_of(shop: Kept) -> DrillPlan:
    found = shop.there(DrillPlan.ref(shop.id))
    assert isinstance(found, DrillPlan)
    return found


def drilled(shop: Kept, until: str = "") -> DrillPlan:
    """The drill run to its end, or until a step is reached."""
    for _ in range(60):
        over = engine.run(shop.world, drill.WORKFLOW, plan_of(shop))
        if over or (until and f'"step":"{until}"' in (plan_of(shop).step or "")):
            return plan_of(shop)
    raise AssertionError("it does not end")


def lying(store: DrillStore, company: str) -> int:
    return sum(len(rows(store, company, table)) for table in ("workspace", "ledger", "journal"))


def rows(store: DrillStore, company: str, table: str) -> list[Any]:
    return list(
        store.connection.client.query(
            TableName=store.names[table],
            KeyConditionExpression="company = :c",
            ConsistentRead=True,
            ExpressionAttributeValues={":c": {"S": company}},
        )["Items"]
    )


def test_a_sound_backup_passes_and_nothing_is_left(shop: Kept, drill_store: DrillStore, told: list[str]) -> None:
    backup, before, was = shop.taken(), shop.content(), plan_of(shop)
    head = shop.head()
    drilled(shop, "compare")
    assert {row["_kind"]["S"] for row in rows(drill_store, shop.id, "ledger")} >= {
        "invoice",
        "register_entry",
        "series",
    }
    after = drilled(shop)
    assert (after.backup, after.step) == (None, None)
    assert timedelta(0) < after.due_at - shop.world.now() <= timedelta(days=8)
    row = shop.backup(backup)
    assert (row.drill, row.drilled_at, row.verified_at) == ("passed", row.updated_at, row.updated_at)
    assert row.due_at == shop.backup(backup).due_at
    assert (lying(drill_store, shop.id), shop.content(), shop.head()) == (0, before, head)
    assert (told.count("DrillPassed"), told.count("DrillFailed")) == (1, 0)
    assert was.backup is None


def test_without_a_backup_there_is_nothing_to_drill(shop: Kept, drill_store: DrillStore) -> None:
    assert engine.run(shop.world, drill.WORKFLOW, plan_of(shop))
    assert plan_of(shop).due_at > shop.world.now()
    assert lying(drill_store, shop.id) == 0


def test_the_drill_tables_omit_persons_erased_since(shop: Kept, drill_store: DrillStore) -> None:
    backup = shop.taken()
    shop.confirmed(shop.customer)
    carried(shop.world)
    drilled(shop, "compare")
    assert shop.customer not in repr(rows(drill_store, shop.id, "workspace"))
    drilled(shop)
    assert shop.backup(backup).drill == "passed"


def test_a_drill_counts_attachments(shop: Kept, drill_store: DrillStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of an older backup, which holds the file of a support thread and of a person erased since."""
    stored = [attached(shop, Attachment, owner) for owner in (shop.supplier, shop.customer, shop.new("thr"))]
    stored.append(attached(shop, DocumentAttachment, shop.invoice))
    monkeypatch.setattr(cutoff, "_of_thread", lambda _: False)
    backup = shop.taken()
    shop.confirmed(shop.customer)
    carried(shop.world)
    drilled(shop, "compare")
    kept = [row for table in ("workspace", "ledger") for row in rows(drill_store, shop.id, table)]
    there = {row["id"]["S"] for row in kept if row["_kind"]["S"] == "attachment"}
    assert there == {stored[0].id, stored[3].id}
    drilled(shop)
    assert shop.backup(backup).drill == "passed"


def damaged(shop: Kept, backup: str) -> None:
    part = next(part for part in shop.backup(backup).parts if part.group == "items")
    key = prefixes.backup("daily", shop.id, backup) + part.name
    content = bytearray(shop.world.files.read(key))
    content[len(content) // 2] ^= 4
    shop.world.files.put(key, bytes(content), "application/octet-stream", only_if_absent=False)


def test_a_damaged_backup_fails_loudly_and_is_seen(
    shop: Kept, drill_store: DrillStore, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    backup = shop.taken()
    damaged(shop, backup)
    with caplog.at_level(logging.ERROR, "facture.backups"):
        after = drilled(shop)
    assert "drill failed: backup_damaged" in caplog.text
    row = shop.backup(backup)
    assert (row.drill, row.verified_at) == ("failed", None)
    assert (told.count("DrillFailed"), lying(drill_store, shop.id)) == (1, 0)
    assert after.due_at > shop.world.now()


def without(kind: str) -> Callable[..., Any]:
    """Loses one row of a kind on the way in, as a faulty restore would."""
    real = steps.put

    def put(into: Any, batch: Any, progress: Any) -> Any:
        kept = tuple(row for row in batch.records if kind != row.KIND)
        return real(into, replace(batch, records=kept), progress)

    return put


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("item", "drill_counts"),
        ("balance", "drill_counts"),
        ("invoice", "register_invalid"),
        ("series", "drill_counts"),
    ],
)
def test_a_restore_that_loses_rows_is_found_out(
    shop: Kept, kind: str, code: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backup = shop.taken()
    monkeypatch.setattr(steps, "put", without(kind))
    with caplog.at_level(logging.ERROR, "facture.backups"):
        drilled(shop)
    assert f"drill failed: {code}" in caplog.text
    assert shop.backup(backup).drill == "failed"


def changed(kind: type[Record], **values: Any) -> Callable[..., Any]:
    real = steps.put

    def put(into: Any, batch: Any, progress: Any) -> Any:
        rows = tuple(replace(row, **values) if isinstance(row, kind) else row for row in batch.records)
        return real(into, replace(batch, records=rows), progress)

    return put


def test_a_restore_that_changes_a_document_is_found_out(
    shop: Kept, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shop.taken()
    monkeypatch.setattr(steps, "put", changed(Invoice, notes="other"))
    with caplog.at_level(logging.ERROR, "facture.backups"):
        drilled(shop)
    assert "drill failed: register_invalid" in caplog.text


def test_it_is_resumed_page_by_page(shop: Kept, drill_store: DrillStore, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = shop.taken()
    monkeypatch.setattr(deadline, "STEP_SECONDS", 0.0)
    monkeypatch.setattr(drill, "PAGE", 2)
    monkeypatch.setattr(drill, "ROWS", 3)
    drilled(shop)
    assert (shop.backup(backup).drill, lying(drill_store, shop.id)) == ("passed", 0)


def test_the_rows_of_an_earlier_drill_are_removed_first(shop: Kept, drill_store: DrillStore) -> None:
    backup = shop.taken()
    old = Founding("bak_old", "test")
    old.found(drill_store, shop.world.call(shop.id, "drill", "drill", key="x"))
    drilled(shop)
    assert (shop.backup(backup).drill, lying(drill_store, shop.id)) == ("passed", 0)


def test_drill_rows_without_a_plan_are_removed(shop: Kept, drill_store: DrillStore) -> None:
    shop.taken()
    drilled(shop, "compare")
    assert drill.orphans(shop.world, NEVER) == 0  # it is at work
    plan = plan_of(shop)
    delete_row(shop.world.store, plan.key)  # the account, or the switch, went
    assert companies(drill_store) == [shop.id]
    assert (drill.orphans(shop.world, NEVER), lying(drill_store, shop.id)) == (1, 0)


def test_a_backup_that_went_meanwhile_is_no_fault(shop: Kept, drill_store: DrillStore, told: list[str]) -> None:
    backup = shop.taken()
    drilled(shop, "rows")
    delete_row(shop.world.store, shop.backup(backup).key)
    for key in list(shop.world.files.list(prefixes.backup("daily", shop.id, backup))):
        shop.world.files.delete(key)
    drilled(shop)
    assert (told.count("DrillFailed"), told.count("DrillPassed"), lying(drill_store, shop.id)) == (0, 0, 0)


def test_an_abandoned_drill_is_removed_and_reported(shop: Kept, drill_store: DrillStore, told: list[str]) -> None:
    backup = shop.taken()
    drilled(shop, "rows")
    drilled(shop, "registers")
    engine.give_up(shop.world, drill.WORKFLOW, plan_of(shop))
    assert (plan_of(shop).due, plan_of(shop).backup) == ("drill", backup)
    after = drilled(shop)
    assert (after.backup, lying(drill_store, shop.id)) == (None, 0)
    assert (shop.backup(backup).drill, told.count("DrillFailed")) == ("failed", 1)


def test_only_the_drill_tables_can_be_cleared(shop: Kept, vault: Turned) -> None:
    with pytest.raises(TypeError):
        cleared(vault.store, shop.id, most=1)  # type: ignore[arg-type]
    names = vault.drills.names
    assert not set(names.values()) & set(vault.store.names.values())
    assert isinstance(World(vault.settings), World)
    assert shop.there(Customer.ref(shop.id, shop.other))
    assert shop.there(Balance.ref(shop.id, shop.invoice))
    assert shop.there(BackupPlan.ref(shop.id))
