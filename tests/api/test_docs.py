"""The pages for programmers over HTTP: who gets a page and who gets JSON, their headers, and the truth of what they say
about problems and ids."""

import base64
import re
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from chalicelib.api.docs.welcome import LINKS
from chalicelib.domain.language import LANGUAGES, Language
from tests.client import Client, Got
from tests.conftest import Shop

if TYPE_CHECKING:
    from local.gateway import Gateway

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PAGES = ("/", "/docs", "/docs/roles", "/docs/ids", "/docs/schemas", "/problems", "/problems/stale_version")
NEGOTIATED = ("/", "/problems", "/problems/stale_version")
ULID = "01JD0000000000000000000000"


def page(client: Client, path: str, **more: str) -> Got:
    """The page that a browser gets."""
    got = client.get(path, accept=BROWSER, **more)
    assert got.status == 200, got.text
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    return got


@pytest.mark.parametrize("path", PAGES)
def test_a_page_allows_its_own_style_sheet_and_nothing_else(gateway: "Gateway", path: str) -> None:
    got = page(Client(gateway), path)
    style = got.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert got.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_the_language_of_the_caller(gateway: "Gateway", path: str) -> None:
    client = Client(gateway)
    for language in LANGUAGES:
        shown = page(client, path, accept_language=language)
        assert f'<html lang="{language}"' in shown.text
        assert page(client, f"{path}?lang={language}", accept_language="de").text == shown.text
    assert '<html lang="en"' in page(client, path, accept_language="de").text
    assert client.get(f"{path}?lang=de").codes == [("/query/lang", "not_one_of")]


@pytest.mark.parametrize("path", PAGES)
def test_an_unchanged_page_is_not_sent_again(gateway: "Gateway", path: str) -> None:
    client = Client(gateway)
    first = page(client, path)
    again = client.get(path, accept=BROWSER, if_none_match=first.etag)
    assert (again.status, again.text) == (304, "")
    other = page(client, path, if_none_match=first.etag, accept_language="ar")
    assert other.etag != first.etag


@pytest.mark.parametrize("path", NEGOTIATED)
@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/problem+json, application/json"])
def test_a_program_gets_json(gateway: "Gateway", path: str, accept: str) -> None:
    got = Client(gateway).get(path, accept=accept)
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert got.json["object"] in ("service", "list", "problem_type")


def test_the_welcome_names_addresses_that_answer(gateway: "Gateway") -> None:
    client = Client(gateway)
    welcome = client.get("/", accept_language="fr").json
    assert (welcome["name"], welcome["build"], welcome["languages"]) == ("My Facture Pro", "test", ["fr", "ar", "en"])
    assert welcome["links"] == LINKS
    assert {"/docs", "/openapi.json", "/privacy", "/account/deletion", "/health"} <= set(LINKS.values())
    shown = page(client, "/").text
    for link in LINKS.values():
        assert client.get(link).status == 200, link
        assert re.search(rf'href="{re.escape(link[1:])}(\?lang=en)?"', shown), link


def test_the_type_of_a_problem_is_an_address_that_explains_it(new_shop: Callable[..., Shop]) -> None:
    shop: Shop = new_shop()
    draft = shop.draft()
    refused = [
        shop.owner.get("/v1/nowhere"),
        shop.owner.get("/v1/customers/cus_01J00000000000000000000000"),
        Client(shop.owner.gateway).get("/v1/company"),
        shop.owner.post("/v1/customers", {"kind": "business"}),
        shop.owner.post("/v1/customers", raw=b"{"),
        shop.owner.post("/v1/customers", {"name": "x"}, idempotency_key=""),
        shop.owner.patch(f"/v1/invoices/{draft['id']}", {"notes": "x"}, '"0"'),
        shop.owner.patch(f"/v1/invoices/{draft['id']}", {"notes": "x"}, ""),
        shop.owner.ask("PUT", "/v1/customers", {}),
    ]
    assert {got.status for got in refused} == {400, 401, 404, 405, 412, 422, 428}
    for got in refused:
        explained = shop.owner.get(got.json["type"]).json
        assert {name: explained[name] for name in ("code", "status", "title", "type")} == {
            name: got.json[name] for name in ("code", "status", "title", "type")
        }
        assert got.json["title"] in page(shop.owner, got.json["type"]).text.replace("&#x27;", "'")


def test_the_index_of_problems_names_each_address(gateway: "Gateway") -> None:
    client = Client(gateway)
    data = client.get("/problems", accept_language="ar").json["data"]
    shown = page(client, "/problems", accept_language="ar").text
    assert len(data) > 200
    for each in data:
        assert f'href="problems/{each["code"]}?lang=ar"' in shown
        assert client.get(each["type"], accept_language="ar").json == each


@pytest.mark.parametrize("code", ["no_such_code", "stale-version", "STALE_VERSION", "x" * 128])
def test_an_unknown_code_is_a_problem(gateway: "Gateway", code: str) -> None:
    got = Client(gateway).get(f"/problems/{code}", accept=BROWSER)
    assert (got.status, got.json["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("language", "query", "found"),
    [
        ("fr", "avoir", "post_invoices_id_credit"),
        ("ar", "إشعار دائن", "post_invoices_id_credit"),
        ("en", "stale_version", "patch_customers_id"),
    ],
)
def test_a_search_shows_what_it_finds(gateway: "Gateway", language: Language, query: str, found: str) -> None:
    client = Client(gateway)
    got = client.get("/docs", query={"lang": language, "q": query})
    assert got.status == 200, got.text
    assert f'id="{found}"' in got.text
    assert 'id="get_health"' not in got.text
    assert 'id="get_health"' in client.get("/docs", query={"lang": language, "q": ""}).text
    assert client.get("/docs", query={"q": "x" * 101}).codes == [("/query/q", "too_long")]


class TestIds:
    """The statements of the page of ids."""

    def test_the_form(self, new_shop: Callable[..., Shop]) -> None:
        shop: Shop = new_shop()
        before = shop.clock
        for id in (f"sup_{ULID}", f"cus_{ULID[:-1]}", f"cus_8{ULID[1:]}", f"cus_{ULID}".lower(), "cus_1", ULID):
            got = shop.owner.post("/v1/customers", {"id": id, "name": "Atlas", "kind": "consumer"})
            assert (got.status, got.codes) == (422, [("/id", "bad_id")]), id
        assert shop.clock == before
        assert (
            shop.owner.post("/v1/customers", {"id": f"cus_{ULID}", "name": "Atlas", "kind": "consumer"}).json["id"]
            == f"cus_{ULID}"
        )

    def test_an_id_is_unique_within_a_company(self, new_shop: Callable[..., Shop]) -> None:
        for shop in (new_shop(), new_shop()):
            made = shop.owner.post(
                "/v1/items", {"id": f"itm_{ULID}", "name": "Thé", "unit_price": "5.00", "vat_rate": "20"}
            )
            assert (made.status, made.json["id"]) == (201, f"itm_{ULID}")

    def test_a_list_is_sorted_by_id(self, new_shop: Callable[..., Shop]) -> None:
        shop: Shop = new_shop()
        late, early = "sup_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "sup_00000000000000000000000000"
        for id in (late, early):
            assert shop.owner.post("/v1/suppliers", {"id": id, "name": id, "kind": "consumer"}).status == 201
        assert [each["id"] for each in shop.owner.get("/v1/suppliers").json["data"]] == [late, early]

    def test_a_repeated_request(self, new_shop: Callable[..., Shop]) -> None:
        shop: Shop = new_shop()
        body = {"id": f"cus_{ULID}", "name": "Atlas", "kind": "consumer"}
        first = shop.owner.post("/v1/customers", body, idempotency_key="one")
        again = shop.owner.post("/v1/customers", body, idempotency_key="one")
        assert (again.status, again.json) == (201, first.json)
        assert again.headers["idempotency-replayed"] == "true"
        other_key = shop.owner.post("/v1/customers", body, idempotency_key="two")
        assert (other_key.status, other_key.json["code"]) == (409, "already_exists")
        other_body = shop.owner.post("/v1/customers", {**body, "name": "Rif"}, idempotency_key="one")
        assert (other_body.status, other_body.json["code"]) == (422, "idempotency_key_reused")
        assert shop.owner.get(f"/v1/customers/cus_{ULID}").json["name"] == "Atlas"

    def test_an_issued_document_keeps_its_id(self, new_shop: Callable[..., Shop]) -> None:
        shop: Shop = new_shop()
        draft = shop.draft(id=f"inv_{ULID}")
        issued = shop.owner.post(f"/v1/invoices/{draft['id']}/issue")
        assert (issued.status, issued.json["id"]) == (200, f"inv_{ULID}")
        again = shop.owner.post("/v1/invoices", {"id": f"inv_{ULID}", "customer": shop.customer})
        assert (again.status, again.json["code"]) == (409, "already_exists")

    def test_the_id_of_a_deleted_record_is_free(self, new_shop: Callable[..., Shop]) -> None:
        shop: Shop = new_shop()
        body = {"id": f"itm_{ULID}", "name": "Thé", "unit_price": "5.00", "vat_rate": "20"}
        assert shop.owner.post("/v1/items", body).status == 201
        assert shop.owner.delete(f"/v1/items/itm_{ULID}", "*").status == 200
        again = shop.owner.post("/v1/items", {**body, "name": "Café"})
        assert (again.status, again.json["id"], again.json["name"]) == (201, f"itm_{ULID}", "Café")
