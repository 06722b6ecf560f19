"""Issuing more documents than one transaction holds: a job, run by the runner, resumed where it stopped."""

import random
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.jobs.runner import run_scheduled
from chalicelib.store import transaction
from chalicelib.wiring import World
from tests.clocks import clock_at
from tests.conftest import Shop


def _job(shop: Shop, ids: list[str]) -> dict[str, Any]:
    asked = shop.owner.post("/v1/invoices/issue", {"ids": ids})
    assert asked.status == 202, asked.text
    assert asked.headers["location"] == f"/v1/jobs/{asked.json['id']}"
    assert (asked.json["status"], asked.json["total"]) == ("queued", len(ids))
    return shop.owner.get(asked.headers["location"]).json  # type: ignore[no-any-return]


def _run(shop: Shop, job: str) -> dict[str, Any]:
    for _ in range(10):
        run_scheduled(shop.world, "bulk")
        shown = shop.owner.get(f"/v1/jobs/{job}").json
        if shown["status"] in ("completed", "failed"):
            return shown  # type: ignore[no-any-return]
    raise AssertionError("the job did not end")


def test_seventy_are_issued_in_order(shop: Shop) -> None:
    ids = [shop.draft()["id"] for _ in range(70)]
    done = _run(shop, _job(shop, ids)["id"])
    assert (done["status"], done["done"], done["total"]) == ("completed", 70, 70)
    assert [row["id"] for row in done["outcomes"]] == ids
    assert [int(row["number"][-5:]) for row in done["outcomes"]] == list(range(1, 71))
    verified = shop.owner.get("/v1/register/verify").json
    assert (verified["verified"], verified["checked"]) == (True, 70)


def test_a_fault_stops_at_its_transaction_and_says_so_for_each_document(shop: Shop) -> None:
    ids = [shop.draft()["id"] for _ in range(64)]
    ids[25] = shop.draft(lines=[])["id"]
    done = _run(shop, _job(shop, ids)["id"])
    assert (done["status"], done["done"]) == ("failed", 20)
    outcomes = [row["outcome"] for row in done["outcomes"]]
    assert outcomes == ["issued"] * 20 + ["not_attempted"] * 5 + ["failed"] + ["not_attempted"] * 38
    assert done["outcomes"][25]["code"] == "lines_required"
    assert shop.issued()["number"].endswith("00021")


def test_the_pages_of_a_bulk_issue_are_rendered_by_the_outbox(shop: Shop) -> None:
    invoice = shop.issued()
    while run_scheduled(shop.world, "outbox").applied:
        continue  # messages of other tests come first
    kept = list(shop.world.files.list(f"pdf/{shop.company}/"))
    assert len(kept) == 1
    shown = shop.owner.get(f"/v1/invoices/{invoice['id']}/pdf")
    assert shown.status == 303
    assert len(list(shop.world.files.list(f"pdf/{shop.company}/"))) == 1


def test_more_than_one_transaction_holds_becomes_a_job(shop: Shop) -> None:
    """Twenty documents of the largest size exceed the 4 MB of a transaction."""
    pick = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0123456789 ,.éè"
    line = {"quantity": "1", "unit_price": "1.00", "vat_rate": "20"}
    lines = [line | {"description": f"x{''.join(pick.choices(letters, k=230))}x"} for _ in range(1000)]
    ids = [shop.draft(lines=lines)["id"] for _ in range(20)]
    accepted = shop.owner.post("/v1/invoices/issue", {"ids": ids})
    assert (accepted.status, accepted.json["total"]) == (202, 20)
    assert _run(shop, accepted.json["id"])["status"] == "completed"


def test_a_transaction_of_too_many_rows_is_halved(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten documents have 40 rows of their own, so they fit where twenty do not."""
    ids = [shop.draft()["id"] for _ in range(20)]
    monkeypatch.setattr(transaction, "MAX_TRANSACTION", 50)
    accepted = shop.owner.post("/v1/invoices/issue", {"ids": ids})
    assert (accepted.status, accepted.json["total"]) == (202, 20)
    done = _run(shop, accepted.json["id"])
    assert [row["outcome"] for row in done["outcomes"]] == ["issued"] * 20


def test_twenty_documents_fit_into_one_transaction(shop: Shop) -> None:
    ids = [shop.draft()["id"] for _ in range(20)]
    clock = shop.clock
    assert shop.owner.post("/v1/invoices/issue", {"ids": ids}).status == 200
    assert shop.clock == clock + 1


def test_a_job_that_ends_after_midnight_completes(shop: Shop, world: World) -> None:
    """An invoice issued at the new day stands between the job's start and its end."""
    job = _job(shop, [shop.draft()["id"] for _ in range(31)])
    later, other = world.now() + timedelta(days=1), shop.draft()["id"]
    with clock_at(world, later):
        assert shop.owner.post(f"/v1/invoices/{other}/issue").status == 200
        assert _run(shop, job["id"])["status"] == "completed"


def test_a_clients_idempotency_key_does_not_stop_a_job(shop: Shop) -> None:
    job = _job(shop, [shop.draft()["id"] for _ in range(31)])
    person = {"name": "x", "kind": "consumer"}
    sent = shop.member("clerk").post("/v1/customers", person, idempotency_key=f"{job['id']}:0")
    assert sent.status == 201
    assert _run(shop, job["id"])["status"] == "completed"


def test_a_small_bulk_issue_is_answered_as_a_list_with_its_url(shop: Shop) -> None:
    answered = shop.owner.post("/v1/invoices/issue", {"ids": [shop.draft()["id"]]})
    assert (answered.status, answered.json["url"]) == (200, "/v1/invoices/issue")
