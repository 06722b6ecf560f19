"""Search in lists by folded words, and the key by which the index of words finds a record.

A record matches a search when each word of the search begins one of the record's words.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from string import ascii_uppercase
from typing import Final

from chalicelib.domain.text import words

MOST_WORDS = 8
"""Words of a search. Further words are ignored."""
KEY = "_w"
"""The attribute of the key. Its name is stored with each entry, and a search reads all entries of a kind."""
MAX_KEY_BYTES = 900
"""Bytes of a key. DynamoDB's limit is 1,024."""
PHONE_DIGITS = 9
"""The digits of a Moroccan number after its prefix: 0612345678 and +212 612 34 56 78 are the same number."""
_LONGEST_PHONE = 15
FIELD, CUT = "|", "…"
"""They separate the fields of a text, and end a text that is too long for a key."""
_SHORT: Final[Mapping[str, str]] = dict(
    zip(
        (
            *("gmail com", "sarl au", "|00", "0000", " com ", " ma ", "sarl", "societe", "entreprise", "distribution"),
            *("commercial", "direction", "contact", "compta", "info", "services", "transport", "travaux", "import"),
            *("consulting", "negoce", "maroc", "menara", "hotmail", "outlook", "yahoo"),
        ),
        ascii_uppercase,
        strict=True,
    )
)
"""The letters that stand for frequent parts of a key: a search of 10,000 customers reads an eighth less. A folded text
has no capital letters. The table is data: a change needs new keys for all rows."""


@dataclass(frozen=True)
class Search:
    """The words of a search, and the last nine digits if it is a telephone number."""

    words: tuple[str, ...]
    phone: str | None = None

    def fits(self, key: str) -> bool:
        """Whether the expanded key of a record may match: it has all words somewhere, or the number."""
        return all(word in key for word in self.words) or (self.phone is not None and self.phone in key)

    def matches(self, found: Collection[str]) -> bool:
        """Whether a record with these words matches. The words of a text that was cut may match anything."""
        if CUT in found or (self.phone is not None and self.phone in found):
            return True
        return all(begins(word, found) for word in self.words)


def begins(word: str, found: Iterable[str]) -> bool:
    """Whether a word of a search begins one of the words `found`."""
    return any(each.startswith(word) for each in found)


def search_of(text: str | None) -> Search | None:
    """The search for a text; None if it has no word."""
    found = tuple(words(text or "")[:MOST_WORDS])
    if not found:
        return None
    digits = "".join(found)
    is_phone = digits.isdecimal() and PHONE_DIGITS <= len(digits) <= _LONGEST_PHONE
    return Search(found, digits[-PHONE_DIGITS:] if is_phone else None)


def phone_word(phone: str | None) -> list[str]:
    """The word of a telephone number: its last nine digits."""
    digits = "".join(words(phone or ""))
    return [digits[-PHONE_DIGITS:]] if digits else []


def text_key(prefix: str, fields: Iterable[Sequence[str]]) -> dict[str, str]:
    """The key of a record in the index of words: the prefix of its ids and the words of its fields. A word is stated
    once. A text that is too long ends with `CUT`. Records may have equal keys."""
    seen: set[str] = set()
    parts: list[str] = []
    for field in fields:
        parts.append(" ".join(word for word in dict.fromkeys(field) if word not in seen))
        seen |= set(field)
    text, available = FIELD.join(parts).rstrip(FIELD), MAX_KEY_BYTES - len(f"{prefix}#".encode())
    if len(text.encode()) > available:
        cut = text.encode()[: available - len(f" {CUT}".encode())].decode(errors="ignore")
        text = f"{cut.rpartition(' ')[0]} {CUT}"
    for part, letter in _SHORT.items():
        text = text.replace(part, letter)
    return {KEY: f"{prefix}#{text}"}


def expanded(keys: Iterable[str]) -> list[str]:
    """The keys with their frequent parts in full. All at once, because a search takes thousands."""
    text = "\n".join(keys)
    for part, letter in _SHORT.items():
        text = text.replace(letter, part)
    return text.split("\n") if text else []


@dataclass(frozen=True)
class TextEntry:
    """A record as the index of words states it: its id and the words of each field."""

    id: str
    fields: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, sort: str, key: str) -> "TextEntry":
        """The entry of the row with this sort key and this expanded key in the index."""
        text = key.partition("#")[2]
        return cls(sort.rpartition("#")[2], tuple(tuple(field.split()) for field in text.split(FIELD)))

    @property
    def words(self) -> frozenset[str]:
        """The words of all fields."""
        return frozenset(chain.from_iterable(self.fields))
