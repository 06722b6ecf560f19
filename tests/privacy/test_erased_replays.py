"""A repeated request is answered without a person who was erased since."""

from hashlib import sha256

import pytest

from chalicelib.domain.privacy.erased import NAMES
from chalicelib.services.privacy.legal import holds
from tests.attaching import PDF, put
from tests.client import Client
from tests.conftest import Shop
from tests.joining import accept, take_code
from tests.privacy.persons import CANARY, PERSON, asked, carry, confirmed, nobody_in, person


@pytest.mark.parametrize("under_hold", [False, True])
def test_a_repeated_issue_or_credit_leaves_the_erased_customer_out(shop: Shop, under_hold: bool) -> None:
    customer = person(shop)
    draft = shop.draft(customer=customer, notes="Cadeau")
    path = f"/v1/invoices/{draft['id']}"
    lines = {"lines": [{"line": 1, "quantity": "1"}], "reason": "Cadeau"}
    first = shop.owner.post(f"{path}/issue", {}, idempotency_key="issue-once")
    assert shop.owner.post(f"{path}/credit", lines, idempotency_key="credit-once").status == 201
    assert shop.owner.post("/v1/customers", PERSON | {"email": None}, idempotency_key="made-once").status == 201
    confirmed(shop, asked(shop, subject=customer))
    if under_hold:  # what is held back is not erased for as long as the hold stands, and blocked all the same
        holds.place(shop.world, shop.company, "enquiry 9", "opr_1")
        carry(shop)
    again = shop.owner.post(f"{path}/issue", {}, idempotency_key="issue-once")
    assert (again.status, again.json["number"], again.json["buyer"]["name"]) == (
        first.status,
        first.json["number"],
        NAMES["fr"],
    )
    nobody_in(again)
    nobody_in(shop.owner.post(f"{path}/credit", lines, idempotency_key="credit-once"))


@pytest.mark.parametrize(("after_the_job", "object_"), [(False, "credit_note"), (True, None)])
def test_a_credit_repeated_after_the_erasure_of_its_buyer_credits_once(
    shop: Shop, after_the_job: bool, object_: str | None
) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer)["id"]
    path, lines = f"/v1/invoices/{invoice}/credit", {"lines": [{"line": 1, "quantity": "1"}], "reason": "Cadeau"}
    made = shop.owner.post(path, lines, idempotency_key="credit-once")
    created = shop.owner.post("/v1/customers", PERSON | {"email": None}, idempotency_key="made-once")
    confirmed(shop, asked(shop, subject=customer))
    confirmed(shop, asked(shop, subject=str(created.json["id"])))
    if after_the_job:
        carry(shop)
    there = shop.owner.get("/v1/customers").json["data"]
    again = shop.owner.post(path, lines, idempotency_key="credit-once")
    assert (again.status, again.headers["location"]) == (201, made.headers["location"])
    assert len(shop.owner.get("/v1/credit-notes").json["data"]) == 1
    brought_back = shop.owner.post("/v1/customers", PERSON | {"email": None}, idempotency_key="made-once")
    assert brought_back.status == 201
    assert brought_back.json == {"erased": True}, "at once"
    assert (again.json.get("object"), again.json.get("erased")) == (object_, after_the_job or None)
    nobody_in(again)
    nobody_in(brought_back)
    assert shop.owner.get("/v1/customers").json["data"] == there


@pytest.mark.parametrize("after_the_job", [False, True])
def test_a_refund_and_its_reversal_happen_once_after_an_erasure(shop: Shop, after_the_job: bool) -> None:
    """The money of an erased buyer stays, and no reference of it is shown (ADR 0090)."""
    customer = person(shop)
    url, day = f"/v1/customers/{customer}", str(shop.today)
    money = {"amount": "700.00", "method": "cheque", "date": day, "reference": CANARY}
    advance = shop.owner.post(f"{url}/credit", money)
    shop.issued(customer=customer)
    part = money | {"amount": "30.00"}
    refund = shop.owner.post(f"{url}/refunds", part, idempotency_key="refund-once")
    path, why = f"{url}/refunds/{refund.json['id']}/reverse", {"reason": "other"}
    made = shop.owner.post(path, why, idempotency_key="reverse-once")
    confirmed(shop, asked(shop, subject=customer))
    if after_the_job:
        carry(shop)
    for first, again in (
        (refund, shop.owner.post(f"{url}/refunds", part, idempotency_key="refund-once")),
        (made, shop.owner.post(path, why, idempotency_key="reverse-once")),
    ):
        assert (again.status, again.headers["location"]) == (201, first.headers["location"])
        nobody_in(again)
    nobody_in(listed := shop.owner.get(f"{url}/refunds"))
    assert [each["amount"] for each in listed.json["data"]] == ["30.00", "-30.00"]
    back = shop.owner.post(f"{url}/credit/{advance.json['id']}/reverse", {"reason": "returned_unpaid"})
    assert (back.status, back.json["amount"]) == (201, "-700.00")
    nobody_in(back)


def test_a_repeated_creation_leaves_the_erased_customer_out(shop: Shop) -> None:
    made = shop.owner.post("/v1/customers", PERSON, idempotency_key="made-once").json
    confirmed(shop, asked(shop, subject=made["id"]))
    nobody_in(shop.owner.post("/v1/customers", PERSON, idempotency_key="made-once"))


@pytest.mark.parametrize("after_the_job", [False, True])
def test_a_repeated_request_leaves_the_erased_member_out(shop: Shop, after_the_job: bool) -> None:
    user, email = f"gone-{shop.company}", "zineb@effacable.example"
    added = {"email": email, "role": "clerk"}
    made = shop.owner.post("/v1/members", added, idempotency_key="added-once")
    code = take_code(shop.world, shop.company, email)
    clerk = Client(shop.owner.gateway, shop.issuer.token(user, email=email), shop.company)
    assert accept(clerk, code).status == 201
    opened = clerk.post("/v1/support", {"subject": CANARY, "text": "Cadeau"}, idempotency_key="opened-once").json
    path, reply = f"/v1/support/{opened['id']}/messages", {"text": "Cadeau"}
    assert shop.owner.post(path, reply, idempotency_key="answered-once").status == 201
    confirmed(shop, asked(shop, subject=made.json["id"]))
    if after_the_job:
        carry(shop)
    again = shop.owner.post("/v1/members", added, idempotency_key="added-once")
    assert (again.status, again.json) == (201, {"erased": True})
    answers = shop.owner.get("/openapi.json").json["paths"]["/v1/members"]["post"]["responses"]
    assert {"$ref": "#/components/schemas/Erased"} in answers["201"]["content"]["application/json"]["schema"]["oneOf"]
    theirs = clerk.post("/v1/support", {"subject": CANARY, "text": "Cadeau"}, idempotency_key="opened-once")
    assert theirs.status == 404, "who was erased is no member, and nobody else gets their answer"
    nobody_in(theirs)
    nobody_in(shop.owner.post(path, {"text": "Cadeau"}, idempotency_key="answered-once"))


@pytest.mark.parametrize("after_the_job", [False, True])
def test_a_repeated_upload_leaves_the_erased_customer_out(shop: Shop, after_the_job: bool) -> None:
    made = shop.owner.post("/v1/customers", PERSON).json
    invoice = shop.issued(customer=made["id"])["id"]
    file = {"name": f"{CANARY}.pdf", "content_type": "application/pdf", "bytes": len(PDF)}
    file |= {"sha256": sha256(PDF).hexdigest()}
    papers = {}
    for owner in (made["id"], invoice):
        sent = shop.owner.post("/v1/attachments", file | {"owner": owner}, idempotency_key=f"announced-{owner}")
        papers[owner] = f"/v1/attachments/{sent.json['id']}/complete"
        assert put(sent.json, PDF) == 200
        assert shop.owner.post(papers[owner], idempotency_key=f"completed-{owner}").json["status"] == "ready"
    confirmed(shop, asked(shop, subject=made["id"]))
    if after_the_job:
        carry(shop)
    for owner, url in papers.items():
        again = shop.owner.post("/v1/attachments", file | {"owner": owner}, idempotency_key=f"announced-{owner}")
        done = shop.owner.post(url, idempotency_key=f"completed-{owner}")
        gone = after_the_job and owner == made["id"]
        assert (again.status, done.status) == (201, 404 if gone else 200)
        nobody_in(again)
        nobody_in(done)
