"""The files of sentences and examples hold nothing that no reader sees."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from chalicelib.api import openapi
from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.openapi_words import EVERY, LEFT_OUT, body, described, words

OTHERS = {LEFT_OUT, "whole", "query", "path", "status", "media", "RegisterQuery", "VerifyQuery"}
"""Sections that are about no schema."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The application's own."""
    return openapi.document(ENDPOINTS, version="1.0")


def members(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Each member with its schema, and the members of a problem's errors."""
    for noun, schema in document["components"]["schemas"].items():
        for name, part in schema.get("properties", {}).items():
            yield noun, name, part
            for inner, of_entry in part.get("items", {}).get("properties", {}).items():
                yield f"{noun}.{name}", inner, of_entry


def shown(part: Mapping[str, Any], file: str) -> Any:
    """The schema of a member, as the document shows it."""
    return part.get("description", "") if file == "sentences" else part.get("examples", [None])[0]


@pytest.mark.parametrize("file", ["sentences", "examples"])
def test_every_entry_is_shown(document: dict[str, Any], file: str) -> None:
    found = {(noun, name): shown(part, file) for noun, name, part in members(document)}

    def seen(said: Any, value: Any) -> bool:
        return str(value).startswith(said) if file == "sentences" else said == value

    def used(title: str, name: str, said: Any) -> bool:
        """Whether a schema of the title shows it."""
        nouns = [noun for noun, member in found if member == name] if title == EVERY else title.split()
        return any(seen(said, found.get((noun, name))) for noun in nouns)

    text = files("chalicelib.api").joinpath(f"words/{file}.toml").read_text("utf-8")
    unseen = [
        f"{title}: {name}"
        for title, entries in tomllib.loads(text).items()
        if not OTHERS & set(title.split())
        for name, said in entries.items()
        if (title, name) != (EVERY, "list") and not used(title, name, said)
    ]
    assert unseen == []


def test_what_a_body_leaves_out_exists(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    left_out = words("examples")[LEFT_OUT]
    assert len(left_out) > 40
    assert {
        noun: names
        for noun, names in left_out.items()
        if not set(names) <= schemas.get(noun, {}).get("properties", {}).keys()
    } == {}


def test_the_sentences_of_parameters_are_used(document: dict[str, Any]) -> None:
    given = {
        (each["in"], each["name"])
        for path in document["paths"].values()
        for operation in path.values()
        for each in operation["parameters"]
        if "name" in each
    }
    for place in ("query", "path"):
        assert {name for name in words("sentences")[place] if (place, name) not in given} == set()


def test_an_unknown_place_in_a_path_gets_no_example() -> None:
    """So the test of the document finds it."""
    endpoint = replace(next(each for each in ENDPOINTS if each.path == "/v1/items/{id}"), path="/v1/toys/{id}")
    (parameter,) = [
        each
        for operation in openapi.document([endpoint], version="1")["paths"]["/v1/toys/{id}"].values()
        for each in operation["parameters"]
        if each.get("in") == "path"
    ]
    assert "examples" not in parameter["schema"]
    assert parameter["description"] == words("sentences")["path"]["id"]


def test_a_model_speaks_before_the_files() -> None:
    assert described({"type": "string", "description": "Its own.", "examples": ["x"]}, (EVERY,), "name") == {
        "type": "string",
        "description": "Its own.",
        "examples": ["x"],
    }
    inner = {"type": "string", "description": "Its own.", "examples": ["x"]}
    assert described({"anyOf": [inner, {"type": "null"}]}, (EVERY,), "colour") == {
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "description": "Its own.",
        "examples": ["x"],
    }


def test_a_member_that_is_another_schema_takes_no_common_example() -> None:
    assert "examples" not in described({"$ref": "#/components/schemas/Numberings"}, (EVERY,), "series")
    assert described({"type": "string"}, (EVERY,), "series")["examples"] == ["FA-2026"]


def test_a_body_is_made_of_its_members() -> None:
    schemas = {
        "Toy": {
            "required": ["name", "parts", "maker"],
            "properties": {
                "name": {"examples": ["Ball"]},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                "maker": {"anyOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]},
                "old": {"deprecated": True, "examples": [1]},
            },
        },
        "Part": {"properties": {"name": {"examples": ["Wheel"]}}},
        "Discount": {"properties": {"percent": {"examples": ["10"]}, "amount": {"examples": ["300.00"]}}},
    }
    assert body({"$ref": "#/components/schemas/Toy"}, schemas) == {
        "name": "Ball",
        "parts": [{"name": "Wheel"}],
        "maker": {"name": "Wheel"},
    }
    assert body({"$ref": "#/components/schemas/Discount"}, schemas) == {"percent": "10"}
