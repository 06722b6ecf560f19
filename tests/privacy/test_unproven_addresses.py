"""An address that its holder has not proven gives no power, and gets no notice of the company."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member, Role, proven_address
from chalicelib.domain.contact.code import LONG_DIGITS
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services import codes
from chalicelib.services.privacy.requests import account_page
from chalicelib.services.privacy.requests.account_page import PURPOSE
from chalicelib.store.read import members_with, proven_members_with
from chalicelib.wiring import World
from tests.client import Client
from tests.conftest import Shop
from tests.joining import former_member
from tests.mailbox import mails, open_mailbox
from tests.privacy.persons import URL

SOURCE = "198.51.100.20"


def _deliver(world: World) -> None:
    while run(world, named("outbox"), now=world.now() + timedelta(seconds=1), left=within(60)).applied:
        continue


def _added(shop: Shop, email: str, role: Role = "owner") -> str:
    """Add a member with this address as an earlier release did; the id of their membership."""
    return former_member(shop.world, shop.company, f"put-{shop.company}", role, email).id


def _key(world: World, email: str) -> str:
    return codes.email_key(world.settings, email) or ""


def _code(world: World, email: str) -> str:
    return codes.begin(world, PURPOSE, _key(world, email), again=3600, digits=LONG_DIGITS) or ""


def test_invented_owners_do_not_answer_for_the_victim(
    new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, memberships that strangers entered took the places of the victim's own account."""
    monkeypatch.setattr(account_page, "MOST_AT_ONCE", 1)
    victim, strangers = new_shop(), [new_shop() for _ in range(2)]
    world, email = victim.world, f"victim-{victim.company}@pushed.example".lower()
    for stranger in strangers:
        _added(stranger, email)
    _added(victim, email)
    victim.prove(f"put-{victim.company}", email)
    assert len(members_with(world.store, _key(world, email))) == 3
    (done,) = account_page.delete(world, email, _code(world, email), SOURCE)
    assert done.what == "account"
    assert victim.owner.get("/v1/company").status == 403
    assert [stranger.owner.get("/v1/company").status for stranger in strangers] == [200, 200]


def test_the_page_writes_to_no_unproven_address(shop: Shop) -> None:
    open_mailbox(shop.world)
    email = f"never-{shop.company}@pushed.example".lower()
    _added(shop, email)
    account_page.send_code(shop.world, email, SOURCE, "fr")
    _deliver(shop.world)
    assert mails(shop.world, email) == []
    assert account_page.delete(shop.world, email, _code(shop.world, email), SOURCE)[0].what == "already"
    assert shop.owner.get("/v1/company").status == 200


def _role_changed(shop: Shop, id: str) -> None:
    for role in ("clerk", "owner", "clerk"):
        assert shop.owner.patch(f"/v1/members/{id}", {"role": role}, "*").status == 200


def _removed(shop: Shop, id: str) -> None:
    assert shop.owner.ask("DELETE", f"/v1/members/{id}", if_match="*").status == 200


def _address_corrected(shop: Shop, id: str) -> None:
    right = {"kind": "rectification", "subject": id, "corrections": {"email": "other@pushed.example"}}
    assert shop.owner.post(URL, right).status == 201


def _deletion_requested(shop: Shop, _: str) -> None:
    assert shop.owner.post(URL, {"kind": "deletion"}).status == 201


def _owner_joined(shop: Shop, _: str) -> None:
    assert shop.join(f"third-{shop.company}", "owner")["role"] == "owner"


WAYS = [_role_changed, _removed, _address_corrected, _deletion_requested, _owner_joined]


@pytest.mark.parametrize("way", WAYS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("proven", [False, True])
def test_only_a_proven_address_gets_notices(shop: Shop, way: Callable[[Shop, str], None], proven: bool) -> None:
    """Before, 20 changes of role mailed a stranger."""
    open_mailbox(shop.world)
    email = f"{way.__name__}-{proven}-{shop.company}@pushed.example".lower()
    id = _added(shop, email)
    if proven:
        shop.prove(f"put-{shop.company}", email)
    way(shop, id)
    _deliver(shop.world)
    assert bool(mails(shop.world, email)) is proven


def test_another_address_in_the_token_proves_nothing(shop: Shop) -> None:
    email = f"mine-{shop.company}@pushed.example".lower()
    _added(shop, email)
    for claim in ({"email": "other@pushed.example"}, {"email": email, "email_verified": False}):
        client = Client(shop.owner.gateway, shop.issuer.token(f"put-{shop.company}", **claim), shop.company)
        version = client.get("/v1/consents").json["policy"]["in_force"]
        assert client.post("/v1/consents", {"kind": "policy", "granted": True, "version": version}).status < 300
        assert proven_members_with(shop.world.store, _key(shop.world, email)) == []
    shop.prove(f"put-{shop.company}", email)
    assert len(proven_members_with(shop.world.store, _key(shop.world, email))) == 1


def test_a_corrected_address_is_proven_anew(shop: Shop) -> None:
    id = _added(shop, f"first-{shop.company}@pushed.example".lower())
    shop.prove(f"put-{shop.company}", f"first-{shop.company}@pushed.example".lower())
    _address_corrected(shop, id)
    key = _key(shop.world, "other@pushed.example")
    mine = [row.id for row in members_with(shop.world.store, key)]
    assert id in mine
    assert id not in [row.id for row in proven_members_with(shop.world.store, key)]


def test_a_row_of_before_is_proven_by_its_sign_up_alone(shop: Shop) -> None:
    found = shop.world.store.all_of(Member, shop.company)
    (profile,) = shop.world.store.records([Company.ref(shop.company)])
    assert isinstance(profile, Company)
    founder = replace(next(iter(found)), email="founder@pushed.example", proven=None)
    assert proven_address(founder, profile) == "founder@pushed.example"
    added = replace(founder, created_at=founder.created_at + timedelta(seconds=1))
    changed = replace(founder, version=2)
    assert [proven_address(row, profile) for row in (added, changed)] == [None, None]
    assert proven_address(founder, None) is None


@pytest.mark.parametrize("proven", [False, True])
def test_a_member_with_an_unproven_address_gets_a_download_code(shop: Shop, proven: bool) -> None:
    """No mail brings them the receipt, so the answer must."""
    email = f"receipt-{proven}-{shop.company}@pushed.example".lower()
    _added(shop, email, "viewer")
    if proven:
        shop.prove(f"put-{shop.company}", email)
    client = Client(shop.owner.gateway, shop.issuer.token(f"put-{shop.company}"), shop.company)
    asked = client.post(URL, {"kind": "access"})
    assert asked.status == 201, asked.text
    assert bool(asked.json.get("download_code")) is not proven


def _stale_clerk(shop: Shop, email: str, *, proven: bool) -> tuple[Client, str]:
    """A clerk with this address whose sign-in is old, and the id of their membership."""
    id = _added(shop, email, "clerk")
    if proven:
        shop.prove(f"put-{shop.company}", email)
    hour_ago = int((shop.world.now() - timedelta(hours=1)).timestamp())
    token = shop.issuer.token(f"put-{shop.company}", email=email, auth_time=hour_ago)
    return Client(shop.owner.gateway, token, shop.company), id


@pytest.mark.parametrize("proven", [False, True])
def test_only_a_proven_address_gets_an_identity_code(shop: Shop, proven: bool) -> None:
    """Before, an owner entered their own address for a member, and the code came to them."""
    open_mailbox(shop.world)
    email = f"code-{proven}-{shop.company}@pushed.example".lower()
    clerk, _ = _stale_clerk(shop, email, proven=proven)
    asked = clerk.post(URL, {"kind": "access"})
    got = clerk.post(f"{URL}/{asked.json['id']}/code", {})
    _deliver(shop.world)
    assert (got.status, got.json.get("code"), bool(mails(shop.world, email))) == (
        (202, None, True) if proven else (403, "proof_needed", False)
    )


def test_a_code_is_no_proof_once_its_address_is_corrected(shop: Shop) -> None:
    email = f"moved-{shop.company}@pushed.example".lower()
    clerk, id = _stale_clerk(shop, email, proven=True)
    asked = clerk.post(URL, {"kind": "access"}).json["id"]
    code = codes.begin(shop.world, "identity", id, asked) or ""
    _address_corrected(shop, id)
    refused = clerk.post(f"{URL}/{asked}/confirm", {"code": code})
    assert (refused.status, refused.json["code"]) == (403, "proof_needed")
    shop.prove(f"put-{shop.company}", "other@pushed.example")
    assert clerk.post(f"{URL}/{asked}/confirm", {"code": code}).json["status"] == "verified"
