"""References through the API: the buyer's own, and the client's pairs on documents, customers, suppliers and items."""

from typing import Any

import pytest

from tests.api.samples import CUSTOMER, ITEM, LINE
from tests.conftest import Shop
from tests.unit.render.en16931 import read, refusals

REFERENCES = {"buyer_reference": "Service achats", "order_reference": "BC-2026-118", "metadata": {"order": "SHOP-118"}}
EMPTY: dict[str, Any] = {"buyer_reference": None, "order_reference": None, "metadata": {}}


def references(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in REFERENCES}


def test_a_document_its_credit_note_and_its_reissue_have_the_references(shop: Shop) -> None:
    draft = shop.draft(**REFERENCES)
    assert references(draft) == REFERENCES
    invoice = shop.issued(**REFERENCES)
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {}).json
    for path, body in (("invoices", invoice), ("credit-notes", note)):
        assert references(body) == references(shop.owner.get(f"/v1/{path}/{body['id']}").json) == REFERENCES
        xml = shop.owner.get(f"/v1/{path}/{body['id']}/ubl").text.encode()
        assert refusals(xml) == []
        assert (read(xml).text("cbc:BuyerReference"), read(xml).text("cac:OrderReference/cbc:ID")) == (
            "Service achats",
            "BC-2026-118",
        )
    asked = {"kind": "rectification", "subject": invoice["customer"], "corrections": {"name": "Client Exact"}}
    request = shop.owner.post("/v1/privacy/requests", asked).json["id"]
    affected = shop.owner.get(f"/v1/privacy/requests/{request}/documents").json["data"]
    reissue = next(one["reissue"] for one in affected if one["id"] == invoice["id"])
    assert references(reissue["body"]) == REFERENCES
    assert shop.owner.post(reissue["url"], reissue["body"]).status == 201


def test_a_document_without_references_has_none(shop: Shop) -> None:
    assert references(shop.issued()) == references(shop.draft()) == EMPTY


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/invoices", {"lines": [LINE]}),
        ("/v1/customers", CUSTOMER),
        ("/v1/suppliers", CUSTOMER),
        ("/v1/items", ITEM),
    ],
)
def test_pairs_are_added_changed_and_removed(shop: Shop, path: str, body: dict[str, Any]) -> None:
    created = shop.owner.post(path, body | {"metadata": {"a": "1", "b": "2", "c": None}}).json
    url = f"{path}/{created['id']}"
    assert created["metadata"] == shop.owner.get(url).json["metadata"] == {"a": "1", "b": "2"}

    def patched(metadata: Any) -> Any:
        return shop.owner.patch(url, {"metadata": metadata}, shop.owner.get(url).etag).json["metadata"]

    assert patched({"b": "3", "d": "4"}) == {"a": "1", "b": "3", "d": "4"}
    assert patched({"a": None}) == {"b": "3", "d": "4"}
    assert patched({}) == {"b": "3", "d": "4"}
    assert patched(None) == {}


def test_twenty_pairs_at_most(shop: Shop) -> None:
    pairs = {f"k{number}": "v" for number in range(20)}
    created = shop.owner.post("/v1/items", ITEM | {"metadata": pairs})
    assert (created.status, created.json["metadata"]) == (201, pairs)
    for method, got in (
        ("POST", shop.owner.post("/v1/items", ITEM | {"metadata": pairs | {"k20": "v"}})),
        ("PATCH", shop.owner.patch(f"/v1/items/{created.json['id']}", {"metadata": {"k20": "v"}}, created.etag)),
    ):
        assert got.status == 422, method
        assert [(fault["pointer"], fault["code"]) for fault in got.json["errors"]] == [("/metadata", "too_many")]


@pytest.mark.parametrize(
    ("metadata", "pointer", "code"),
    [
        ({"a": 1}, "/metadata/a", "wrong_type"),
        ({"a": "x" * 501}, "/metadata/a", "too_long"),
        ({"a" * 41: "x"}, f"/metadata/{'a' * 41}", "too_long"),
        ({"": "x"}, "/metadata/", "too_short"),
        ({"a": {"b": "c"}}, "/metadata/a", "wrong_type"),
        (["a"], "/metadata", "wrong_type"),
    ],
)
def test_other_pairs_are_refused(shop: Shop, metadata: Any, pointer: str, code: str) -> None:
    got = shop.owner.post("/v1/items", ITEM | {"metadata": metadata})
    assert got.status == 422
    assert [(fault["pointer"], fault["code"]) for fault in got.json["errors"]] == [(pointer, code)]


def test_the_references_of_an_erased_buyer_are_blank(shop: Shop) -> None:
    """A reference may name anybody: it goes with the identity, also in a repeated answer."""
    customer = shop.owner.post("/v1/customers", CUSTOMER).json["id"]
    invoice = shop.issued(customer=customer, **REFERENCES)
    request = shop.owner.post("/v1/privacy/requests", {"kind": "deletion", "subject": customer}).json["id"]
    assert shop.owner.post(f"/v1/privacy/requests/{request}/confirm", {}).status == 200
    shown = shop.owner.get(f"/v1/invoices/{invoice['id']}").json
    assert shown["buyer"]["erased"] is True
    assert references(shown) == EMPTY
