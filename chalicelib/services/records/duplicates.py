"""Finds another party of the same kind with the same ICE, e-mail address or name, when a party is written.

The search runs before the transaction, because its result is a notice and no condition. It examines MOST_EXAMINED
parties at most, newest first.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from chalicelib.domain.companies.duplicates import compared, same_as, shared
from chalicelib.domain.companies.party import Party
from chalicelib.services.records.paging import MOST_EXAMINED
from chalicelib.store.wire import Store

P = TypeVar("P", bound=Party)


def note_duplicates(store: Store, cls: type[P], company: str, id: str, changed: Mapping[str, Any]) -> Callable[[P], P]:
    """Search for the changed values, and return a function that notes on the written party what was found. Raises
    Busy."""
    sought = compared(changed)
    found: set[str] = set()
    for party in _candidates(store, cls, company) if sought else ():
        if party.id != id:
            found |= shared(party, sought)
        if found == sought.keys():
            break

    def note(party: P) -> P:
        return replace(party, same_as=same_as(party, changed, found))

    return note


def _candidates(store: Store, cls: type[P], company: str) -> Iterator[P]:
    """The parties that may share a value."""
    return islice(store.all_of(cls, company, descending=True), MOST_EXAMINED)
