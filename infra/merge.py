"""Merge templates: mappings key by key. Any other value is replaced."""

from collections.abc import Mapping
from typing import Any


def merged(base: Mapping[str, Any], addition: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `addition` merged in. Neither argument changes."""
    made = dict(base)
    for key, value in addition.items():
        old = made.get(key)
        made[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return made
