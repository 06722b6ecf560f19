"""Merge templates: mappings key by key. Any other value is replaced."""

from collections.abc import Mapping
from typing import Any


def merged(base: Mapping[str, Any], addition: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `addition` merged in. Neither argument changes."""
    result = dict(base)
    for key, value in addition.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result
