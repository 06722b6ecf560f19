"""Jobs that ran when an earlier version stopped: each goes on with the present code and ends as it should."""

import pytest

from tests.stored.stage import Stage, job


@pytest.mark.parametrize("name", ["bulk-unsaved", "bulk-half"])
def test_a_bulk_issue_ends(stage: Stage, name: str) -> None:
    """Thirty documents are issued. In `bulk-unsaved`, only the answer under the step's own key states that."""
    found, client = stage.resume(name)
    id = found.id("transient", "job")
    before = job(client, id)
    assert (before["status"], before["done"]) == {"bulk-unsaved": ("queued", 0), "bulk-half": ("running", 30)}[name]
    stage.run("bulk")
    after = job(client, id)
    assert (after["status"], after["done"], after["total"]) == ("completed", 31, 31)
    assert [outcome["number"] for outcome in after["outcomes"]] == [f"FA-2026-{n:05}" for n in range(6, 37)]
    issued = {
        row["id"]["S"]: row["number"]["S"] for row in stage.tables.all("ledger") if row["_kind"]["S"] == "invoice"
    }
    assert all(issued[outcome["id"]] == outcome["number"] for outcome in after["outcomes"])
    proof = client.get("/v1/register/verify", query={"series": "FA-2026"}).json
    assert (proof["verified"], proof["complete"], proof["checked"]) == (True, True, len(issued))


def test_disabling_the_cloud_ends(stage: Stage) -> None:
    """Six rows are gone. The rest of the business data, the backup and the kept answers go; the law's records stay."""
    found, client = stage.resume("leaving-half")
    id = found.id("transient", "job", task="leave_the_cloud")
    assert (job(client, id)["status"], job(client, id)["done"]) == ("running", 6)
    stage.run("expiry")
    after = job(client, id)
    assert (after["status"], after["outcomes"]) == ("completed", [{"outcome": "complete", "counts": {"rows": 10}}])
    kinds = {row["_kind"]["S"] for row in stage.tables.all("workspace")}
    assert kinds == {"company", "support_thread", "support_message"}
    kept = [row["id"]["S"] for row in stage.tables.all("transient") if row["_kind"]["S"] in ("backup", "idempotency")]
    assert kept == ["leaving-001"]
    assert stage.objects("files", "backups/") == {}
    assert [row for row in stage.tables.all("identity") if row["_kind"]["S"] == "backup_key"] == []
    assert len(stage.tables.all("ledger")) == len(found.rows["ledger"])
