"""Metadata: pairs of texts that a client adds to a document, a customer, a supplier or an item for its own use."""

from collections.abc import Mapping
from typing import Final

from chalicelib.domain.errors import invalid

Metadata = dict[str, str]
MAX_PAIRS: Final = 20


def merged(before: Mapping[str, str] | None, changes: Mapping[str, str | None] | None) -> Metadata | None:
    """The pairs after a change, as they are stored. A null value removes its pair, and null instead of the changes
    removes all. Without pairs it is None. Raises InvalidContent above 20 pairs."""
    if changes is None:
        return None
    pairs = {name: value for name, value in {**(before or {}), **changes}.items() if value is not None}
    if len(pairs) > MAX_PAIRS:
        raise invalid("/metadata", "too_many", max=MAX_PAIRS)
    return pairs or None
