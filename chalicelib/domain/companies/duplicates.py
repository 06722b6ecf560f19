"""Parties that are probably the same: another one of the kind has the same ICE, e-mail address or name."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from chalicelib.domain.companies.party import Party
from chalicelib.domain.morocco.identifiers import normalise
from chalicelib.domain.text import fold, words

COMPARED: Final[Mapping[str, Callable[[str], str]]] = {
    "ice": normalise,
    "email": fold,
    "name": lambda name: " ".join(words(name)),
}
"""The compared attributes, and the form in which equal values are equal texts."""


def compared(values: Mapping[str, Any]) -> dict[str, str]:
    """The compared form of each attribute that has a value."""
    forms = {name: form(values[name]) for name, form in COMPARED.items() if values.get(name)}
    return {name: text for name, text in forms.items() if text}


def shared(party: Party, sought: Mapping[str, str]) -> set[str]:
    """The attributes of `party` whose compared form is the sought one."""
    own = compared({name: getattr(party, name) for name in sought})
    return {name for name, text in own.items() if text == sought[name]}


def same_as(party: Party, changed: Mapping[str, Any], found: set[str]) -> tuple[str, ...] | None:
    """The attributes that another party has too: those `found` among the `changed` ones, and the earlier ones among the
    others."""
    kept = {name for name in party.same_as or () if name not in changed}
    return tuple(name for name in COMPARED if name in kept | found) or None
