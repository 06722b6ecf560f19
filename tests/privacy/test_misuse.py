"""What a malicious member, a former one, a stranger or another company's owner tried with privacy requests."""

import base64
import io
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.code import address_key
from chalicelib.domain.company import Head
from chalicelib.domain.request import Request
from chalicelib.files import prefixes
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.privacy import holds, settling
from tests.client import Client, Got
from tests.conftest import Shop

URL = "/v1/privacy/requests"


def _carry(shop: Shop) -> None:
    for minutes in (0, 11):
        run(shop.world, named("requests"), now=shop.world.now() + timedelta(minutes=minutes), left=within(60))


def _asked(client: Client, **body: Any) -> str:
    made = client.post(URL, {"kind": "deletion"} | body)
    assert made.status == 201, made.text
    return str(made.json["id"])


def _confirmed(client: Client, id: str, **body: Any) -> Got:
    return client.post(f"{URL}/{id}/confirm", body)


def _state(shop: Shop) -> str:
    (head,) = shop.world.store.records([Head.ref(shop.company)])
    assert isinstance(head, Head)
    return head.state


def _id_of(shop: Shop, user: str) -> str:
    return next(str(m["id"]) for m in shop.owner.get("/v1/members").json["data"] if m["user"] == user)


def test_a_stranger_reads_nothing_of_a_closed_company(shop: Shop) -> None:
    _confirmed(shop.owner, _asked(shop.owner), waive_grace=True)
    _carry(shop)
    assert _state(shop) == "closed"
    stranger = Client(shop.owner.gateway, shop.issuer.token("never-signed-up"), shop.company)
    assert stranger.get("/v1/privacy/disclosures").status == 404
    assert stranger.get(URL).json.get("data", []) == []


def test_the_keys_of_an_erased_member_go_with_him(shop: Shop) -> None:
    owner = shop.member("owner", "co-owner-misuse")
    made = owner.post("/v1/api-keys", {"name": "x", "scopes": ["parties.read"]}).json
    key = Client(owner.gateway, made["key"])
    assert key.get("/v1/customers").status == 200
    assert _confirmed(owner, _asked(owner, subject=_id_of(shop, "co-owner-misuse"))).status == 200
    assert key.get("/v1/customers").status == 401


def test_one_persons_deletion_leaves_the_others_files(shop: Shop) -> None:
    kept = prefixes.export(shop.company, "req_other")
    shop.world.files.put(kept, b"PK", "application/zip")
    viewer = shop.member("viewer")
    assert _confirmed(viewer, _asked(viewer)).status == 200
    _carry(shop)
    assert list(shop.world.files.list(prefixes.of_company(prefixes.EXPORTS, shop.company))) == [kept]


def test_what_an_erased_member_attached_goes_too(shop: Shop) -> None:
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (20, 20)).save(picture, "PNG")
    clerk = shop.member("clerk")
    file = {"name": "card.png", "content": base64.b64encode(picture.getvalue()).decode()}
    assert clerk.post("/v1/support", {"subject": "s", "text": "t", "attachments": [file]}).status == 201
    assert list(shop.world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company)))
    assert _confirmed(clerk, _asked(clerk)).status == 200
    _carry(shop)
    assert list(shop.world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company))) == []


def test_a_hold_keeps_a_person_too(shop: Shop) -> None:
    holds.place(shop.world, shop.company, "case 12", "op-1")
    refused = _confirmed(shop.owner, _asked(shop.owner, subject=shop.customer))
    assert (refused.status, refused.json["code"]) == (409, "under_hold")
    assert shop.owner.get(f"/v1/customers/{shop.customer}").status == 200


def test_nobody_is_erased_from_a_blocked_company(shop: Shop) -> None:
    shop.member("owner", "co-owner-blocked")
    person = _asked(shop.owner, subject=_id_of(shop, "co-owner-blocked"))
    assert _confirmed(shop.owner, _asked(shop.owner)).status == 200
    assert _state(shop) == "blocked"
    assert _confirmed(shop.owner, person).json["code"] == "already_blocked"


def test_an_operators_refusal_opens_the_company_again(shop: Shop) -> None:
    id = _asked(shop.owner)
    _confirmed(shop.owner, id, waive_grace=True)
    (request,) = shop.world.store.records([Request.ref(shop.company, id)])
    assert isinstance(request, Request)
    assert settling.by_hand(shop.world, request, "refused", reason="fraud")
    assert _state(shop) == "active"


def test_only_an_owner_stops_what_was_verified(shop: Shop) -> None:
    key, _ = shop.key("privacy.write")
    clerk = shop.member("clerk", "clerk-misuse")
    about = _asked(shop.owner, subject=_id_of(shop, "clerk-misuse"))
    assert clerk.post(f"{URL}/{about}/cancel").status == 403
    account = _asked(shop.owner)
    _confirmed(shop.owner, account)
    assert key.post(f"{URL}/{account}/cancel").status == 403
    assert _state(shop) == "blocked"
    assert shop.owner.post(f"{URL}/{account}/cancel").status == 200
    assert _state(shop) == "active"


@pytest.mark.parametrize(
    ("one", "other"), [("boss@straße.example", "boss@strasse.example"), ("\u212aa@x.example", "ka@x.example")]
)
def test_letters_that_only_look_alike_are_not_one_mailbox(one: str, other: str) -> None:
    assert address_key("p" * 32, one) != address_key("p" * 32, other)
    assert address_key("p" * 32, "A.B@X.Example ") == address_key("p" * 32, "a.b@x.example")
