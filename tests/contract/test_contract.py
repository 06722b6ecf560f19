"""No change breaks a client of the last release; a planted break is found."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.breaking import Comparison
from tests.contract.released import current, released

Document = dict[str, Any]
INVOICES = "/v1/invoices"
_INVITED = "members join by an invitation (ADR 0130): `user` is refused, and unknown until the person accepts"
AGREED = dict.fromkeys(
    (
        "GET /v1/members 200 data items user may be null",
        "POST /v1/members body requires email",
        "POST /v1/members body has no user",
        "POST /v1/members body email refuses null",
        "POST /v1/members 201 user may be null",
        "PATCH /v1/members/{id} 200 user may be null",
    ),
    _INVITED,
)
"""The breaks that the contract itself demands, with their reason."""


@pytest.fixture(scope="module")
def before() -> Document:
    """The released document."""
    return released()


def breaks(old: Document, new: Document) -> list[str]:
    """The changes that break a client."""
    return list(Comparison(old, new).breaks())


def test_nothing_breaks_a_client_of_the_last_release(before: Document) -> None:
    """Add instead of changing. At a release, `python -m tests.contract.released` writes the file anew."""
    assert len(before["paths"]) > 80
    assert [each for each in breaks(before, current()) if each not in AGREED] == []


def test_each_agreed_break_is_one(before: Document) -> None:
    """After a release, the list is empty again."""
    assert AGREED.keys() - set(breaks(before, current())) == set()


def _schema(document: Document, name: str) -> Any:
    return document["components"]["schemas"][name]


def _loose(document: Document) -> None:
    _schema(document, "Invoice")["required"].remove("totals")


def _null(document: Document) -> None:
    member = _schema(document, "Totals")["properties"]
    member["net"] = {"anyOf": [member["net"], {"type": "null"}]}


def _renamed(document: Document) -> None:
    text = json.dumps(document).replace('/schemas/Seller"', '/schemas/Vendor"').replace('"Seller": {', '"Vendor": {')
    document |= json.loads(text)


def _operation(document: Document, path: str = INVOICES, method: str = "post") -> Any:
    return document["paths"][path][method]


PLANTED: dict[str, tuple[Callable[[Document], object], str]] = {
    "an operation": (lambda d: d["paths"][INVOICES].pop("get"), "GET /v1/invoices is gone"),
    "a name": (lambda d: _operation(d).update(operationId="make"), "POST /v1/invoices has another operationId"),
    "a schema": (_renamed, "schema Seller is gone"),
    "a status": (lambda d: _operation(d)["responses"].pop("201"), "answers no 201"),
    "a member of an answer": (lambda d: _schema(d, "Totals")["properties"].pop("payable"), "has no payable"),
    "a member that may lack": (_loose, "may lack totals"),
    "a member that may be null": (_null, "may be null"),
    "a member of a request": (lambda d: _schema(d, "LineInput")["properties"].pop("unit"), "has no unit"),
    "a required member": (lambda d: _schema(d, "LineInput")["required"].append("unit"), "requires unit"),
    "another type": (
        lambda d: _schema(d, "LineInput")["properties"].update(vat_rate={"type": "number"}),
        "refuses string",
    ),
    "a value": (lambda d: _schema(d, "NewCustomer")["properties"]["kind"]["enum"].pop(), "refuses public_body"),
    "a shorter text": (
        lambda d: _schema(d, "LineInput")["properties"]["description"].update(maxLength=10),
        "has a lower maxLength",
    ),
    "a parameter": (
        lambda d: _operation(d, method="get")["parameters"].pop(0),
        "GET /v1/invoices has no parameter",
    ),
    "a required parameter": (
        lambda d: _operation(d)["parameters"].append({"name": "x", "in": "query", "required": True, "schema": {}}),
        "requires the parameter x",
    ),
    "a required body": (lambda d: _operation(d)["requestBody"].update(required=True), "requires a body"),
}
"""A break each: what it changes in the document, and the words that find it."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_break_is_found(before: Document, name: str) -> None:
    plant, words = PLANTED[name]
    new = json.loads(json.dumps(before))
    plant(new)
    found = breaks(before, new)
    assert any(words in each for each in found), found


def test_additions_break_nothing(before: Document) -> None:
    new = json.loads(json.dumps(before))
    _schema(new, "Totals")["properties"]["tip"] = {"type": "string"}
    _schema(new, "Totals")["required"].append("tip")
    _schema(new, "LineInput")["properties"]["colour"] = {"type": "string"}
    _operation(new)["parameters"].append({"name": "x", "in": "query", "required": False, "schema": {}})
    new["paths"]["/v1/toys"] = {"get": _operation(new, method="get")}
    assert breaks(before, new) == []


def test_the_document_stays_small() -> None:
    """Measured: 1,087 KB, and 93 KB compressed. The sentences of schemas are 29 KB of these, the examples 15 KB.
    Operations refer to examples: copies in each operation once were a third of the document."""
    text = json.dumps(current(), ensure_ascii=False, separators=(",", ":")).encode()
    assert len(text) < 1_150_000
    assert len(gzip.compress(text)) < 98_000
