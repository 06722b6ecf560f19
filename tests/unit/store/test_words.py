"""The index of words: a search misses nothing, however late the index is, and reads entries with equal keys once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.companies.party import Customer
from chalicelib.domain.search import search_of
from chalicelib.services.records import texts as module
from chalicelib.services.records.listing import listing
from chalicelib.services.records.paging import Window
from chalicelib.services.records.parties import CUSTOMERS
from chalicelib.store.decision import Decision
from chalicelib.store.read import open_company
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store
from chalicelib.wiring import World
from tests.bench.traffic import Traffic
from tests.histories import company as companies
from tests.large import put
from tests.unit.samples import customer


@contextmanager
def late(store: Store) -> Iterator[None]:
    """The index of words says what it said at first: DynamoDB writes it after the commit."""
    first: list[Any] = []

    def repeat(parsed: dict[str, Any], **_: Any) -> None:
        if all("_w" in each for each in parsed.get("Items", [])):
            first.append(parsed["Items"])
            parsed["Items"] = first[0]

    events = store.connection.client.meta.events
    events.register("after-call.dynamodb.Query", repeat)
    try:
        yield
    finally:
        events.unregister("after-call.dynamodb.Query", repeat)


def found(world: World, company: str, query: str) -> list[str]:
    """The names that a search finds."""
    reader = open_company(world.store, company)
    return [each.name for each in listing(reader, CUSTOMERS, Window(), search=search_of(query)).items]


def commit(world: World, company: str, decision: Decision[None]) -> None:
    transact(world.store, companies.call(world, company, "edit", world.random(8).hex()), [], lambda _: decision)


def test_a_search_finds_what_was_written_a_moment_ago(bare_world: World) -> None:
    company = companies.founded(bare_world, "late")
    made = replace(customer(name="Zénith Béton"), company=company, id="cus_01KB0000000000000000000000")
    with late(bare_world.store):
        assert found(bare_world, company, "zenith") == []
        commit(bare_world, company, Decision(new=(made,)))
        assert found(bare_world, company, "zenith") == ["Zénith Béton"]
        commit(bare_world, company, Decision(puts=(made.edited(bare_world.now(), name="Rif Bois"),)))
        assert (found(bare_world, company, "zenith"), found(bare_world, company, "rif")) == ([], ["Rif Bois"])
        commit(bare_world, company, Decision(deletes=(made,)))
        assert found(bare_world, company, "rif") == []


def test_a_search_reads_the_commits_of_the_last_seconds_only(
    bare_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = companies.founded(bare_world, "busy")
    for n in range(5):
        made = replace(customer(name=f"Rif {n}"), company=company, id=f"cus_01KB000000000000000000000{n}")
        commit(bare_world, company, Decision(new=(made,)))
    monkeypatch.setattr(module, "ENTRIES_AT_ONCE", 2)
    assert len(module.changed(bare_world.store, company, Customer)) >= 5
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    assert len(module.changed(bare_world.store, company, Customer)) == 4, "two pages of two"
    monkeypatch.setattr(module, "LATE", -module.LATE)
    assert module.changed(bare_world.store, company, Customer) == set()


def test_after_a_push_of_many_records_the_index_is_read_consistently(
    bare_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred commits of a push change thousands of records. Reading them all would cost more than the index."""
    company = companies.founded(bare_world, "many")
    ids = [f"cus_01KB000000000000000000000{n}" for n in range(5)]
    commit(bare_world, company, Decision(new=tuple(replace(customer(), company=company, id=id) for id in ids)))
    asked: list[bool] = []
    query = Store.query

    def asking(self: Store, *given: Any, **named: Any) -> Any:
        asked.extend([named["consistent"]] if named.get("index") == "words" else [])
        return query(self, *given, **named)

    monkeypatch.setattr(Store, "query", asking)
    for most, reads_rows in ((6, True), (5, False)):  # One customer was there before.
        monkeypatch.setattr(module, "MOST_RECORDS", most)
        with Traffic(bare_world.store) as traffic:
            entries = module.texts(bare_world.store, company, Customer, lambda _: True)
            assert {entry.id for entry in entries} >= set(ids)
        assert bool(traffic.calls["BatchGetItem"]) is reads_rows
    assert asked == [False, True]


def test_equal_keys_on_several_pages_are_read_once(bare_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    company = companies.founded(bare_world, "equal")
    ids = [f"cus_01KB000000000000000000000{n}" for n in range(7)]
    put(bare_world, [replace(customer(name="Rif Bois"), company=company, id=id) for id in ids])
    query = Store.query
    monkeypatch.setattr(Store, "query", lambda *given, **named: query(*given, **named | {"limit": 2}))
    entries = module.texts(bare_world.store, company, Customer, lambda key: "rif" in key)
    assert sorted(entry.id for entry in entries) == ids
