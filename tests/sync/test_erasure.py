"""Erasure on devices: the id of an erased person as a deletion, and no earlier data of that person."""

import json

from tests.conftest import Shop
from tests.privacy.test_erased_persons import TRACES, erased, person
from tests.sync.phone import Phone, touched


def test_devices_get_the_id_of_an_erased_person_and_their_documents_without_them(shop: Shop) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer, notes="Cadeau pour Zineb")["id"]
    body = {"amount": "1.00", "method": "cash", "date": shop.today.isoformat(), "reference": "Cadeau pour Zineb"}
    payment = shop.owner.post(f"/v1/invoices/{invoice}/payments", body).json["id"]
    phone, late = Phone(shop.owner), Phone(shop.owner)
    phone.pull()
    late.pull()
    late.clock = None
    assert customer in phone.copy["customers"]
    erased(shop, customer, carried=True)
    pages = phone.pull()
    assert customer in touched(pages[0])["customers"]["deleted"]
    assert customer not in phone.copy["customers"]
    shown = {
        "first": Phone(shop.owner).pull(),
        "again": late.pull(),
        "replaced": late.pull(replace=True),
        "revived": [late.page(revive={"customers": [customer], "documents": [invoice], "payments": [payment]})],
        "since": pages,
    }
    for name, answers in shown.items():
        text = json.dumps(answers, ensure_ascii=False)
        assert [trace for trace in TRACES if trace in text] == [], name
    assert invoice in phone.copy["documents"]
    assert [trace for trace in TRACES if trace in json.dumps(phone.copy, ensure_ascii=False)] == []


def test_an_erased_members_device_is_told_to_wipe_and_names_nobody(shop: Shop) -> None:
    member = shop.member("viewer", user := "effacable-member")
    phone = Phone(member)
    phone.pull()
    id = next(row["id"] for row in shop.owner.get("/v1/members").json["data"] if row["user"] == user)
    erased(shop, id, carried=True)
    got = phone.ask()
    assert (got.status, got.json["code"], got.json["wipe"]) == (403, "device_revoked", True)
    (row,) = shop.owner.get("/v1/devices").json["data"]
    assert (row["id"], row["member"], row["label"]) == (phone.id, None, None)
