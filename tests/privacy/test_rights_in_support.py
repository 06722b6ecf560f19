"""A request for help that asks for a right: the operator makes the request of it, and the author confirms it."""

import json
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.contact.support import SupportMessage, Thread
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.services.privacy.receipts import check
from tests.client import Client
from tests.conftest import Shop
from tests.mailbox import open_mailbox
from tests.privacy.persons import JSON, URL, carry
from tests.privacy.test_access import archive_of, rows
from tests.privacy.test_download_codes import row_of
from tests.privacy.test_rights_for_everyone import about, addressed, delivered

PLEA = {"subject": "Mes données", "text": "Supprimez mes données, s’il vous plaît.", "language": "ar"}


@pytest.fixture(autouse=True)
def box(shop: Shop) -> Shop:
    """The shop's world, whose sender may send."""
    open_mailbox(shop.world)
    return shop


def opened(client: Client) -> str:
    """The id of a new thread."""
    got = client.post("/v1/support", PLEA)
    assert got.status == 201, got.text
    return str(got.json["id"])


def entered(shop: Shop, capsys: pytest.CaptureFixture[str], thread: str, *arguments: str) -> tuple[int, str]:
    """The exit code and the output of the operator's command."""
    capsys.readouterr()  # The lines of the jobs before.
    code = main(["support", "request", shop.company, thread, *arguments, "--by", "opr_1"], lambda: shop.world)
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def request_in(out: str) -> str:
    shown: dict[str, Any] = json.loads(out.splitlines()[0])
    return str(shown["request"])


def test_from_a_request_for_help_to_the_deletion(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    viewer, member, to = addressed(shop, "aide")
    thread = opened(viewer)
    code, out = entered(shop, capsys, thread, "--kind", "deletion")
    assert code == 0, out
    id = request_in(out)
    carry(shop)
    shown = viewer.get(f"{URL}/{id}").json
    assert (shown["status"], shown["subject"], shown["language"]) == ("requested", member, "ar")
    assert viewer.get(f"/v1/support/{thread}").status == 200, "nothing is erased before its author confirms"
    assert row_of(shop, id).asked_by == member
    assert viewer.post(f"{URL}/{id}/confirm", {}).status == 200
    delivered(shop)
    assert row_of(shop, id).status == "completed"
    assert viewer.get("/v1/support").status == 404
    threads, messages = (shop.world.store.all_of(cls, shop.company) for cls in (Thread, SupportMessage))
    assert [row.id for row in (*threads, *messages) if member in repr(row)] == []
    signed = shop.owner.get(f"{URL}/{id}/receipt").json
    published = shop.owner.get("/privacy/receipt-key").json
    assert check(signed, published["public_key"]) == published["key"]
    assert about(shop, to, id)[-1].startswith("تم محو بياناتكم")


def test_from_a_request_for_help_to_the_data(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    viewer, member, _ = addressed(shop, "donnees")
    code, out = entered(shop, capsys, opened(viewer), "--kind", "access")
    assert code == 0, out
    id = request_in(out)
    carry(shop)
    assert viewer.get(f"{URL}/{id}").json["download"] is None
    assert viewer.post(f"{URL}/{id}/confirm", {}).status == 200
    carry(shop)
    assert viewer.get(f"{URL}/{id}/download", accept=JSON).status == 200
    archive = archive_of(shop, id)
    assert [row["id"] for row in rows(archive, "members")] == [member]
    assert [row["text"] for row in rows(archive, "support_messages")] == [PLEA["text"]]


def test_an_opposition_from_a_thread_takes_effect_at_once(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    viewer = shop.member("viewer")
    assert viewer.post("/v1/consents", {"kind": "marketing", "granted": True}).status == 201
    code, out = entered(shop, capsys, opened(viewer), "--kind", "opposition")
    assert (code, row_of(shop, request_in(out)).status) == (0, "completed")
    assert viewer.get("/v1/consents").json["marketing"]["granted"] is False


def test_a_rectification_from_a_thread_waits_for_the_operator(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = entered(shop, capsys, opened(shop.member("viewer")), "--kind", "rectification")
    assert (code, row_of(shop, request_in(out)).status) == (0, "verified")


def test_an_owners_thread_may_concern_the_account(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = entered(shop, capsys, opened(shop.owner), "--kind", "deletion", "--account")
    request = row_of(shop, request_in(out))
    assert (code, request.affects, request.status) == (0, "company", "requested")
    assert shop.owner.get("/v1/company").status == 200, "the account is open until an owner confirms"


def test_nobody_else_asks_for_the_account(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    before = [*shop.world.store.all_of(PrivacyRequest, shop.company)]
    code, out = entered(shop, capsys, opened(shop.member("accountant")), "--kind", "deletion", "--account")
    assert (code, "forbidden" in out) == (1, True)
    assert [*shop.world.store.all_of(PrivacyRequest, shop.company)] == before


def test_a_thread_that_is_not_there_makes_no_request(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = entered(shop, capsys, "thr_" + "0" * 26, "--kind", "access")
    assert (code, "not_found" in out) == (1, True)
    assert [*shop.world.store.all_of(PrivacyRequest, shop.company)] == []
