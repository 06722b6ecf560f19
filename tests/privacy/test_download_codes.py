"""A person without an e-mail address fetches their receipt and their answer with a download code (ADR 0119)."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import NotFound, TooManyRequests
from chalicelib.domain.privacy.download_code import LIFE, download_code, opens
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.services.privacy.receipts import check
from chalicelib.services.privacy.requests import download_codes
from tests.client import Client, Got
from tests.conftest import Shop
from tests.privacy.endings import TABLE_NAMES
from tests.privacy.persons import URL, asked, carry, confirmed, person

RECEIPTS = "/v1/privacy/receipts"


def fetched(shop: Shop, request: str, code: str, company: str | None = None) -> Got:
    """Use a code without a sign-in."""
    anybody = Client(shop.owner.gateway)
    return anybody.post(RECEIPTS, {"company": company or shop.company, "request": request, "code": code})


def made(client: Client, **body: Any) -> tuple[str, str]:
    """The id and the download code of a new request."""
    got = client.post(URL, {"kind": "deletion"} | body)
    assert got.status == 201, got.text
    return got.json["id"], got.json["download_code"]


def row_of(shop: Shop, id: str) -> PrivacyRequest:
    (row,) = shop.world.store.records([PrivacyRequest.ref(shop.company, id)])
    assert isinstance(row, PrivacyRequest)
    return row


def without_address(shop: Shop) -> str:
    """The id of a new customer without an e-mail address."""
    got = shop.owner.post("/v1/customers", {"name": "Sans Adresse", "kind": "consumer"})
    assert got.status == 201, got.text
    return str(got.json["id"])


def test_an_erased_member_without_an_address_fetches_the_receipt(shop: Shop) -> None:
    clerk = shop.former_member("clerk", f"clerk-{shop.company}")
    id, code = made(clerk)
    assert clerk.post(f"{URL}/{id}/confirm", {}).status == 200
    carry(shop)
    assert clerk.get("/v1/customers").status == 404, "the member is gone"
    got = fetched(shop, id, code.lower())
    assert (got.status, got.json["status"], got.json["archive"]) == (200, "completed", None)
    published = shop.owner.get("/privacy/receipt-key").json
    assert check(got.json["receipt"], published["public_key"]) == published["key"]
    assert got.json["receipt"]["content"]["request"] == id


def test_the_owner_of_a_closed_account_without_an_address_fetches_the_receipt(shop: Shop) -> None:
    partner = shop.former_member("owner", f"partner-{shop.company}")
    id, code = made(partner)
    assert partner.post(f"{URL}/{id}/confirm", {}).status == 200
    for _ in range(4):
        carry(shop, days=31)
    got = fetched(shop, id, code)
    assert (got.status, got.json["receipt"]["content"]["affects"]) == (200, "company")


def test_a_customer_without_an_address_fetches_their_data(shop: Shop) -> None:
    """The merchant asks for them and gives them the code."""
    customer = without_address(shop)
    id, code = made(shop.owner, kind="access", subject=customer)
    waiting = fetched(shop, id, code)
    assert (waiting.status, waiting.json["status"], waiting.json["archive"]) == (200, "requested", None)
    confirmed(shop, id)
    carry(shop)
    got = fetched(shop, id, code)
    assert (got.json["status"], got.json["receipt"]["content"]["kind"]) == ("completed", "access")
    content = shop.world.files.read(f"exports/{shop.company}/{id}.zip") if got.json["archive"] else b""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "Sans Adresse" in archive.read("data/customers.json").decode()


def test_an_archive_of_an_erased_person_is_not_handed_out(shop: Shop) -> None:
    customer = without_address(shop)
    id, code = made(shop.owner, kind="access", subject=customer)
    confirmed(shop, id)
    carry(shop)
    confirmed(shop, asked(shop, subject=customer))
    carry(shop)
    got = fetched(shop, id, code)
    assert (got.status, got.json["archive"]) == (200, None)


def test_the_code_is_shown_once_and_stored_as_a_digest(shop: Shop) -> None:
    body = {"kind": "deletion", "subject": without_address(shop)}
    first = shop.owner.post(URL, body, idempotency_key="once-and-never-again")
    again = shop.owner.post(URL, body, idempotency_key="once-and-never-again")
    code = first.json["download_code"]
    assert (again.status, again.json["id"]) == (201, first.json["id"])
    assert "download_code" not in again.json
    assert "download_code" not in shop.owner.get(f"{URL}/{first.json['id']}").json
    rows = [row for name in TABLE_NAMES for row in shop.world.store.all(name, shop.company)]
    assert rows
    assert code not in repr(rows)


def test_a_person_with_an_address_gets_no_code(shop: Shop) -> None:
    own = shop.owner.get("/v1/members").json["data"][0]
    wrong = {"kind": "rectification", "subject": own["id"], "corrections": {"email": "moi@shop.example"}}
    assert shop.owner.post(URL, wrong).status == 201
    shop.prove(own["user"], "moi@shop.example")
    got = shop.owner.post(URL, {"kind": "access", "subject": person(shop)})
    assert (got.status, "download_code" in got.json) == (201, False)


def test_every_wrong_code_gets_the_same_answer(shop: Shop) -> None:
    id, code = made(shop.owner, kind="access", subject=without_address(shop))
    other, _ = made(shop.owner, kind="access", subject=without_address(shop))
    unknown = "req_" + "0" * 26
    texts = {
        (got.status, got.json["code"])
        for got in (
            fetched(shop, id, "A" * 26),
            fetched(shop, id, ""),
            fetched(shop, other, code),
            fetched(shop, unknown, code),
            fetched(shop, id, code, company="cmp_" + "0" * 26),
            fetched(shop, id, code, company="public"),
        )
        if got.status != 422
    }
    assert texts == {(404, "not_found")}


def test_strangers_use_up_their_own_tries_only(shop: Shop) -> None:
    id, code = made(shop.owner, kind="access", subject=without_address(shop))
    for _ in range(download_codes.TRIED_AN_HOUR):
        with pytest.raises(NotFound):
            download_codes.fetch(shop.world, shop.company, id, "A" * 26, "198.51.100.77")
    with pytest.raises(TooManyRequests):
        download_codes.fetch(shop.world, shop.company, id, "A" * 26, "198.51.100.77")
    for source in ("198.51.100.77", "198.51.100.78"):  # somebody in the same network too
        assert download_codes.fetch(shop.world, shop.company, id, code, source).request.id == id


def test_a_code_ends_a_year_after_its_request(shop: Shop) -> None:
    id, code = made(shop.owner, kind="access", subject=without_address(shop))
    row, at = row_of(shop, id), shop.world.now()
    assert opens(row, id, code, at + timedelta(days=4000)), "the request is open"
    closed = replace(row, closed_at=at)
    assert opens(closed, id, code, at + LIFE - timedelta(seconds=1))
    assert not opens(closed, id, code, at + LIFE)


def test_a_request_without_a_code_is_opened_by_none(shop: Shop) -> None:
    id, code = made(shop.owner, kind="access", subject=without_address(shop))
    bare = replace(row_of(shop, id), download_digest=None)
    assert not any(opens(bare, id, entered, shop.world.now()) for entered in ("", "None", code))


def test_a_code_has_128_bits() -> None:
    assert len(download_code(bytes(16))) == 26
    assert len({download_code(bytes([number]) * 16) for number in range(256)}) == 256
