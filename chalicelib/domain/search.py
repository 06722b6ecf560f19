"""Search in lists by folded words, and the key by which the index `_text` finds a record.

A record matches a search when each word of the search begins one of the record's words.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from chalicelib.domain.text import words

MOST_WORDS = 8
"""Words of a search. Further words are ignored."""
MAX_KEY_BYTES = 900
"""Bytes of a key in the index `_text`. DynamoDB's limit is 1,024."""
PHONE_DIGITS = 9
"""The digits of a Moroccan number after its prefix: 0612345678 and +212 612 34 56 78 are the same number."""
_LONGEST_PHONE = 15
FIELD, CUT = "|", "…"
"""They separate the fields of a text, and end a text that is too long for a key."""


@dataclass(frozen=True)
class Search:
    """The words of a search, and the last nine digits if it is a telephone number."""

    words: tuple[str, ...]
    phone: str | None = None

    def fits(self, key: str) -> bool:
        """Whether the key of a record may match: it has all words somewhere, or the number. A quick first look."""
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


def text_key(kind: str, fields: Iterable[Sequence[str]], id: str) -> dict[str, str]:
    """The key of a record in the index `_text`: its kind, the words of its fields and its id. A word is stated once. A
    text that is too long ends with `CUT`."""
    seen: set[str] = set()
    parts: list[str] = []
    for field in fields:
        parts.append(" ".join(word for word in dict.fromkeys(field) if word not in seen))
        seen |= set(field)
    text, room = FIELD.join(parts).rstrip(FIELD), MAX_KEY_BYTES - len(f"{kind}##{id}".encode())
    if len(text.encode()) > room:
        cut = text.encode()[: room - len(f" {CUT}".encode())].decode(errors="ignore")
        text = f"{cut.rpartition(' ')[0]} {CUT}"
    return {"_text": f"{kind}#{text}#{id}"}


@dataclass(frozen=True)
class TextEntry:
    """A record as the index `_text` states it: its id and the words of each field."""

    id: str
    fields: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, key: str) -> "TextEntry":
        """The entry with this key."""
        text = key.partition("#")[2]
        text, _, id = text.rpartition("#")
        return cls(id, tuple(tuple(field.split()) for field in text.split(FIELD)))

    @property
    def words(self) -> frozenset[str]:
        """The words of all fields."""
        return frozenset(chain.from_iterable(self.fields))
