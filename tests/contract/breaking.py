"""Compares two OpenAPI documents, and names each change that breaks a client of the older one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
METHODS = ("get", "post", "patch", "put", "delete")
LEAST = ("minLength", "minItems", "minimum")
MOST = ("maxLength", "maxItems", "maximum")


@dataclass
class Comparison:
    """Two documents. A pair of schemas is compared once in each direction: `sent` by a client, or shown to it."""

    old: Schema
    new: Schema
    seen: set[tuple[str, str, bool]] = field(default_factory=set)

    def breaks(self) -> Iterator[str]:
        """Each change that breaks a client."""
        gone = self.old["components"]["schemas"].keys() - self.new["components"]["schemas"].keys()
        yield from (f"schema {name} is gone: a generated client names its class by it" for name in sorted(gone))
        for path, operations in self.old["paths"].items():
            for method in (each for each in METHODS if each in operations):
                now = self.new["paths"].get(path, {}).get(method)
                place = f"{method.upper()} {path}"
                if now is None:
                    yield f"{place} is gone"
                else:
                    yield from self._operation(operations[method], now, place)

    def _operation(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{place} has another operationId"
        yield from self._parameters(old, new, place)
        yield from self._body(old.get("requestBody"), new.get("requestBody"), place)
        for status, answer in old["responses"].items():
            if status >= "4":
                continue
            now = new["responses"].get(status)
            if now is None:
                yield f"{place} answers no {status}"
                continue
            for media, content in answer.get("content", {}).items():
                shown = now.get("content", {}).get(media)
                if shown is None:
                    yield f"{place} {status} has no {media}"
                else:
                    yield from self._schema(content["schema"], shown["schema"], f"{place} {status}", sent=False)

    def _parameters(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before = {(each["in"], each["name"].lower()): each for each in self._all(self.old, old["parameters"])}
        after = {(each["in"], each["name"].lower()): each for each in self._all(self.new, new["parameters"])}
        yield from (f"{place} has no parameter {name}" for _, name in sorted(before.keys() - after.keys()))
        for key, parameter in after.items():
            known = before.get(key)
            if parameter["required"] and not (known and known["required"]):
                yield f"{place} requires the parameter {key[1]}"
            if known:
                yield from self._schema(known["schema"], parameter["schema"], f"{place} {key[1]}", sent=True)

    def _body(self, old: Schema | None, new: Schema | None, place: str) -> Iterator[str]:
        if new and new["required"] and not (old and old["required"]):
            yield f"{place} requires a body"
        for media, content in (old or {}).get("content", {}).items():
            taken = (new or {}).get("content", {}).get(media)
            if taken is None:
                yield f"{place} takes no {media}"
            else:
                yield from self._schema(content["schema"], taken["schema"], f"{place} body", sent=True)

    def _schema(self, old: Schema, new: Schema, place: str, *, sent: bool) -> Iterator[str]:
        if "$ref" in old and "$ref" in new:
            if (pair := (old["$ref"], new["$ref"], sent)) in self.seen:
                return
            self.seen.add(pair)
        before, after = _kinds(self.old, old), _kinds(self.new, new)
        narrow, wide = (after, before) if sent else (before, after)
        for kind in sorted(wide.keys() - narrow.keys()):
            yield f"{place} {'refuses' if sent else 'may be'} {kind}"
        for kind in before.keys() & after.keys():
            yield from self._same_kind(before[kind], after[kind], place, sent=sent)

    def _same_kind(self, old: Schema, new: Schema, place: str, *, sent: bool) -> Iterator[str]:
        if sent:
            yield from _narrower(old, new, place)
        was, now = set(old.get("required", ())), set(new.get("required", ()))
        yield from (
            f"{place} {'requires' if sent else 'may lack'} {name}" for name in sorted(now - was if sent else was - now)
        )
        members = new.get("properties", {})
        for name, member in old.get("properties", {}).items():
            if name not in members:
                yield f"{place} has no {name}"
            else:
                yield from self._schema(member, members[name], f"{place} {name}", sent=sent)
        if "items" in old and "items" in new:
            yield from self._schema(old["items"], new["items"], f"{place} items", sent=sent)

    @staticmethod
    def _all(document: Schema, parameters: list[Schema]) -> Iterator[Schema]:
        return (resolved(document, each) for each in parameters)


def resolved(document: Schema, schema: Schema) -> Schema:
    """The schema or parameter that a reference leads to."""
    found: Any = document
    if "$ref" not in schema:
        return schema
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(document, found)


def _kinds(document: Schema, schema: Schema) -> dict[str, Schema]:
    """The alternatives of a schema: an object by its name, another value by its type."""
    known = resolved(document, schema)
    if parts := known.get("anyOf") or known.get("oneOf"):
        return {kind: part for each in parts for kind, part in _kinds(document, each).items()}
    kind = str(known.get("type", "anything"))
    named = kind == "object" and "$ref" in schema
    return {schema["$ref"].rpartition("/")[2] if named else kind: known}


def _narrower(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """The values that a client may send no more. A value that an answer may newly have breaks no client: a client
    must expect new codes."""
    if "enum" in new and "enum" in old:
        yield from (f"{place} refuses {value}" for value in old["enum"] if value not in new["enum"])
    elif "enum" in new:
        yield f"{place} takes only some values"
    yield from (f"{place} has a higher {name}" for name in LEAST if new.get(name, 0) > old.get(name, 0))
    for name in MOST:
        if name in new and new[name] < old.get(name, float("inf")):
            yield f"{place} has a lower {name}"
