"""Jobs work on one company under a session that reaches no other (docs/adr/0059)."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib import session
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.errors import Busy
from chalicelib.services.retention import purge
from chalicelib.store.wire import Store
from tests.iam import WATCH
from tests.privacy.conftest import alone, shared_privacy_world, vault
from tests.privacy.test_retention import Ledger, at, sweep
from tests.privacy.worlds import Turned
from tests.rows import delete_row, put_row

__all__ = ["alone", "shared_privacy_world", "vault"]
DUE = date(2037, 1, 1)


@contextmanager
def signed(world: Turned) -> Iterator[list[tuple[str, str, dict[str, Any]]]]:
    """The signer of each request to DynamoDB (a company, or "" for the function), with its operation and body."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    events = world.store.connection.client.meta.events

    def asked(model: Any, params: dict[str, Any], **_: Any) -> None:
        found.append(("", model.name, json.loads(params["body"])))

    def sent(request: Any, **_: Any) -> None:
        who = {kept.credentials.get_frozen_credentials().access_key: kept for kept in world.sessions._kept.values()}
        key = request.headers["Authorization"].decode().partition("Credential=")[2].partition("/")[0]
        found[-1] = (who[key].company if key in who else "", *found[-1][1:])

    events.register("before-call", asked)
    events.register("before-send", sent)
    try:
        yield found
    finally:
        events.unregister("before-call", asked)
        events.unregister("before-send", sent)


@contextmanager
def lent(world: Turned) -> Iterator[Counter[str]]:
    """The number of sessions requested from STS for each company."""
    found: Counter[str] = Counter()

    def asked(params: dict[str, Any], **_: Any) -> None:
        found[params["Tags"][0]["Value"]] += 1

    events = world.sessions.client.meta.events
    events.register("provide-client-params.sts.AssumeRole", asked)
    try:
        yield found
    finally:
        events.unregister("provide-client-params.sts.AssumeRole", asked)


@pytest.fixture
def world(vault: Turned) -> Turned:
    """Nothing is due, and no session is kept."""
    at(vault, DUE)
    sweep(vault)
    vault.offset = timedelta(0)
    vault.sessions._kept.clear()
    return vault


def test_every_call_for_a_company_is_signed_by_its_session(world: Turned) -> None:
    shops = [Ledger(world, per_year=1), Ledger(world, per_year=1)]
    at(world, DUE)
    with signed(world) as calls:
        assert sweep(world).failures == []
    by = {shop.id: [call for call in calls if call[0] == shop.id] for shop in shops}
    for company, own in by.items():
        assert {"Query", "UpdateItem", "TransactGetItems", "TransactWriteItems"} <= {name for _, name, _ in own}
        assert partitions(own) == {company}
    itself = [call for call in calls if call[0] == ""]
    assert partitions(itself) == {"system", "retention"}, "the switches, the checkpoint and the due index"


def partitions(calls: list[tuple[str, str, dict[str, Any]]]) -> set[str]:
    """Every partition that requests name."""
    return {each for _, _, body in calls for each in named(body)}


def named(body: dict[str, Any]) -> Iterator[str]:
    """The partition of each row or query of a request's body."""
    if "KeyConditionExpression" in body:
        mark = body["KeyConditionExpression"].split("=")[1].split()[0].strip("() ")
        yield body["ExpressionAttributeValues"][mark]["S"]
    for item in body.get("TransactItems", ()):
        for row in item.values():
            yield (row.get("Key") or row["Item"])["company"]["S"]
    if key := body.get("Key") or body.get("Item"):
        yield key["company"]["S"]


def test_a_company_costs_one_call_of_sts_however_many_its_steps(world: Turned) -> None:
    shops = [Ledger(world, per_year=30, years=(2026,)), Ledger(world, per_year=1)]
    at(world, DUE)
    with lent(world) as asked:
        report = sweep(world)
        assert report.applied > 4
        assert asked == {shop.id: 1 for shop in shops}
        at(world, date(2039, 1, 1))
        sweep(world)
    assert [asked[shop.id] for shop in shops] == [1, 1], "a session that lasts is used again"


def test_a_session_is_not_begun_with_when_it_may_end_before_the_run(
    world: Turned, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.sessions.of("retention", "cmp_1")
    assert first is not None
    assert world.sessions.of("retention", "cmp_1") is first
    monkeypatch.setattr("chalicelib.outside.sessions.NEEDED", timedelta(minutes=16))
    assert world.sessions.of("retention", "cmp_1") is not first


def test_a_job_without_a_role_works_as_its_function(world: Turned) -> None:
    with world.confined("unheard_of", "cmp_1"):
        assert session.current() is None
    with world.confined("retention", "cmp_1"):
        lent = session.current()
        assert lent is not None
        assert (lent.job, lent.company) == ("retention", "cmp_1")
        with session.under(None):
            assert session.current() is None
    assert session.current() is None


@pytest.mark.parametrize("planted", ["reads", "writes", "deletes"])
def test_a_bug_that_reaches_for_another_company_is_refused(
    world: Turned, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    shop, beside = Ledger(world, per_year=1, years=(2026, 2027)), Ledger(world, per_year=1, years=(2027,))
    (victim,), kept, whole = beside.by_year[2027], shop.invoices(), purge.purge

    def wrong(world: Turned, term: Any) -> bool:
        if term.company != shop.id:
            return whole(world, term)
        if planted == "reads":
            world.store.records([Invoice.ref(beside.id, victim)])
        elif planted == "writes":
            put_row(world.store, beside.term())
        else:
            delete_row(world.store, Invoice.ref(beside.id, victim))
        return whole(world, term)

    monkeypatch.setattr(purge, "purge", wrong)
    at(world, DUE)
    report, noted = refused(world)
    failed = {failure.ref.company: failure.error for failure in report.failures}
    assert (failed[shop.id], beside.id in failed) == ("AccessDeniedException", False)
    assert noted, "what the policy did not grant"
    assert all(line.startswith("retention, on one company may not dynamodb:") for line in noted)
    assert beside.invoices() == {victim}
    assert shop.invoices() == kept


def refused(world: Turned) -> tuple[Any, list[str]]:
    """A run, and what was refused in it: taken out of the watch, or this very test would fail."""
    before = len(WATCH.refused)
    report = sweep(world)
    noted = WATCH.refused[before:]
    del WATCH.refused[before:]
    return report, noted


def test_the_function_lacks_the_permissions_of_its_sessions(world: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fence counts: without a session the same sweep is refused."""
    shop = Ledger(world, per_year=1, years=(2026,))
    kept = shop.invoices()
    at(world, DUE)
    monkeypatch.setattr(world.sessions, "of", lambda *_: None)
    before = len(WATCH.refused)
    with pytest.raises(PynamoDBException, match="AccessDenied"):
        sweep(world)
    noted = WATCH.refused[before:]
    del WATCH.refused[before:]
    assert all(line.startswith("retention may not dynamodb:") for line in noted)
    assert shop.invoices() == kept


def test_without_sts_nothing_is_done_until_it_answers(world: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Ledger(world, per_year=1, years=(2026,))
    kept = shop.invoices()
    at(world, DUE)
    with monkeypatch.context() as patch:
        patch.setattr(world.sessions.client, "assume_role", throttled)
        with pytest.raises(Busy):
            sweep(world)
    assert shop.invoices() == kept
    assert sweep(world).failures == []
    assert shop.invoices() == set()


def throttled(**_: Any) -> None:
    raise ClientError({"Error": {"Code": "Throttling"}}, "AssumeRole")


def test_threads_of_the_store_use_the_session_of_their_caller(world: Turned) -> None:
    store = Store(world.settings)
    with world.confined("retention", "cmp_1"):
        assert store.pool.submit(session.current).result() is session.current() is not None
    assert store.pool.submit(session.current).result() is None
