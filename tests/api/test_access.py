"""Members and API keys through the whole pipeline: who may come in, and when no longer."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.api.roles import GRANTABLE
from chalicelib.domain.companies.member import ApiKey
from chalicelib.services.companies import access
from local.issuer import Issuer
from tests.client import Client, Gateway
from tests.conftest import Shop


def _member(shop: Shop, user: str) -> Any:
    return next(m for m in shop.owner.get("/v1/members").json["data"] if m["user"] == user)


def test_a_member_comes_in_changes_role_and_goes(shop: Shop) -> None:
    member = shop.member("viewer", "sub-1")
    path = f"/v1/members/{_member(shop, 'sub-1')['id']}"
    added = shop.owner.get(path)
    assert (added.json["role"], added.json["status"], added.json["user"]) == ("viewer", "active", "sub-1")
    customer = {"name": "X", "kind": "consumer"}
    assert (member.get("/v1/customers").status, member.post("/v1/customers", customer).status) == (200, 403)
    clerk = shop.owner.patch(path, {"role": "clerk"}, added.etag)
    assert (clerk.json["role"], clerk.json["version"]) == ("clerk", 2)
    assert member.post("/v1/customers", customer).status == 201
    assert shop.owner.delete(path, added.etag).status == 412
    gone = shop.owner.delete(path, clerk.etag)
    assert gone.json == {"id": added.json["id"], "object": "member", "deleted": True}
    assert member.get("/v1/customers").status == 404
    assert shop.owner.get(path).status == 404


def test_nobody_comes_in_twice(shop: Shop) -> None:
    shop.member("viewer", "sub-twice")
    email, id = _member(shop, "sub-twice")["email"], _member(shop, "sub-twice")["id"]
    clock = shop.clock
    again = shop.owner.post("/v1/members", {"email": email.upper(), "role": "owner"})
    assert (again.status, again.json["code"], id in again.text) == (409, "already_exists", False)
    assert (_member(shop, "sub-twice")["role"], shop.clock) == ("viewer", clock)


def test_a_person_who_came_back_is_another_member(shop: Shop) -> None:
    shop.member("viewer", "sub-back")
    first = _member(shop, "sub-back")
    shop.owner.delete(f"/v1/members/{first['id']}", "*")
    shop.member("viewer", "sub-back")
    assert shop.owner.patch(f"/v1/members/{first['id']}", {"role": "owner"}, "*").status == 404
    assert _member(shop, "sub-back")["role"] == "viewer"


def test_a_person_who_came_back_meanwhile_is_not_removed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.member("viewer", "sub-again")
    first = _member(shop, "sub-again")
    roster = access.roster
    overtaken: list[bool] = []

    def slow_roster(reader: Any) -> Any:
        seen = roster(reader)
        if not overtaken:
            overtaken.append(True)
            assert shop.owner.delete(f"/v1/members/{first['id']}", "*").status == 200
            shop.former_member("viewer", "sub-again")
        return seen

    monkeypatch.setattr(access, "roster", slow_roster)
    assert shop.owner.patch(f"/v1/members/{first['id']}", {"role": "owner"}, "*").status == 404
    assert overtaken == [True]
    assert _member(shop, "sub-again")["role"] == "viewer"


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
def test_a_company_keeps_an_owner(shop: Shop, verb: str) -> None:
    (owner,) = shop.owner.get("/v1/members").json["data"]
    path, clock = f"/v1/members/{owner['id']}", shop.clock
    body = {"role": "viewer"} if verb == "PATCH" else None
    refused = shop.owner.ask(verb, path, body, if_match="*")
    assert (refused.status, refused.json["code"], shop.clock) == (409, "last_owner", clock)
    assert shop.owner.patch(path, {"role": "owner"}, "*").status == 200
    shop.member("owner", "sub-second")
    assert shop.owner.ask(verb, path, body, if_match="*").status == 200
    second = Client(shop.owner.gateway, shop.issuer.token("sub-second"), shop.company)
    id = next(m["id"] for m in second.get("/v1/members").json["data"] if m["user"] == "sub-second")
    last = second.ask(verb, f"/v1/members/{id}", body, if_match="*")
    assert (last.status, last.json["code"]) == (409, "last_owner")


def test_two_owners_who_remove_each_other_do_not_both_succeed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second removal was begun while both were owners: what counts is who is one when it is written."""
    other = shop.member("owner", "sub-other")
    (first,) = [m for m in shop.owner.get("/v1/members").json["data"] if m["user"] != "sub-other"]
    second = _member(shop, "sub-other")
    roster = access.roster
    overtaken: list[bool] = []

    def slow_roster(reader: Any) -> Any:
        seen = roster(reader)
        if not overtaken:
            overtaken.append(True)
            assert shop.owner.delete(f"/v1/members/{second['id']}", "*").status == 200
        return seen

    monkeypatch.setattr(access, "roster", slow_roster)
    refused = other.delete(f"/v1/members/{first['id']}", "*")
    assert overtaken == [True]
    assert (refused.status, refused.json["code"]) == (409, "last_owner")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "viewer"}, "/email"),
        ({"email": "x@members.example"}, "/role"),
        ({"email": "x@members.example", "role": "king"}, "/role"),
        ({"email": "?", "role": "viewer"}, "/email"),
        ({"email": None, "role": "viewer"}, "/email"),
        ({"email": "x@members.example", "role": "viewer", "language": "de"}, "/language"),
        ({"user": "x", "role": "viewer"}, "/user"),
        ({"user": "x", "email": "x@members.example", "role": "viewer"}, "/user"),
    ],
)
def test_a_member_refused_changes_nothing(shop: Shop, body: dict[str, Any], pointer: str) -> None:
    clock = shop.clock
    refused = shop.owner.post("/v1/members", body)
    assert (refused.status, [at for at, _ in refused.codes], shop.clock) == (422, [pointer], clock)


def test_members_are_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MAX_MEMBERS", 1)
    clock = shop.clock
    assert shop.owner.post("/v1/members", {"email": "x@members.example", "role": "viewer"}).codes == [("", "too_many")]
    assert shop.clock == clock


def test_a_key_is_shown_once_and_stored_as_a_hash(shop: Shop) -> None:
    body = {"name": "Caisse", "scopes": ["parties.read", "parties.write", "parties.read"]}
    made = shop.owner.post("/v1/api-keys", body, idempotency_key="key")
    secret, id = made.json["key"], made.json["id"]
    assert secret.startswith(f"fp_live_{shop.company.removeprefix('cmp_')}")
    assert (made.json["hint"], made.json["scopes"]) == (secret[-4:], ["parties.read", "parties.write"])
    clock = shop.clock
    again = shop.owner.post("/v1/api-keys", body, idempotency_key="key")
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert (again.json, shop.clock) == ({name: v for name, v in made.json.items() if name != "key"}, clock)
    read = shop.owner.get(f"/v1/api-keys/{id}")
    assert (read.json, read.etag) == (again.json, made.etag)
    assert shop.owner.get("/v1/api-keys").json["data"] == [read.json]
    (row,) = shop.world.store.records([ApiKey.ref(shop.company, id)])
    assert isinstance(row, ApiKey)
    assert secret not in repr(row)


def test_no_secret_is_written_anywhere(shop: Shop) -> None:
    secret = shop.owner.post("/v1/api-keys", {"name": "x", "scopes": ["parties.read"]}).json["key"]
    rows = [row for table in shop.world.store.names for row in shop.world.store.query(table, shop.company).records]
    assert [row for row in rows if isinstance(row, ApiKey)]
    assert [row for row in rows if secret in repr(row)] == []


def test_a_key_opens_its_scopes_until_it_is_revoked(shop: Shop) -> None:
    client, row = shop.key("parties.read")
    path = f"/v1/api-keys/{row['id']}"
    assert client.get("/v1/customers").status == 200
    assert client.get("/v1/items").json["scope"] == "items.read"
    seen = shop.owner.get(path)
    revoked = shop.owner.delete(path, seen.etag)
    assert (revoked.status, revoked.json["revoked_at"]) == (200, revoked.json["updated_at"])
    assert client.get("/v1/customers").status == 401
    clock = shop.clock
    assert shop.owner.delete(path, seen.etag).status == 412
    again = shop.owner.delete(path, revoked.etag)
    assert (again.status, again.json, shop.clock) == (200, revoked.json, clock)
    assert [key["revoked_at"] for key in shop.owner.get("/v1/api-keys").json["data"]] == [revoked.json["revoked_at"]]


def test_a_test_companys_key_says_so(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mode="test")
    client, row = shop.key("parties.read")
    assert row["key"].startswith("fp_test_")
    assert client.get("/v1/customers").status == 200


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"name": "x", "scopes": []}, [("/scopes", "too_few")]),
        ({"name": "x", "scopes": ["parties.read", "all"]}, [("/scopes/1", "not_one_of")]),
        ({"name": "x", "scopes": ["parties.read", "keys.write"]}, [("/scopes/1", "scope_not_held")]),
        ({"name": "x", "scopes": ["members.read"]}, [("/scopes/0", "scope_not_held")]),
        ({"scopes": ["parties.read"]}, [("/name", "missing")]),
    ],
)
def test_a_key_refused_is_not_made(shop: Shop, body: dict[str, Any], codes: list[tuple[str, str]]) -> None:
    clock = shop.clock
    refused = shop.owner.post("/v1/api-keys", body)
    assert (refused.status, refused.codes, shop.clock) == (422, codes, clock)


def test_a_key_never_makes_keys_or_members(shop: Shop) -> None:
    client, _ = shop.key(*sorted(GRANTABLE))
    assert client.post("/v1/api-keys", {"name": "x", "scopes": ["parties.read"]}).status == 403
    assert client.post("/v1/members", {"email": "x@members.example", "role": "owner"}).status == 403
    assert client.get("/v1/companies").status == 403


@pytest.mark.parametrize("role", ["accountant", "clerk", "viewer"])
def test_only_an_owner_lets_in(shop: Shop, role: str) -> None:
    client, clock = shop.member(role), shop.clock
    assert client.post("/v1/members", {"email": "x@members.example", "role": "viewer"}).status == 403
    assert client.post("/v1/api-keys", {"name": "x", "scopes": ["parties.read"]}).status == 403
    assert shop.clock == clock


def test_another_companys_members_and_keys_do_not_exist(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    other = new_shop()
    (owner,) = other.owner.get("/v1/members").json["data"]
    client, row = other.key("parties.read")
    for path in (f"/v1/members/{owner['id']}", f"/v1/api-keys/{row['id']}"):
        assert shop.owner.get(path).status == 404
        assert shop.owner.delete(path, "*").status == 404
    assert shop.owner.patch(f"/v1/members/{owner['id']}", {"role": "viewer"}, "*").status == 404
    client.company = shop.company
    assert client.get("/v1/customers").status == 404


def test_a_membership_elsewhere_does_not_change_the_company_that_is_meant(
    new_shop: Callable[..., Shop], gateway: Gateway, issuer: Issuer
) -> None:
    """Without a `Company` header, the earlier company is used, even if another company adds the user."""
    first, second = new_shop(), new_shop()
    user = f"worker-{first.company}"
    assert first.join(user, "accountant")["invited"] is False
    worker = Client(gateway, issuer.token(user))
    assert worker.get("/v1/company").json["id"] == first.company
    assert second.join(user, "viewer")["invited"] is True
    assert worker.get("/v1/company").json["id"] == first.company


def test_the_last_member_that_fits_is_answered_again(shop: Shop) -> None:
    for n in range(48):
        assert shop.owner.post("/v1/members", {"email": f"m{n}@full.example", "role": "viewer"}).status == 201
    last = {"email": "z@full.example", "role": "viewer"}
    statuses = [shop.owner.post("/v1/members", last, idempotency_key="K").status for _ in range(2)]
    assert statuses == [201, 201]
    assert shop.owner.post("/v1/members", {"email": "one-more@full.example", "role": "viewer"}).codes == [
        ("", "too_many")
    ]


def test_a_removal_is_answered_again_after_the_member_is_gone(shop: Shop) -> None:
    id = shop.join("uu", "viewer")["id"]
    statuses = [shop.owner.delete(f"/v1/members/{id}", "*", idempotency_key="D").status for _ in range(2)]
    assert statuses == [200, 200]


def test_a_key_ends_with_the_owner_who_made_it(shop: Shop) -> None:
    second = shop.member("owner", f"second-{shop.company}")
    key = second.post("/v1/api-keys", {"name": "x", "scopes": ["documents.read"]}).json["key"]
    reader = Client(shop.owner.gateway, key)
    assert reader.get("/v1/invoices").status == 200
    (gone,) = [m for m in shop.owner.get("/v1/members").json["data"] if m["user"].startswith("second-")]
    assert shop.owner.delete(f"/v1/members/{gone['id']}", "*").status == 200
    assert reader.get("/v1/invoices").status == 401
