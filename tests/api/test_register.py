"""The register through the API: verification reports every change behind its back."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.companies.company import Series
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import Record
from chalicelib.services.documents import register
from chalicelib.store import codec
from chalicelib.store.read import open_company
from tests.conftest import Shop


def series(shop: Shop) -> Series:
    """The series of this year's invoices, as it is stored."""
    (found,) = shop.world.store.records([Series.ref(shop.company, f"FA-{shop.today.year}")])
    assert isinstance(found, Series)
    return found


def first_entry(shop: Shop) -> RegisterEntry:
    """The first entry of that series, as it is stored."""
    (found,) = shop.world.store.records([RegisterEntry.ref(shop.company, series=f"FA-{shop.today.year}", position=1)])
    assert isinstance(found, RegisterEntry)
    return found


def overwrite(shop: Shop, record: Record) -> None:
    """Write a row without the product's transaction, as tampering does."""
    store = shop.world.store
    row = codec.to_row(record, b"x" * 16)
    store.connection.put_item(store.names[record.TABLE], record.key.company, record.key.sort, attributes=row)


def verified(shop: Shop) -> bool:
    """The verdict of the register on itself."""
    got = shop.owner.get("/v1/register/verify")
    assert got.status == 200, got.text
    verdict: bool = got.json["verified"]
    return verdict


def test_a_lowered_next_number_is_found(shop: Shop) -> None:
    for _ in range(3):
        shop.issued()
    assert verified(shop)
    overwrite(shop, replace(series(shop), next=2))
    assert not verified(shop)


def test_an_entry_of_an_unknown_kind_is_compared_with_the_document_of_its_id(shop: Shop) -> None:
    invoice = shop.issued()
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {}).json["register"]
    (entry,) = shop.world.store.records([RegisterEntry.ref(shop.company, series=note["series"], position=1)])
    assert isinstance(entry, RegisterEntry)
    overwrite(shop, replace(entry, document_kind="nothing"))
    found = shop.owner.get("/v1/register/verify", query={"series": note["series"]}).json
    assert found["fault"] == {"position": 1, "code": "entry_changed"}


@pytest.mark.parametrize("change", ["gross", "issue_date", "document_kind"])
def test_an_altered_entry_is_found(shop: Shop, change: str) -> None:
    shop.issued()
    assert verified(shop)
    altered: dict[str, Any] = {
        "gross": Decimal("1.00"),
        "issue_date": date(shop.today.year - 1, 1, 1),
        "document_kind": "zzz",
    }
    overwrite(shop, replace(first_entry(shop), **{change: altered[change]}))
    assert not verified(shop)


def test_an_altered_head_is_found_after_a_full_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "VERIFIED_AT_ONCE", 2)
    shop.issued()
    shop.issued()
    assert verified(shop)
    overwrite(shop, replace(series(shop), chain="00" * 32))
    assert not verified(shop)


def test_a_part_has_the_size_that_the_caller_states(shop: Shop) -> None:
    numbers = register.BATCH + 2
    for _ in range(numbers):
        shop.issued()
    reader = open_company(shop.world.store, shop.company)
    found = register.verify(reader, None, shop.today.year, at_once=numbers - 1)
    assert (found.checked, found.next, found.complete) == (numbers - 1, numbers - 1, False)
    rest = register.verify(reader, None, shop.today.year, after=numbers - 1)
    assert (rest.checked, rest.next, rest.complete) == (1, None, True)


def test_the_register_of_a_year_is_the_last_used_series_until_the_new_pattern_is_used(shop: Shop) -> None:
    first = shop.issued()["number"]
    pattern = {"series": {"invoice": {"pattern": "B-{year}-{seq:04}"}}}
    assert shop.owner.patch("/v1/company", pattern, "*").status == 200

    def listed() -> list[str]:
        got = shop.owner.get("/v1/register", query={"year": shop.today.year})
        assert got.status == 200
        return [row["number"] for row in got.json["data"]]

    assert listed() == [first]
    second = shop.issued()["number"]
    assert listed() == [second]
