"""The OpenAPI document and its page: valid, complete, the same each time, and true to the endpoints."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.api import openapi
from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import PUBLIC
from chalicelib.api.openapi_names import nouns
from chalicelib.api.openapi_schemas import plain
from chalicelib.api.parse import if_match
from chalicelib.api.problems import refusals, status_of
from chalicelib.api.request_errors import MatchRequired
from chalicelib.api.serve import verb


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The application's own."""
    return openapi.document(ENDPOINTS, version="1.0")


def references(value: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from references(part)


@pytest.mark.slow
def test_it_is_valid(document: dict[str, Any]) -> None:
    import schemathesis

    def validate(checked: dict[str, Any]) -> None:
        schemathesis.openapi.from_dict(checked).validate()

    validate(document)
    with pytest.raises(ValueError, match="is a required property"):
        validate({name: value for name, value in document.items() if name != "info"})


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_it_is_the_same_each_time(document: dict[str, Any]) -> None:
    assert json.dumps(openapi.document(reversed(ENDPOINTS), version="1.0")) == json.dumps(document)


def test_it_holds_every_endpoint_and_refusal(document: dict[str, Any]) -> None:
    names = [verb(endpoint) for endpoint in ENDPOINTS]
    assert len(set(names)) == len(names)
    for endpoint in ENDPOINTS:
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        assert operation["operationId"] == verb(endpoint)
        assert (operation.get("security") == []) == (endpoint.scope == PUBLIC)
        for refusal in refusals(endpoint):
            answer = operation["responses"][str(status_of(refusal))]
            assert refusal.code in answer["content"]["application/problem+json"]["examples"]


def test_operations_keep_their_groups(document: dict[str, Any]) -> None:
    """A generated client names its modules by the tags."""
    tags = {tag for path in document["paths"].values() for operation in path.values() for tag in operation["tags"]}
    assert tags == {
        "API keys",
        "Archived invoices",
        "Attachments",
        "Backups",
        "Company",
        "Credit notes",
        "Customers",
        "Exports",
        "Imports",
        "Invoices",
        "Items",
        "Jobs",
        "Members",
        "Payments",
        "Privacy",
        "Register",
        "Service",
        "Suppliers",
        "Support",
        "Synchronisation",
    }


def test_two_endpoints_cannot_share_a_place() -> None:
    with pytest.raises(ValueError, match="two endpoints"):
        openapi.document([*ENDPOINTS, ENDPOINTS[0]], version="1")


def patterns(value: Any) -> Iterator[str]:
    """Every pattern of a schema. Examples are data: a numbering has a member of this name."""
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        value = [part for name, part in value.items() if name != "examples"]
    if isinstance(value, list):
        for part in value:
            yield from patterns(part)


def test_patterns_are_regular_expressions(document: dict[str, Any]) -> None:
    found = set(patterns(document))
    assert len(found) > 5
    for pattern in found:
        assert re.compile(pattern).pattern.startswith("^")


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """Every schema member of the components, with its name."""
    if isinstance(value, dict):
        for name, part in value.get("properties", {}).items():
            yield name, part
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from members(part)


def test_an_optional_member_has_no_default(document: dict[str, Any]) -> None:
    """A generator takes a member with a default for a required one."""
    found = list(members(document["components"]["schemas"]))
    assert len(found) > 1000
    assert [name for name, part in found if "default" in part] == []


def test_schemas_are_nouns_without_titles(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert {"Invoice", "NewInvoice", "InvoiceList", "LineInput", "ImportColumn", "SyncColumn"} <= schemas.keys()
    endings = ("Shown", "In", "New")
    assert [name for name in schemas if "_" in name or name.endswith(endings)] == []
    assert [name for name, part in members(schemas) if isinstance(part.get("title"), str)] == []


def test_two_models_cannot_share_a_noun() -> None:
    assert nouns(["InvoiceShown", "ListOf_InvoiceShown_"]) == {
        "InvoiceShown": "Invoice",
        "ListOf_InvoiceShown_": "InvoiceList",
    }
    for models in (["InvoiceShown", "Invoice"], ["chalicelib__api__toy__Shown"]):
        with pytest.raises(ValueError, match="needs a name of its own"):
            nouns(models)


def test_a_default_is_said_in_words() -> None:
    shown = plain({"type": "string", "title": "Nature", "default": "goods", "description": "What it is."}, {})
    assert shown == {"type": "string", "description": "What it is. Without it: `goods`."}
    assert plain({"properties": {"title": {"default": None, "type": "string"}}}, {}) == {
        "properties": {"title": {"type": "string"}}
    }


def test_the_parties_of_a_document_are_typed(document: dict[str, Any]) -> None:
    invoice = document["components"]["schemas"]["Invoice"]["properties"]
    for member, noun in (("seller", "Seller"), ("buyer", "Buyer"), ("customer", "Customer")):
        assert {"$ref": f"#/components/schemas/{noun}"} in invoice[member]["anyOf"]


def test_an_empty_if_match_is_as_the_document_says(document: dict[str, Any]) -> None:
    patterns = {name: part["schema"].get("pattern", "") for name, part in document["components"]["parameters"].items()}
    assert re.search(patterns["If-Match-Optional"], "")
    assert if_match("", required=False) == ""
    assert not re.search(patterns["If-Match"], "")
    with pytest.raises(MatchRequired):
        if_match("", required=True)
