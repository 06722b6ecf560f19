"""A company that leaves the cloud: documents are blocked, and answers about persons are deleted."""

from chalicelib.domain.journal import IdempotencyRecord
from chalicelib.jobs.backups import EXPIRY_JOB
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from tests.conftest import Shop
from tests.privacy.persons import CANARY, PERSON, person

OFF = {"cloud": {"sync": False, "backup": False}}


def leave(shop: Shop) -> None:
    gone = shop.owner.patch("/v1/settings", OFF | {"erase": True}, "*")
    assert gone.status == 202, gone.text


def test_stored_answers_are_deleted_with_the_data(shop: Shop) -> None:
    shop.owner.post("/v1/customers", PERSON, idempotency_key="before-leaving")
    leave(shop)
    run(shop.world, EXPIRY_JOB, now=shop.world.now(), left=within(60))
    rows = shop.world.store.query("transient", shop.company).records
    assert not [row for row in rows if isinstance(row, IdempotencyRecord) and CANARY.encode() in (row.body or b"")]
    again = shop.owner.post("/v1/customers", PERSON, idempotency_key="before-leaving")
    assert again.json["code"] == "cloud_storage_off"


def test_issued_documents_are_blocked_while_the_cloud_is_off(shop: Shop) -> None:
    invoice = shop.issued(customer=person(shop))
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {}).json
    own, credit = f"/v1/invoices/{invoice['id']}", f"/v1/credit-notes/{note['id']}"
    leave(shop)
    documents = (own, credit, *(f"{path}/{file}" for path in (own, credit) for file in ("pdf", "ubl")))
    for path in (*documents, f"{own}/payments", "/v1/invoices", "/v1/credit-notes"):
        got = shop.owner.get(path)
        assert (got.status, got.json["code"]) == (409, "cloud_storage_off"), path
    assert shop.owner.get("/v1/register/verify").json["verified"], "numbers and hashes name nobody"
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*").status == 200
    assert shop.owner.get(own).json["number"] == invoice["number"]
