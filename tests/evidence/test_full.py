"""The full pass names each tampering behind the API, and finds nothing in honest books."""

from typing import Any

import pytest

from chalicelib.jobs.runner import run_scheduled
from chalicelib.services.evidence import requested
from tests.conftest import Shop
from tests.evidence.tamperings import TAMPERINGS
from tests.evidence.worlds import Stranger, codes, verdict

FULL_ONLY = {"number_used_twice"}
"""A row that no commit touched: only a pass that reads every row meets it."""


@pytest.fixture
def books(shop: Shop) -> Shop:
    """Three issued invoices; the first one is partly paid, the last one is credited in part."""
    first = shop.issued()
    paid = {"amount": "1000.00", "method": "transfer", "date": shop.today.isoformat()}
    assert shop.owner.post(f"/v1/invoices/{first['id']}/payments", paid).status == 201
    second = shop.issued()
    assert shop.owner.post(f"/v1/invoices/{second['id']}/credit", {"amount": "10.00"}).status == 201
    shop.issued()
    return shop


def test_honest_books_verify_and_every_row_counts(books: Shop) -> None:
    found = verdict(books)
    assert (found.faults, found.from_anchor) == ((), 0)
    assert found.rows == len(Stranger(books).items("ledger"))
    assert found.clock == found.entries == books.clock


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_tampering_is_named(books: Shop, name: str) -> None:
    tamper, code, kind = TAMPERINGS[name]
    tamper(Stranger(books))
    found = verdict(books)
    assert not found.verified
    assert (code, kind or None) in {(fault.code, fault.kind) for fault in found.faults}
    assert found.faults[0].code == code, "the most telling fault comes first"
    assert codes(found) <= {code, "row_changed", "row_missing", "row_unrecorded"}


def full_pass(shop: Shop) -> dict[str, Any]:
    """The outcome of a full pass that the owner requests."""
    asked = shop.owner.post("/v1/register/verify", {})
    assert asked.status == 202, asked.text
    run_scheduled(shop.world, "bulk")
    job = shop.owner.get(asked.headers["location"]).json
    assert job["status"] == "completed", job
    (outcome,) = job["outcomes"]
    return dict(outcome)


def test_a_full_pass_on_request_says_what_it_compared_and_when(books: Shop) -> None:
    before = books.owner.get("/v1/register/verify").json
    assert (before["verified"], before["ran"], before["last_full"]) == (True, "daily", None)
    found = full_pass(books)
    rows = len(Stranger(books).items("ledger"))
    assert (found["ran"], found["verified"], found["rows"], found["from_anchor"]) == ("full", True, rows, 0)
    after = books.owner.get("/v1/register/verify").json
    assert after["verified"] is True
    assert after["last_full"] == {
        "at": found["at"],
        "clock": found["clock"],
        "verified": True,
        "rows": rows,
        "from_anchor": 0,
        "found": 0,
        "code": None,
        "recovered_at": None,
    }


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_api_names_each_tampering(books: Shop, name: str) -> None:
    tamper, code, _ = TAMPERINGS[name]
    tamper(Stranger(books))
    at_once = books.owner.get("/v1/register/verify")
    assert at_once.status == 200, at_once.text
    assert at_once.json["verified"] is (name in FULL_ONLY)
    found = full_pass(books)
    assert (found["verified"], found["faults"][0]["code"]) == (False, code)
    after = books.owner.get("/v1/register/verify").json
    assert (after["verified"], after["last_full"]["verified"], after["last_full"]["code"]) == (False, False, code)


def test_requests_for_full_passes_are_limited(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested, "A_DAY", 2)
    for _ in range(2):
        assert shop.owner.post("/v1/register/verify", {}).status == 202
    refused = shop.owner.post("/v1/register/verify", {})
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) > 0
