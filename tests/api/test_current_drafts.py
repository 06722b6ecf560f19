"""A draft is never stale: each read says what its issue would do now."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from chalicelib.domain.documents.model import DraftDocument
from chalicelib.domain.documents.registry import by_kind
from tests.bench.traffic import Traffic
from tests.client import Got
from tests.conftest import Shop

SERVICE = {"description": "Conseil", "quantity": "1", "unit_price": "10000.00", "vat_rate": "20", "nature": "fees"}
BODY = {"name": "Ministère Exemple", "kind": "public_body", "ice": "002136093000040"}


def _url(draft: dict[str, Any]) -> str:
    return f"/v1/invoices/{draft['id']}"


def _customer(shop: Shop, name: str = "Client") -> str:
    made = shop.owner.post("/v1/customers", BODY | {"name": name})
    assert made.status == 201, made.text
    return str(made.json["id"])


def _change(shop: Shop, url: str, change: dict[str, Any]) -> None:
    changed = shop.owner.patch(url, change, shop.owner.get(url).etag)
    assert changed.status == 200, changed.text


def _listed(shop: Shop, id: str) -> dict[str, Any]:
    (found,) = [row for row in shop.owner.get("/v1/invoices", query={"limit": 100}).json["data"] if row["id"] == id]
    return dict(found)


def _becomes_a_withholder(shop: Shop) -> None:
    _change(shop, f"/v1/customers/{shop.customer}", {"withholder": "public_body", "kind": "public_body"})


def _codes(got: Got) -> list[tuple[str, str]]:
    return [(notice["pointer"], notice["code"]) for notice in got.json["notices"]]


def test_a_customer_who_becomes_a_withholder_changes_every_read_as_the_issue(shop: Shop) -> None:
    draft = shop.draft(lines=[SERVICE])
    before = shop.owner.get(_url(draft))
    _becomes_a_withholder(shop)
    after = shop.owner.get(_url(draft))
    assert after.etag != before.etag
    assert after.json != before.json | {"version": after.json["version"]}
    assert _listed(shop, draft["id"]) == after.json
    preview = shop.owner.post("/v1/invoices/preview", {"customer": shop.customer, "lines": [SERVICE]})
    assert preview.json["totals"] == after.json["totals"]
    stale = shop.owner.post(f"{_url(draft)}/issue", if_match=before.etag)
    assert (stale.status, stale.etag) == (412, after.etag)
    issued = shop.owner.post(f"{_url(draft)}/issue", if_match=after.etag)
    assert (issued.status, issued.json["totals"]) == (200, after.json["totals"])


def test_the_tag_that_get_gives_is_the_one_to_edit_with(shop: Shop) -> None:
    draft = shop.draft(lines=[SERVICE])
    seen = shop.owner.get(_url(draft))
    _becomes_a_withholder(shop)
    assert shop.owner.patch(_url(draft), {"notes": "Merci"}, seen.etag).status == 412
    edited = shop.owner.patch(_url(draft), {"notes": "Merci"}, shop.owner.get(_url(draft)).etag)
    assert edited.status == 200
    read = shop.owner.get(_url(draft))
    assert (read.etag, read.json) == (edited.etag, edited.json)
    assert shop.owner.delete(_url(draft), edited.etag).status == 200


def test_a_company_that_charges_no_tva_any_more(shop: Shop) -> None:
    draft = shop.draft(lines=[SERVICE])
    seen = shop.owner.get(_url(draft))
    _change(shop, "/v1/company", {"regime": "auto_entrepreneur", "person": "individual"})
    fault = ("/lines/0/vat_rate", "vat_not_charged")
    read = shop.owner.get(_url(draft))
    assert fault in _codes(read)
    assert read.etag != seen.etag
    assert shop.owner.post(f"{_url(draft)}/issue", if_match=seen.etag).status == 412
    issue, page = shop.owner.post(f"{_url(draft)}/issue"), shop.owner.get(f"{_url(draft)}/pdf")
    assert [(refused.status, refused.codes) for refused in (issue, page)] == [(422, [fault])] * 2
    _change(shop, _url(draft), {"lines": [SERVICE | {"vat_rate": "0"}]})
    assert shop.owner.get(_url(draft)).json["totals"]["payable"] == "10000.00"


def test_the_page_of_a_draft_is_of_today(shop: Shop) -> None:
    draft = shop.draft(lines=[SERVICE])
    _becomes_a_withholder(shop)
    assert shop.owner.get(f"{_url(draft)}/pdf").status == 303
    (key,) = shop.world.files.list(f"pdf/{shop.company}/")
    page = "".join(page.extract_text() for page in PdfReader(BytesIO(shop.world.files.read(key))).pages)
    printed = "".join(letter for letter in page if letter.isdigit() or letter == ",")
    assert shop.owner.get(_url(draft)).json["totals"]["payable"].replace(".", ",") in printed


@pytest.mark.parametrize("edit", [False, True], ids=["read", "edited"])
def test_a_draft_whose_customer_was_deleted_says_so(shop: Shop, edit: bool) -> None:
    draft, url = shop.draft(lines=[SERVICE]), f"/v1/customers/{shop.customer}"
    seen = shop.owner.get(_url(draft))
    assert shop.owner.delete(url, shop.owner.get(url).etag, query={"force": "true"}).status == 200
    read = shop.owner.get(_url(draft))
    assert read.json["notices"][0] == {
        "pointer": "/customer",
        "code": "unknown_customer",
        "params": {"id": shop.customer},
    }
    assert read.etag != seen.etag
    if edit:
        edited = shop.owner.patch(_url(draft), {"notes": "Merci"}, read.etag)
        read = shop.owner.get(_url(draft))
        assert (edited.status, edited.json, edited.etag) == (200, read.json, read.etag)
    assert _listed(shop, draft["id"]) == read.json
    refused = shop.owner.post(f"{_url(draft)}/issue", if_match=read.etag)
    assert (refused.status, refused.codes) == (422, [("/customer", "unknown_customer")])
    _change(shop, _url(draft), {"customer": _customer(shop)})
    assert ("/customer", "unknown_customer") not in _codes(shop.owner.get(_url(draft)))


def test_what_is_stored_and_followed_is_the_last_edit(shop: Shop) -> None:
    draft = shop.draft(lines=[SERVICE])
    _becomes_a_withholder(shop)
    (row,) = shop.world.store.records([by_kind("invoice").draft.ref(shop.company, draft["id"])])  # type: ignore[union-attr]
    assert isinstance(row, DraftDocument)
    assert f"{row.totals.payable:.2f}" == draft["totals"]["payable"]
    changes = shop.owner.get("/v1/changes", query={"after": "0"}).json["data"]
    (followed,) = [change["object"] for change in changes if change["id"] == draft["id"]]
    assert followed["totals"] == draft["totals"]


@pytest.mark.parametrize(("count", "customers"), [(20, 20), (20, 1)])
def test_a_list_of_drafts_costs_one_call_more(new_shop: Callable[..., Shop], count: int, customers: int) -> None:
    shop = new_shop()
    with Traffic(shop.world.store) as before:
        shop.owner.get("/v1/invoices")
    named = [_customer(shop, f"Client {number}") for number in range(customers)]
    for number in range(count):
        shop.draft(customer=named[number % customers])
    with Traffic(shop.world.store) as traffic:
        listed = shop.owner.get("/v1/invoices", query={"limit": count})
    assert len(listed.json["data"]) == count
    assert traffic.total == before.total + 1


def test_an_issued_invoice_costs_no_call_more(shop: Shop) -> None:
    invoice, draft = shop.issued(), shop.draft()
    with Traffic(shop.world.store) as one:
        shop.owner.get(_url(invoice))
    with Traffic(shop.world.store) as other:
        shop.owner.get(_url(draft))
    assert other.total == one.total + 1
