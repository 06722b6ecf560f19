"""Everything in the OpenAPI document has a plain sentence, and an example that its schema accepts."""

import copy
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from chalicelib.api.catalogue import ENDPOINTS
from tests.api.described import Reader
from tests.client import Client
from tests.conftest import Shop

if TYPE_CHECKING:
    from local.gateway import Gateway


@pytest.fixture(scope="module")
def document(gateway: "Gateway") -> dict[str, Any]:
    """As a client fetches it."""
    found: dict[str, Any] = Client(gateway).get("/openapi.json").json
    return found


@pytest.fixture(scope="module")
def faults(document: dict[str, Any]) -> list[str]:
    """Those of the document itself."""
    return Reader(document).faults()


def test_everything_has_a_sentence_and_a_valid_example(document: dict[str, Any], faults: list[str]) -> None:
    assert faults == []
    reader = Reader(document)
    reader.faults()
    assert len(reader.examples) > 2_000


def test_the_examples_of_bodies_are_accepted(document: dict[str, Any]) -> None:
    """A schema cannot state that one member excludes another, so the models judge the examples too."""
    examples, refused, judged = document["components"]["examples"], {}, 0
    for endpoint in ENDPOINTS:
        if endpoint.request_model is None or endpoint.form:
            continue
        body = document["paths"][endpoint.path][endpoint.method.lower()]["requestBody"]
        (noun,) = body["content"]["application/json"]["examples"]
        judged += 1
        try:
            endpoint.request_model.model_validate_json(json.dumps(examples[noun]["value"]))
        except ValidationError as error:
            refused[noun] = str(error)
    assert refused == {}
    assert judged > 40


ALONE = (
    "/v1/companies",
    "/v1/company",
    "/v1/company/logo",
    "/v1/settings",
    "/v1/customers",
    "/v1/suppliers",
    "/v1/items",
    "/v1/invoices",
    "/v1/invoices/preview",
    "/v1/imports",
    "/v1/exports",
    "/v1/sync/push",
    "/v1/privacy/requests",
    "/v1/consents",
    "/v1/diagnostics",
    "/v1/support",
)
"""Addresses whose example names nothing but what the examples before it made."""


def test_the_service_accepts_the_examples(document: dict[str, Any], new_shop: Callable[..., Shop]) -> None:
    """In the order of the list: the invoice is for the customer of the example, and the request is about them."""
    shop: Shop = new_shop()
    answers = {}
    for path in ALONE:
        (method,) = document["paths"][path].keys() & {"post", "patch", "put"}
        (example,) = document["paths"][path][method]["requestBody"]["content"]["application/json"]["examples"]
        body = document["components"]["examples"][example]["value"]
        got = shop.owner.ask(method.upper(), path, body, if_match="" if method == "post" else "*")
        answers[path] = got.text if got.status >= 300 else ""
    assert answers == dict.fromkeys(ALONE, "")


FAULTS: Mapping[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "a member without a sentence": (
        "Totals.net: no sentence",
        lambda d: _member(d, "Totals", "net").pop("description"),
    ),
    "a member without an example": ("Totals.net: no example", lambda d: _member(d, "Totals", "net").pop("examples")),
    "a wrong example": (
        "LineInput.quantity#0",
        lambda d: _member(d, "LineInput", "quantity").update(examples=["two"]),
    ),
    "no full stop": ("Totals.net: no full stop", lambda d: _member(d, "Totals", "net").update(description="The total")),
    "a name for a sentence": (
        "Totals.net: says only its name",
        lambda d: _member(d, "Totals", "net").update(description="The net of the totals."),
    ),
    "a sentence without an end": (
        "Totals.net: 26 words",
        lambda d: _member(d, "Totals", "net").update(description="Much " * 25 + "more."),
    ),
    "a member of a new schema": (
        "Toy.colour: no ",
        lambda d: d["components"]["schemas"].update(
            Toy={"description": "Something that children play with.", "properties": {"colour": {"type": "string"}}}
        ),
    ),
    "a parameter": (
        "GET /v1/invoices query open: no sentence",
        lambda d: _parameter(d, "/v1/invoices", "open").pop("description"),
    ),
    "a parameter's example": (
        "GET /v1/invoices query open: no example",
        lambda d: _parameter(d, "/v1/invoices", "open")["schema"].pop("examples"),
    ),
    "a body": ("POST /v1/items body: no sentence", lambda d: _post(d, "/v1/items")["requestBody"].pop("description")),
    "a body's example": (
        "POST /v1/items body application/json: no example",
        lambda d: _post(d, "/v1/items")["requestBody"]["content"]["application/json"].pop("examples"),
    ),
    "an answer": (
        "POST /v1/items 201: no sentence",
        lambda d: _post(d, "/v1/items")["responses"]["201"].pop("description"),
    ),
    "a problem's code": (
        "not_found: no sentence",
        lambda d: d["components"]["examples"]["not_found"].pop("description"),
    ),
    "a wrong example of a body": (
        "POST /v1/items body application/json NewItem",
        lambda d: d["components"]["examples"]["NewItem"]["value"].pop("name"),
    ),
}
"""For each fault: how it reads, and how it comes into the document."""


@pytest.mark.parametrize("kind", FAULTS)
def test_a_missing_or_wrong_part_would_be_found(document: dict[str, Any], faults: list[str], kind: str) -> None:
    expected, spoil = FAULTS[kind]
    spoiled = copy.deepcopy(document)
    spoil(spoiled)
    found = [fault for fault in Reader(spoiled).faults() if fault not in faults]
    assert [fault for fault in found if fault.startswith(expected)] == found
    assert found


def _member(document: dict[str, Any], noun: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][noun]["properties"][name]
    return found


def _post(document: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path]["post"]
    return found


def _parameter(document: dict[str, Any], path: str, name: str) -> dict[str, Any]:
    return next(each for each in document["paths"][path]["get"]["parameters"] if each.get("name") == name)
