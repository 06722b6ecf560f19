"""`If-Match` is obeyed by every verb of a resource: what is compared is the tag that GET gives at that moment."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import Endpoint
from chalicelib.api.serve import verb
from chalicelib.api.versions import reading
from chalicelib.domain.clock import today
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.services.documents import drafting
from chalicelib.store.snapshot import Snapshot
from tests.api.samples import Sample, sample, send
from tests.client import Got
from tests.conftest import Shop

VERBS = [endpoint for endpoint in ENDPOINTS if reading(endpoint.method, endpoint.path)]
LISTS = [endpoint for endpoint in ENDPOINTS if endpoint.method != "GET" and endpoint not in VERBS]


def _read(shop: Shop, endpoint: Endpoint, sent: Sample) -> Got:
    """The resource of the verb as GET answers it. Its address is the beginning of the sample's."""
    found = reading(endpoint.method, endpoint.path)
    assert found is not None
    return shop.owner.get("/".join(sent.path.split("/")[: len(found.path.split("/"))]))


def pay(shop: Shop, id: str, amount: str, **headers: str) -> Got:
    """Pay an invoice by transfer, today."""
    body = {"amount": amount, "method": "transfer", "date": str(today(shop.world.now()))}
    return shop.owner.post(f"/v1/invoices/{id}/payments", body, **headers)


def test_each_verb_of_one_thing_has_a_resource() -> None:
    assert [verb(endpoint) for endpoint in LISTS if "{id}" in endpoint.path] == []
    assert {"post_invoices_id_issue", "post_invoices_id_credit", "put_company_logo"} <= {*map(verb, VERBS)}


@pytest.mark.parametrize("endpoint", VERBS, ids=verb)
def test_a_verb_refuses_another_version_and_takes_the_one_that_get_gives(
    new_shop: Callable[..., Shop], endpoint: Endpoint
) -> None:
    shop = new_shop()
    sent = sample(endpoint, shop)
    seen, clock = _read(shop, endpoint, sent), shop.clock
    refused = send(shop.owner, endpoint, sent, if_match='"00000000000000000000000000000000"')
    assert (refused.status, refused.json["code"]) == (412, "stale_version")
    assert (refused.etag, refused.json["current_etag"]) == (seen.etag, seen.etag)
    assert refused.json.get("current_version") == seen.json.get("version")
    assert shop.clock == clock
    assert send(shop.owner, endpoint, sent, if_match=f'"other", {seen.etag}').status < 400


def test_an_edit_between_makes_the_issue_stale(shop: Shop) -> None:
    draft = shop.draft(lines=[{"description": "Conseil", "quantity": "1", "unit_price": "100.00", "vat_rate": "20"}])
    url = f"/v1/invoices/{draft['id']}"
    seen = shop.owner.get(url)
    line = {"description": "Conseil", "quantity": "91", "unit_price": "100.00", "vat_rate": "20"}
    assert shop.owner.patch(url, {"lines": [line]}, seen.etag).json["totals"]["payable"] == "10920.00"
    stale = shop.owner.post(f"{url}/issue", if_match=seen.etag)
    assert (stale.status, stale.json["current_version"]) == (412, 2)
    assert shop.owner.get(url).json["status"] == "draft"
    assert shop.owner.post(f"{url}/issue", if_match=stale.etag).status == 200


def test_a_payment_between_makes_a_credit_note_stale(shop: Shop) -> None:
    invoice = shop.issued()
    url = f"/v1/invoices/{invoice['id']}"
    seen = shop.owner.get(url)
    assert pay(shop, invoice["id"], "600.00", if_match=seen.etag).status == 201
    assert shop.owner.post(f"{url}/credit", {}, if_match=seen.etag).status == 412
    assert pay(shop, invoice["id"], "600.00", if_match=seen.etag).status == 412
    paid = shop.owner.get(url)
    assert (paid.json["paid"], paid.json["credited"]) == ("600.00", "0.00")
    assert shop.owner.post(f"{url}/credit", {}, if_match=paid.etag).status == 201


def test_a_repeated_request_is_answered_although_its_version_has_passed(shop: Shop) -> None:
    draft = shop.draft()
    url = f"/v1/invoices/{draft['id']}"
    sent = {"if_match": shop.owner.get(url).etag, "idempotency_key": f"twice-{draft['id']}"}
    first = shop.owner.post(f"{url}/issue", **sent)
    again = shop.owner.post(f"{url}/issue", **sent)
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert shop.owner.post(f"{url}/issue", if_match=sent["if_match"]).status == 412


def test_a_caller_learns_nothing_of_what_they_may_not_see(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    thread = shop.owner.post("/v1/support", {"subject": "Impression", "text": "La page reste blanche."}).json["id"]
    clerk, stranger = shop.member("clerk"), new_shop().owner
    for client in (clerk, stranger):
        assert client.post(f"/v1/support/{thread}/close", if_match='"00"').status == 404
    assert shop.owner.post("/v1/invoices/inv_01J00000000000000000000000/issue", if_match='"00"').status == 404


def test_a_commit_during_the_check_makes_the_transaction_check_again(shop: Shop) -> None:
    draft, clocks = shop.draft(), list[int]()

    def require(snapshot: Snapshot) -> None:
        clocks.append(snapshot.clock)
        if len(clocks) == 1:
            shop.draft()

    call = shop.world.call(shop.company, "mem_1", "delete", key=f"delete-{draft['id']}")
    committed = drafting.delete(shop.world.store, replace(call, require_current=require), INVOICE, draft["id"])
    assert committed.attempts == 2
    assert clocks == [committed.clock - 2, committed.clock - 1]


def test_the_description_of_the_api_lists_the_header_and_its_refusal(shop: Shop) -> None:
    described = shop.owner.get("/openapi.json").json
    headers = described["components"]["parameters"]
    for endpoint in ENDPOINTS:
        operation = described["paths"][endpoint.path][endpoint.method.lower()]
        names = [part["$ref"].rpartition("/")[2] for part in operation["parameters"] if "$ref" in part]
        required = [headers[name]["required"] for name in names if headers[name]["name"] == "If-Match"]
        assert required == ([endpoint.if_match] if endpoint in VERBS else [])
        assert ("412" in operation["responses"]) == (endpoint in VERBS)
