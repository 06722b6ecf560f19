"""Merging templates: mappings by their keys, and whatever is not a mapping is replaced."""

from collections.abc import Mapping
from typing import Any


def merged(base: Mapping[str, Any], addition: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `addition` laid over it; neither is changed."""
    made = dict(base)
    for key, value in addition.items():
        old = made.get(key)
        made[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return made
