"""Finds another party of the same kind with the same ICE, e-mail address or name, when a party is written.

The search runs before the transaction, because its result is a notice and no condition. It reads the compact index of
texts, and then the parties whose words fit: MOST_READ at most, newest first.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from chalicelib.domain.companies.duplicates import compared, same_as, shared
from chalicelib.domain.companies.party import Party
from chalicelib.domain.search import CUT
from chalicelib.domain.text import words
from chalicelib.services.records.texts import texts
from chalicelib.store.wire import Store

P = TypeVar("P", bound=Party)
MOST_READ: Final = 100


def note_duplicates(store: Store, cls: type[P], company: str, id: str, changed: Mapping[str, Any]) -> Callable[[P], P]:
    """Search for the changed values, and return a function that notes on the written party what was found. Raises
    Busy."""
    sought = compared(changed)
    found: set[str] = set()
    for party in _candidates(store, cls, company, id, sought) if sought else ():
        found |= shared(party, sought)

    def note(party: P) -> P:
        return replace(party, same_as=same_as(party, changed, found))

    return note


def _candidates(store: Store, cls: type[P], company: str, id: str, sought: Mapping[str, str]) -> Iterator[P]:
    """The other parties that may share a value: all words of a sought value are among their words."""
    values = [frozenset(words(text)) for text in sought.values()]

    def fits(key: str) -> bool:
        return any(all(word in key for word in value) for value in values)

    ids = {
        entry.id
        for entry in texts(store, company, cls, fits)
        if entry.id != id and (CUT in entry.words or any(value <= entry.words for value in values))
    }
    rows = store.batch([cls.ref(company, other) for other in sorted(ids, reverse=True)[:MOST_READ]])
    return (row for row in rows.values() if isinstance(row, cls))
