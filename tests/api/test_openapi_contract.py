"""The OpenAPI document is a true one: valid by the official schema, and every answer is as it says."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema_rs import Draft202012Validator, meta
from schemathesis.specs.openapi.definitions import OPENAPI_31  # the official schema, 2022-10-07

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import PUBLIC, Endpoint
from chalicelib.api.serve import verb
from chalicelib.domain.clock import today
from chalicelib.domain.errors import TooLarge
from chalicelib.domain.sync.push_errors import PushTooLarge
from tests.api.samples import Sample, sample, send
from tests.client import Client, Got
from tests.conftest import Shop

if TYPE_CHECKING:
    from local.gateway import Gateway

Document = Mapping[str, Any]
UNKNOWN_ID = "01J00000000000000000000000"


@pytest.fixture(scope="module")
def document(gateway: "Gateway") -> Document:
    """As a client fetches it."""
    got = Client(gateway).get("/openapi.json")
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    found: Document = got.json
    return found


@pytest.fixture(scope="module")
def stock(new_shop: Callable[..., Shop]) -> Shop:
    """A company of this module."""
    made: Shop = new_shop()
    return made


@pytest.fixture(scope="module")
def samples(stock: Shop) -> Mapping[Endpoint, Sample]:
    """Good requests that no test of this module lets through."""
    return {endpoint: sample(endpoint, stock) for endpoint in ENDPOINTS}


def operation(document: Document, endpoint: Endpoint) -> Document:
    """An endpoint's operation in the document."""
    found: Document = document["paths"][endpoint.path][endpoint.method.lower()]
    return found


def broken(document: Document, endpoint: Endpoint, got: Got) -> Iterator[str]:
    """The differences between an answer and its description in the document."""
    said = operation(document, endpoint)["responses"].get(str(got.status))
    if said is None:
        yield f"status {got.status} is not declared: {got.text[:300]}"
        return
    missing = {name.lower() for name in said.get("headers", {})} - got.headers.keys() - {"idempotency-replayed"}
    if missing:
        yield f"headers {missing} are declared and absent"
    media = got.headers.get("content-type", "").partition(";")[0]
    content = said.get("content", {})
    if not got.text and not content:
        return
    if media not in content:
        yield f"{media} is not declared, only {list(content)}"
        return
    if media.endswith("json"):
        schema = content[media]["schema"] | {"components": document["components"]}
        errors = Draft202012Validator(schema, validate_formats=True).iter_errors(got.json)
        yield from (f"{error.instance_path}: {error.message[:200]}" for error in errors)


def test_it_is_valid_by_the_official_schema(document: Document) -> None:
    assert [error.message for error in Draft202012Validator(OPENAPI_31).iter_errors(document)] == []
    for schema in document["components"]["schemas"].values():
        meta.validate(schema)


def test_an_invalid_document_would_be_found(document: Document) -> None:
    wrong = {**document, "paths": {"/x": {"get": {"responses": {"two hundred": {"description": "x"}}}}}}
    assert list(Draft202012Validator(OPENAPI_31).iter_errors(wrong))


def test_every_reference_leads_somewhere_and_nothing_is_defined_in_vain(document: Document) -> None:
    referred = set(_references(document))
    defined = {f"#/components/{kind}/{name}" for kind, names in document["components"].items() for name in names}
    assert referred <= defined
    assert {each for each in defined - referred if not each.startswith("#/components/securitySchemes/")} == set()


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def test_the_description_has_every_operation_once_with_its_scope(document: Document) -> None:
    shown = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert shown == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    ids = [operation(document, endpoint)["operationId"] for endpoint in ENDPOINTS]
    assert sorted(ids) == sorted({verb(endpoint) for endpoint in ENDPOINTS})
    open_to_all = {each.path for each in ENDPOINTS if operation(document, each).get("security") == []}
    assert open_to_all == {each.path for each in ENDPOINTS if each.scope == PUBLIC}
    assert document["security"] == [{"bearer": []}]


def test_every_answer_of_the_happy_path_is_as_declared(document: Document, new_shop: Callable[..., Shop]) -> None:
    shop: Shop = new_shop()
    found: dict[str, list[str]] = {}
    for endpoint in ENDPOINTS:
        asked = sample(endpoint, shop)
        for headers in ({}, {"accept": "application/json"}):
            if headers and not endpoint.path.endswith(("/pdf", "{file}")):
                continue
            got = send(shop.owner, endpoint, asked, **headers)
            assert got.status < 400, (verb(endpoint), got.text)
            found[verb(endpoint)] = found.get(verb(endpoint), []) + list(broken(document, endpoint, got))
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_lists_that_hold_something_are_as_declared(document: Document, new_shop: Callable[..., Shop]) -> None:
    """A company with one of everything: each list then shows each kind of row."""
    shop: Shop = new_shop()
    for endpoint in ENDPOINTS:
        if endpoint.path != "/v1/companies":
            assert send(shop.owner, endpoint, sample(endpoint, shop)).status < 400
    lists = 0
    for endpoint in (each for each in ENDPOINTS if each.method == "GET" and "{" not in each.path):
        query = {"limit": "100"} if endpoint.query and "limit" in endpoint.query.model_fields else {}
        got = shop.owner.get(endpoint.path, query=query)
        if endpoint.response_model is not None and got.status != 303 and got.json.get("object") == "list":
            assert got.json["data"], endpoint.path
            lists += 1
        assert list(broken(document, endpoint, got)) == [], endpoint.path
    assert lists > 10


def test_a_wrong_answer_would_be_found(document: Document, stock: Shop) -> None:
    endpoint = next(each for each in ENDPOINTS if verb(each) == "get_company")
    got = stock.owner.get("/v1/company")
    assert list(broken(document, endpoint, got)) == []
    for text in (got.text.replace('"live"', '"dead"'), got.text.replace('"mode"', '"mood"')):
        assert list(broken(document, endpoint, Got(200, got.headers, text)))
    assert list(broken(document, endpoint, Got(418, got.headers, got.text)))


MEGABYTE = {"raw": b'{"notes": "' + b"x" * 1_000_000 + b'"}'}
REFUSED: Mapping[str, tuple[Callable[[Endpoint], bool], dict[str, Any], tuple[int, str]]] = {
    "without a token": (lambda e: e.scope != PUBLIC, {"authorization": ""}, (401, "unauthenticated")),
    "with an unknown parameter": (lambda e: True, {"query": {"colour": "red"}}, (422, "invalid_content")),
    "with a member nobody knows": (
        lambda e: e.method in ("POST", "PATCH", "PUT") and not e.form,
        {"raw": b'{"colour": "red"}'},
        (422, "invalid_content"),
    ),
    "with half a body": (lambda e: e.method != "GET" and not e.form, {"raw": b'{"name": '}, (400, "malformed")),
    "with an array": (lambda e: e.method != "GET" and not e.form, {"raw": b"[]"}, (400, "malformed")),
    "with a form": (
        lambda e: e.method != "GET" and not e.form,
        {"raw": b"a=1", "content_type": "application/x-www-form-urlencoded"},
        (415, "unsupported_media_type"),
    ),
    "with a megabyte": (
        lambda e: e.method != "GET" and not e.form and e.too_large is TooLarge,
        MEGABYTE,
        (413, "too_large"),
    ),
    "with a megabyte of rows": (lambda e: e.too_large is PushTooLarge, MEGABYTE, (413, "push_too_large")),
    "without a key": (lambda e: e.idempotent, {"idempotency_key": ""}, (400, "idempotency_key_missing")),
    "with a key beyond printing": (lambda e: e.idempotent, {"idempotency_key": "\x7f"}, (400, "malformed")),
    "without the version": (lambda e: e.if_match, {"if_match": ""}, (428, "match_required")),
    "with a version that is none": (lambda e: e.if_match, {"if_match": "7"}, (400, "malformed")),
    "with a stale version": (lambda e: e.if_match, {"if_match": f'"{"0" * 32}"'}, (412, "stale_version")),
    "of a thing that is not there": (lambda e: "{id}" in e.path, {"id": UNKNOWN_ID}, (404, "not_found")),
    "of a thing that cannot be": (lambda e: "{id}" in e.path, {"id": "x#y"}, (404, "not_found")),
}
"""For each refused change of a good request: the endpoints that refuse it, the changed parts, and the answer."""


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_is_as_declared_and_changes_nothing(
    document: Document, stock: Shop, samples: Mapping[Endpoint, Sample], kind: str
) -> None:
    applies, changes, expected = REFUSED[kind]
    before, wrong = stock.clock, {}
    for endpoint in filter(applies, ENDPOINTS):
        got = _changed(stock.owner, endpoint, samples[endpoint], dict(changes))
        faults = list(broken(document, endpoint, got))
        if faults or (got.status, got.json["code"]) != expected:
            wrong[verb(endpoint)] = (got.status, got.text[:300], faults)
    assert wrong == {}
    assert stock.clock == before


def _changed(client: Client, endpoint: Endpoint, asked: Sample, changes: dict[str, Any]) -> Got:
    path = asked.path
    if (id := changes.pop("id", None)) is not None:
        at = endpoint.path.split("/").index("{id}")
        parts = path.split("/")
        parts[at] = parts[at][:4] + id
        path = "/".join(parts)
    sent: dict[str, Any] = {"if_match": "*"} if endpoint.if_match else {}
    sent["query"] = asked.query
    body = None if "raw" in changes else asked.body
    return client.ask(endpoint.method, path, body, **(sent | changes))


EXAMPLES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "/v1/customers",
        {
            "name": "Atlas Négoce SARL",
            "kind": "business",
            "ice": "002136093000040",
            "email": None,
            "phone": None,
            "address": {"street": "12 rue Ibn Batouta", "city": "Casablanca", "country": "MA"},
            "language": "fr",
        },
    ),
    ("/v1/customers", {"name": "Sans ICE", "kind": "business", "ice_missing_reason": "En cours d'immatriculation"}),
    ("/v1/customers", {"name": "Un Particulier", "kind": "consumer"}),
    (
        "/v1/invoices",
        {
            "customer": "{customer}",
            "operation_date": "2026-11-20",
            "notes": None,
            "lines": [
                {
                    "description": "Conseil",
                    "quantity": "2",
                    "unit_price": "1500.00",
                    "discount": {"percent": "10"},
                    "vat_rate": "20",
                }
            ],
        },
    ),
    (
        "/v1/invoices",
        {
            "customer": None,
            "lines": [
                {"description": "Export", "quantity": "1", "unit_price": "10", "vat_rate": "0", "exemption": "92-I-1"},
            ],
        },
    ),
    ("/v1/invoices/{draft}/issue", {}),
    ("/v1/invoices/{draft}/issue", {"issue_date": "{today}"}),
    (
        "/v1/invoices/{issued}/payments",
        {
            "id": "pay_01J00000000000000000000001",
            "amount": "1000.00",
            "method": "transfer",
            "date": "{today}",
            "reference": "VIR 42",
        },
    ),
    *(
        ("/v1/invoices/{issued}/payments", {"amount": "1.00", "method": method, "date": "{today}"})
        for method in ("cash", "cheque", "transfer", "card", "bill_of_exchange")
    ),
    ("/v1/invoices/{issued}/credit", {}),
    ("/v1/invoices/{issued}/credit", {"lines": [{"line": 1, "quantity": "1"}], "reason": "Retour"}),
    ("/v1/invoices/{issued}/credit", {"lines": [{"line": 1, "amount": "333.33"}], "reason": "Rabais"}),
    ("/v1/invoices/{issued}/credit", {"amount": "333.33", "reason": "Ristourne"}),
)
"""Requests of the contract's examples."""


@pytest.mark.parametrize(("path", "body"), EXAMPLES)
def test_the_contracts_examples_are_accepted(stock: Shop, path: str, body: dict[str, Any]) -> None:
    values: dict[str, Callable[[], str]] = {
        "{draft}": lambda: stock.draft()["id"],
        "{issued}": lambda: stock.issued()["id"],
        "{customer}": lambda: stock.customer,
        "{today}": lambda: str(today(datetime.now(UTC))),
    }
    for name, value in values.items():
        if name in path:
            path = path.replace(name, value())
    body = {
        key: values[value]() if isinstance(value, str) and value in values else value for key, value in body.items()
    }
    got = stock.owner.post(path, body)
    assert got.status == (200 if path.endswith("/issue") else 201), got.text


def test_an_invoice_reads_as_the_contract_shows_it(stock: Shop) -> None:
    line = {
        "description": "Conseil",
        "quantity": "2",
        "unit": "day",
        "unit_price": "1500.00",
        "vat_rate": "20",
        "discount": {"percent": "10"},
    }
    invoice = stock.issued(lines=[line], operation_date="2026-11-20", language="fr")
    assert invoice["lines"][0] | line | {"exemption": None, "net": "2700.00"} == invoice["lines"][0]
    assert invoice["totals"]["vat"] == [{"rate": "20", "exemption": None, "base": "2700.00", "amount": "540.00"}]
    totals = {
        "net": "2700.00",
        "vat_total": "540.00",
        "gross": "3240.00",
        "stamp_duty": "0.00",
        "withheld": "0.00",
        "payable": "3240.00",
    }
    assert invoice["totals"] | totals == invoice["totals"]
    assert invoice["amount_in_words"]["fr"] == "Trois mille deux cent quarante dirhams"
    shown = {
        "object": "invoice",
        "status": "issued",
        "currency": "MAD",
        "language": "fr",
        "customer": stock.customer,
        "paid": "0.00",
        "balance": "3240.00",
        "operation_date": "2026-11-20",
    }
    assert invoice | shown == invoice
    assert {"series", "position", "hash"} <= invoice["register"].keys()
    assert {"name", "ice"} <= invoice["seller"].keys() & invoice["buyer"].keys()
