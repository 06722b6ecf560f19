"""Both cloud switches off: every route of the table stores nothing, or writes the account for a stated reason."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import Endpoint
from chalicelib.domain.errors import CloudStorageOff, SynchronisationOff
from chalicelib.files import prefixes
from tests.api.samples import Route, sample, send
from tests.conftest import Shop
from tests.mailbox import open_mailbox

if TYPE_CHECKING:
    from chalicelib.wiring import World

OFF = {"cloud": {"sync": False, "backup": False}, "erase": True}
REFUSALS = {CloudStorageOff.code, SynchronisationOff.code}
_MEMBER, _REQUEST = "a member, with its key and its consents", "a request about personal data"
_SUPPORT = "a support thread that a member opens"
ACCOUNT: Mapping[Route, str] = {
    ("POST", "/v1/companies"): "the sign-up of a company",
    ("PATCH", "/v1/settings"): "the switches themselves",
    ("POST", "/v1/members"): _MEMBER,
    ("PATCH", "/v1/members/{id}"): _MEMBER,
    ("DELETE", "/v1/members/{id}"): _MEMBER,
    ("POST", "/v1/invitations/accept"): _MEMBER,
    ("POST", "/v1/api-keys"): _MEMBER,
    ("DELETE", "/v1/api-keys/{id}"): _MEMBER,
    ("POST", "/v1/consents"): _MEMBER,
    ("POST", "/v1/privacy/requests"): _REQUEST,
    ("POST", "/v1/privacy/requests/{id}/code"): _REQUEST,
    ("POST", "/v1/privacy/requests/{id}/confirm"): _REQUEST,
    ("POST", "/v1/privacy/requests/{id}/cancel"): _REQUEST,
    ("POST", "/v1/privacy/requests/{id}/details"): _REQUEST,
    ("POST", "/account/deletion"): _REQUEST,
    ("POST", "/v1/privacy/receipts"): "the receipt of a request",
    ("POST", "/v1/support"): _SUPPORT,
    ("POST", "/v1/support/{id}/messages"): _SUPPORT,
    ("POST", "/v1/support/{id}/close"): _SUPPORT,
    ("POST", "/v1/diagnostics"): "technical reports without a name, with a consent of their own",
    ("POST", "/v1/register/verify"): "the proof of the documents that the law keeps",
}
"""The routes that write while both switches are off, and the part of the account that they write."""
STORES_NOTHING: Mapping[Route, str] = {
    ("POST", "/v1/invoices/preview"): "it calculates, and returns what it was sent",
}


def stored(world: "World", company: str) -> dict[str, Any]:
    """Every row and every object of a company, with what identifies its content."""
    found = {key: str(row) for table in world.store.names for key, row in _rows(world, table, company)}
    objects = (prefixes.PDF, prefixes.LOGOS, prefixes.UPLOADS, prefixes.INCOMING, prefixes.PAPERS, prefixes.EXPORTS)
    more = (prefixes.IMPORTS, prefixes.SYNC, *prefixes.BACKUPS.values())
    for prefix in (*objects, *more):
        found |= dict.fromkeys(world.files.list(prefixes.of_company(prefix, company)), "")
    return found


def _rows(world: "World", table: str, company: str) -> Iterator[tuple[str, dict[str, Any]]]:
    pages = world.store.connection.client.get_paginator("query").paginate(
        TableName=world.store.names[table],
        KeyConditionExpression="company = :c",
        ConsistentRead=True,
        ExpressionAttributeValues={":c": {"S": company}},
    )
    for page in pages:
        yield from ((f"{table} {row['sort']['S']}", row) for row in page["Items"])


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


WRITING = [endpoint for endpoint in ENDPOINTS if endpoint.method != "GET"]


@pytest.mark.parametrize("endpoint", WRITING, ids=_name)
def test_a_writing_route_is_refused_and_stores_nothing_or_is_of_the_account(
    endpoint: Endpoint, new_shop: Callable[..., Shop], world: "World"
) -> None:
    open_mailbox(world)
    shop, route = new_shop(), (endpoint.method, endpoint.path)
    asked = sample(endpoint, shop)
    off = shop.owner.patch("/v1/settings", OFF, "*")
    assert off.status == 202, off.text
    before = stored(world, shop.company)
    got = send(shop.owner, endpoint, asked)
    if route in ACCOUNT:
        assert got.status < 400, f"{ACCOUNT[route]}: {got.text}"
        return
    assert stored(world, shop.company) == before
    if route in STORES_NOTHING:
        assert got.status == 200, f"{STORES_NOTHING[route]}: {got.text}"
    else:
        assert (got.status, got.json["code"] in REFUSALS) == (409, True), got.text


def test_each_stated_reason_belongs_to_a_route() -> None:
    routes = {(endpoint.method, endpoint.path) for endpoint in WRITING}
    assert (set(ACCOUNT) | set(STORES_NOTHING)) - routes == set()


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.method == "GET"], ids=_name)
def test_a_reading_route_stores_nothing(endpoint: Endpoint, new_shop: Callable[..., Shop], world: "World") -> None:
    open_mailbox(world)
    shop = new_shop()
    asked = sample(endpoint, shop)
    assert shop.owner.patch("/v1/settings", OFF, "*").status == 202
    before = stored(world, shop.company)
    send(shop.owner, endpoint, asked)
    assert stored(world, shop.company) == before
