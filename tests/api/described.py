"""The gaps of the OpenAPI document for a reader: missing sentences and examples, and examples that are not valid."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema_rs import Draft202012Validator

Document = Mapping[str, Any]
LONGEST = 25
"""Words of a sentence."""
_EMPTY = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "it", "no", "of", "on", "or", "that", "the", "this"}
)
"""Words that say nothing alone."""
_DEFAULT = re.compile(r" ?Without it: `[^`]*`\.$")


def sentences(text: str) -> list[str]:
    """The sentences of a description. A point within a number, a name or a code ends none."""
    return re.split(r"(?<=[.?!])\s+(?=[A-Z`'\"(0-9ÉÀ])", re.sub(r"\bart\. ", "art.", " ".join(text.split())))


def wrong_sentence(said: str | None, names: str = "") -> str | None:
    """The fault of a description, or None. `names`: the words that the reader already knows."""
    text = _DEFAULT.sub("", said or "")
    if not text:
        return "no sentence"
    if not text.endswith("."):
        return f"no full stop: {text}"
    if longest := [each for each in sentences(text) if len(each.split()) > LONGEST]:
        return f"{len(longest[0].split())} words: {longest[0]}"
    if not (text[0].isupper() or text[0] in "`'\"("):
        return f"no capital letter: {text}"
    known = _words(names) | _EMPTY
    return None if len(_words(text) - known) > 1 else f"says only its name: {text}"


def _words(text: str) -> set[str]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|[^\w']", " ", text.replace("_", " ")).lower().split()
    return {word.removesuffix("'s").removesuffix("s") for word in apart}


class Reader:
    """Walks one document. Examples are collected with their schemas and validated at once, because a validator of a
    document with all its components is slow to make."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.examples: dict[str, tuple[Any, Any]] = {}

    def faults(self) -> list[str]:
        """Every fault, with its place."""
        found = [f"{place}: {fault}" for place, fault in (*self._schemas(), *self._operations(), *self._components())]
        return found + list(self._invalid())

    def resolved(self, part: Any) -> Any:
        """The part that a reference names."""
        while "$ref" in part and part["$ref"].startswith("#/"):
            found: Any = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = found
        return part

    def _schemas(self) -> Iterator[tuple[str, str]]:
        for noun, schema in self.document["components"]["schemas"].items():
            if fault := wrong_sentence(schema.get("description"), noun):
                yield noun, fault
            yield from self._members(noun, schema)

    def _members(self, place: str, schema: Any) -> Iterator[tuple[str, str]]:
        """The faults of a schema's members, and of those of the schemas within it."""
        if isinstance(schema, list):
            for part in schema:
                yield from self._members(place, part)
        if not isinstance(schema, dict):
            return
        for name, part in schema.get("properties", {}).items():
            here = f"{place}.{name}"
            if fault := wrong_sentence(part.get("description"), f"{place} {name}"):
                yield here, fault
            if self._shown(here, part) is None:
                yield here, "no example"
            yield from self._members(here, part)
        for name in ("items", "anyOf", "oneOf", "allOf", "additionalProperties"):
            yield from self._members(place, schema.get(name))

    def _shown(self, place: str, part: Any) -> Any:
        """The examples of a schema: its own, or those of the schema that it names."""
        if part.get("examples"):
            for number, value in enumerate(part["examples"]):
                self.examples[f"{place}#{number}"] = (part, value)
            return part["examples"]
        kinds = [kind for kind in (part, *part.get("anyOf", ()), *part.get("oneOf", ())) if kind]
        kinds += [inner for kind in kinds for inner in (kind.get("items", {}), *kind.get("items", {}).get("anyOf", ()))]
        return next((kind for kind in kinds if self.resolved(kind).get("properties")), None)

    def _operations(self) -> Iterator[tuple[str, str]]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                here = f"{method.upper()} {path}"
                for given in operation["parameters"]:
                    yield from self._parameter(here, self.resolved(given))
                if "requestBody" in operation:
                    yield from self._body(f"{here} body", operation["requestBody"])
                for status, answer in operation["responses"].items():
                    yield from self._answer(f"{here} {status}", answer)

    def _parameter(self, here: str, parameter: Any) -> Iterator[tuple[str, str]]:
        place = f"{here} {parameter['in']} {parameter['name']}"
        if fault := wrong_sentence(parameter.get("description"), parameter["name"]):
            yield place, fault
        if self._shown(place, parameter["schema"]) is None:
            yield place, "no example"

    def _body(self, place: str, holder: Any) -> Iterator[tuple[str, str]]:
        if fault := wrong_sentence(holder.get("description")):
            yield place, fault
        yield from self._content(place, holder["content"])

    def _content(self, place: str, content: Any) -> Iterator[tuple[str, str]]:
        for kind, media in content.items():
            if not media.get("examples"):
                yield f"{place} {kind}", "no example"
            for name, example in media.get("examples", {}).items():
                self.examples[f"{place} {kind} {name}"] = (media["schema"], self.resolved(example)["value"])

    def _answer(self, place: str, answer: Any) -> Iterator[tuple[str, str]]:
        problems = answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
        for code in problems:
            if f"`{code}`: " not in answer["description"]:
                yield place, f"does not name {code}"
        fault = wrong_sentence(answer.get("description"))
        if fault and not problems:
            yield place, fault
        yield from self._content(place, answer.get("content", {}))

    def _components(self) -> Iterator[tuple[str, str]]:
        """The headers of answers, and the examples of problems: what each code means."""
        for name, header in self.document["components"]["headers"].items():
            if fault := wrong_sentence(header.get("description"), name):
                yield name, fault
            if self._shown(name, header["schema"]) is None:
                yield name, "no example"
        for code, example in self.document["components"]["examples"].items():
            is_problem = code[0].islower()
            if is_problem and (fault := wrong_sentence(example.get("description"), code)):
                yield code, fault

    def _invalid(self) -> Iterator[str]:
        """The examples that their own schema refuses."""
        schemas = {place: schema for place, (schema, _) in self.examples.items()}
        values = {place: value for place, (_, value) in self.examples.items()}
        checked = {"properties": json.loads(json.dumps(schemas)), "components": self.document["components"]}
        for error in Draft202012Validator(checked, validate_formats=True).iter_errors(values):
            yield f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}"
