"""A second version of the schema, published by the product's own mechanism: `ADDED` names what it adds.

The columns exist in the product. For the tests, version 2 has added them.
"""

import sys
from collections.abc import Mapping
from typing import Final

import pytest

from chalicelib.domain.sync import tables

VERSION: Final = 2
ADDED: Final[Mapping[int, Mapping[str, tuple[str, ...]]]] = {
    VERSION: {
        "customers": ("phone",),
        "items": ("reference",),
        "drafts": ("buyer_reference", "lines/discount"),
        "documents": ("buyer_reference",),
    }
}
"""Columns of rows that devices change and of rows that they read, and a member of the lines of a draft."""


def publish(patch: pytest.MonkeyPatch) -> None:
    """Publish the second version."""
    patch.setattr(tables, "ADDED", ADDED)
    for table in tables.TABLES:
        newer = tables._added(table)
        for name in ("columns", "members"):
            patch.setitem(vars(table), name, getattr(newer, name))
        vars(table).pop("by_name", None)
    everywhere(patch, "SCHEMA_VERSION", VERSION)


def stop_answering_the_first(patch: pytest.MonkeyPatch) -> None:
    """Version 1 is no longer answered."""
    everywhere(patch, "OLDEST_SCHEMA", VERSION)


def everywhere(patch: pytest.MonkeyPatch, name: str, value: object) -> None:
    """Set a constant of the tables in each module that has imported it."""
    for module in [each for each in sys.modules.values() if each.__name__.startswith("chalicelib.")]:
        if hasattr(module, name):
            patch.setattr(module, name, value)
