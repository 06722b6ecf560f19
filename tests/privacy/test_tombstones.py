"""An erased person's tombstone stays as long as a restore may need it, and no longer."""

from datetime import timedelta

import pytest

from chalicelib.domain.companies.party import Customer
from chalicelib.domain.privacy.correction import Correction
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import run
from chalicelib.policy.load import use
from chalicelib.services.privacy.requests import requests
from tests.backup.restoring import Kept
from tests.moved import with_term
from tests.privacy.worlds import Turned, carried

FIVE_YEARS = timedelta(days=5 * 366 + 1)
MONTH = timedelta(days=30)


@pytest.fixture
def shop(vault: Turned) -> Kept:
    """A company with backups."""
    return Kept(vault, small=True)


def job(shop: Kept, name: str, after: timedelta) -> Report:
    """Run a job that long after the company was founded."""
    assert isinstance(shop.world, Turned)
    shop.world.offset = after
    return run(shop.world, named(name), now=shop.world.now(), left=within(120))


def erased(shop: Kept) -> None:
    """Delete the customer on request."""
    shop.confirmed(shop.customer)
    carried(shop.world)
    assert shop.kinds("requests").count("tombstone") == 1


def returns(shop: Kept, backup: str) -> bool:
    """Whether the customer is there after a restore."""
    shop.restored(backup)
    return shop.there(Customer.ref(shop.id, shop.customer)) is not None


def test_the_proof_of_an_earlier_request_leaves_the_tombstone(shop: Kept, vault: Turned) -> None:
    requests.ask(vault, shop.call(), shop.owner(), "opposition", shop.customer)
    vault.offset = MONTH
    backup = shop.taken()
    erased(shop)
    before = shop.kinds("requests").count("request")
    assert job(shop, "proofs", FIVE_YEARS).failures == []
    assert shop.kinds("requests").count("request") == before - 1, "the earlier request's proof goes"
    assert shop.kinds("requests").count("tombstone") == 1
    assert not returns(shop, backup)
    job(shop, "expiry", FIVE_YEARS)
    assert job(shop, "proofs", FIVE_YEARS + 2 * MONTH).failures == []
    assert shop.kinds("requests") == []


def test_a_tombstone_outlives_the_last_backup_that_holds_the_person(shop: Kept) -> None:
    backup = shop.taken()
    erased(shop)
    assert job(shop, "proofs", FIVE_YEARS).failures == []
    assert set(shop.kinds("requests")) == {"receipt", "request", "tombstone"}
    assert not returns(shop, backup)
    assert job(shop, "expiry", FIVE_YEARS).failures == []
    job(shop, "proofs", FIVE_YEARS)
    assert "tombstone" in shop.kinds("requests"), "its row is looked at again a day later"
    assert job(shop, "proofs", FIVE_YEARS + timedelta(days=2)).failures == []
    assert shop.kinds("requests") == []


def test_a_longer_term_and_the_last_backup_both_keep_a_tombstone(shop: Kept) -> None:
    backup = shop.taken()
    with use(with_term("request.proof", "P36D")):
        erased(shop)
    assert job(shop, "proofs", 2 * MONTH).failures == []
    (proof,) = [row for row in shop.world.store.query("requests", shop.id).records if isinstance(row, PrivacyRequest)]
    assert proof.due_at - proof.created_at > timedelta(days=5 * 365), "the term is five years now"
    assert job(shop, "proofs", FIVE_YEARS).failures == []
    assert "tombstone" in shop.kinds("requests"), "the backup holds the person"
    assert not returns(shop, backup)
    job(shop, "expiry", FIVE_YEARS)
    assert job(shop, "proofs", FIVE_YEARS + timedelta(days=2)).failures == []
    assert shop.kinds("requests") == []


def test_a_backup_made_after_a_deletion_keeps_no_proof_of_it(shop: Kept, vault: Turned) -> None:
    erased(shop)
    vault.offset = FIVE_YEARS - MONTH
    shop.taken()
    assert job(shop, "proofs", FIVE_YEARS).failures == []
    assert shop.kinds("requests") == []


def test_a_correction_outlives_the_last_backup_with_the_wrong_value(shop: Kept) -> None:
    backup = shop.taken()
    requests.ask(shop.world, shop.call(), shop.owner(), "rectification", shop.customer, {"phone": "0522000000"})
    carried(shop.world)
    assert job(shop, "proofs", 14 * MONTH).failures == []
    assert Correction.KIND in shop.kinds("requests")
    shop.restored(backup)
    customer = shop.there(Customer.ref(shop.id, shop.customer))
    assert isinstance(customer, Customer)
    assert customer.phone == "+212522000000"
    job(shop, "expiry", 14 * MONTH)
    assert job(shop, "proofs", 15 * MONTH).failures == []
    assert Correction.KIND not in shop.kinds("requests")
