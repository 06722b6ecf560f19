"""After both cloud switches went off and the erasure ran, a scan of all tables and buckets finds the account alone."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from chalicelib.files import prefixes
from chalicelib.policy.promises import promises
from tests.privacy.lifetime import Life, Row

OFF = {"cloud": {"sync": False, "backup": False}, "erase": True}
RowKind = tuple[str, str]
_LEFT, _COUNTS = "for a member who left, what is needed to end their sign-in account", "counts"
_PROOF, _LAW = "the proof that they were handled", "The documents that the law makes us keep"
ACCOUNT: Mapping[RowKind, str] = {
    ("workspace", "company"): "The company as given at sign-up",
    ("identity", "member"): "The members",
    ("transient", "invitation"): "open invitations",
    ("identity", "api_key"): "their access keys",
    ("identity", "consent"): "consents",
    ("requests", "acceptance"): "consents",
    ("workspace", "support_thread"): "exchanges with support",
    ("workspace", "support_message"): "exchanges with support",
    ("workspace", "attachment"): "with their attachments",
    ("requests", "request"): "The requests",
    ("requests", "deadline"): "The requests",
    ("requests", "correction"): "The requests",
    ("requests", "disclosure"): "the register of disclosures to third parties",
    ("requests", "receipt"): _PROOF,
    ("requests", "tombstone"): _PROOF,
    ("requests", "hold"): _PROOF,
    ("requests", "destruction"): _PROOF,
    ("ledger", "series"): "their numbering",
    ("journal", "head"): "The journal of operations",
    ("journal", "term"): "The journal of operations",
    ("journal", "journal_entry"): "The journal of operations",
    ("journal", "evidence"): "the verifications of their register",
    ("journal", "outbox"): "messages to be sent",
    ("journal", "backup_key"): "the encryption key of these records",
    ("transient", "job"): "the progress of the erasure",
    ("transient", "idempotency"): "answers already given",
    ("transient", "tally"): _COUNTS,
    ("transient", "queue"): _COUNTS,
    ("transient", "sign_in"): _LEFT,
    ("transient", "former_owner"): "to respect their rights",
    ("transient", "mail"): "messages to be sent",
    ("transient", "upload"): "the files made for them",
}
"""The kinds that stay of a company that never issued a document, each in the words of the policy's page."""
STATUTORY: Mapping[RowKind, str] = {
    ("journal", "archived"): _LAW,
    ("workspace", "template"): "the logo and template that print them",
    ("ledger", "attachment"): "their attachments",
    ("ledger", "payment"): "their payments",
    ("ledger", "payment_id"): "their payments",
    ("ledger", "credit_entry"): "their payments",
    ("ledger", "refund"): "their payments",
    ("ledger", "register_entry"): "their numbering",
    **{("ledger", kind): _LAW for kind in ("archived_invoice", "archived_invoice_balance", "balance")},
    **{("ledger", kind): _LAW for kind in ("credit_note", "invoice")},
}
"""The kinds that also stay if documents were issued."""
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


def test_the_page_names_what_stays() -> None:
    page = " ".join(promises()["storage.switches"]["en"])
    said = {*ACCOUNT.values(), *STATUTORY.values(), "The technical information that you agree to send"}
    assert [words for words in said if words not in page] == []
    assert "bank account (RIB), bank, e-mail, phone" in page, "what a sign-up accepts is named"


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
