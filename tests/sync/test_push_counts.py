"""The cost of a large push: round trips and write units, so that no rise is unnoticed."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.services.parties.deletion import FEW, Use, use_of, uses_of
from chalicelib.store.read import open_company
from tests.conftest import Shop
from tests.infra.meter import Meter
from tests.sync.devices import codes, customer, device_of, draft, item

ROWS = 1_000
ENTRIES = 11
"""Transactions of such a push, each with an entry of the journal."""


def metered(shop: Shop, **changes: Any) -> dict[str, float]:
    """The traffic of a push, its authentication included."""
    phone = device_of(shop)
    with Meter(shop.world) as meter:
        got = phone.push(**changes)
    assert codes(got) == []
    return meter.counted


def items(_: Shop) -> dict[str, Any]:
    return {"created": {"items": [item(name=f"Vis {number}") for number in range(ROWS)]}}


def customers(_: Shop) -> dict[str, Any]:
    return {"created": {"customers": [customer(name=f"Client {number}") for number in range(ROWS)]}}


def drafts(shop: Shop) -> dict[str, Any]:
    return {"created": {"drafts": [draft(shop.customer) for _ in range(ROWS)]}}


@pytest.mark.parametrize(
    ("rows", "calls", "write"),
    [(items, 35, 3168), (customers, 38, 3168), (drafts, 67, 3216)],
    ids=["items", "customers", "drafts"],
)
def test_a_push_of_a_thousand_rows(
    shop: Shop, rows: Callable[[Shop], dict[str, Any]], calls: int, write: float
) -> None:
    counted = metered(shop, **rows(shop))
    assert counted["calls"] == calls
    # An entry of the journal has about 1 KB for each unit, and its hashes compress differently in each run.
    assert write <= counted["write"] <= write + 2 * ENTRIES


MEASURED_DELETIONS = 500


def test_deletions_of_customers_count_their_use_together(shop: Shop) -> None:
    """One by one, 500 deletions took 1,524 calls."""
    own = [customer(name=f"Client {number}") for number in range(MEASURED_DELETIONS)]
    phone = device_of(shop)
    phone.push(created={"customers": own})
    drafted, owing, credited = (each["id"] for each in own[:3])
    shop.draft(customer=drafted)
    shop.issued(customer=owing)
    money = {"amount": "50.00", "method": "transfer", "date": str(shop.today)}
    assert shop.owner.post(f"/v1/customers/{credited}/credit", money).status == 201
    phone.clock = shop.clock
    with Meter(shop.world) as meter:
        got = phone.push(deleted={"customers": [each["id"] for each in own]})
    assert codes(got) == [(id, "in_use") for id in (drafted, owing, credited)]
    assert meter.counted["calls"] <= 40
    assert len(shop.owner.get("/v1/customers", query={"limit": "50"}).json["data"]) == 4


def test_the_use_of_many_parties_is_that_of_each(shop: Shop) -> None:
    others = [customer(name=f"Client {number}")["id"] for number in range(FEW)]
    shop.draft()
    shop.issued()
    money = {"amount": "50.00", "method": "transfer", "date": str(shop.today)}
    assert shop.owner.post(f"/v1/customers/{shop.customer}/credit", money).status == 201
    reader = open_company(shop.world.store, shop.company)
    parties = [shop.customer, *others]
    assert uses_of(reader, parties) == {party: use_of(reader, party) for party in parties}
    assert uses_of(reader, parties)[shop.customer] == Use(1, 2)
