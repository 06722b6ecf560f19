"""The shown attributes of records: every attribute of their own, in the API's forms, and no hidden one."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.member import ApiKey, Member
from chalicelib.domain.companies.party import Supplier
from chalicelib.domain.entity import Record
from chalicelib.services.representation import records as present
from tests.unit.samples import AT, STAMPS, company, customer

HEAD = Head(id="cmp_01", **STAMPS, clock=7, chain="", cloud_sync=True)
ITEM = Item(id="itm_01", **STAMPS, name="Conseil", unit_price=Decimal("1500"), vat_rate=Decimal("20.00"))
KEY = ApiKey(id="key_01", **STAMPS, name="Caisse", digest="d" * 64, hint="abcd", scopes=("items.read",), created_by="u")
MEMBER = Member(id="mem_01", **STAMPS, user="u", role="owner")
SUPPLIER = Supplier(id="sup_01", **STAMPS, name="F", kind="consumer", address=customer().address)
SHOWN: list[tuple[Record, dict[str, Any], set[str]]] = [
    (company(), present.present_company(company(), HEAD), {"numbering"}),
    (customer(), present.present_party(customer()), {"same_as"}),
    (SUPPLIER, present.present_party(SUPPLIER), {"same_as"}),
    (ITEM, present.present_record(ITEM), set()),
    (MEMBER, present.present_record(MEMBER), {"email_key", "proven"}),
    (KEY, present.present_record(KEY), {"digest"}),
]


@pytest.mark.parametrize(("record", "body", "hidden"), SHOWN, ids=lambda value: getattr(value, "KIND", None))
def test_a_body_shows_the_whole_record_and_no_more(record: Record, body: dict[str, Any], hidden: set[str]) -> None:
    own = {f.name for f in fields(record)} - {"company"} - hidden
    derived = {"company": {"mode", "series", "notices"}, "customer": {"notices"}, "supplier": {"notices"}}
    assert body.keys() == own | {"object"} | derived.get(record.KIND, set())
    assert list(body)[:2] == ["id", "object"]
    assert msgspec.json.decode(msgspec.json.encode(body)) == body


def test_numbers_days_and_instants_are_text() -> None:
    shown = present.present_record(
        replace(company(), share_capital=Decimal("100000"), tax_certificate_until=date(2027, 1, 31), updated_at=AT)
    )
    assert (shown["share_capital"], shown["tax_certificate_until"]) == ("100000.00", "2027-01-31")
    assert (shown["updated_at"], shown["address"]["city"]) == ("2026-11-23T10:00:00Z", "Casablanca")
    item = present.present_record(ITEM)
    assert (item["unit_price"], item["vat_rate"]) == ("1500.00", "20")


def test_a_logo_is_shown_as_its_hash_and_not_as_its_place() -> None:
    body = present.present_company(company(logo="logos/cmp_01/abc.png"), HEAD)
    assert body["logo"] == "abc"


def test_the_settings_do_not_move_with_the_clock() -> None:
    later = HEAD.edited(AT, clock=8, chain="x")
    assert present.present_settings(HEAD) == present.present_settings(later)
