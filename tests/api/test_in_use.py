"""A customer with drafts or debts is not deleted by accident; a request of the person is never refused for them."""

import pytest

from chalicelib.domain.clock import today
from tests.api.test_versions import pay
from tests.bench.traffic import Traffic
from tests.client import Got
from tests.conftest import Shop


def _delete(shop: Shop, **query: str) -> Got:
    url = f"/v1/customers/{shop.customer}"
    return shop.owner.delete(url, shop.owner.get(url).etag or "*", query=query)


def _stranger(shop: Shop) -> str:
    made = shop.owner.post("/v1/customers", {"name": "Autre", "kind": "consumer"})
    return str(made.json["id"])


def test_the_refusal_counts_drafts_and_debts_of_this_customer_alone(shop: Shop) -> None:
    other = _stranger(shop)
    shop.draft(customer=other)
    shop.issued(customer=other)
    shop.draft()
    shop.draft()
    paid, open_, credited = shop.issued(), shop.issued(), shop.issued()
    assert pay(shop, paid["id"], paid["balance"]).status == 201
    assert pay(shop, open_["id"], "0.01").status == 201
    assert shop.owner.post(f"/v1/invoices/{credited['id']}/credit", {}).status == 201
    clock = shop.clock
    refused = _delete(shop)
    assert (refused.status, refused.json["code"]) == (409, "in_use")
    assert (refused.json["drafts"], refused.json["debts"]) == (2, 1)
    assert shop.clock == clock
    forced = _delete(shop, force="true")
    assert (forced.status, forced.json) == (200, {"id": shop.customer, "object": "customer", "deleted": True})
    assert shop.owner.get(f"/v1/invoices/{open_['id']}").json["buyer"]["name"] == "Client Exemple"


def test_a_customer_without_drafts_and_debts_goes(shop: Shop) -> None:
    paid = shop.issued()
    assert pay(shop, paid["id"], paid["balance"]).status == 201
    draft = shop.draft()
    assert _delete(shop, force="false").json["drafts"] == 1
    assert shop.owner.delete(f"/v1/invoices/{draft['id']}", "*").status == 200
    assert _delete(shop).status == 200


def test_unapplied_credit_is_a_debt(shop: Shop) -> None:
    day = str(today(shop.world.now()))
    credit = {"amount": "100.00", "method": "transfer", "date": day}
    assert shop.owner.post(f"/v1/customers/{shop.customer}/credit", credit).status == 201
    assert _delete(shop).json["debts"] == 1
    assert shop.owner.post(f"/v1/customers/{shop.customer}/refunds", credit).status == 201
    assert _delete(shop).status == 200


def test_a_stale_version_comes_before_the_count(shop: Shop) -> None:
    shop.draft()
    url = f"/v1/customers/{shop.customer}"
    assert shop.owner.delete(url, '"00"').status == 412
    assert shop.owner.delete(url, '"00"', query={"force": "true"}).status == 412
    assert shop.owner.get(url).status == 200


@pytest.mark.parametrize("query", [{"force": "yes"}, {"force": "true", "more": "1"}], ids=str)
def test_other_queries_are_refused(shop: Shop, query: dict[str, str]) -> None:
    assert _delete(shop, **query).status == 422


def test_a_supplier_without_documents_goes(shop: Shop) -> None:
    supplier = shop.owner.post("/v1/suppliers", {"name": "Fournisseur", "kind": "consumer"}).json["id"]
    assert shop.owner.delete(f"/v1/suppliers/{supplier}", "*").status == 200


def test_a_privacy_request_is_not_asked(shop: Shop) -> None:
    draft = shop.draft()
    shop.issued()
    asked = shop.owner.post("/v1/privacy/requests", {"kind": "deletion", "subject": shop.customer})
    confirmed = shop.owner.post(f"/v1/privacy/requests/{asked.json['id']}/confirm")
    assert (asked.status, confirmed.status, confirmed.json["status"]) == (201, 200, "verified")
    assert shop.owner.get(f"/v1/customers/{shop.customer}").status == 404
    assert shop.owner.get(f"/v1/invoices/{draft['id']}").json["notices"][0]["code"] == "unknown_customer"


def test_a_repeated_deletion_gets_the_first_answer(shop: Shop) -> None:
    url, sent = f"/v1/customers/{shop.customer}", {"idempotency_key": f"gone-{shop.customer}"}
    first = shop.owner.delete(url, "*", **sent)
    again = shop.owner.delete(url, "*", **sent)
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert shop.owner.delete(url, "*").status == 404


def test_the_count_reads_keys_and_no_row(shop: Shop) -> None:
    """Paid documents and the documents of others cost no row. A key is 0.03 read units."""
    other = _stranger(shop)
    shop.draft()
    shop.issued()
    with Traffic(shop.world.store) as before:
        assert _delete(shop).status == 409
    for _ in range(4):
        shop.issued(customer=other)
        paid = shop.issued()
        assert pay(shop, paid["id"], paid["balance"]).status == 201
    with Traffic(shop.world.store) as after:
        assert _delete(shop).json["debts"] == 1
    assert after.calls == before.calls
    assert after.read <= before.read + 1
