"""A body that fills every field of a verb. The refusals of the service correct it: a field that is refused gets its
next form, one that is missing is added, and one that has no further form is left out."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tests.canary.contract import ANYTHING, KEY, Contract, Path, Schema, Verb
from tests.canary.words import Form, Nest

Special = Callable[[str, Mapping[str, Any]], Any]
MOST_FORMS = 20
LARGE = 10_000
"""A longer text, such as a template, is sent in a call of its own: the service works on it for seconds."""


@dataclass
class Field:
    """A field of one body: its forms, and which of them is in use. `out` fields are not sent."""

    schema: Schema
    forms: list[Form]
    at: int = 0
    out: bool = False
    code: str = ""

    @property
    def form(self) -> Form:
        """The form in use."""
        return self.forms[self.at]

    def next(self) -> bool:
        """Take the next form. False when there is none."""
        if self.at + 1 < len(self.forms):
            self.at += 1
            return True
        return False


@dataclass
class Filling:
    """The body of one call. `only` keeps the required members and these fields; None sends every field."""

    contract: Contract
    nest: Nest
    verb: Verb
    turn: int
    only: frozenset[Path] | None = None
    opened: Mapping[str, Schema] = field(default_factory=dict)
    fields: dict[Path, Field] = field(default_factory=dict)
    added: set[Path] = field(default_factory=set)
    dropped: set[Path] = field(default_factory=set)
    learnt: Mapping[Path, int] = field(default_factory=dict)

    def body(self) -> Any:
        """The body as it stands."""
        return None if self.verb.body is None else self._value(self.verb.body, ())

    def _value(self, schema: Schema, at: Path) -> Any:
        schema = self.contract.resolved(schema)
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            return self._object(schema, at)
        if kind == "array":
            return [self._value(schema["items"], (*at, "0"))]
        if kind == "string":
            return self._field(schema, at).form.value
        if kind == "boolean":
            return not schema.get("description", "").endswith("`true`.")
        return schema.get("minimum", 1) if kind in ("integer", "number") else None

    def _object(self, schema: Schema, at: Path) -> dict[str, Any]:
        if at and self.contract.is_open(schema) and at[-1] in self.opened:
            schema = self.contract.resolved(self.opened[at[-1]])
        required, value = schema.get("required", ()), dict[str, Any]()
        for name, part in self.contract.members(schema).items():
            place = (*at, name)
            if name == KEY or not self._sent(place, part, name in required):
                continue
            if name == ANYTHING:
                named = self._field({"type": "string", **schema.get("propertyNames", {})}, (*at, KEY))
                value[named.form.value] = self._value(part, place)
            else:
                value[name] = self._value(part, place)
        return value

    def _sent(self, at: Path, schema: Schema, required: bool) -> bool:
        if at in self.dropped:
            return False
        if required or at in self.added:
            return True
        if self.only is not None:
            return any(each[: len(at)] == at for each in self.only)
        schema = self.contract.resolved(schema)
        if schema.get("maxLength", 0) > LARGE and "contentEncoding" not in schema:
            return False
        return schema.get("type") not in ("boolean", "integer", "number", "null")

    def _field(self, schema: Schema, at: Path) -> Field:
        if at not in self.fields:
            name = next((part for part in reversed(at) if part not in ("0", ANYTHING)), "")
            forms = list(islice(self.nest.forms(name, schema, self.turn), MOST_FORMS))
            if (name == "id" and forms == []) or at == ("id",):
                forms = self._chosen_id(schema)
            forms = forms or [Form("", reason="nothing fits")]
            self.fields[at] = Field(schema, forms, min(self.learnt.get(at, 0), len(forms) - 1))
        return self.fields[at]

    def _chosen_id(self, schema: Schema) -> list[Form]:
        prefix = schema.get("pattern", "^xxx_")[1:4]
        return [Form(self.nest.fresh_id(prefix), reason="an id")]

    def holding(self) -> Iterator[tuple[Path, Field]]:
        """The fields that the last body sent."""
        yield from ((at, each) for at, each in self.fields.items() if self.holds(at))

    def holds(self, at: Path) -> bool:
        return not any(at[:length] in self.dropped for length in range(1, len(at) + 1))

    def corrected(self, answer: Any) -> bool:
        """Change the body as the refusal asks. False when it asks for nothing that can be changed."""
        changed = False
        for error in answer.get("errors", ()):
            at = tuple(part.replace("~1", "/").replace("~0", "~") for part in error["pointer"].split("/")[1:])
            changed |= self._correct(self._place(at), error["code"])
        return changed

    def _place(self, pointer: Path) -> Path:
        """The position that a pointer means. A list has one element; a free name is a member."""
        found: list[str] = []
        for part in pointer:
            here = tuple(found)
            free = (*here, KEY) in self.fields and part == self.fields[*here, KEY].form.value
            found.append(ANYTHING if free else part)
        return tuple(found)

    def _correct(self, at: Path, code: str) -> bool:
        known = self.fields.get(at)
        if known is not None and self.holds(at):
            known.code = code
            return known.next() or self._drop(at)
        if at in self.dropped:
            self.dropped.discard(at)
            self.added.add(at)
            return True
        inside = [each for each, _ in self.holding() if each[: len(at)] == at and each not in (self.only or ())]
        if inside:
            inside.sort(key=lambda each: self.fields[each].form.reason.startswith("a number"))
            self.fields[inside[-1]].code = code
            return self.fields[inside[-1]].next() or self._drop(inside[-1])
        if at in self.added:
            return self._drop(at)
        self.added |= {at[:length] for length in range(1, len(at) + 1)}
        return True

    def _drop(self, at: Path) -> bool:
        """Leave a field out. One that was asked for stays."""
        if (self.only is not None and at in self.only) or not at:
            return False
        self.dropped.add(at if at[-1] not in ("0", ANYTHING, KEY) else at[:-1])
        self.added.discard(at)
        return True


def shown(body: Any) -> str:
    """A body in a failure."""
    return json.dumps(body, ensure_ascii=False)[:2000]
