"""The bodies of requests and answers in the OpenAPI document: a sentence and an example for each.

Operations refer to one example of a schema, because a copy for each operation makes the document large.
"""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.api.openapi_words import body, find

Part = dict[str, Any]


def complete(paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Add sentences and examples to the bodies of `paths`. Returns the examples, for the components."""
    found: dict[str, Any] = {}
    for path in paths.values():
        for operation in path.values():
            if asked := operation.get("requestBody"):
                _say(asked, "body", schemas, found)
            for status, answer in operation["responses"].items():
                _say(answer, status, schemas, found)
    return dict(sorted(found.items()))


def _say(holder: Part, place: str, schemas: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Complete a body of a request or an answer. The sentence of its status comes before that of its schema, of
    which an answer has the first sentence."""
    said = find("sentences", ("status",), place)
    for media, content in holder.get("content", {}).items():
        if "examples" in content:  # a problem
            continue
        if noun := _noun(content["schema"]):
            found[noun] = {"value": body({"$ref": noun}, schemas)}
            content["examples"] = {noun: {"$ref": f"#/components/examples/{noun}"}}
            text = " ".join(schemas[noun]["description"].split())
            said = said or (text if place == "body" else re.split(r"(?<=\.) ", text)[0])
        else:
            content["examples"] = {"body": {"value": find("examples", ("media",), media)}}
            said = said or find("sentences", ("media",), media)
    if said and "description" not in holder:
        holder["description"] = said


def _noun(schema: Mapping[str, Any]) -> str:
    """The name of a body's schema. An answer that may be repeated is its first kind."""
    named = schema["oneOf"][0] if "oneOf" in schema else schema
    return str(named.get("$ref", "")).rpartition("/")[2]
