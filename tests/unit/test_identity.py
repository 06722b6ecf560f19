"""The refusals and warnings of an identity, and the normal form of sent values."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.companies.company import Address
from chalicelib.domain.documents.model import Notice
from chalicelib.domain.errors import InvalidContent
from chalicelib.domain.identity import normalize, notices, validate
from chalicelib.domain.morocco.identifiers import rib_key
from tests.unit.samples import company, customer

RIB = "0117800000123456789012"


def _codes(record: Any, changed: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        validate(replace(record, **changed), changed)
    except InvalidContent as refusal:
        return [(fault.pointer, fault.code) for fault in refusal.faults]
    return []


def test_identifiers_lose_their_separators() -> None:
    spaced = f"{RIB[:3]} {RIB[3:6]} {RIB[6:]} {rib_key(RIB)}"
    values = normalize(
        {"ice": "0021-3609 3000.040", "rib": spaced, "phone": "06 12 34 56 78", "name": "A  B"}, company()
    )
    assert values == {"ice": "002136093000040", "rib": RIB + rib_key(RIB), "phone": "+212612345678", "name": "A  B"}
    assert normalize({"ice": None, "phone": None}, company()) == {"ice": None, "phone": None}


def test_an_address_is_merged_emptied_or_begun() -> None:
    before = company(address=Address(street="1 rue X", city="Fès"))
    assert normalize({"address": {"city": "Rabat"}}, before)["address"] == Address(street="1 rue X", city="Rabat")
    assert normalize({"address": {"street": None}}, before)["address"] == Address(city="Fès")
    assert normalize({"address": None}, before)["address"] == Address()
    assert normalize({}) == {"address": Address()}
    assert normalize({"name": "X"}, before) == {"name": "X"}


def test_only_changed_identifiers_are_checked() -> None:
    once_accepted = company(ice="1", tax_id="x")
    assert _codes(once_accepted, {"name": "Nouveau"}) == []
    assert _codes(once_accepted, {"name": "Nouveau", "ice": "2"}) == [("/ice", "ice_malformed")]


def test_a_rib_is_checked() -> None:
    wrong = RIB + f"{(int(rib_key(RIB)) + 1) % 97:02d}"
    assert _codes(company(), {"rib": RIB + rib_key(RIB)}) == []
    assert _codes(company(), {"rib": wrong}) == [("/rib", "rib_checksum")]


@pytest.mark.parametrize("name", ["name", "ice_missing_reason", "trade_register", "notes"])
def test_a_text_like_an_identity_card_number_is_a_notice_on_every_field(name: str) -> None:
    assert _codes(customer(), {name: "BE 123456"}) == []
    told = [(notice.pointer, notice.code) for notice in notices(customer(**{name: "BE 123456"}))]
    assert (f"/{name}", "cin_suspected") in told


def test_an_address_like_an_identity_card_number_is_a_notice() -> None:
    found = notices(company(address=Address(street="Café F 50000", city="Fès 58213")))
    assert [(notice.pointer, notice.code) for notice in found] == [("/address/street", "cin_suspected")]


@pytest.mark.parametrize(("name", "text"), [("trade_register", "Fès 58213"), ("name", "Villa Fès 12345")])
def test_a_town_and_a_number_are_no_identity_card(name: str, text: str) -> None:
    assert _codes(customer(), {name: text}) == []
    assert notices(customer(**{name: text})) == ()


@pytest.mark.parametrize(
    ("changed", "needed"),
    [
        ({"ice": None}, True),
        ({"ice": None, "ice_missing_reason": "À l'étranger"}, False),
        ({"ice": None, "kind": "consumer"}, False),
        ({"ice": None, "kind": "public_body"}, False),
    ],
)
def test_a_business_has_an_ice_or_a_reason(changed: dict[str, Any], *, needed: bool) -> None:
    assert _codes(customer(), changed) == ([("/ice", "ice_required")] if needed else [])


def test_a_company_is_not_asked_for_its_ice() -> None:
    assert _codes(company(), {"ice": None}) == []


def test_an_unusual_identity_gives_a_warning() -> None:
    assert notices(company()) == ()
    odd = company(tax_id="123", phone="+33612345678")
    assert [(n.pointer, n.code) for n in notices(odd)] == [
        ("/tax_id", "tax_id_length"),
        ("/phone", "phone_foreign"),
    ]
    assert notices(customer(notes="Carte BE123456")) == (Notice(pointer="/notes", code="cin_suspected", params={}),)
