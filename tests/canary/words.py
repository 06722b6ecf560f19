"""Canaries: texts that stand nowhere else, in each form that a field may ask for, and why a field holds none."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ID = re.compile(r"\^(.+)_\[0-7\]\[0-9A-HJKMNP-TV-Z\]\{25\}\$$")
NUMBER = re.compile(r"[-^$()?*.=|\\0-9,{}\[\]]+$")
"""A pattern that allows digits and their signs alone."""
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LONG = 40
MODULUS = 97


@dataclass(frozen=True)
class Form:
    """A value for a field. `canary` is the text by which it is found again; without it, `reason` says why."""

    value: Any
    canary: str = ""
    reason: str = ""


@dataclass
class Nest:
    """Makes canaries; each is of this run alone. `known` are values of earlier answers, by name of their member."""

    seed: str
    digits: str
    picture: Callable[[str], bytes]
    made: int = 0
    known: dict[str, list[str]] = field(default_factory=dict)

    def word(self) -> str:
        """A new canary: 14 small letters and digits, which no folding changes."""
        self.made += 1
        return f"zq{self.seed}{self.made:05d}x"

    def number(self, length: int) -> str:
        """A number with its two control digits, as an ICE (15) and a RIB (24) have them."""
        self.made += 1
        body = f"{self.digits}{self.made:05d}".ljust(length - 2, "7")
        control = MODULUS - int(body) * 100 % MODULUS
        return f"{body}{control:02d}"

    def forms(self, name: str, schema: Mapping[str, Any], turn: int) -> Iterator[Form]:
        """The values to try for a field, the best first. The service's refusals choose among them."""
        if words := schema.get("enum", [schema["const"]] if "const" in schema else []):
            turned = [*words[turn % len(words) :], *words[: turn % len(words)]]
            yield from (Form(each, reason="one of the contract's words") for each in turned)
        elif made := ID.match(schema.get("pattern", "")):
            yield from self._ids(re.compile(made[1] + "_"))
        elif schema.get("format") in ("date", "date-time"):
            yield from self._days(schema["format"])
        elif schema.get("contentEncoding") == "base64":
            word = self.word()
            yield Form(b64encode(self.picture(word)).decode(), word)
        elif NUMBER.match(schema.get("pattern", "")):
            yield from self._numbers(schema["pattern"])
        else:
            yield from self._written(name, schema)

    def _ids(self, prefix: re.Pattern[str]) -> Iterator[Form]:
        for name, ids in self.known.items():
            if prefix.fullmatch(name):
                yield from (Form(each, reason="an id") for each in reversed(ids))

    def fresh_id(self, prefix: str) -> str:
        """An id that a client chooses."""
        self.made += 1
        number, letters = int(f"{self.seed.encode().hex()}{self.made:05d}", 16), ""
        while number:
            number, digit = divmod(number, len(ALPHABET))
            letters = ALPHABET[digit] + letters
        return f"{prefix}_{'01JD'}{letters.rjust(22, '0')}"

    def _days(self, form: str) -> Iterator[Form]:
        for day in self.known["day"]:
            yield Form(day if form == "date" else f"{day}T12:00:00Z", reason="a day, of which there are few")

    def _numbers(self, pattern: str) -> Iterator[Form]:
        candidates = ("20", "10.00", "1", "0.03", "0.01", "0", "01-31", "12-31", "1.2.3")
        yield from (
            Form(each, reason="a number, which says nothing alone") for each in candidates if re.search(pattern, each)
        )

    def _written(self, name: str, schema: Mapping[str, Any]) -> Iterator[Form]:
        longest, pattern = schema.get("maxLength", LONG), schema.get("pattern", "")
        known = [each for each in reversed(self.known.get(name, [])) if "{" in each]
        for value, canary in self._spellings(known):
            if len(value) <= longest and (not pattern or re.search(pattern, value)):
                yield Form(value, canary)
        for value in reversed(self.known.get(name, [])):
            yield Form(value, reason="a value that the service gave")
        yield from (Form(each, reason="an example of the contract") for each in schema.get("examples", ()))

    def _spellings(self, patterns: list[str]) -> Iterator[tuple[str, str]]:
        """A canary as a word, an address, before a pattern of the service, as numbers of several lengths, and as
        hexadecimal digits. Each has the text by which it is found."""
        word = self.word()
        yield word, word
        yield f"{word}@canary.example", word
        yield from ((f"{word}-{each}", word) for each in patterns)
        yield from ((f"{word}.{each}", word) for each in ("jpg", "csv"))
        for length in (15, 12, 24):
            number = self.number(length)
            yield number, number
        mobile = self.number(9)[:8]
        yield f"+2126{mobile}", f"6{mobile}"
        figures = word.encode().hex()
        yield figures.ljust(32, "0")[:32], figures
