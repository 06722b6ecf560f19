"""The disaster path, rehearsed: recovered tables serve, nobody who was erased comes back, and a bad cut is noticed.

The embedded engine copies a table as it is now, whatever instant is asked for: the past is made here by copying first
and erasing afterwards, and then bringing the proofs up to date, as a recovery of `requests` to the last instant does.
"""

import json
import secrets
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.errors import ClockTooOld, CompanyBlocked
from chalicelib.services.commits import entries_after
from chalicelib.store.read import open_company
from chalicelib.store.tables import TABLES
from infra import disaster
from local.engine import REGION, Engine
from tests.privacy.conftest import shared_privacy_world
from tests.privacy.worlds import Books, Turned, carried

__all__ = ["shared_privacy_world"]


@pytest.fixture
def dynamodb(engine: Engine) -> Any:
    return boto3.client("dynamodb", endpoint_url=engine.endpoint, region_name=REGION)


@pytest.fixture
def old(shared_privacy_world: Turned, dynamodb: Any) -> Turned:
    """The tables that are lost, with point-in-time recovery as they are deployed."""
    for name in shared_privacy_world.store.names.values():
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    return shared_privacy_world


def recovered(old: Turned, dynamodb: Any) -> Turned:
    """The world on the tables recovered from the old ones."""
    prefix = f"recovered-{secrets.token_hex(4)}-"
    disaster.recover(dynamodb, old.settings.table_prefix, prefix, None)
    return Turned(replace(old.settings, table_prefix=prefix))


def with_proofs_of(new: Turned, old: Turned) -> None:
    """Bring the tables that are recovered to the last instant up to it."""
    client = old.store.connection.client
    for table in disaster.AS_NEW:
        for page in client.get_paginator("scan").paginate(TableName=new.store.names[table]):
            for row in page["Items"]:
                client.delete_item(
                    TableName=new.store.names[table], Key={"company": row["company"], "sort": row["sort"]}
                )
        for page in client.get_paginator("scan").paginate(TableName=old.store.names[table]):
            for row in page["Items"]:
                client.put_item(TableName=new.store.names[table], Item=row)


def head(world: Turned, company: str) -> Head:
    (found,) = world.store.records([Head.ref(company)])
    assert isinstance(found, Head)
    return found


def test_recovered_tables_serve_and_are_protected_as_the_old_ones(old: Turned, dynamodb: Any) -> None:
    shop = Books(old)
    new = recovered(old, dynamodb)
    reader = open_company(new.store, shop.id)
    assert reader.get(Customer, shop.customer).name.startswith(shop.mark)
    assert disaster.check(new) == []
    for table in TABLES:
        name = new.store.names[table.name]
        assert dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled") is True
        described = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert expiry.get("AttributeName") == table.ttl
    shop.world = new
    shop.commit(shop.drafted(shop.new("inv"), shop.customer))
    assert head(new, shop.id).clock == head(old, shop.id).clock + 1


def test_recovering_again_goes_on_where_it_was(old: Turned, dynamodb: Any) -> None:
    prefix = f"recovered-{secrets.token_hex(4)}-"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=old.store.names["ledger"], TargetTableName=f"{prefix}ledger", UseLatestRestorableTime=True
    )
    made = []
    dynamodb.meta.events.register(
        "before-call.dynamodb.RestoreTableToPointInTime", lambda params, **_: made.append(json.loads(params["body"]))
    )
    for _ in range(2):
        disaster.recover(dynamodb, old.settings.table_prefix, prefix, None)
    missing = [table.name for table in TABLES if table.name != "ledger"]
    assert [call["TargetTableName"] for call in made] == [prefix + name for name in missing]


def test_a_person_erased_since_stays_erased(old: Turned, dynamodb: Any) -> None:
    account, person, bystander = Books(old), Books(old), Books(old, small=True)
    new = recovered(old, dynamodb)
    account.confirmed(waive=True)
    person.confirmed(person.customer)
    carried(old)
    with_proofs_of(new, old)
    assert open_company(new.store, account.id), "without the replay it would be open again"
    done = disaster.replay_all(new)
    assert {line["company"] for line in done} >= {account.id, person.id}
    assert bystander.id not in {line["company"] for line in done}
    with pytest.raises(CompanyBlocked):
        open_company(new.store, account.id)
    assert head(new, account.id).state == "closed"
    for books in (account, person):
        books.world = new
    assert account.rows("workspace") == account.rows("identity") == account.rows("transient") == []
    assert account.rows("ledger"), "what the law keeps is there"
    assert person.customer not in repr(person.rows("workspace"))
    assert head(new, person.id).state == "active"
    assert head(new, person.id).erased == head(old, person.id).erased
    assert disaster.replay_all(new) == [], "a second time there is nothing left to do"
    assert [fault for fault in disaster.check(new) if any(b.id in fault for b in (account, person, bystander))] == []


def test_readers_of_lost_commits_start_anew(old: Turned, dynamodb: Any) -> None:
    """A device that pulled commits which the recovered tables lack would miss the commits that take their clocks."""
    shop = Books(old, small=True)
    new = recovered(old, dynamodb)
    recovered_to = head(new, shop.id).clock
    disaster.replay_all(new)
    raised = head(new, shop.id).clock
    assert raised == recovered_to + disaster.CLOCKS_SKIPPED
    disaster.replay_all(new)
    assert head(new, shop.id).clock == raised
    assert [fault for fault in disaster.check(new) if shop.id in fault] == []
    reader = open_company(new.store, shop.id)
    for after in (recovered_to, recovered_to + 3):
        with pytest.raises(ClockTooOld):
            list(entries_after(reader, after, 100))
    assert list(entries_after(reader, raised, 100)) == []


def test_tables_of_different_instants_are_noticed(old: Turned, dynamodb: Any) -> None:
    shop = Books(old, small=True)
    new = recovered(old, dynamodb)
    row = dynamodb.get_item(
        TableName=old.store.names["journal"], Key={"company": {"S": shop.id}, "sort": {"S": "head"}}
    )["Item"]
    for clock in (99, 0):
        broken = {**row, "clock": {"N": str(clock)}}
        dynamodb.put_item(TableName=new.store.names["journal"], Item=broken)
        assert [fault for fault in disaster.check(new) if shop.id in fault]


def test_an_export_is_asked_for_each_table(old: Turned, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disaster, "POLL_SECONDS", 0.05)
    made = disaster.export(dynamodb, old.settings.table_prefix, old.settings.files_bucket)
    assert len(made) == len(TABLES)


@pytest.mark.parametrize("arguments", [["recover", "--to", "x-"], ["export", "--from", "x-"], ["check"], ["undo"]])
def test_incomplete_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        disaster.main(arguments)
    assert stopped.value.code == 2
