"""After both cloud switches went off and the erasure ran, a scan of all tables and buckets finds the account alone."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from chalicelib.files import prefixes
from tests.privacy.lifetime import Life, Row

OFF = {"cloud": {"sync": False, "backup": False}, "erase": True}
_PROOF = "a proof of a request, for its five years"
_LAW = "the law keeps issued documents, payments and what proves them"
RowKind = tuple[str, str]
ACCOUNT: Mapping[RowKind, str] = {
    ("workspace", "company"): "the profile as given at sign-up",
    ("identity", "member"): "a member",
    ("identity", "api_key"): "a key of a member",
    ("identity", "consent"): "a member's choices",
    ("requests", "acceptance"): "a member accepted the policy",
    ("workspace", "support_thread"): "an exchange with support",
    ("workspace", "support_message"): "an exchange with support",
    ("workspace", "attachment"): "a paper of an exchange with support",
    ("requests", "request"): "a request of a person",
    ("requests", "deadline"): "a request of a person",
    ("requests", "correction"): "a request of a person",
    ("requests", "disclosure"): _PROOF,
    ("requests", "receipt"): _PROOF,
    ("requests", "tombstone"): _PROOF,
    ("requests", "hold"): _PROOF,
    ("requests", "destruction"): _PROOF,
    ("journal", "head"): "the account's state",
    ("ledger", "series"): "a first number that the company set",
    ("journal", "term"): "the account's state",
    ("journal", "evidence"): "the account's state",
    ("journal", "journal_entry"): "which rows changed, without content",
    ("journal", "backup_key"): "a key that encrypts nothing: the next backup uses it",
    ("transient", "job"): "the erasure itself, for 30 days",
    ("transient", "idempotency"): "the answer to the switch itself, for 30 days",
    ("transient", "tally"): "a count of requests without a name, for a day",
    ("transient", "queue"): "a count of writers without a name",
    ("transient", "sign_in"): "a member who left: their sign-in account ends",
    ("transient", "former_owner"): "an owner who left, for 30 days",
    ("transient", "upload"): "the day on which an access export ends",
}
"""What stays of a company that never issued a document, and the part of the account that it is."""
STATUTORY: Mapping[RowKind, str] = {
    ("journal", "archived"): _LAW,
    ("journal", "backup_key"): _LAW,
    ("workspace", "template"): "issued documents are printed with it",
} | {
    ("ledger", kind): _LAW
    for kind in (
        *("archived_invoice", "archived_invoice_balance", "attachment", "balance", "credit_entry", "credit_note"),
        *("invoice", "payment", "payment_id", "refund", "register_entry", "series"),
    )
}
"""What stays besides, if documents were issued."""
FILES = (prefixes.UPLOADS, prefixes.EXPORTS)
STATUTORY_FILES = (*FILES, prefixes.PAPERS, prefixes.LOGOS, prefixes.ARCHIVE)


def kinds(rows: list[Row]) -> set[RowKind]:
    """The kinds of rows."""
    return {(table, row["_kind"]["S"]) for table, row in rows}


def tasks(rows: list[Row]) -> set[str]:
    """The tasks of the jobs."""
    return {row["task"]["S"] for table, row in rows if (table, row["_kind"]["S"]) == ("transient", "job")}


def left_the_cloud(life: Life) -> str:
    """Turn the last switch off and let the erasure run; the address of its job."""
    life.works()
    off = life.shop.owner.patch("/v1/settings", OFF, "*")
    assert off.status == 202, off.text
    life.works()
    life.goes_to(life.world.now() + timedelta(minutes=11))
    life.works()
    return off.headers["location"]


@pytest.mark.usefixtures("embedded_s3")
def test_a_company_without_documents_leaves_its_account_alone(life: Life) -> None:
    life.drafts_everything()
    first = {"series": {"invoice": {"next": 500, "pattern": "Z{year}-{seq:04}"}}}
    assert life.shop.owner.patch("/v1/company", first, "*").status == 200
    assert ("ledger", "series") in kinds(life.looks())
    job = life.shop.owner.get(left_the_cloud(life)).json
    left = life.looks()
    assert kinds(left) - ACCOUNT.keys() == set()
    assert tasks(left) == {"leave_the_cloud"}
    assert [key for key in life.objects() if not key.startswith(FILES)] == []
    assert (job["status"], job["done"]) == ("completed", job["total"])
    assert job["total"] > 0
    on = life.shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*")
    assert on.status == 200, on.text
    numbers = [each["next"] for each in life.shop.owner.get("/v1/series").json["data"]]
    assert numbers == [500], "the first number counts again"


@pytest.mark.usefixtures("embedded_s3")
def test_a_company_with_documents_leaves_its_account_and_what_the_law_keeps(life: Life) -> None:
    life.asks_everything()
    life.adds_rare_rows()
    life.shop.owner.get(left_the_cloud(life))
    left = life.looks()
    assert kinds(left) - ACCOUNT.keys() - STATUTORY.keys() == set()
    assert tasks(left) <= {"leave_the_cloud", "forget_notices"}
    assert [key for key in life.objects() if not key.startswith(STATUTORY_FILES)] == []
    assert not [key for key in life.objects() if f"{prefixes.EXPORTS}{life.company}/job_" in key]
