"""A payment of a draft whose number was requested, in every order of what may happen to both.

`make prove` runs all orders, `make test` every sixth.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from chalicelib.domain.documents.credit_entry import advance_id
from tests import crash
from tests.conftest import Shop
from tests.sync.devices import Device, codes, customer, draft, issue_request, payment
from tests.sync.phone import Phone

AMOUNT = "1000.00"


class Story:
    """One draft and its payment on a device. Each step may be called at any time."""

    def __init__(self, shop: Shop, phone: Phone) -> None:
        self.shop, self.phone = shop, phone
        self.device = Device(shop.owner, phone.clock or 0, phone.id)
        self.buyer = customer()
        self.draft = draft(self.buyer["id"])
        self.payment = payment(self.draft["id"], str(shop.today), amount=AMOUNT)
        self.entry = advance_id(self.payment["id"])
        assert codes(self.device.push(created={"customers": [self.buyer], "drafts": [self.draft]})) == []
        self.pull()
        self.request = issue_request(self.draft["id"], self.phone.clock or 0)
        self.paid = self.advance = self.reversed = False

    def pull(self) -> None:
        """The device pulls."""
        self.phone.pull()
        self.device.clock = self.phone.clock or 0

    def pay(self) -> None:
        """The payment arrives, perhaps for the second time."""
        if not self.paid:
            self.advance = bool(self.invoice) and not self.issued
        refused = codes(self.device.push(created={"payments": [self.payment]}))
        assert refused == ([] if self.paid or self.invoice else [(self.payment["id"], "not_found")])
        self.paid |= not refused

    def ask(self) -> None:
        """The request for a number arrives. It is served or refused."""
        assert codes(self.device.push(created={"issue_requests": [self.request]})) == []

    def edit(self) -> None:
        """Somebody changes the draft on the web, so that a later request is refused."""
        self.shop.owner.patch(f"/v1/invoices/{self.draft['id']}", {"notes": "Remise"}, "*")

    def reverse(self) -> None:
        """Somebody reverses the money on the web, as an advance or as a payment, if it is there."""
        by = {"reason": "returned_unpaid"}
        got = self.shop.owner.post(f"/v1/payments/{self.payment['id']}/reverse", by)
        if got.status == 404:
            got = self.shop.owner.post(f"/v1/customers/{self.buyer['id']}/credit/{self.entry}/reverse", by)
        self.reversed |= got.status == 201

    def remove(self) -> None:
        """The device deletes the draft, if it still is one."""
        self.pull()
        self.device.push(deleted={"drafts": [self.draft["id"]]})

    @property
    def issued(self) -> bool:
        """Whether the draft has its number."""
        return bool(self.invoice.get("number"))

    @property
    def invoice(self) -> dict[str, Any]:
        """The draft or the invoice; empty if it was deleted."""
        got = self.shop.owner.get(f"/v1/invoices/{self.draft['id']}")
        return dict(got.json) if got.status == 200 else {}

    def faults(self) -> list[str]:
        """The rules that do not hold now."""
        credit = self.shop.owner.get(f"/v1/customers/{self.buyer['id']}/credit").json["data"]
        held = sum(Decimal(each["unapplied"]) for each in credit) + Decimal(self.invoice.get("paid") or 0)
        # The reversal of a payment leaves its advance, which is reversed by itself.
        own = [each for each in credit if each["id"] == self.entry]
        left = self.paid and not (own[0]["reversed_by"] if own else self.reversed)
        found = [] if held == (Decimal(AMOUNT) if left else 0) else [f"money: {held} of {left}"]
        found += [] if len(own) == self.advance else [f"entries: {own}"]
        self.pull()
        newcomer = Phone(self.shop.owner)
        newcomer.pull(replace=True)
        mine, theirs = (each.copy["payments"].get(self.payment["id"]) for each in (self.phone, newcomer))
        found += [] if mine == theirs else [f"devices: {mine} / {theirs}"]
        found += [] if (mine is not None) == self.paid else [f"row: {mine}"]
        if mine and (mine["status"] == "reversed") != self.reversed:
            found.append(f"status: {mine}")
        return found


STEPS = ("pay", "ask", "edit", "reverse", "pay")
OTHERS = ("pay", "ask", "remove", "reverse")
ORDERS = sorted(
    order for order in {*permutations(STEPS), *permutations(OTHERS)} if order.index("pay") < order.index("reverse")
)


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("first", ["ask", "edit", "pay", "remove"])
def test_money_is_kept_in_every_order(new_shop: Callable[..., Shop], first: str) -> None:
    wrong: list[tuple[Sequence[str], list[str]]] = []
    shop = new_shop()
    for order in [each for each in ORDERS if each[0] == first][:: 1 if crash.every_call else 6]:
        phone = Phone(shop.owner)
        phone.pull()
        story = Story(shop, phone)
        for step in order:
            getattr(story, step)()
        faults = story.faults()
        if story.invoice and not story.issued:
            assert shop.owner.post(f"/v1/invoices/{story.draft['id']}/issue").status == 200
            faults += story.faults()
        if faults:
            wrong.append((order, faults))
    assert wrong == []
