"""Every route against every way of not being allowed in. The matrix is written by hand: a route it does not name fails.

What a refused caller sends is always a request that would succeed for the owner, so a missing guard shows as a success.
"""

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import pytest
from botocore.client import BaseClient
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pynamodb.expressions.operand import Path as Attribute

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import PUBLIC, SIGNED_IN, Endpoint, Scope
from chalicelib.api.roles import GRANTABLE, ROLE_SCOPES
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.member import ApiKey
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from tests.api.samples import Route, Sample, sample, send
from tests.client import Client, Got
from tests.conftest import Shop

if TYPE_CHECKING:
    from chalicelib.domain.companies.member import Role
    from local.gateway import Gateway
    from local.issuer import Issuer

MATRIX: Mapping[str, tuple[Route, ...]] = {
    "PUBLIC": (
        ("GET", "/health"),
        ("GET", "/openapi.json"),
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/docs/roles"),
        ("GET", "/docs/ids"),
        ("GET", "/docs/schemas"),
        ("GET", "/problems"),
        ("GET", "/problems/{code}"),
        ("GET", "/privacy"),
        ("GET", "/v1/privacy/data-map"),
        ("GET", "/v1/app-settings"),
        ("GET", "/privacy/receipt-key"),
        ("POST", "/v1/privacy/receipts"),
        ("GET", "/account/deletion"),
        ("POST", "/account/deletion"),
        ("POST", "/v1/diagnostics"),
    ),
    "SIGNED_IN": (("GET", "/v1/companies"), ("POST", "/v1/companies"), ("POST", "/v1/invitations/accept")),
    "company.read": (("GET", "/v1/company"), ("GET", "/v1/company/logo"), ("GET", "/v1/settings")),
    "company.write": (("PATCH", "/v1/company"), ("PUT", "/v1/company/logo"), ("PATCH", "/v1/settings")),
    "privacy.read": (
        ("GET", "/v1/privacy/requests"),
        ("GET", "/v1/privacy/requests/{id}"),
        ("GET", "/v1/privacy/requests/{id}/receipt"),
        ("GET", "/v1/privacy/requests/{id}/download"),
        ("GET", "/v1/privacy/disclosures"),
    ),
    "privacy.write": (
        ("POST", "/v1/privacy/requests"),
        ("POST", "/v1/privacy/requests/{id}/code"),
        ("POST", "/v1/privacy/requests/{id}/confirm"),
        ("POST", "/v1/privacy/requests/{id}/cancel"),
        ("POST", "/v1/privacy/requests/{id}/details"),
    ),
    "members.read": (("GET", "/v1/members"), ("GET", "/v1/members/{id}")),
    "members.write": (("POST", "/v1/members"), ("PATCH", "/v1/members/{id}"), ("DELETE", "/v1/members/{id}")),
    "keys.read": (("GET", "/v1/api-keys"), ("GET", "/v1/api-keys/{id}")),
    "keys.write": (("POST", "/v1/api-keys"), ("DELETE", "/v1/api-keys/{id}")),
    "parties.read": (
        ("GET", "/v1/customers"),
        ("GET", "/v1/customers/{id}"),
        ("GET", "/v1/suppliers"),
        ("GET", "/v1/suppliers/{id}"),
    ),
    "parties.write": (
        ("POST", "/v1/customers"),
        ("PATCH", "/v1/customers/{id}"),
        ("DELETE", "/v1/customers/{id}"),
        ("POST", "/v1/suppliers"),
        ("PATCH", "/v1/suppliers/{id}"),
        ("DELETE", "/v1/suppliers/{id}"),
    ),
    "imports.read": (("GET", "/v1/imports/{id}"),),
    "imports.write": (
        ("POST", "/v1/imports"),
        ("POST", "/v1/imports/{id}/complete"),
        ("PATCH", "/v1/imports/{id}"),
        ("POST", "/v1/imports/{id}/commit"),
        ("POST", "/v1/imports/{id}/undo"),
    ),
    "exports.read": (("GET", "/v1/exports/{id}"),),
    "exports.write": (("POST", "/v1/exports"),),
    "items.read": (("GET", "/v1/items"), ("GET", "/v1/items/{id}")),
    "items.write": (("POST", "/v1/items"), ("PATCH", "/v1/items/{id}"), ("DELETE", "/v1/items/{id}")),
    "documents.read": (
        ("GET", "/v1/invoices"),
        ("GET", "/v1/invoices/{id}"),
        ("GET", "/v1/invoices/{id}/pdf"),
        ("GET", "/v1/invoices/{id}/payments"),
        ("GET", "/v1/payments"),
        ("GET", "/v1/payments/{id}"),
        ("GET", "/v1/customers/{id}/credit"),
        ("GET", "/v1/customers/{id}/credit/{entry}"),
        ("GET", "/v1/customers/{id}/refunds"),
        ("GET", "/v1/customers/{id}/refunds/{refund}"),
        ("GET", "/v1/customers/{id}/statement"),
        ("GET", "/v1/customers/{id}/statement/pdf"),
        ("GET", "/v1/payments/{id}/pdf"),
        ("POST", "/v1/invoices/preview"),
        ("GET", "/v1/credit-notes"),
        ("GET", "/v1/credit-notes/{id}"),
        ("GET", "/v1/credit-notes/{id}/pdf"),
        ("GET", "/v1/invoices-archive"),
        ("GET", "/v1/invoices-archive/{id}"),
        ("GET", "/v1/invoices-archive/{id}/pdf"),
        ("GET", "/v1/invoices-archive/{id}/payments"),
        ("GET", "/v1/jobs/{id}"),
        ("GET", "/v1/invoices/{id}/ubl"),
        ("GET", "/v1/credit-notes/{id}/ubl"),
        ("GET", "/v1/privacy/requests/{id}/documents"),
    ),
    "documents.write": (("POST", "/v1/invoices"), ("PATCH", "/v1/invoices/{id}"), ("DELETE", "/v1/invoices/{id}")),
    "documents.issue": (
        ("POST", "/v1/invoices/issue"),
        ("POST", "/v1/invoices/{id}/issue"),
        ("POST", "/v1/invoices/{id}/credit"),
    ),
    "payments.write": (
        ("POST", "/v1/invoices/{id}/payments"),
        ("POST", "/v1/invoices-archive/{id}/payments"),
        ("POST", "/v1/payments/{id}/cash"),
        ("POST", "/v1/payments/{id}/reverse"),
        ("POST", "/v1/customers/{id}/credit"),
        ("POST", "/v1/customers/{id}/credit/apply"),
        ("POST", "/v1/customers/{id}/credit/{entry}/reverse"),
        ("POST", "/v1/customers/{id}/refunds/{refund}/reverse"),
        ("POST", "/v1/customers/{id}/refunds"),
        ("POST", "/v1/invoices/{id}/refunds"),
    ),
    "register.read": (
        ("GET", "/v1/series"),
        ("GET", "/v1/register"),
        ("GET", "/v1/register/verify"),
        ("POST", "/v1/register/verify"),
    ),
    "changes.read": (("GET", "/v1/changes"), ("GET", "/v1/sync/schema")),
    "devices.push": (("POST", "/v1/sync/push"), ("POST", "/v1/sync/rxdb/{table}/push")),
    "devices.read": (("GET", "/v1/devices"), ("GET", "/v1/devices/{id}")),
    "devices.write": (
        ("POST", "/v1/sync/pull"),
        ("POST", "/v1/sync/rxdb/{table}/pull"),
        ("PATCH", "/v1/devices/{id}"),
        ("DELETE", "/v1/devices/{id}"),
    ),
    "backups.read": (("GET", "/v1/backups"), ("GET", "/v1/backups/{id}")),
    "backups.write": (("POST", "/v1/backups"), ("POST", "/v1/backups/{id}/verify")),
    "backups.restore": (("GET", "/v1/backups/{id}/download"), ("POST", "/v1/backups/{id}/restore")),
    "consents.read": (("GET", "/v1/consents"),),
    "consents.write": (("POST", "/v1/consents"),),
    "attachments.read": (
        ("GET", "/v1/attachments"),
        ("GET", "/v1/attachments/{id}"),
        ("GET", "/v1/attachments/{id}/content"),
        ("GET", "/v1/attachments/{id}/thumbnail"),
    ),
    "attachments.write": (
        ("POST", "/v1/attachments"),
        ("POST", "/v1/attachments/{id}/complete"),
        ("DELETE", "/v1/attachments/{id}"),
    ),
    "support.read": (
        ("GET", "/v1/support"),
        ("GET", "/v1/support/{id}"),
        ("GET", "/v1/support/{id}/attachments/{file}"),
    ),
    "support.write": (
        ("POST", "/v1/support"),
        ("POST", "/v1/support/{id}/messages"),
        ("POST", "/v1/support/{id}/close"),
    ),
}
ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset(
        {
            "company.read",
            "parties.read",
            "items.read",
            "documents.read",
            "attachments.read",
            "attachments.write",
            "changes.read",
            "devices.read",
            "devices.write",
            "consents.read",
            "consents.write",
            "support.read",
            "support.write",
            "privacy.read",
            "privacy.write",
        }
    ),
    "clerk": frozenset(
        {
            "company.read",
            "parties.read",
            "items.read",
            "documents.read",
            "attachments.read",
            "attachments.write",
            "changes.read",
            "devices.read",
            "devices.write",
            "consents.read",
            "consents.write",
            "support.read",
            "support.write",
            "privacy.read",
            "privacy.write",
            "parties.write",
            "items.write",
            "documents.write",
            "payments.write",
            "imports.read",
            "imports.write",
            "devices.push",
        }
    ),
    "accountant": frozenset(
        {
            "company.read",
            "parties.read",
            "items.read",
            "documents.read",
            "attachments.read",
            "attachments.write",
            "changes.read",
            "devices.read",
            "devices.write",
            "consents.read",
            "consents.write",
            "support.read",
            "support.write",
            "privacy.read",
            "privacy.write",
            "parties.write",
            "items.write",
            "documents.write",
            "payments.write",
            "imports.read",
            "imports.write",
            "exports.read",
            "exports.write",
            "devices.push",
            "documents.issue",
            "register.read",
            "members.read",
        }
    ),
    "owner": frozenset(
        {
            "company.read",
            "parties.read",
            "items.read",
            "documents.read",
            "attachments.read",
            "attachments.write",
            "changes.read",
            "devices.read",
            "devices.write",
            "consents.read",
            "consents.write",
            "support.read",
            "support.write",
            "privacy.read",
            "privacy.write",
            "parties.write",
            "items.write",
            "documents.write",
            "payments.write",
            "imports.read",
            "imports.write",
            "exports.read",
            "exports.write",
            "devices.push",
            "documents.issue",
            "register.read",
            "members.read",
            "company.write",
            "members.write",
            "keys.read",
            "keys.write",
            "backups.read",
            "backups.write",
            "backups.restore",
        }
    ),
}
NEVER_A_KEYS = frozenset(
    {
        "members.read",
        "members.write",
        "keys.read",
        "keys.write",
        "consents.read",
        "consents.write",
        "support.read",
        "support.write",
        "devices.read",
        "devices.write",
        "devices.push",
    }
)
"""Scopes that only a person can have: to manage members and keys, to consent, to ask for help, to hold a device."""
GUARDED = [endpoint for endpoint in ENDPOINTS if endpoint.scope != PUBLIC]
OF_A_COMPANY = [endpoint for endpoint in GUARDED if endpoint.scope != SIGNED_IN]


def strays(endpoints: Iterable[Endpoint]) -> list[str]:
    """Routes whose scope is not the matrix's, routes that it does not name, and those that it names in vain."""
    wanted = {route: scope for scope, routes in MATRIX.items() for route in routes}
    found: dict[Route, str] = {(endpoint.method, endpoint.path): endpoint.scope for endpoint in endpoints}
    return sorted(f"{' '.join(route)}" for route in wanted.keys() | found if wanted.get(route) != found.get(route))


@dataclass(frozen=True)
class Stocked:
    """A company with a good request ready for each endpoint. Nobody in these tests gets one through: the guards of
    another company refuse the same requests as early."""

    shop: Shop
    samples: Mapping[Endpoint, Sample]

    def ask(self, client: Client, endpoints: Iterable[Endpoint], **headers: str) -> dict[str, tuple[int, str]]:
        """The answer of each endpoint: the status and, for a problem, the code. The clock must not move."""
        before = self.shop.clock
        told = {named(each): outcome(send(client, each, self.samples[each], **headers)) for each in endpoints}
        assert self.shop.clock == before
        return told


def named(endpoint: Endpoint) -> str:
    """The endpoint's name in a failure."""
    return f"{endpoint.method} {endpoint.path}"


def outcome(got: Got) -> tuple[int, str]:
    """The status and a problem's code. A problem has its media type and a request id."""
    if got.status < 400:
        return got.status, ""
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["request_id"] == got.headers["request-id"]
    return got.status, got.json["code"]


def all_are(told: Mapping[str, tuple[int, str]], status: int, code: str) -> None:
    """Every answer is this problem; the others are shown."""
    assert {route: got for route, got in told.items() if got != (status, code)} == {}
    assert told


@pytest.fixture(scope="module")
def stocked(new_shop: Callable[..., Shop]) -> Stocked:
    """The company that everybody tries to get at."""
    shop: Shop = new_shop()
    return Stocked(shop, {endpoint: sample(endpoint, shop) for endpoint in ENDPOINTS})


def test_the_matrix_names_every_route_and_its_scope() -> None:
    assert strays(ENDPOINTS) == []


def test_a_route_planted_without_an_entry_is_found() -> None:
    planted = replace(ENDPOINTS[0], method="GET", path="/v1/planted", scope=PUBLIC)
    assert strays((*ENDPOINTS, planted)) == ["GET /v1/planted"]
    lax = replace(next(each for each in ENDPOINTS if each.scope == "documents.issue"), scope="documents.read")
    others = [each for each in ENDPOINTS if (each.method, each.path) != (lax.method, lax.path)]
    assert strays((*others, lax)) == [named(lax)]


def test_chalice_serves_the_catalogue_and_nothing_else() -> None:
    import app

    served = {
        (method, path): entry.authorizer
        for path, methods in app.app.routes.items()
        for method, entry in methods.items()
    }
    assert served.keys() == {(each.method, each.path) for each in ENDPOINTS}
    unguarded = {route for route, authorizer in served.items() if authorizer is None}
    assert unguarded == set(MATRIX["PUBLIC"])
    assert {authorizer for authorizer in served.values() if authorizer} == {app.token}
    assert app.token.config.ttl_seconds == 0


def test_the_permissions_of_each_role() -> None:
    assert {scope for scope in MATRIX if scope not in (PUBLIC, SIGNED_IN)} == set(get_args(Scope))
    assert ROLE_SCOPES == ROLES
    assert frozenset(get_args(Scope)) - NEVER_A_KEYS == GRANTABLE


def test_the_samples_are_good(new_shop: Callable[..., Shop]) -> None:
    """Without this, a refusal above could be for another reason than the caller."""
    shop: Shop = new_shop()
    told = {named(each): outcome(send(shop.owner, each, sample(each, shop))) for each in ENDPOINTS}
    assert {route: got for route, got in told.items() if got[0] >= 400} == {}


def _by_hand(good: str, alg: str, secret: bytes = b"") -> str:
    """A good token's claims under a header and a signature that the issuer never made."""
    header, claims, _ = good.split(".")
    told = json.loads(base64.urlsafe_b64decode(header + "=="))
    header = base64.urlsafe_b64encode(json.dumps(told | {"alg": alg}).encode()).rstrip(b"=").decode()
    signature = hmac.digest(secret, f"{header}.{claims}".encode(), "sha256") if secret else b""
    return f"{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _public_key(issuer: "Issuer") -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return issuer._key.public_key().public_bytes(encoding, form)


def _other_key(issuer: "Issuer", subject: str) -> str:
    import jwt

    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(issuer.token(subject), options={"verify_signature": False})
    return jwt.encode(claims, forger, algorithm="RS256", headers={"kid": issuer._kid})


BAD_TOKENS: Mapping[str, Callable[["Issuer", str], str | None]] = {
    "none": lambda issuer, owner: None,
    "garbage": lambda issuer, owner: "garbage",
    "three parts of garbage": lambda issuer, owner: "a.b.c",
    "expired": lambda issuer, owner: issuer.token(owner, expires_in=-3600),
    "not yet valid": lambda issuer, owner: issuer.token(owner, nbf=4_000_000_000),
    "of another issuer": lambda issuer, owner: issuer.token(owner, iss="https://elsewhere.example"),
    "for another audience": lambda issuer, owner: issuer.token(owner, audience="another-api"),
    "unsigned": lambda issuer, owner: _by_hand(issuer.token(owner), "none"),
    "signed with the public key as a secret": lambda issuer, owner: _by_hand(
        issuer.token(owner), "HS256", _public_key(issuer)
    ),
    "signed by another key": _other_key,
    "of another algorithm": lambda issuer, owner: issuer.token(owner, algorithm="RS512"),
    "an id token": lambda issuer, owner: issuer.token(owner, token_use="id"),
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_opens_nothing(stocked: Stocked, gateway: "Gateway", issuer: "Issuer", kind: str) -> None:
    owner = stocked.shop.owner
    client = Client(gateway, BAD_TOKENS[kind](issuer, subject_of(owner)), owner.company)
    all_are(stocked.ask(client, GUARDED), 401, "unauthenticated")


def subject_of(client: Client) -> str:
    """The subject of a client's token."""
    assert client.token
    return str(json.loads(base64.urlsafe_b64decode(client.token.split(".")[1] + "=="))["sub"])


def test_a_refusal_of_the_token_says_how_to_come_in(stocked: Stocked, gateway: "Gateway") -> None:
    for endpoint in GUARDED:
        got = send(Client(gateway), endpoint, stocked.samples[endpoint])
        assert got.headers["www-authenticate"].startswith("Bearer"), endpoint.path


def test_head_asks_for_a_token_as_get_does(stocked: Stocked, gateway: "Gateway") -> None:
    read = [each for each in GUARDED if each.method == "GET"]
    assert read
    for endpoint in read:
        assert Client(gateway).ask("HEAD", stocked.samples[endpoint].path).status == 401


def test_a_public_resource_needs_no_token_and_ignores_a_bad_one(stocked: Stocked, gateway: "Gateway") -> None:
    public = [endpoint for endpoint in ENDPOINTS if endpoint.scope == PUBLIC]
    for client in (Client(gateway), Client(gateway, "garbage"), stocked.shop.owner):
        assert {got for got, _ in stocked.ask(client, public).values()} == {200}


def all_scopes(shop: Shop, *without: str) -> tuple[Client, dict[str, Any]]:
    """A key that may do everything a key may, but for `without`."""
    return shop.key(*sorted(GRANTABLE.difference(without)))


BAD_KEYS: Mapping[str, Callable[[str], str]] = {
    "of the other mode": lambda key: key.replace("fp_live_", "fp_test_"),
    "with another secret": lambda key: key[:-12] + ("A" * 12 if key[-12:] != "A" * 12 else "B" * 12),
    "of another company": lambda key: key[:8] + "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" + key[34:],
    "cut short": lambda key: key[:-1],
    "of no mode": lambda key: key.replace("fp_live_", "fp_"),
}


@pytest.mark.parametrize("kind", BAD_KEYS)
def test_a_bad_key_opens_nothing(stocked: Stocked, kind: str) -> None:
    good, _ = all_scopes(stocked.shop)
    assert good.get("/v1/company").status == 200
    assert good.token
    bad = BAD_KEYS[kind](good.token)
    assert bad != good.token
    all_are(stocked.ask(replace(good, token=bad), GUARDED), 401, "unauthenticated")


@pytest.mark.parametrize("what", ["its digest", "the company's mode"])
def test_a_key_that_its_row_or_its_company_disowns_opens_nothing(
    stocked: Stocked, new_shop: Callable[..., Shop], what: str
) -> None:
    """A key's mode and secret are part of its id, so this cannot be asked for from outside; the check stands behind."""
    shop: Shop = new_shop()
    client, row = all_scopes(shop)
    reached = [endpoint for endpoint in OF_A_COMPANY if endpoint.scope in GRANTABLE]
    if what == "its digest":
        place, change = ApiKey.ref(shop.company, row["id"]), Attribute("digest").set("0" * 64)
    else:
        place, change = Head.ref(shop.company), Attribute("mode").set("test")
    store = shop.world.store
    store.connection.update_item(store.names[place.table], shop.company, place.sort, actions=[change])
    all_are(replace(stocked, shop=shop).ask(client, reached), 401, "unauthenticated")


def test_a_revoked_key_opens_nothing_at_once(stocked: Stocked) -> None:
    client, row = all_scopes(stocked.shop)
    assert client.get("/v1/company").status == 200
    assert stocked.shop.owner.delete(f"/v1/api-keys/{row['id']}", "*").status == 200
    all_are(stocked.ask(client, GUARDED), 401, "unauthenticated")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_outside_its_scopes(stocked: Stocked, new_shop: Callable[..., Shop], role: "Role") -> None:
    shop: Shop = new_shop()
    client = shop.member(role)
    closed = [each for each in OF_A_COMPANY if each.scope not in ROLES[role]]
    if closed:
        all_are(replace(stocked, shop=shop).ask(client, closed), 403, "forbidden")
    own = {each: sample(each, shop) for each in OF_A_COMPANY if each.scope in ROLES[role]}
    for endpoint, good in own.items():
        got = send(client, endpoint, good)
        # What another of the requests did before may be in the way; who asks is not.
        assert got.status < 500, (named(endpoint), got.text)
        # The samples attach files to a customer, and an attachment needs the scope of its owner too.
        lacking = endpoint.scope == "attachments.write" and "parties.write" not in ROLES[role]
        assert (outcome(got)[1] == "forbidden") == lacking, (named(endpoint), got.text)
        assert outcome(got)[1] != "unauthenticated", (named(endpoint), got.text)
    assert bool(closed) == (role != "owner")


def test_a_key_is_refused_outside_its_scopes(stocked: Stocked) -> None:
    for scope in sorted(GRANTABLE):
        lacking, _ = all_scopes(stocked.shop, scope)
        all_are(stocked.ask(lacking, [each for each in OF_A_COMPANY if each.scope == scope]), 403, "forbidden")


def test_a_key_reaches_nothing_that_only_a_person_does(stocked: Stocked) -> None:
    client, _ = all_scopes(stocked.shop)
    closed = [each for each in GUARDED if each.scope in NEVER_A_KEYS or each.scope == SIGNED_IN]
    all_are(stocked.ask(client, closed), 403, "forbidden")


OBJECTS: Mapping[Route, frozenset[str]] = {
    **dict.fromkeys(
        (
            ("GET", "/v1/support/{id}"),
            ("POST", "/v1/support/{id}/messages"),
            ("POST", "/v1/support/{id}/close"),
            ("GET", "/v1/support/{id}/attachments/{file}"),
            ("GET", "/v1/privacy/requests/{id}"),
            ("POST", "/v1/privacy/requests/{id}/code"),
            ("POST", "/v1/privacy/requests/{id}/confirm"),
            ("POST", "/v1/privacy/requests/{id}/cancel"),
            ("POST", "/v1/privacy/requests/{id}/details"),
            ("GET", "/v1/privacy/requests/{id}/documents"),
            ("GET", "/v1/privacy/requests/{id}/receipt"),
            ("GET", "/v1/privacy/requests/{id}/download"),
            ("GET", "/v1/devices/{id}"),
            ("PATCH", "/v1/devices/{id}"),
            ("DELETE", "/v1/devices/{id}"),
        ),
        frozenset({"owner"}),
    ),
}
"""Routes of an object that its person and these roles alone may reach. Every other route with an id is in `SHARED`."""
PERSONAL = ("support.", "privacy.", "devices.")
SHARED = frozenset(scope for scope in MATRIX if not scope.startswith(PERSONAL))
"""Scopes whose objects are the company's: everybody with the scope reaches all of them."""


def undecided(endpoints: Iterable[Endpoint]) -> list[str]:
    """Routes of one object, for which neither `OBJECTS` nor `SHARED` says who reaches the objects of others."""
    of_objects = (each for each in endpoints if "{id}" in each.path and each.scope not in SHARED)
    return sorted(named(each) for each in of_objects if (each.method, each.path) not in OBJECTS)


def test_every_route_of_an_object_says_who_reaches_the_objects_of_others() -> None:
    assert undecided(ENDPOINTS) == []
    assert OBJECTS.keys() <= {(each.method, each.path) for each in ENDPOINTS}
    planted = replace(ENDPOINTS[0], method="GET", path="/v1/support/{id}/planted", scope="support.read")
    assert undecided((*ENDPOINTS, planted)) == [named(planted)]


@pytest.mark.parametrize("role", ROLES)
def test_the_objects_of_another_person_are_not_found(new_shop: Callable[..., Shop], role: "Role") -> None:
    """The samples belong to the owner. A member of another role gets the answer for an object that is not there."""
    shop: Shop = new_shop()
    client = shop.member(role)
    for endpoint in ENDPOINTS:
        allowed = OBJECTS.get((endpoint.method, endpoint.path))
        if allowed is None or endpoint.scope not in ROLES[role]:
            continue
        got = send(client, endpoint, sample(endpoint, shop))
        assert (outcome(got) == (404, "not_found")) == (role not in allowed), (named(endpoint), got.text)


def _jobs(shop: Shop) -> dict[str, str]:
    """A job of each scope, begun by the owner."""
    backup = shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*")
    assert backup.status == 200
    asked = {
        "documents.read": ("/v1/invoices/issue", {"ids": [shop.draft()["id"] for _ in range(31)]}),
        "register.read": ("/v1/register/verify", {}),
        "exports.read": ("/v1/exports", {"kinds": ["customers"], "format": "csv"}),
        "backups.read": ("/v1/backups", {}),
    }
    begun = {scope: shop.owner.post(path, body) for scope, (path, body) in asked.items()}
    assert {got.status for got in begun.values()} == {202}, begun
    return {scope: got.headers["location"] for scope, got in begun.items()}


def test_a_job_is_followed_by_its_author_and_by_the_scope_of_its_task(new_shop: Callable[..., Shop]) -> None:
    shop: Shop = new_shop()
    jobs = _jobs(shop)
    for role, scopes in ROLES.items():
        client = shop.member(role)
        for scope, path in jobs.items():
            assert client.get(path).status == (200 if scope in scopes else 404), (role, scope)
    narrow, _ = shop.key("documents.read", "exports.write")
    assert narrow.get(jobs["backups.read"]).status == 404
    assert narrow.get(jobs["exports.read"]).status == 404


def test_a_member_reads_the_disclosures_about_themselves_and_the_company(new_shop: Callable[..., Shop]) -> None:
    shop: Shop = new_shop()
    viewer = shop.member("viewer")
    (own,) = [row["id"] for row in shop.owner.get("/v1/members").json["data"] if row["role"] == "viewer"]
    for subject in (None, own, shop.customer):
        about = DisclosureInput(
            kind="lawful_demand",
            recipient="Direction générale des impôts",
            basis="CGI, art. 214",
            data=("document.content",),
            disclosed_on=shop.today,
            subject=subject,
        )
        disclosures.record(shop.world, shop.company, about, "opr_1")
    path = "/v1/privacy/disclosures"
    seen, every = ({row["subject"] for row in client.get(path).json["data"]} for client in (viewer, shop.owner))
    assert seen == {None, own}
    assert every == {None, own, shop.customer}


class TestTenants:
    """Another company's answer to everything is that there is no such thing."""

    def test_a_stranger_who_names_the_company(self, stocked: Stocked, new_shop: Callable[..., Shop]) -> None:
        stranger = replace(new_shop().owner, company=stocked.shop.company)
        all_are(stocked.ask(stranger, OF_A_COMPANY), 404, "not_found")

    def test_a_strangers_key_with_the_companys_name(self, stocked: Stocked, new_shop: Callable[..., Shop]) -> None:
        client, _ = all_scopes(new_shop())
        all_are(stocked.ask(replace(client, company=stocked.shop.company), OF_A_COMPANY), 404, "not_found")

    def test_a_stranger_who_names_a_thing(self, stocked: Stocked, new_shop: Callable[..., Shop]) -> None:
        other: Shop = new_shop()
        of_a_thing = [each for each in OF_A_COMPANY if "{id}" in each.path]
        before = other.clock
        all_are(stocked.ask(other.owner, of_a_thing), 404, "not_found")
        assert other.clock == before
        key, _ = all_scopes(other)
        reached = [each for each in of_a_thing if each.scope in GRANTABLE]
        all_are(stocked.ask(key, reached), 404, "not_found")

    def test_a_stranger_who_names_a_thing_in_a_body(self, stocked: Stocked, new_shop: Callable[..., Shop]) -> None:
        other: Shop = new_shop()
        line = {"description": "x", "quantity": "1", "unit_price": "1.00", "vat_rate": "20"}
        theirs = {"customer": stocked.shop.customer, "lines": [line]}
        draft, before = stocked.shop.draft()["id"], (stocked.shop.clock, other.clock)
        assert other.owner.post("/v1/invoices", theirs).codes == [("/customer", "unknown_customer")]
        assert other.owner.post("/v1/invoices/preview", theirs).codes == [("/customer", "unknown_customer")]
        assert other.owner.post("/v1/invoices/issue", {"ids": [draft]}).codes == [("/ids/0", "not_found")]
        assert (stocked.shop.clock, other.clock) == before

    @pytest.mark.parametrize("company", ["cmp_01J00000000000000000000000", "cmp_x", "nonsense", "../x", "*"])
    def test_a_company_that_does_not_exist(self, stocked: Stocked, company: str) -> None:
        all_are(stocked.ask(stocked.shop.owner, OF_A_COMPANY, company=company), 404, "not_found")

    def test_somebody_who_has_no_company(self, stocked: Stocked, gateway: "Gateway", issuer: "Issuer") -> None:
        nobody = Client(gateway, issuer.token("of-no-company"))
        all_are(stocked.ask(nobody, OF_A_COMPANY), 404, "not_found")

    def test_somebody_who_was_removed(self, stocked: Stocked) -> None:
        client = stocked.shop.member("owner")
        (found,) = [
            each for each in stocked.shop.owner.get("/v1/members").json["data"] if each["user"] == subject_of(client)
        ]
        assert stocked.shop.owner.delete(f"/v1/members/{found['id']}", "*").status == 200
        all_are(stocked.ask(client, OF_A_COMPANY), 404, "not_found")

    def test_somebody_of_two_companies_says_which(self, stocked: Stocked, new_shop: Callable[..., Shop]) -> None:
        shop: Shop = new_shop()
        second = next(each for each in ENDPOINTS if (each.method, each.path) == ("POST", "/v1/companies"))
        assert send(shop.owner, second, sample(second, shop)).status == 201
        unnamed, own = replace(shop.owner, company=None), replace(stocked, shop=shop)
        all_are(own.ask(unnamed, [each for each in OF_A_COMPANY if not each.of_job]), 422, "invalid_content")
        # These are the jobs of another company.
        all_are(own.ask(unnamed, [each for each in OF_A_COMPANY if each.of_job]), 404, "not_found")

    def test_somebody_of_two_companies_follows_a_job_without_saying_which(self, new_shop: Callable[..., Shop]) -> None:
        """The job began while they had one company, so that following it needs no header afterwards either."""
        shop: Shop = new_shop()
        unnamed = replace(shop.owner, company=None)
        begun = unnamed.post("/v1/exports", {"kinds": ["customers"], "format": "csv"})
        assert begun.status == 202, begun.text
        job = begun.headers["location"]
        before = unnamed.get(job)
        second = next(each for each in ENDPOINTS if (each.method, each.path) == ("POST", "/v1/companies"))
        founded = send(shop.owner, second, sample(second, shop))
        assert founded.status == 201, founded.text
        assert unnamed.get("/v1/company").codes == [("/header/Company", "company_header_required")]
        assert (unnamed.get(job).status, unnamed.get(job).json) == (200, before.json)
        assert outcome(unnamed.get(job.replace("/jobs/", "/exports/"))) == (409, "export_not_ready")
        other = replace(shop.owner, company=founded.json["id"])
        assert outcome(other.get(job)) == (404, "not_found")

    @pytest.mark.parametrize("id", ["job_01J00000000000000000000000", "job_x", "inv_01J00000000000000000000000"])
    def test_somebody_of_two_companies_names_no_job_of_theirs(self, new_shop: Callable[..., Shop], id: str) -> None:
        shop: Shop = new_shop()
        second = next(each for each in ENDPOINTS if (each.method, each.path) == ("POST", "/v1/companies"))
        assert send(shop.owner, second, sample(second, shop)).status == 201
        assert outcome(replace(shop.owner, company=None).get(f"/v1/jobs/{id}")) == (404, "not_found")

    def test_the_role_in_the_company_of_a_job_decides(self, new_shop: Callable[..., Shop]) -> None:
        """A viewer of one company who owns another one may not follow a backup of the first."""
        shop: Shop = new_shop()
        jobs = _jobs(shop)
        viewer = replace(shop.member("viewer"), company=None)
        second = next(each for each in ENDPOINTS if (each.method, each.path) == ("POST", "/v1/companies"))
        assert send(viewer, second, sample(second, shop)).status == 201
        assert viewer.get(jobs["documents.read"]).status == 200
        assert outcome(viewer.get(jobs["backups.read"])) == (404, "not_found")

    @pytest.mark.parametrize("state", ["blocked", "closed"])
    def test_a_company_that_is_not_open(self, stocked: Stocked, new_shop: Callable[..., Shop], state: str) -> None:
        shop: Shop = new_shop()
        own = replace(stocked, shop=shop)
        key, _ = all_scopes(shop)
        shop.world.store.connection.update_item(  # as the deletion of an account will
            shop.world.store.names["journal"], shop.company, "head", actions=[Attribute("state").set(state)]
        )
        shut = [each for each in OF_A_COMPANY if not each.while_blocked]
        all_are(own.ask(shop.owner, shut), 403, "company_blocked")
        reached = [each for each in shut if each.scope in GRANTABLE]
        all_are(own.ask(key, reached), 403, "company_blocked")


@contextmanager
def wire() -> Iterator[list[tuple[str, str]]]:
    """Every call of AWS by any client: its operation and its complete parameters."""
    found: list[tuple[str, str]] = []
    original = BaseClient._emit_api_params

    def emit(self: Any, api_params: Any, operation_model: Any, context: Any) -> Any:
        found.append((operation_model.name, repr(api_params)))
        return original(self, api_params, operation_model, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_emit_api_params", emit)
        yield found


def told_of(calls: Iterable[tuple[str, str]], company: str) -> list[str]:
    """The operations that name a company in any position: a partition, an object's key, a key's context."""
    return [operation for operation, said in calls if company in said]


@pytest.mark.parametrize("planted", [False, True])
def test_no_request_of_one_company_names_another_on_the_wire(
    stocked: Stocked, new_shop: Callable[..., Shop], planted: bool
) -> None:
    """The HTTP function's role reaches every company, so that isolation is by construction: whatever ids, and whatever
    company, a request of A says, no call of AWS that comes of it says B."""
    owner, beside = new_shop().owner, stocked.shop.company
    assert owner.company
    before = stocked.shop.clock
    for endpoint in OF_A_COMPANY:
        asked = stocked.samples[endpoint]
        if planted:
            body = {**asked.body, "company": beside} if isinstance(asked.body, dict) else asked.body
            asked = replace(asked, body=body, query={**asked.query, "company": beside})
        with wire() as calls:
            send(owner, endpoint, asked)
        assert told_of(calls, beside) == [], named(endpoint)
        assert told_of(calls, owner.company), named(endpoint)
    assert stocked.shop.clock == before


def test_a_call_that_names_another_company_is_seen(stocked: Stocked) -> None:
    with wire() as calls:
        stocked.shop.owner.get("/v1/company")
    assert told_of(calls, stocked.shop.company)
    assert told_of(calls, "cmp_other") == []
