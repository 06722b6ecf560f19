"""The OpenAPI document as served: the verbs that write, and each field of their bodies."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Path = tuple[str, ...]
"""The position of a field in a body: names of members, `0` for the element of a list, `*` for a name that is free."""
WRITING = ("post", "put", "patch", "delete")
ANYTHING = "*"
KEY = "*key"


@dataclass(frozen=True)
class Verb:
    """An operation that writes: its method, its address with parameters, and the schema of its body."""

    method: str
    path: str
    body: Schema | None
    media: str
    needs_match: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def matching(self) -> re.Pattern[str]:
        """The addresses of the object or collection that the verb is called on."""
        return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", self.path) + "$")


@dataclass(frozen=True)
class Contract:
    """The document."""

    document: Schema

    def resolved(self, schema: Schema) -> Schema:
        """The schema without a reference, and without the null that an optional member may be."""
        while "$ref" in schema:
            schema = self._at(schema["$ref"])
        parts = [part for part in schema.get("anyOf", schema.get("oneOf", ())) if part.get("type") != "null"]
        return self.resolved(parts[0]) if parts else schema

    def _at(self, reference: str) -> Schema:
        found: Any = self.document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
        schema: Schema = found
        return schema

    def verbs(self) -> list[Verb]:
        """Every verb that writes."""
        found = []
        for path, methods in self.document["paths"].items():
            for method, said in methods.items():
                if method in WRITING:
                    found.append(self._verb(method.upper(), path, said))
        return found

    def _verb(self, method: str, path: str, said: Schema) -> Verb:
        content = said.get("requestBody", {}).get("content", {})
        media, body = next(((media, part["schema"]) for media, part in content.items()), ("", None))
        parameters = [self.resolved(each) for each in said.get("parameters", ())]
        needs = any(each["name"] == "If-Match" and each["required"] for each in parameters)
        return Verb(method, path, body, media, needs)

    def texts(self, schema: Schema | None, at: Path = ()) -> Iterator[tuple[Path, Schema]]:
        """Each field of a body that holds a text, names that are free included."""
        if schema is None:
            return
        schema = self.resolved(schema)
        for name, part in self.members(schema).items():
            yield from self.texts(part, (*at, name))
        if schema.get("type") == "array":
            yield from self.texts(schema["items"], (*at, "0"))
        elif schema.get("type") == "string":
            yield at, schema

    def members(self, schema: Schema) -> dict[str, Schema]:
        """The members of an object. One whose names are free has one member, and its name is a field too."""
        named = dict(schema.get("properties", {}))
        free = [*schema.get("patternProperties", {}).values()]
        if isinstance(schema.get("additionalProperties"), Mapping):
            free.append(schema["additionalProperties"])
        if free:
            named |= {KEY: {"type": "string", **schema.get("propertyNames", {})}, ANYTHING: free[0]}
        return named

    def is_open(self, schema: Schema) -> bool:
        """Whether the document says nothing of what an object holds beyond its named members."""
        return schema.get("type") == "object" and schema.get("additionalProperties") is True
