"""A day of a shop in Fès with the reference client: two telephones, an office on the web, and a network that is cut at
random."""

import json
from random import Random

import pytest

from chalicelib.domain.clock import today
from tests.sync.served.conftest import NewDevice
from tests.sync.served.real_device import RealDevice
from tests.sync.served.test_watermelondb import cells, customer_on, draft_on, issue_on
from tests.sync.simulation.network import FAULTS, Lost, Refused
from tests.sync.simulation.world import Company

SALES = 6


def try_to_synchronise(device: RealDevice, random: Random) -> None:
    """Synchronise over a network that is cut at any request. The shop goes on without an answer."""
    device.network.plan = [random.choice([None, *FAULTS]) for _ in range(3)]
    try:
        device.sync()
    except (Lost, Refused):
        assert device.node.process.poll() is None


def sell(device: RealDevice, random: Random, founded: Company) -> tuple[str, str]:
    """A sale at the counter: a new customer or a known one, a draft, a request for its number, and its payment."""
    buyer = random.choice([customer_on(device), founded.customer])
    document = draft_on(device, buyer)
    issue_on(device, document)
    payment = "pay" + document.removeprefix("inv")
    paid = {"document_id": document, "amount": "3600.00", "method": "transfer"}
    device.create("payments", payment, paid | {"date": today(founded.now()).isoformat()})
    return document, payment


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_sale_of_a_day_has_one_number_and_is_paid(new_device: NewDevice, founded: Company, seed: int) -> None:
    random, phones = Random(seed), [new_device(), new_device()]
    for phone in phones:
        phone.sync()
    sales = []
    for _ in range(SALES):
        phone = random.choice(phones)
        sales.append(sell(phone, random, founded))
        for each in phones:
            try_to_synchronise(each, random)
    for phone in [*phones, *phones]:
        phone.deliver_late()
        phone.sync()
    for phone in phones:
        assert phone.pending() == set()
        documents = [cells(phone, "documents", document) for document, _ in sales]
        assert sorted(json.loads(each["register"])["position"] for each in documents) == list(range(1, SALES + 1))
        assert [each["status"] for each in documents] == ["paid"] * SALES
        assert {payment for _, payment in sales} <= phone.tables["payments"].keys()
    assert len(founded.owner.get("/v1/invoices", query={"limit": "100"}).json["data"]) == SALES
