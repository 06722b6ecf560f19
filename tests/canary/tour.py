"""Calls every verb that writes, in the order of their dependencies: a verb is called once an earlier answer has named
the object that its address needs."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Any

import urllib3

from tests.canary.contract import Contract, Path, Schema, Verb
from tests.canary.filling import Filling
from tests.canary.service import Person
from tests.canary.words import Nest
from tests.e2e.serving import Answer

CORRECTIONS = 40
STATES = (404, 409)
"""The object is not in the state that the verb needs: another may be."""
FILE = frozenset({"content_type", "bytes", "sha256"})
"""A body with these members announces a file."""
FILE_PART = ("the file",)
MOST_REFUSED = 3
OK = 300
Pins = Mapping[Path, Any]


@dataclass(frozen=True)
class Planted:
    """A canary that the service accepted: the verb, the field, the address, and the ids of the call."""

    verb: str
    field: Path
    address: str
    ids: frozenset[str]


@dataclass
class Tour:
    """The calls of one person. `planted` are the canaries by their text; `outcomes` say for each field of each verb
    with which reasons it was accepted without one; `refused` the codes of those that were not."""

    contract: Contract
    nest: Nest
    person: Person
    file_of: Callable[[Mapping[str, Any], Callable[[], str]], bytes]
    planted: dict[str, Planted] = field(default_factory=dict)
    accepted: dict[str, dict[Path, str]] = field(default_factory=lambda: defaultdict(dict))
    refused: dict[str, dict[Path, str]] = field(default_factory=lambda: defaultdict(dict))
    addresses: list[str] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    opened: dict[str, Schema] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    learnt: dict[str, dict[Path, int]] = field(default_factory=lambda: defaultdict(dict))
    left_out: dict[str, set[Path]] = field(default_factory=lambda: defaultdict(set))
    last: dict[str, str] = field(default_factory=dict)

    def places(self, verb: Verb) -> list[str]:
        """The addresses on which a verb can be called, the newest first."""
        if "{" not in verb.path:
            return [verb.path]
        head, _, tail = verb.path.rpartition("}")
        stem = Verb("", head + "}", None, "", False).matching
        return [each + tail for each in reversed(self.addresses) if stem.fullmatch(each)]

    def call(self, verb: Verb, address: str, only: frozenset[Path] | None = None, pins: Pins | None = None) -> Answer:
        """Call a verb, correcting the body as the refusals ask. Note what was accepted."""
        self.turns[str(verb)] += 1
        filling = Filling(self.contract, self.nest, verb, self.turns[str(verb)] - 1, only, self.opened)
        filling.learnt = self.learnt[str(verb)]
        if only is None:
            filling.dropped = set(self.left_out[str(verb)])
        for _ in range(CORRECTIONS):
            body = pinned(filling.body(), pins or {})
            words: list[str] = []
            content = self._announced(body, words)
            match = {"If_Match": "*"} if verb.needs_match else {}
            got = self.person.ask(verb.method, address, body, verb.media or "application/json", **match)
            if got.status < OK or not filling.corrected(read(got)):
                break
        self.last[str(verb)] = f"{got.status} {got.body[:300]!r}"
        ids = frozenset(found_ids([address, body, read(got)]))
        self._note(verb, address, filling, got.status, ids, only, pins or {})
        if got.status < OK:
            planted = Planted(str(verb), FILE_PART, address, ids)
            self.planted |= dict.fromkeys(words, planted)
            self._harvest(verb, address, read(got), content, got.headers.get("location"))
        return got

    def _announced(self, body: Any, words: list[str]) -> bytes:
        """The file that a body announces, with new canaries (`words`). Its size and its hash are stated."""

        def word() -> str:
            words.append(self.nest.word())
            return words[-1]

        if not isinstance(body, dict) or not body.keys() >= FILE:
            return b""
        content = self.file_of(body, word)
        body |= {"bytes": len(content), "sha256": sha256(content).hexdigest()}
        return content

    def _note(
        self, verb: Verb, address: str, filling: Filling, status: int, ids: frozenset[str], only: Any, pins: Pins
    ) -> None:
        for at in pins:
            for within in [each for each in filling.fields if each[: len(at)] == at]:
                del filling.fields[within]
            if status < OK:
                self.accepted[str(verb)].setdefault(at, "a value of the order of the calls")
        for at, each in filling.fields.items():
            sent = filling.holds(at)
            if status < OK and sent:
                self.accepted[str(verb)][at] = each.form.reason
                if each.form.canary:
                    self.planted[each.form.canary] = Planted(str(verb), at, address, ids)
            elif each.code or only is None:
                self.refused[str(verb)][at] = each.code or str(status)
        if status < OK:
            self.done[str(verb)] += 1
            written = {at: each.at for at, each in filling.fields.items() if not each.form.reason}
            self.learnt[str(verb)].update(written)
            if only is None and not pins:
                known = self.left_out[str(verb)]
                self.left_out[str(verb)] = {at for at in filling.dropped if at in known or is_word(filling, at)}

    def _harvest(self, verb: Verb, address: str, answer: Any, content: bytes, location: str | None) -> None:
        """Keep the ids, the addresses and the values that an answer names. Send a file that it expects."""
        self.learn(answer)
        made = answer.get("id") if isinstance(answer, dict) else None
        for each in (
            location,
            f"{address}/{made}" if made and verb.method == "POST" and "{" not in verb.path else None,
        ):
            if each and each not in self.addresses:
                self.addresses.append(each)
        upload = answer.get("upload") if isinstance(answer, dict) else None
        if upload:
            sent = urllib3.request("PUT", upload["url"], body=content, headers=upload["headers"], retries=False)
            assert sent.status < OK, sent.data

    def learn(self, answer: Any, name: str = "") -> None:
        """Keep each text of an answer under the name of its member, and each id under its prefix."""
        if isinstance(answer, dict):
            for member, part in answer.items():
                self.learn(part, member)
        elif isinstance(answer, list):
            for part in answer:
                self.learn(part, name)
        elif isinstance(answer, str):
            for key in {name, answer[:4]} if answer[3:4] == "_" else {name}:
                known = self.nest.known.setdefault(key, [])
                if answer not in known:
                    known.append(answer)

    def names(self, verb: Verb) -> set[str]:
        """The members of a verb's body."""
        return set(self.contract.members(self.contract.resolved(verb.body))) if verb.body else set()

    def body_again(self, verb: Verb, label: str) -> dict[str, Any]:
        """A body as the verb accepts it, with new canaries, for another way in."""
        filling = Filling(self.contract, self.nest, verb, 0, None, self.opened)
        filling.learnt, filling.dropped = self.learnt[str(verb)], self.left_out[str(verb)] - {("id",)}
        body: dict[str, Any] = filling.body()
        for at, each in filling.fields.items():
            if filling.holds(at) and each.form.canary:
                self.planted[each.form.canary] = Planted(label, at, label, frozenset(found_ids(body)))
        return body

    def forget(self, label: str, column: str, newest: Mapping[str, Any] | None = None) -> None:
        """Forget the canaries of a cell that was not stored; with `newest`, those of this row alone."""
        for text, at in list(self.planted.items()):
            if at.verb == label and at.field[0] == column and (newest is None or text in str(newest.get(column))):
                del self.planted[text]

    def state(self, verb: Verb, reason: str) -> None:
        """State why the remaining fields of a verb, which a call by hand filled, hold no canary."""
        self.accepted[str(verb)] |= dict.fromkeys(self.missing(verb), reason)
        self.done[str(verb)] += 1

    def missing(self, verb: Verb) -> list[Path]:
        """The fields of a verb that no call has had accepted."""
        return [at for at, _ in self.contract.texts(verb.body) if at not in self.accepted[str(verb)]]

    def attempt(self, verb: Verb, pins: Pins | None = None) -> None:
        """Call a verb on the addresses that are known, until it succeeds."""
        refused = 0
        for address in self.places(verb):
            got = self.call(verb, address, pins=pins)
            refused += got.status not in STATES
            if got.status < OK or refused >= MOST_REFUSED:
                return

    def complete(self, verb: Verb, pins: Pins | None = None) -> None:
        """Call a verb once for each field that was not accepted, with that field and what it needs."""
        for at in self.missing(verb):
            for address in self.places(verb):
                got = self.call(verb, address, frozenset({at}), pins)
                if got.status not in STATES or at in self.accepted[str(verb)]:
                    break


def is_word(filling: Filling, at: Path) -> bool:
    """Whether a field was left out for what it says, not for want of an object that it could name."""
    return at in filling.fields and not filling.fields[at].form.reason.startswith(("an id", "nothing"))


def pinned(body: Any, pins: Pins) -> Any:
    """The body with values that the order of the calls needs."""
    for at, value in pins.items():
        body = body if isinstance(body, dict) else {}
        inner = body
        for name, inside in pairwise(at):
            inner = inner[0] if name == "0" else inner.setdefault(name, [{}] if inside == "0" else {})
        inner[at[-1]] = value
    return body


def read(got: Answer) -> Any:
    """The body of an answer, if it is JSON."""
    return json.loads(got.body) if "json" in got.headers.get("content-type", "") and got.body else {}


def found_ids(value: Any) -> set[str]:
    """Every id in a value."""
    if isinstance(value, dict):
        return set().union(*map(found_ids, value.values()))
    if isinstance(value, list):
        return set().union(*map(found_ids, value))
    text = value if isinstance(value, str) else ""
    return {part for part in text.split("/") if part[3:4] == "_" and len(part) == 30}
