"""Issuing more documents than one transaction holds: a job, run by the runner, resumed where it stopped."""

from typing import Any

from chalicelib.jobs.runner import run_scheduled
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
    ids[35] = shop.draft(lines=[])["id"]
    done = _run(shop, _job(shop, ids)["id"])
    assert (done["status"], done["done"]) == ("failed", 30)
    outcomes = [row["outcome"] for row in done["outcomes"]]
    assert outcomes == ["issued"] * 30 + ["not_attempted"] * 5 + ["failed"] + ["not_attempted"] * 28
    assert done["outcomes"][35]["code"] == "lines_required"
    assert shop.issued()["number"].endswith("00031")


def test_the_pages_of_a_bulk_issue_are_rendered_by_the_outbox(shop: Shop) -> None:
    invoice = shop.issued()
    run_scheduled(shop.world, "outbox")
    kept = list(shop.world.files.list(f"pdf/{shop.company}/"))
    assert len(kept) == 1
    shown = shop.owner.get(f"/v1/invoices/{invoice['id']}/pdf")
    assert shown.status == 303
    assert len(list(shop.world.files.list(f"pdf/{shop.company}/"))) == 1
