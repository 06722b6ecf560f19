"""Attachments on devices: their metadata, from the announcement to the ledger, and no file."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from tests.attaching import PDF, announced, attach, picture
from tests.conftest import Shop
from tests.privacy.test_erased_persons import erased, person
from tests.sync.devices import Device, codes
from tests.sync.phone import Phone, device_id, touched


def _settle(shop: Shop) -> None:
    """Let the attachments follow their owners."""
    for number, job in enumerate(("outbox", "uploads", "uploads")):
        at = shop.world.now() + timedelta(minutes=1, seconds=number)
        assert run(shop.world, named(job), now=at, left=within(60)).failures == []


def _seen(phone: Phone) -> dict[str, dict[str, Any]]:
    phone.pull()
    return phone.copy["attachments"]


def test_a_device_follows_an_attachment_from_its_announcement(shop: Shop) -> None:
    phone, content = Phone(shop.owner), picture()
    made = announced(shop.owner, shop.customer, content).json
    shown = {name: made[name] for name in ("id", "owner", "name", "content_type", "bytes", "sha256", "reason")}
    times = {name: int(datetime.fromisoformat(made[name]).timestamp() * 1000) for name in ("created_at", "updated_at")}
    assert _seen(phone) == {made["id"]: {**shown, **times, "status": "expected", "thumbnail": False}}
    done = attach(shop.owner, shop.customer, content)
    row = _seen(phone)[made["id"]]
    assert (done["id"], row["status"], row["thumbnail"]) == (made["id"], "ready", True)
    paper = attach(shop.owner, shop.customer, PDF, "bon.pdf")
    assert _seen(phone)[paper["id"]]["thumbnail"] is False
    refused = attach(shop.owner, shop.customer, b"%PDF-1.7 nothing", "faux.pdf", expect="refused")
    row = _seen(phone)[refused["id"]]
    assert (row["status"], row["reason"], row["thumbnail"]) == ("refused", refused["reason"], False)
    assert row["reason"] is not None


@pytest.mark.parametrize("pages", ["between", "together"])
def test_an_attachment_keeps_its_id_at_the_issue_and_is_not_deleted(shop: Shop, pages: str) -> None:
    phone, draft = Phone(shop.owner), shop.draft()["id"]
    id = attach(shop.owner, draft, picture())["id"]
    before = dict(_seen(phone))
    assert shop.owner.post(f"/v1/invoices/{draft}/issue").status == 200
    told = phone.pull() if pages == "between" else []
    _settle(shop)
    told += phone.pull()
    assert [page["changes"]["attachments"]["deleted"] for page in told] == [[] for _ in told]
    assert [id in touched(page).get("attachments", {}).get("updated", []) for page in told].count(True) == 1
    assert phone.copy["attachments"] == before
    assert phone.copy["documents"].keys() == {draft}
    for again in (Phone(shop.owner), phone):
        again.pull(replace=again is phone)
        assert again.copy["attachments"] == before
    assert touched(phone.page(revive={"attachments": [id]}))["attachments"] == {"created": [id]}


@pytest.mark.parametrize("what", ["attachment", "draft", "customer"])
def test_an_attachment_that_ends_is_deleted_on_devices(shop: Shop, what: str) -> None:
    phone, draft = Phone(shop.owner), shop.draft()["id"]
    id = attach(shop.owner, shop.customer if what == "customer" else draft, picture())["id"]
    assert _seen(phone).keys() == {id}
    url = {"attachment": f"attachments/{id}", "draft": f"invoices/{draft}", "customer": f"customers/{shop.customer}"}
    if what == "customer":
        assert shop.owner.delete(f"/v1/invoices/{draft}", "*").status == 200
    assert shop.owner.delete(f"/v1/{url[what]}", "*").status == 200
    _settle(shop)
    assert _seen(phone) == {}


def test_a_device_cannot_push_an_attachment(shop: Shop) -> None:
    phone = Phone(shop.owner)
    id = attach(shop.owner, shop.customer, picture())["id"]
    row = dict(_seen(phone)[id])
    device = Device(shop.owner, phone.clock or 0, phone.id)
    assert codes(device.push(updated={"attachments": [row | {"name": "autre.jpg"}]})) == [(id, "read_only")]
    assert codes(device.push(deleted={"attachments": [id]})) == [(id, "read_only")]
    phone.pull()
    assert phone.copy["attachments"] == {id: row}


def test_the_file_of_a_request_for_help_is_on_no_device(shop: Shop) -> None:
    thread = shop.owner.post("/v1/support", {"subject": "Aide", "text": "Voir la photo"}).json["id"]
    id = attach(shop.owner, thread, picture(), "mon-passeport.jpg")["id"]
    viewer = Phone(shop.member("viewer"))
    pages = [*viewer.pull(), viewer.page(revive={"attachments": [id]}), *viewer.pull(replace=True)]
    assert "passeport" not in str(pages)
    assert viewer.copy["attachments"] == {}


def test_an_erased_persons_papers_come_again_without_their_name(shop: Shop) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer)["id"]
    paper = attach(shop.owner, invoice, PDF, "bon de Zineb.pdf")["id"]
    own = attach(shop.owner, customer, picture(), "carte de Zineb.jpg")["id"]
    phone = Phone(shop.owner)
    assert _seen(phone).keys() == {paper, own}
    erased(shop, customer, carried=True)
    rows = _seen(phone)
    assert {id: row["name"] for id, row in rows.items()} == {paper: None}
    assert _seen(Phone(shop.owner)) == rows


def test_rxdb_replicates_the_table(shop: Shop) -> None:
    done = attach(shop.owner, shop.customer, picture())
    got = shop.owner.post(
        "/v1/sync/rxdb/attachments/pull", {"checkpoint": None, "limit": 100, "device": device_id()}
    ).json
    assert [(row["id"], row["_deleted"], row["status"]) for row in got["documents"]] == [(done["id"], False, "ready")]
