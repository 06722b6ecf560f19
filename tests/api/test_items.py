"""Catalogue items through the whole pipeline; what they share with parties is tested there."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Shop

ITEM = {"name": "Conseil", "unit": "jour", "unit_price": "1500", "vat_rate": "20", "nature": "services"}


def test_an_item_lives(shop: Shop) -> None:
    made = shop.owner.post("/v1/items", ITEM | {"unit_price": "118.333333"})
    assert (made.status, made.json["object"], made.json["unit_price"], made.json["vat_rate"]) == (
        201,
        "item",
        "118.333333",
        "20",
    )
    path = made.headers["location"]
    edited = shop.owner.patch(path, {"unit_price": "1500", "vat_rate": "10.00"}, made.etag)
    assert (edited.json["unit_price"], edited.json["vat_rate"], edited.json["name"]) == ("1500.00", "10", "Conseil")
    assert shop.owner.get("/v1/items").json["data"] == [edited.json]
    assert shop.owner.delete(path, edited.etag).json["deleted"] is True
    assert shop.owner.get("/v1/items").json["data"] == []


def test_an_item_may_be_marked_as_not_withheld(shop: Shop) -> None:
    """A client copies the mark to its lines, like the nature (DOMAIN 4.1)."""
    made = shop.owner.post("/v1/items", ITEM | {"withholding": "none"})
    assert (made.status, made.json["withholding"]) == (201, "none")
    edited = shop.owner.patch(made.headers["location"], {"withholding": None}, made.etag)
    assert (edited.status, edited.json["withholding"]) == (200, None)


def test_an_exempt_item_names_its_article_as_the_code_does(shop: Shop) -> None:
    made = shop.owner.post("/v1/items", ITEM | {"vat_rate": "0", "exemption": "art. 92-i-1°"})
    assert (made.status, made.json["exemption"]) == (201, "92-I-1")
    # A seller who charges no TVA at all needs no article: whether this one does, its documents know.
    assert shop.owner.post("/v1/items", ITEM | {"vat_rate": "0"}).status == 201


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"vat_rate": "14"}, "/vat_rate", "vat_rate_not_in_force"),
        ({"vat_rate": "20", "exemption": "92-I-1"}, "/exemption", "exemption_unexpected"),
        ({"vat_rate": "0", "exemption": "demain"}, "/exemption", "exemption_malformed"),
        ({"vat_rate": 20}, "/vat_rate", "number_not_string"),
        ({"unit_price": "-1"}, "/unit_price", "out_of_range"),
        ({"unit_price": "1.1234567"}, "/unit_price", "too_many_decimals"),
        ({"unit_price": "1" * 40}, "/unit_price", "too_many_digits"),
        ({"unit_price": None}, "/unit_price", "wrong_type"),
        ({"nature": "magic"}, "/nature", "not_one_of"),
        ({"withholding": "all"}, "/withholding", "not_one_of"),
        ({"description": "a\x07"}, "/description", "control_character"),
        ({"colour": "red"}, "/colour", "unknown_field"),
    ],
)
def test_a_refusal_changes_nothing(shop: Shop, change: dict[str, Any], pointer: str, code: str) -> None:
    item = shop.owner.post("/v1/items", ITEM).json
    clock = shop.clock
    created = shop.owner.post("/v1/items", ITEM | change)
    edited = shop.owner.patch(f"/v1/items/{item['id']}", change, "*")
    assert (created.status, created.codes) == (422, [(pointer, code)])
    assert (edited.status, edited.codes) == (422, [(pointer, code)])
    assert (shop.clock, shop.owner.get(f"/v1/items/{item['id']}").json) == (clock, item)


@pytest.mark.parametrize("member", ["name", "unit_price", "vat_rate"])
def test_an_item_needs_a_name_a_price_and_a_rate(shop: Shop, member: str) -> None:
    sent = {name: value for name, value in ITEM.items() if name != member}
    assert shop.owner.post("/v1/items", sent).codes == [(f"/{member}", "missing")]


def test_another_companys_records_are_not_found(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    id = new_shop().owner.post("/v1/items", ITEM).json["id"]
    assert shop.owner.get(f"/v1/items/{id}").status == 404
    assert shop.owner.patch(f"/v1/items/{id}", {"name": "X"}, "*").status == 404
    assert shop.owner.delete(f"/v1/items/{id}", "*").status == 404
