"""Requests that are open when the account is erased: the ones that only a person would carry out end with it."""

from datetime import timedelta

from chalicelib.domain.privacy.request import OPEN, PrivacyRequest, RequestDeadline
from chalicelib.services.privacy.requests import requests
from tests.mailbox import mails
from tests.privacy.worlds import Books, Turned, carried


def made(shop: Books, kind: str) -> str:
    """A request about the complete account that waits for an operator; its id."""
    id: str = requests.ask(shop.world, shop.call(), shop.owner(), kind, None).outcome.id  # type: ignore[arg-type]
    return id


def test_a_request_that_waits_for_an_operator_ends_with_the_account(alone: Turned) -> None:
    shop = Books(alone, small=True, mark="Depasse")
    waits = made(shop, "rectification")
    carried(alone)
    assert (shop.request(waits).status, shop.request(waits).due) == ("verified", None)
    to = f"{shop.mark}@member.example"
    sent = len(mails(alone, to))
    shop.confirmed(waive=True)
    carried(alone)
    ended = shop.request(waits)
    assert (ended.status, ended.reason, ended.due) == ("cancelled", "account_erased", "proofs")
    assert ended.closed_at is not None
    assert ended.due_at - ended.closed_at > timedelta(days=5 * 365)
    left = alone.store.query("requests", shop.id).records
    assert not [row for row in left if isinstance(row, RequestDeadline)]
    assert not [row for row in left if isinstance(row, PrivacyRequest) and row.status in OPEN]
    told = [mail.text for mail in mails(alone, to)[sent:]]
    assert [waits in text and "sans être exécutée" in text for text in told].count(True) == 1, told


def test_a_request_that_a_job_carries_out_is_carried_out(alone: Turned) -> None:
    shop = Books(alone, small=True)
    person = shop.confirmed(shop.customer)
    account = shop.confirmed(waive=True)
    carried(alone)
    assert [shop.request(id).status for id in (person, account)] == ["completed", "completed"]
