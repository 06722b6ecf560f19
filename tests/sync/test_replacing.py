"""A replacement that takes longer than a request: each repetition of the pull writes a part of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.errors import Busy
from chalicelib.domain.journal import JobRow
from chalicelib.services.sync import pull, replacing
from tests.conftest import Shop
from tests.privacy.test_erased_persons import TRACES, erased, person
from tests.sync.phone import Phone


def test_a_replacement_that_takes_longer_than_a_request_is_written_in_pieces(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each repetition goes on where the one before has stopped, here after one row."""
    for _ in range(3):
        shop.issued()
        shop.draft()
    phone, other = Phone(shop.owner), Phone(shop.owner)
    phone.pull()
    other.pull()
    monkeypatch.setattr(replacing, "PAGE_BYTES", 1)
    monkeypatch.setattr(replacing, "WORK_SECONDS", -1.0)
    clock, asked = shop.clock, 0
    while (got := phone.ask(replace=True)).status == 409:
        assert (got.json["code"], got.headers["retry-after"]) == ("replacement_preparing", "1")
        asked += 1
        if asked == 4:
            late = shop.draft()["id"]
        assert asked < 40
    rows = sum(len(table) for table in other.copy.values())
    assert asked >= rows
    body = phone.download(got.json)
    assert (body["timestamp"], body["experimentalStrategy"]) == (clock, "replacement")
    found = {name: {row["id"] for row in table["updated"]} for name, table in body["changes"].items()}
    assert {name: ids - {late} for name, ids in found.items()} == {
        name: table.keys() for name, table in other.copy.items()
    }
    phone.clock = body["timestamp"]
    assert late in phone.page()["changes"]["drafts"]["updated"][0]["id"]
    (row,) = (row for row in shop.world.store.all_of(JobRow, shop.company) if row.task == replacing.TASK)
    assert (row.status, row.due, row.inputs) == ("completed", None, b"{}")


def test_a_busy_database_keeps_what_was_written(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        shop.draft()
    phone, other = Phone(shop.owner), Phone(shop.owner)
    phone.pull()
    other.pull()
    monkeypatch.setattr(replacing, "PAGE_BYTES", 1)
    everything = pull.everything

    def throttled(*inputs: Any) -> Iterator[pull.PlacedRow]:
        """Three rows, then a refusal by the database."""
        for number, placed in enumerate(everything(*inputs)):
            if number == 3:
                raise Busy
            yield placed

    monkeypatch.setattr(pull, "everything", throttled)
    assert phone.ask(replace=True).json["code"] == "replacement_preparing"
    while (got := phone.ask(replace=True)).status == 409:
        assert got.json["code"] == "replacement_preparing"
    changes = phone.download(got.json)["changes"]
    assert {name: {row["id"] for row in table["updated"]} for name, table in changes.items()} == {
        name: table.keys() for name, table in other.copy.items()
    }


def test_a_replacement_that_an_erasure_interrupts_begins_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = person(shop)
    phone = Phone(shop.owner)
    phone.pull()
    monkeypatch.setattr(replacing, "PAGE_BYTES", 1)
    monkeypatch.setattr(replacing, "WORK_SECONDS", -1.0)
    for _ in range(3):
        assert phone.ask(replace=True).json["code"] == "replacement_preparing"
    erased(shop, buyer, carried=True)
    while (got := phone.ask(replace=True)).status == 409:
        pass
    text = json.dumps(phone.download(got.json), ensure_ascii=False)
    assert [trace for trace in TRACES if trace in text] == []
