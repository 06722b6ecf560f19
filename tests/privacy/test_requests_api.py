"""Privacy requests as a client asks them: from asking to the receipt, blocked or not, and nothing for anybody else."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.companies.member import Member
from chalicelib.domain.errors import Busy
from chalicelib.domain.privacy.request import GRACE
from chalicelib.jobs import requests as request_jobs
from chalicelib.jobs.job import within
from chalicelib.jobs.requests import requests_job
from chalicelib.jobs.runner import run
from chalicelib.services.privacy import requester
from chalicelib.services.privacy.receipts import check
from tests.client import Client, Got
from tests.conftest import Shop
from tests.rows import delete_row

URL = "/v1/privacy/requests"


def carry(shop: Shop, **after: float) -> None:
    """Run what is due."""
    now = shop.world.now() + timedelta(**after)
    run(shop.world, requests_job({"deletion": request_jobs.deletion}), now=now, left=within(60))


def asked(client: Client, subject: str | None = None) -> str:
    got = client.post(URL, {"kind": "deletion", "subject": subject})
    assert got.status == 201, got.text
    assert got.headers["location"] == f"{URL}/{got.json['id']}"
    assert got.json["status"] == "requested"
    return str(got.json["id"])


def stale(shop: Shop) -> Client:
    """The owner, who signed in an hour ago."""
    from local.issuer import Issuer

    issuer: Issuer = shop.issuer
    subject = shop.owner.get("/v1/members").json["data"][0]["user"]
    hour_ago = int((shop.world.now() - timedelta(hours=1)).timestamp())
    return Client(shop.owner.gateway, issuer.token(subject, auth_time=hour_ago), shop.company)


def refused(got: Got) -> tuple[int, str]:
    return got.status, got.json["code"]


def test_an_account_from_asking_to_the_receipt(shop: Shop) -> None:
    id = asked(shop.owner)
    confirmed = shop.owner.post(f"{URL}/{id}/confirm", {})
    assert (confirmed.status, confirmed.json["status"]) == (200, "grace")
    assert confirmed.json["grace_until"] > confirmed.json["verified_at"]
    assert refused(shop.owner.get("/v1/customers")) == (403, "company_blocked")
    assert refused(shop.owner.post(URL, {"kind": "access"})) == (403, "company_blocked")
    assert shop.owner.get(f"{URL}/{id}").json["status"] == "grace"
    assert [each["id"] for each in shop.owner.get(URL).json["data"]] == [id]
    waived = shop.owner.post(f"{URL}/{id}/confirm", {"waive_grace": True})
    assert (waived.status, waived.json["status"]) == (200, "verified")
    carry(shop)
    done = shop.owner.get(f"{URL}/{id}")
    assert (done.status, done.json["status"]) == (200, "completed"), "who asked may follow it to the end"
    assert all(step["done"] for step in done.json["steps"])
    receipt = shop.owner.get(done.json["receipt"]).json
    published = shop.owner.get("/privacy/receipt-key").json
    assert check(receipt, published["public_key"]) == published["key"]
    assert refused(shop.owner.get("/v1/company")) == (404, "not_found")
    assert refused(shop.owner.post(f"{URL}/{id}/cancel", {})) == (404, "not_found")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the recipe is openssl's, which is not installed here")
def test_a_receipt_is_verified_by_the_commands_of_the_page_and_nothing_of_ours(shop: Shop, tmp_path: Path) -> None:
    id = asked(shop.owner, shop.customer)
    shop.owner.post(f"{URL}/{id}/confirm", {})
    carry(shop)
    handed = shop.owner.get(f"{URL}/{id}/receipt").text
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")
    (commands,) = [block.partition("```")[0] for block in page.split("```sh\n")[1:] if "openssl dgst" in block]
    (tmp_path / "receipt-key.json").write_text(shop.owner.get("/privacy/receipt-key").text, "utf-8")

    def verified(receipt: str) -> str:
        (tmp_path / "receipt.json").write_text(receipt, "utf-8")
        said = subprocess.run(["sh", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False)
        return said.stdout.strip()

    assert verified(handed) == "Verified OK"
    assert verified(handed.replace('"removed":1', '"removed":2', 1)) == "Verification failure"


def test_a_stranger_learns_nothing_of_a_closed_account(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    id = asked(shop.owner)
    shop.owner.post(f"{URL}/{id}/confirm", {"waive_grace": True})
    stranger = Client(shop.owner.gateway, new_shop().owner.token, shop.company)
    for _ in ("blocked", "closed"):
        for path in (URL, f"{URL}/{id}", f"{URL}/{id}/receipt", "/v1/privacy/disclosures"):
            assert refused(stranger.get(path)) == (404, "not_found")
        for verb in ("confirm", "cancel", "code"):
            assert refused(stranger.post(f"{URL}/{id}/{verb}", {})) == (404, "not_found")
        carry(shop)


def test_the_requester_sees_the_request_throughout(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the account is closed between the reading of its head, blocked still, and that of its requests."""
    id = asked(shop.owner)
    shop.owner.post(f"{URL}/{id}/confirm", {"waive_grace": True})
    for row in shop.world.store.query("identity", shop.company).records:
        if isinstance(row, Member):
            delete_row(shop.world.store, row.key)
    monkeypatch.setattr(requester, "was_owner", lambda *_: False)  # it is over by then
    assert shop.owner.get(f"{URL}/{id}").json["id"] == id
    assert [each["id"] for each in shop.owner.get(URL).json["data"]] == [id]


def test_a_dry_run_shows_the_table_and_stores_nothing(shop: Shop) -> None:
    before = shop.clock
    got = shop.owner.post(URL, {"kind": "deletion", "dry_run": True})
    assert got.status == 200
    assert (got.json["id"], got.json["dry_run"]) == (None, True)
    actions = {(step["place"], step["action"]) for step in got.json["steps"]}
    assert {("workspace", "delete"), ("ledger", "block"), ("identity", "delete"), ("pdf/", "delete")} <= actions
    assert (shop.clock, shop.owner.get(URL).json["data"]) == (before, [])
    person = shop.owner.post(URL, {"kind": "deletion", "subject": shop.customer, "dry_run": True}).json
    assert person["affects"] == "party"
    assert person["due"] < got.json["due"]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codes that are mailed."""
    from chalicelib.services import codes

    codes_sent: list[str] = []
    begin = codes.begin

    def noted(world: Any, *who: str) -> str:
        codes_sent.append(begin(world, *who) or "")
        return codes_sent[-1]

    monkeypatch.setattr(codes, "begin", noted)
    return codes_sent


def test_a_code_is_valid_until_its_operation_is_done(
    shop: Shop, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.services.privacy.requests import requests

    owner = stale(shop)
    id = asked(owner)
    assert owner.post(f"{URL}/{id}/code", {}).status == 202

    def busy(*_: Any, **__: Any) -> None:
        raise Busy

    with monkeypatch.context() as patch:
        patch.setattr(requests, "confirm", busy)
        assert owner.post(f"{URL}/{id}/confirm", {"code": sent[0]}, idempotency_key="once").status == 503
    for _ in range(2):  # the answer may be lost as well
        again = owner.post(f"{URL}/{id}/confirm", {"code": sent[0]}, idempotency_key="once")
        assert (again.status, again.json["status"]) == (200, "grace")
    waived = owner.post(f"{URL}/{id}/confirm", {"code": sent[0], "waive_grace": True})
    assert refused(waived) == (403, "proof_needed"), "it counts once"


def test_an_old_sign_in_needs_the_mailed_code(shop: Shop, sent: list[str]) -> None:
    owner = stale(shop)
    id = asked(owner, shop.customer)
    assert refused(owner.post(f"{URL}/{id}/confirm", {})) == (403, "proof_needed")
    assert owner.post(f"{URL}/{id}/code", {}).status == 202
    wrong = "000000" if sent[0] != "000000" else "111111"
    assert refused(owner.post(f"{URL}/{id}/confirm", {"code": wrong})) == (403, "proof_needed")
    assert owner.post(f"{URL}/{id}/confirm", {"code": sent[0]}).json["status"] == "verified"


def test_a_key_asks_and_a_person_confirms(shop: Shop) -> None:
    key, _ = shop.key("privacy.read", "privacy.write")
    id = asked(key, shop.customer)
    assert refused(key.post(f"{URL}/{id}/confirm", {})) == (403, "proof_needed")
    assert shop.owner.post(f"{URL}/{id}/confirm", {}).json["status"] == "verified"


def test_a_clerk_asks_about_nobody_else(shop: Shop) -> None:
    clerk = shop.member("clerk")
    assert refused(clerk.post(URL, {"kind": "deletion", "subject": shop.customer})) == (403, "forbidden")
    own = clerk.post(URL, {"kind": "deletion"})
    assert (own.status, own.json["affects"]) == (201, "member")
    others = asked(shop.owner)
    assert refused(clerk.get(f"{URL}/{others}")) == (404, "not_found")
    assert refused(clerk.post(f"{URL}/{others}/confirm", {})) == (404, "not_found")
    assert [each["id"] for each in clerk.get(URL).json["data"]] == [own.json["id"]]
    assert clerk.post(f"{URL}/{own.json['id']}/confirm", {}).status == 200
    assert refused(clerk.get("/v1/company")) == (404, "not_found"), "at once"


def test_a_second_owner_cancels(shop: Shop) -> None:
    second = shop.member("owner")
    id = asked(shop.owner)
    shop.owner.post(f"{URL}/{id}/confirm", {})
    got = second.post(f"{URL}/{id}/cancel", {})
    assert (got.status, got.json["status"]) == (200, "cancelled")
    assert shop.owner.get("/v1/customers").status == 200
    assert refused(shop.owner.post(f"{URL}/{id}/confirm", {})) == (409, "request_settled")


def test_a_repeated_confirmation_has_the_first_answer(shop: Shop) -> None:
    id = asked(shop.owner)
    first = shop.owner.post(f"{URL}/{id}/confirm", {}, idempotency_key="confirm-once")
    again = shop.owner.post(f"{URL}/{id}/confirm", {}, idempotency_key="confirm-once")
    assert first.text == again.text
    assert again.headers["idempotency-replayed"] == "true"


def test_a_confirmation_is_repeated_after_the_person_was_erased(shop: Shop) -> None:
    """The erasure takes the body of the kept answer away; the repetition states that and is no failure."""
    id = asked(shop.owner, shop.customer)
    path, key = f"/v1/privacy/requests/{id}/confirm", f"confirm-{id}"
    assert shop.owner.post(path, idempotency_key=key).status == 200
    carry(shop)
    again = shop.owner.post(path, idempotency_key=key)
    assert (again.status, again.json) == (200, {"erased": True})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "deletion", "subject": "cus_1"}, ("/subject", "subject_unknown")),
        ({"kind": "forgetting"}, ("/kind", "not_allowed")),
    ],
)
def test_nonsense_is_refused(shop: Shop, body: dict[str, Any], code: tuple[str, str]) -> None:
    got = shop.owner.post(URL, body)
    assert got.status == 422
    assert got.codes[0][0] == code[0]


def test_a_request_that_no_job_carries_out_waits_for_an_operator_under_its_deadline(shop: Shop) -> None:
    got = shop.owner.post(URL, {"kind": "rectification", "subject": shop.customer})
    carry(shop)
    waiting = shop.owner.get(f"{URL}/{got.json['id']}").json
    assert waiting["status"] == "verified"
    carry(shop, days=40)
    assert shop.owner.get(f"{URL}/{got.json['id']}").json["status"] == "verified"
    assert GRACE.days == 30
