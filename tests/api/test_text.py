"""One notion of a character: what is stored, searched and printed of a text with unusual characters."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Shop

LINE = {"description": "Conseil", "quantity": "1", "unit_price": "100.00", "vat_rate": "20"}
PASTED = "\u202a+212 522 43 21 09\u202c"


def notices(body: dict[str, Any]) -> list[tuple[str, str, dict[str, str]]]:
    """The notices of a record about characters."""
    return [(n["pointer"], n["code"], n["params"]) for n in body["notices"] if n["code"].endswith("_unprintable")]


def draft(shop: Shop, **content: Any) -> dict[str, Any]:
    """A new draft for the shop's customer."""
    made = shop.owner.post("/v1/invoices", {"customer": shop.customer, "lines": [LINE]} | content)
    assert made.status == 201, made.text
    body: dict[str, Any] = made.json
    return body


def customer(shop: Shop, **content: Any) -> dict[str, Any]:
    """A new consumer."""
    made = shop.owner.post("/v1/customers", {"name": "Salma", "kind": "consumer"} | content)
    assert made.status == 201, made.text
    body: dict[str, Any] = made.json
    return body


def test_what_nobody_sees_is_not_stored(shop: Shop) -> None:
    made = customer(
        shop, name="\ufeffAt\u00adlas\u200b", phone=PASTED, email="a@b.ma\u202c", notes="un\u2028deux\u000btrois"
    )
    assert (made["name"], made["phone"]) == ("Atlas", "+212522432109")
    assert (made["email"], made["notes"]) == ("a@b.ma", "un\ndeux\ntrois")


def test_joiners_inside_words_are_stored(shop: Shop) -> None:
    assert customer(shop, name="می\u200cخواهم \u200c")["name"] == "می\u200cخواهم"


def test_a_draft_has_a_notice_for_each_text_with_characters_that_pages_cannot_print(shop: Shop) -> None:
    lines = [LINE, LINE | {"description": "茶 green 茶叶", "unit": "箱"}]
    expected = [
        ("/lines/1/description", "characters_unprintable", {"characters": "茶 叶"}),
        ("/lines/1/unit", "characters_unprintable", {"characters": "箱"}),
        ("/notes", "characters_unprintable", {"characters": "😀"}),
    ]
    made = draft(shop, lines=lines, notes="merci 😀")
    assert notices(made) == expected
    preview = shop.owner.post("/v1/invoices/preview", {"customer": shop.customer, "lines": lines, "notes": "merci 😀"})
    assert notices(preview.json) == expected
    mended = shop.owner.patch(f"/v1/invoices/{made['id']}", {"lines": [LINE], "notes": "merci ☺"}, "*")
    assert notices(mended.json) == []


@pytest.mark.parametrize("name", ["Société Œuvre", "شركة الأطلس", "Ελληνικά Россия", "ⵜⴰⵎⴰⵣⵉⵖⵜ", "שלום", "Հայ ქართ"])
def test_scripts_of_buyers_print(shop: Shop, name: str) -> None:
    buyer = customer(shop, name=name)
    assert notices(buyer) == []
    assert notices(draft(shop, customer=buyer["id"])) == []


def test_a_name_that_pages_cannot_print_is_a_notice_on_its_owner_and_on_the_draft(shop: Shop) -> None:
    buyer = customer(shop, name="李 Trading", address={"city": "上海"})
    assert notices(buyer) == [
        ("/name", "characters_unprintable", {"characters": "李"}),
        ("/address/city", "characters_unprintable", {"characters": "上 海"}),
    ]
    # The draft outlives the erasure of the person, so it names no character of their name.
    assert notices(draft(shop, customer=buyer["id"])) == [("/customer", "party_unprintable", {})]


def test_a_seller_that_pages_cannot_print_is_a_notice_on_the_draft(shop: Shop) -> None:
    named = shop.owner.patch("/v1/company", {"name": "茶 Négoce", "bank_name": "银行"}, "*")
    assert notices(named.json) == [
        ("/name", "characters_unprintable", {"characters": "茶"}),
        ("/bank_name", "characters_unprintable", {"characters": "银 行"}),
    ]
    assert notices(draft(shop)) == [("", "company_unprintable", {})]


@pytest.mark.parametrize(
    ("name", "sought"),
    [
        ("Société l’Œuvre", "l'oeuvre"),
        ("Garðar Øresund", "gardar ORESUND"),
        ("Atlas\u2011Négoce\u00a0SARL", "atlas-negoce sarl"),
        ("مدرسة مصطفى", "مدرسه مصطفي"),
        ("مؤسسة أحمـــد", "موسسه احمد"),
        ("\ufee3\ufea4\ufee4\ufeaa", "مُحمد"),
        ("می\u200cخواهم", "ميخواهم"),
    ],
)
def test_a_search_finds_each_spelling(new_shop: Callable[[], Shop], name: str, sought: str) -> None:
    shop = new_shop()
    id = customer(shop, name=name)["id"]
    found = shop.owner.get("/v1/customers", query={"q": sought})
    assert [each["id"] for each in found.json["data"]] == [id]
