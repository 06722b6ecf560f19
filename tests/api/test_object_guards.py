"""Objects that need more than the scope of their route: files of a customer or a request for help, imports and exports
of a kind; and what is left to a key whose maker was removed, or has a smaller role now.

Each matrix is written by hand. A route of such an object that no matrix names fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, get_args

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.roles import GRANTABLE
from chalicelib.domain.exports.model import KINDS
from chalicelib.domain.imports.model import ImportKind
from tests.api.samples import sample, send
from tests.api.test_guards import GUARDED, OF_A_COMPANY, ROLES, Stocked, all_are, named, outcome, subject_of
from tests.attaching import announced, attach, picture, put
from tests.client import Client
from tests.conftest import Shop

if TYPE_CHECKING:
    from chalicelib.domain.companies.member import Role

Call = tuple[str, str, Any]
"""A method, an address and a body."""
IMPORTS: Mapping[str, str] = {
    "customers": "parties.write",
    "suppliers": "parties.write",
    "items": "items.write",
    "invoices_archive": "documents.issue",
}
"""The scope that an import of a kind needs beside its route's."""
UNAVAILABLE = {"bills"}
EXPORTS: Mapping[str, str] = {
    "customers": "parties.read",
    "suppliers": "parties.read",
    "items": "items.read",
    "invoices": "documents.read",
    "credit_notes": "documents.read",
    "invoices_archive": "documents.read",
    "drafts": "documents.read",
    "payments": "documents.read",
    "credit_entries": "documents.read",
    "refunds": "documents.read",
}
OWNERS: Mapping[str, tuple[str, str]] = {
    "customer": ("parties.read", "parties.write"),
    "supplier": ("parties.read", "parties.write"),
    "draft": ("documents.read", "documents.write"),
    "thread": ("support.read", "support.write"),
}
"""The scopes that read and that write the files of an owner."""
OPEN = {403, 401}
PERSONAL = "privacy."
"""Scopes by which a member reaches requests of their own. A key has none, so it needs the role of an owner."""


def imports_of(id: str) -> list[Call]:
    """Every route of one import."""
    one = f"/v1/imports/{id}"
    edit = {"mapping": {"columns": [{"column": 1, "field": None}]}}
    verbs: list[Call] = [("POST", f"{one}/{verb}", {}) for verb in ("complete", "commit", "undo")]
    return [("GET", one, None), ("PATCH", one, edit), *verbs]


def files_of(id: str, owner: str) -> tuple[list[Call], list[Call]]:
    """Every route of one attachment: those that read and those that write. The last one deletes it."""
    one = f"/v1/attachments/{id}"
    new = {"owner": owner, "name": "b.jpg", "content_type": "image/jpeg", "bytes": 9, "sha256": "ab" * 32}
    reading = [("GET", one + part, None) for part in ("", "/content", "/thumbnail")]
    listing: Call = ("GET", f"/v1/attachments?owner={owner}", None)
    writing = [("POST", "/v1/attachments", new), ("POST", f"{one}/complete", {}), ("DELETE", one, None)]
    return [*reading, listing], writing


def asked(client: Client, calls: list[Call]) -> list[tuple[int, str]]:
    """The answers of the calls."""
    return [outcome(client.ask(method, path, body, if_match="*")) for method, path, body in calls]


def begun(shop: Shop, kind: str) -> str:
    """The id of an import of the owner."""
    content = b"Nom\nAtlas\n"
    about = {"bytes": len(content), "sha256": sha256(content).hexdigest(), "content_type": "text/csv"}
    got = shop.owner.post("/v1/imports", {"kind": kind, "name": "a.csv", **about})
    assert got.status == 201, got.text
    return str(got.json["id"])


def test_the_matrices_name_every_kind_and_every_route() -> None:
    assert IMPORTS.keys() | UNAVAILABLE == set(get_args(ImportKind))
    assert EXPORTS.keys() == set(KINDS)
    routes = {(each.method, each.path) for each in ENDPOINTS}
    reading, writing = files_of("{id}", "{owner}")
    calls = [*imports_of("{id}"), *reading, *writing]
    named_ones = {(method, path.partition("?")[0]) for method, path, _ in calls} | {
        ("POST", "/v1/imports"),
        ("POST", "/v1/exports"),
        ("GET", "/v1/exports/{id}"),
    }
    within = ("/v1/imports", "/v1/exports", "/v1/attachments")
    assert {route for route in routes if route[1].startswith(within)} == named_ones


@pytest.mark.parametrize("kind", IMPORTS)
def test_an_import_needs_the_scope_of_its_kind(shop: Shop, kind: str) -> None:
    id, needed = begun(shop, kind), IMPORTS[kind]
    new: Call = (
        "POST",
        "/v1/imports",
        {"kind": kind, "name": "b.csv", "content_type": "text/csv", "bytes": 9, "sha256": "cd" * 32},
    )
    lacking, _ = shop.key(*sorted(GRANTABLE - {needed}))
    assert set(asked(lacking, [*imports_of(id), new])) == {(403, "forbidden")}
    narrow, _ = shop.key("imports.read", "imports.write", needed)
    assert not {status for status, _ in asked(narrow, [*imports_of(id), new])} & OPEN


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_needs_the_scope_of_its_kinds(shop: Shop, kind: str) -> None:
    made = shop.owner.post("/v1/exports", {"kinds": [kind], "format": "csv"})
    assert made.status == 202, made.text
    calls: list[Call] = [
        ("GET", f"/v1/exports/{made.json['id']}", None),
        ("POST", "/v1/exports", {"kinds": [kind], "format": "csv"}),
    ]
    lacking, _ = shop.key(*sorted(GRANTABLE - {EXPORTS[kind]}))
    assert asked(lacking, calls) == [(403, "forbidden")] * 2
    narrow, _ = shop.key("exports.read", "exports.write", EXPORTS[kind])
    assert not {status for status, _ in asked(narrow, calls)} & OPEN


def owners_of(shop: Shop) -> dict[str, str]:
    """An owner of files of each sort, made by the owner of the company."""
    party = {"name": "Fournisseur", "kind": "consumer"}
    supplier = shop.owner.post("/v1/suppliers", party).json["id"]
    thread = shop.owner.post("/v1/support", {"subject": "Aide", "text": "Bonjour"}).json["id"]
    return {"customer": shop.customer, "supplier": supplier, "draft": shop.draft()["id"], "thread": thread}


@pytest.mark.parametrize("sort", OWNERS)
def test_a_file_needs_the_scopes_of_its_owner(shop: Shop, sort: str) -> None:
    owner = owners_of(shop)[sort]
    reads, writes = files_of(attach(shop.owner, owner, picture())["id"], owner)
    for calls, needed in zip((reads, writes), OWNERS[sort], strict=True):
        lacking, _ = shop.key(*sorted(GRANTABLE - {needed}))
        assert set(asked(lacking, calls)) == {(403, "forbidden")}
        if needed in GRANTABLE:  # no key reaches a request for help
            narrow, _ = shop.key("attachments.read", "attachments.write", *OWNERS[sort])
            assert not {status for status, _ in asked(narrow, calls)} & OPEN


def verdict(answers: list[tuple[int, str]]) -> str:
    """`open` when no answer refuses the caller, else the one problem that all answers are."""
    if not {status for status, _ in answers} & {401, 403, 404}:
        return "open"
    (problem,) = {code for _, code in answers}
    return problem


def expected(role: "Role", sort: str, needed: str) -> str:
    """The verdict for a role on the files of what the owner of the company made."""
    if sort == "thread" and role != "owner":
        return "not_found"
    return "open" if needed in ROLES[role] else "forbidden"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_the_files_that_its_scopes_reach(shop: Shop, role: "Role") -> None:
    client, got, told = shop.member(role), {}, {}
    for sort, owner in owners_of(shop).items():
        reads, writes = files_of(attach(shop.owner, owner, picture())["id"], owner)
        for calls, needed in zip((reads, writes), OWNERS[sort], strict=True):
            got[sort, needed] = verdict(asked(client, calls))
            told[sort, needed] = expected(role, sort, needed)
    assert len(told) == 2 * len(OWNERS)
    assert got == told


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_the_files_of_its_own_requests(shop: Shop, role: "Role") -> None:
    client = shop.member(role)
    thread = client.post("/v1/support", {"subject": "Aide", "text": "Bonjour"}).json["id"]
    content = picture()
    made = announced(client, thread, content).json
    assert put(made, content) == 200
    reads, writes = files_of(made["id"], thread)
    order = [writes[1], *reads, writes[0], writes[2]]
    assert [status for status, _ in asked(client, order)] == [200, 200, 303, 303, 200, 201, 200]
    other = shop.member(role)
    again = attach(client, thread, picture(colour="navy"))["id"]
    reads, writes = files_of(again, thread)
    assert verdict(asked(other, [*reads, *writes])) == ("open" if role == "owner" else "not_found")


@pytest.fixture(scope="module")
def stocked(new_shop: Callable[..., Shop]) -> Stocked:
    """A company with a good request for each endpoint."""
    shop: Shop = new_shop()
    return Stocked(shop, {endpoint: sample(endpoint, shop) for endpoint in ENDPOINTS})


def key_of(client: Client) -> Client:
    """A client with a key that an owner made, with every scope that a key may have."""
    made = client.post("/v1/api-keys", {"name": "caisse", "scopes": sorted(GRANTABLE)})
    assert made.status == 201, made.text
    return Client(client.gateway, made.json["key"])


def member_of(shop: Shop, client: Client) -> str:
    """The id of a client's membership."""
    rows = shop.owner.get("/v1/members").json["data"]
    return str(next(row["id"] for row in rows if row["user"] == subject_of(client)))


def test_the_key_of_a_removed_member_opens_nothing(stocked: Stocked) -> None:
    maker = stocked.shop.member("owner")
    key = key_of(maker)
    assert key.get("/v1/company").status == 200
    assert stocked.shop.owner.delete(f"/v1/members/{member_of(stocked.shop, maker)}", "*").status == 200
    all_are(stocked.ask(key, GUARDED), 401, "unauthenticated")


@pytest.mark.parametrize("role", [role for role in ROLES if role != "owner"])
def test_the_key_of_a_member_with_a_smaller_role_opens_what_the_role_opens(stocked: Stocked, role: str) -> None:
    maker = stocked.shop.member("owner")
    key = key_of(maker)
    changed = stocked.shop.owner.patch(f"/v1/members/{member_of(stocked.shop, maker)}", {"role": role}, "*")
    assert changed.status == 200, changed.text
    opened = {scope for scope in ROLES[role] & GRANTABLE if not scope.startswith(PERSONAL)}
    all_are(stocked.ask(key, [each for each in OF_A_COMPANY if each.scope not in opened]), 403, "forbidden")
    for endpoint in OF_A_COMPANY:
        if endpoint.method == "GET" and endpoint.scope in opened:
            got = send(key, endpoint, stocked.samples[endpoint])
            assert got.status not in OPEN, (named(endpoint), got.text)


def test_what_a_removed_member_began_stays_with_the_company_and_leaves_them(new_shop: Callable[..., Shop]) -> None:
    """Imports, exports and files are the company's. The member who began them gets the answer of a stranger."""
    shop: Shop = new_shop()
    member = replace(shop.member("accountant"))
    content = b"Nom\nAtlas\n"
    about = {"bytes": len(content), "sha256": sha256(content).hexdigest(), "content_type": "text/csv"}
    imported = member.post("/v1/imports", {"kind": "items", "name": "a.csv", **about}).json["id"]
    exported = member.post("/v1/exports", {"kinds": ["items"], "format": "csv"}).json["id"]
    file = attach(member, shop.customer, picture())["id"]
    reads, writes = files_of(file, shop.customer)
    calls = [*imports_of(imported), ("GET", f"/v1/exports/{exported}", None), *reads, *writes]
    assert shop.owner.delete(f"/v1/members/{member_of(shop, member)}", "*").status == 200
    assert set(asked(member, calls)) == {(404, "not_found")}
    assert not {status for status, _ in asked(shop.owner, [calls[0], *reads])} & {401, 403, 404}
