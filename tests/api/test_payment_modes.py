"""The mode of payment through the API: on drafts, documents, credit notes, reissues and payments."""

from typing import Any

import pytest

from tests.api.samples import LINE
from tests.conftest import Shop


@pytest.mark.parametrize(
    "mode", ["cash", "cheque", "transfer", "card", "bill_of_exchange", "direct_debit", "compensation", "other"]
)
def test_a_document_its_credit_note_and_its_reissue_have_the_mode(shop: Shop, mode: str) -> None:
    invoice = shop.issued(payment_mode=mode)
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {}).json
    settlement = "cash" if mode == "cash" else "other"
    assert [(one["payment_mode"], one["settlement"]) for one in (invoice, note)] == [(mode, settlement)] * 2
    asked = {"kind": "rectification", "subject": invoice["customer"], "corrections": {"name": "Client Exact"}}
    request = shop.owner.post("/v1/privacy/requests", asked).json["id"]
    affected = shop.owner.get(f"/v1/privacy/requests/{request}/documents").json["data"]
    reissue = next(one["reissue"] for one in affected if one["id"] == invoice["id"])
    assert reissue["body"]["payment_mode"] == mode
    assert shop.owner.post(reissue["url"], reissue["body"]).status == 201


def test_settlement_is_an_alias_for_clients_of_the_older_version(shop: Shop) -> None:
    draft = shop.draft(settlement="cash")
    assert (draft["payment_mode"], draft["totals"]["stamp_duty"]) == ("cash", "9.00")
    url = f"/v1/invoices/{draft['id']}"

    def patched(**changes: Any) -> tuple[str, str, str]:
        got = shop.owner.patch(url, changes, shop.owner.get(url).etag).json
        return got["payment_mode"], got["settlement"], got["totals"]["stamp_duty"]

    assert patched(payment_mode="cheque") == ("cheque", "other", "0.00")
    assert patched(settlement="other") == ("cheque", "other", "0.00")
    assert patched(settlement="cash") == ("cash", "cash", "9.00")
    assert patched(payment_mode=None) == ("other", "other", "0.00")


def test_contradicting_names_are_refused(shop: Shop) -> None:
    body = {"lines": [LINE], "settlement": "other", "payment_mode": "cash"}
    for path in ("/v1/invoices", "/v1/invoices/preview"):
        got = shop.owner.post(path, body)
        assert (got.status, got.json["errors"][0]["code"]) == (422, "settlement_contradicts_mode")


@pytest.mark.parametrize("method", ["direct_debit", "compensation", "other"])
def test_a_payment_may_be_made_in_each_mode(shop: Shop, method: str) -> None:
    invoice = shop.issued()
    paid = {"amount": "10.00", "method": method, "date": invoice["issue_date"]}
    got = shop.owner.post(f"/v1/invoices/{invoice['id']}/payments", paid)
    assert (got.status, got.json["method"]) == (201, method)
