"""The end of the statutory archive: each document on its day, with its rows, and the key with the last of them."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import StatutoryKey
from chalicelib.domain.companies.company import RetentionSchedule
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.ids import new_id
from chalicelib.files import prefixes
from chalicelib.services.archive import removal
from chalicelib.store.decision import ACCOUNT_WHILE_BLOCKED, Decision
from chalicelib.store.transaction import transact
from tests.privacy.test_retention import Ledger, at, sweep
from tests.privacy.worlds import Turned, carried

SECONDS = 1.1
"""How long an object is locked here: the engine goes by its own clock, and by whole seconds."""


def archived(shop: Ledger, *years: int, until: datetime | None = None) -> dict[int, str]:
    """Lock an object for the first document of each year; their keys."""
    world = shop.world
    entries = {row.document: row for row in shop._stored("ledger") if isinstance(row, RegisterEntry)}
    keys = {year: prefixes.archived(shop.id, entries[shop.by_year[year][0]].hash) for year in years}
    until = until or datetime.now(UTC) + timedelta(milliseconds=50)
    for key in keys.values():
        assert world.archive.lock(key, b"sealed", until)
    now, stamps = world.now(), shop.stamps
    shop._put(Archived(id=shop.id, clock=1, **stamps))
    key = new_id(StatutoryKey.PREFIX, now, world.random(10))
    shop._put(StatutoryKey(id=key, wrapped=b"wrapped", **stamps))
    return keys


def there(shop: Ledger) -> set[str]:
    answer = shop.world.archive.client.list_object_versions(
        Bucket=shop.world.archive.bucket, Prefix=prefixes.of_company(prefixes.ARCHIVE, shop.id)
    )
    return {each["Key"] for each in (*answer.get("Versions", ()), *answer.get("DeleteMarkers", ()))}


def keys_of(shop: Ledger) -> list[StatutoryKey]:
    return [row for row in shop._stored("journal") if isinstance(row, StatutoryKey)]


def test_an_original_is_deleted_on_its_day_and_not_before(vault: Turned) -> None:
    shop = Ledger(vault, per_year=1, years=(2026, 2027))
    keys = archived(shop, 2026, 2027)
    time.sleep(SECONDS)
    at(vault, date(2036, 12, 31))
    sweep(vault)
    assert there(shop) == set(keys.values()), "its last day included"
    at(vault, date(2037, 1, 1))
    sweep(vault)
    assert there(shop) == {keys[2027]}
    assert shop.invoices() >= set(shop.by_year[2027])
    assert not shop.invoices() & set(shop.by_year[2026])
    assert keys_of(shop), "it opens what is left"


def test_an_object_locked_for_longer_is_left_to_the_lifecycle_rule(vault: Turned) -> None:
    shop = Ledger(vault, per_year=1, years=(2026,))
    keys = archived(shop, 2026, until=datetime(2037, 6, 30, tzinfo=UTC))
    at(vault, date(2037, 1, 1))
    report = sweep(vault)
    assert report.failures == []
    assert not shop.invoices() & set(shop.by_year[2026]), "its row has gone"
    assert there(shop) == set(keys.values())


def test_the_time_of_s3_ends_a_lock_when_the_service_is_ahead(vault: Turned) -> None:
    shop = Ledger(vault, per_year=1, years=(2026,))
    keys = archived(shop, 2026, until=datetime.now(UTC) + timedelta(days=1))
    at(vault, date(2037, 1, 1))
    report = sweep(vault)
    assert report.failures == []
    assert not shop.invoices() & set(shop.by_year[2026]), "its row has gone"
    assert there(shop) == set(keys.values())


def test_a_sweep_that_was_killed_after_the_original_went_goes_on(
    vault: Turned, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Ledger(vault, per_year=1, years=(2026,))
    archived(shop, 2026)
    time.sleep(SECONDS)
    at(vault, date(2037, 1, 1))
    remove = removal.remove

    def killed(*asked: object) -> None:
        remove(*asked)  # type: ignore[arg-type]
        raise RuntimeError("killed")

    with monkeypatch.context() as once:
        once.setattr(removal, "remove", killed)
        assert sweep(vault).failures
    assert there(shop) == set()
    assert shop.by_year[2026][0] in shop.invoices()
    vault.offset += timedelta(days=1)
    assert sweep(vault).failures == []
    assert shop.by_year[2026][0] not in shop.invoices()


@pytest.mark.parametrize("closed", [True, False])
def test_the_key_goes_with_the_last_record_of_a_closed_company(vault: Turned, *, closed: bool) -> None:
    shop = Ledger(vault, per_year=1, years=(2026, 2027))
    keys = archived(shop, 2026, 2027)
    time.sleep(SECONDS)
    if closed:
        shop.confirmed(None, waive=True)
        carried(vault)
    at(vault, date(2037, 1, 1))
    sweep(vault)
    assert there(shop) == {keys[2027]}
    assert keys_of(shop), "there are records of another year"
    at(vault, date(2038, 1, 1))
    sweep(vault)
    assert there(shop) == set()
    assert bool(keys_of(shop)) is not closed
    assert isinstance(shop.term(), RetentionSchedule)


def test_the_key_stays_while_the_archive_holds_anything(vault: Turned) -> None:
    shop = Ledger(vault, per_year=1, years=(2026,))
    archived(shop, 2026, until=datetime(2037, 6, 30, tzinfo=UTC))
    call = vault.call(shop.id, "test", "test", key="close")
    transact(
        vault.store,
        call,
        [],
        lambda _: Decision(head={"state": "closed"}),
        ACCOUNT_WHILE_BLOCKED,
    )
    at(vault, date(2037, 1, 1))
    sweep(vault)
    assert not shop.invoices() & set(shop.by_year[2026])
    assert keys_of(shop)
