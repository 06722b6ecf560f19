"""A member who leaves with an open request gets a mail with a code: no later mail can reach them (ADR 0127)."""

import re

import pytest

from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.services.companies.open_requests import MOST
from chalicelib.services.privacy import transitions
from chalicelib.services.privacy.receipts import check
from tests.client import Client
from tests.conftest import Shop
from tests.mailbox import mails, open_mailbox
from tests.privacy.persons import URL, carry
from tests.privacy.test_download_codes import fetched, row_of
from tests.privacy.test_rights_for_everyone import about, addressed, delivered

CODE = re.compile(r"\b[A-Z2-7]{26}\b")


@pytest.fixture(autouse=True)
def box(shop: Shop) -> Shop:
    """The shop's world, whose sender may send."""
    open_mailbox(shop.world)
    return shop


def removed(shop: Shop, member: str) -> None:
    etag = shop.owner.get(f"/v1/members/{member}").headers["etag"]
    assert shop.owner.delete(f"/v1/members/{member}", if_match=etag).status == 200


def code_in(shop: Shop, to: str, request: str) -> str:
    """The code in the only mail to an address that has one for a request."""
    (code,) = {found for mail in mails(shop.world, to) if request in mail.text for found in CODE.findall(mail.text)}
    return str(code)


def accessed(client: Client) -> str:
    """The id of a confirmed access request of a member, who has got no code with it."""
    made = client.post(URL, {"kind": "access"})
    assert (made.status, "download_code" in made.json) == (201, False)
    assert client.post(f"{URL}/{made.json['id']}/confirm", {}).status == 200
    return str(made.json["id"])


def test_a_removed_member_gets_a_mail_whose_code_opens_the_answer(shop: Shop) -> None:
    viewer, id, to = addressed(shop, "retire")
    request = accessed(viewer)
    removed(shop, id)
    delivered(shop)
    assert about(shop, to, request)[-1] == f"Votre demande {request} se poursuit"
    got = fetched(shop, request, code_in(shop, to, request))
    assert (got.status, got.json["status"]) == (200, "completed")
    assert got.json["archive"]["url"].startswith("http")
    published = shop.owner.get("/privacy/receipt-key").json
    assert check(got.json["receipt"], published["public_key"]) == published["key"]
    left = [letter for letter in shop.world.store.all_of(Letter, PUBLIC) if letter.to == to]
    assert left == [], "the address goes with its mail"
    assert row_of(shop, request).asked_by == id


def test_a_removed_member_learns_how_the_operator_decided(shop: Shop) -> None:
    viewer, id, to = addressed(shop, "decide")
    request = str(viewer.post(URL, {"kind": "access"}).json["id"])
    removed(shop, id)
    carry(shop, "outbox")
    assert transitions.close_by_operator(shop.world, row_of(shop, request), "refused", "opr_7", reason="not_proven")
    got = fetched(shop, request, code_in(shop, to, request))
    assert (got.status, got.json["status"], got.json["reason"]) == (200, "refused", "not_proven")


def test_a_member_erased_with_another_open_request_gets_its_code(shop: Shop) -> None:
    viewer, _, to = addressed(shop, "efface")
    other = str(viewer.post(URL, {"kind": "access"}).json["id"])
    own = str(viewer.post(URL, {"kind": "deletion"}).json["id"])
    assert viewer.post(f"{URL}/{own}/confirm", {}).status == 200
    delivered(shop)
    assert fetched(shop, other, code_in(shop, to, other)).status == 200
    assert row_of(shop, own).download_digest is None, "the last mail brings this receipt"


def test_the_mail_is_in_the_language_of_the_request(shop: Shop) -> None:
    viewer, id, to = addressed(shop, "langue")
    request = str(viewer.post(URL, {"kind": "access", "language": "en"}).json["id"])
    removed(shop, id)
    delivered(shop)
    assert about(shop, to, request)[-1] == f"Your request {request} continues"


def test_no_mail_and_no_code_without_need(shop: Shop) -> None:
    """A member without an address has a code already, which stays. A closed request needs none, nor do others'."""
    clerk = shop.former_member("clerk", "sans-adresse")
    made = clerk.post(URL, {"kind": "access"}).json
    _, other, to = addressed(shop, "autre")
    removed(shop, made["subject"])
    removed(shop, other)
    delivered(shop)
    assert fetched(shop, made["id"], made["download_code"]).status == 200
    assert [mail for mail in mails(shop.world, to) if CODE.search(mail.text)] == []


def test_a_closed_request_needs_no_code(shop: Shop) -> None:
    viewer, id, to = addressed(shop, "clos")
    request = accessed(viewer)
    delivered(shop)
    assert row_of(shop, request).status == "completed"
    removed(shop, id)
    delivered(shop)
    assert row_of(shop, request).download_digest is None
    assert [mail for mail in mails(shop.world, to) if CODE.search(mail.text)] == []


def test_the_newest_requests_get_a_code(shop: Shop) -> None:
    viewer, id, to = addressed(shop, "beaucoup")
    made = [str(viewer.post(URL, {"kind": "access"}).json["id"]) for _ in range(MOST + 1)]
    removed(shop, id)
    delivered(shop)
    rows = [row for row in shop.world.store.all_of(PrivacyRequest, shop.company) if row.asked_by == id]
    coded = {row.id for row in rows if row.download_digest}
    assert coded == set(made[1:])
    assert len({code for mail in mails(shop.world, to) for code in CODE.findall(mail.text)}) == MOST
