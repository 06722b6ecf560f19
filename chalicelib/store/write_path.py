"""The write paths: each lists the tables and kinds of rows that it may put, change and delete.

Business data goes through `store.transaction`, the progress of jobs through `store.bookkeeping`, and an erasure through
`store.erase`. The functions that write check their path's list. `tests/write_paths.py` checks each write on the wire.
"""

import re
from collections.abc import Collection, Container
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal

from chalicelib.domain.entity import ENTITIES, Ref, RowKind

Operation = Literal["put", "update", "delete"]


class OutsideWritePath(Exception):
    """A defect: a write touches a kind that its path does not list. Nothing is written."""

    code = "outside_write_path"


class Kinds(Container[RowKind]):
    """Kinds by table. In the tables of `every`, each kind counts, those included that are declared later."""

    def __init__(self, every: Collection[str] = (), **kinds: Collection[str]) -> None:
        self.every = frozenset(every)
        self.listed = frozenset((table, kind) for table, names in kinds.items() for kind in names)

    def __contains__(self, kind: object) -> bool:
        return kind in self.listed or (isinstance(kind, tuple) and kind[0] in self.every)


class KindsWithDueDate(Container[RowKind]):
    """Kinds whose rows have the attribute `due`: the index on due dates finds them."""

    def __contains__(self, kind: object) -> bool:
        cls: Any = ENTITIES.get(kind)  # type: ignore[call-overload]  # another object is no key
        return cls is not None and any(field.name == "due" for field in fields(cls))


@dataclass(frozen=True)
class WritePath:
    """A write path's list: the kinds that it puts, changes in place and deletes."""

    name: str
    puts: Container[RowKind] = Kinds()
    updates: Container[RowKind] = Kinds()
    deletes: Container[RowKind] = Kinds()

    def allows(self, operation: Operation, table: str, kind: str) -> bool:
        """Whether the list has this kind."""
        listed = {"put": self.puts, "update": self.updates, "delete": self.deletes}[operation]
        return (table, kind) in listed

    def require(self, operation: Operation, table: str, kind: str) -> None:
        """Raise OutsideWritePath unless the list has this kind."""
        if not self.allows(operation, table, kind):
            raise OutsideWritePath(f"{self.name} may not {operation} {table}/{kind}: add it to the path's list first")

    def require_at(self, operation: Operation, ref: Ref) -> None:
        """The same for a row of which only the address is known."""
        for kind in kinds_at(ref) or ("unknown",):
            self.require(operation, ref.table, kind)


def kinds_at(ref: Ref) -> tuple[str, ...]:
    """The kinds whose rows may lie at this address."""
    return tuple(
        kind for (table, kind), cls in ENTITIES.items() if table == ref.table and _pattern(cls.SORT).fullmatch(ref.sort)
    )


@cache
def _pattern(sort: str) -> re.Pattern[str]:
    parts = re.split(r"(\{.*?\})", sort)
    return re.compile("".join(".*" if part.startswith("{") else re.escape(part) for part in parts))
