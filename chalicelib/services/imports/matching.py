"""Finds the record that a row is about: by its id, else its own identifier, else its name."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

from chalicelib.domain.companies.duplicates import compared
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Party
from chalicelib.domain.entity import Record
from chalicelib.domain.morocco.identifiers import normalise_phone
from chalicelib.domain.text import fold

FOUND_BY: Final = ("ice", "reference", "email", "name")
"""The attributes by which a record is found, in this order."""
_PARTY: Final = ("ice", "email", "name", "phone")
_ITEM: Final = ("reference", "name")


class SeveralMatch(Exception):
    """Several records fit a row."""


class Matches:
    """The company's records of one kind, by what a row may name them by."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.by_id: dict[str, Record] = {}
        self._ids: dict[tuple[str, str], list[str]] = defaultdict(list)
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Know one more record."""
        self.by_id[record.id] = record
        for key in _keys(_known(record)).items():
            self._ids[key].append(record.id)

    def find(self, content: Mapping[str, Any], apart: Container[str] = ()) -> Record | None:
        """The record that these values are about; None for a new one. A record whose id is in `apart` is found by its
        id alone. Raises SeveralMatch."""
        if found := self.by_id.get(content.get("id", "")):
            return found
        own = _keys(content)
        for key in [(name, own[name]) for name in FOUND_BY if name in own]:
            found_ids = dict.fromkeys(id for id in self._ids.get(key, ()) if id not in apart)
            fitting = [self.by_id[id] for id in found_ids if _fits(own, _keys(_known(self.by_id[id])))]
            if len(fitting) > 1:
                raise SeveralMatch
            if fitting:
                return fitting[0]
        return None

    def shares(self, record: Party, attributes: Iterable[str]) -> set[str]:
        """The attributes of these that another known record has too."""
        own = compared({name: getattr(record, name) for name in attributes})
        return {name for name, text in own.items() if any(id != record.id for id in self._ids.get((name, text), ()))}


def _known(record: Record) -> dict[str, Any]:
    names = _PARTY if isinstance(record, Party) else _ITEM if isinstance(record, Item) else ()
    return {name: getattr(record, name) for name in names}


def _keys(values: Mapping[str, Any]) -> dict[str, str]:
    """The compared forms of the values by which a record is found, and of those that tell two records apart."""
    keys = compared(values)
    if reference := values.get("reference"):
        keys["reference"] = fold(reference).strip()
    if phone := values.get("phone"):
        keys["phone"] = normalise_phone(phone)
    return {name: keys[name] for name in (*FOUND_BY, "phone") if keys.get(name)}


def _fits(row: Mapping[str, str], known: Mapping[str, str]) -> bool:
    """Whether a row can be about a known record: no identifier of one contradicts the other's."""
    strong = next((name for name in ("ice", "reference") if row.get(name) and known.get(name)), None)
    if strong:
        return row[strong] == known[strong]
    told_apart = [name for name in ("email", "phone") if row.get(name) and known.get(name)]
    return not told_apart or any(row[name] == known[name] for name in told_apart)
