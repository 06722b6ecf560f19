"""Finds another party of the same kind with the same ICE, e-mail address or name, when a party is written.

The search runs before the transaction, because its result is a notice and no condition. It reads the compact index of
texts, and then the parties whose words fit: MOST_READ at most, newest first.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final, TypeVar

from chalicelib.domain.companies.duplicates import compared, same_as, shared
from chalicelib.domain.companies.party import Party
from chalicelib.domain.search import CUT
from chalicelib.domain.text import words
from chalicelib.services.records.texts import texts
from chalicelib.store.wire import Store

P = TypeVar("P", bound=Party)
MOST_READ: Final = 100
MOST_READ_TOGETHER: Final = 1_000
"""Parties that are read for one party, and for several written together."""
FEW_WORDS: Final = 20
"""Above this number of words, almost every text has one of them."""


def note_duplicates(store: Store, cls: type[P], company: str, id: str, changed: Mapping[str, Any]) -> Callable[[P], P]:
    """Search for the changed values, and return a function that notes on the written party what was found. Raises
    Busy."""
    return note_all_duplicates(store, cls, company, {id: changed})


def note_all_duplicates(
    store: Store, cls: type[P], company: str, changes: Mapping[str, Mapping[str, Any]]
) -> Callable[[P], P]:
    """The same for several parties (their changed values by id). The index is read once for all of them."""
    sought = {id: values for id, changed in changes.items() if (values := compared(changed))}
    found = _found(store, cls, company, sought) if sought else {}

    def note(party: P) -> P:
        changed = changes.get(party.id, {})
        return replace(party, same_as=same_as(party, changed, found.get(party.id, set())))

    return note


def _found(store: Store, cls: type[P], company: str, sought: Mapping[str, Mapping[str, str]]) -> dict[str, set[str]]:
    """The attributes that each sought party shares with another one, by its id."""
    candidates = _candidates(store, cls, company, sought)
    rows = store.batch([cls.ref(company, other) for other in dict.fromkeys(chain(*candidates.values()))])
    parties = {row.id: row for row in rows.values() if isinstance(row, cls)}
    return {
        id: set().union(*(shared(parties[other], sought[id]) for other in others if other in parties))
        for id, others in candidates.items()
    }


def _candidates(
    store: Store, cls: type[Party], company: str, sought: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """The other parties that may share a value with each sought one: all words of a value are among their words."""
    by_word = _by_word(sought)

    def fits(key: str) -> bool:
        return len(by_word) > FEW_WORDS or any(word in key for word in by_word)

    found: dict[str, set[str]] = {id: set() for id in sought}
    for entry in texts(store, company, cls, fits):
        named = entry.words
        if CUT in named:
            for others in found.values():
                others.add(entry.id)
        for word in named:
            for id, value in by_word.get(word, ()):
                if value <= named:
                    found[id].add(entry.id)
    most = max(1, min(MOST_READ, MOST_READ_TOGETHER // len(sought)))
    return {id: sorted(others - {id}, reverse=True)[:most] for id, others in found.items()}


def _by_word(sought: Mapping[str, Mapping[str, str]]) -> dict[str, list[tuple[str, frozenset[str]]]]:
    """The sought values as sets of words, each with its party's id, by their longest word."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for id, values in sought.items():
        for text in values.values():
            if value := frozenset(words(text)):
                found.setdefault(max(value, key=len), []).append((id, value))
    return found
