"""A changed e-mail address: who is notified of it, and whose account the public page finds by it."""

from collections.abc import Callable

import pytest

from chalicelib.domain.companies.member import Member
from chalicelib.services.codes import email_key
from chalicelib.services.privacy.requests import account_page
from chalicelib.store.read import members_with
from tests.conftest import Shop
from tests.mailbox import mails, open_mailbox
from tests.privacy.persons import URL, carry


def test_the_old_address_is_notified_of_the_change(shop: Shop) -> None:
    open_mailbox(shop.world)
    added = shop.join(f"second-{shop.company}", "owner", "co@owner.example")
    right = {"kind": "rectification", "subject": added["id"], "corrections": {"email": "rogue@owner.example"}}
    assert shop.owner.post(URL, right).status == 201
    for _ in range(2):
        carry(shop, "outbox")
    (notified,) = mails(shop.world, "co@owner.example")
    assert "rogue@owner.example" not in notified.text


def test_accounts_of_a_stranger_come_after_ones_own(
    new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_page, "MOST_AT_ONCE", 1)
    stranger = new_shop()
    victim = new_shop()
    address = "victim@pushed.example"
    for shop in (victim, stranger):
        (member,) = shop.owner.get("/v1/members").json["data"]
        right = {"kind": "rectification", "subject": member["id"], "corrections": {"email": address}}
        assert shop.owner.post(URL, right).status == 201
    found = account_page._in_order(members_with(victim.world.store, email_key(victim.world.settings, address) or ""))
    assert [row.company for row in found] == [victim.company, stranger.company]


def test_the_public_page_finds_an_owner_by_the_new_address(shop: Shop) -> None:
    (member,) = shop.owner.get("/v1/members").json["data"]
    right = {"kind": "rectification", "subject": member["id"], "corrections": {"email": "new@found.example"}}
    assert shop.owner.post(URL, right).status == 201
    found = members_with(shop.world.store, email_key(shop.world.settings, "new@found.example") or "")
    assert [row.company for row in found if isinstance(row, Member)] == [shop.company]
