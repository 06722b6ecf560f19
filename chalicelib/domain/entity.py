"""Entities: frozen records whose every stored attribute names a rule of the policy.

`policy.toml` defines the rules and a class only names them. So one place decides the content, the reason and the term
of what is kept. A field without `kept` raises an error when its class is made. An unknown or unused rule fails the
tests.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self, TypedDict, TypeVar, dataclass_transform

TABLE_NAMES = ("workspace", "ledger", "journal", "identity", "requests", "transient")


class Ref(NamedTuple):
    """The address of one row: its table, its company (partition key) and its sort key."""

    table: str
    company: str
    sort: str


class NewRow(TypedDict):
    """The attributes of `new_row`."""

    company: str
    id: str
    created_at: datetime
    updated_at: datetime


class UnruledAttributeError(TypeError):
    """A stored attribute was declared without a rule of the policy."""


def kept(rule: str, *, default: Any = MISSING, packed: bool = False, sparse: bool = False) -> Any:
    """Declare a stored attribute under `rule`; `packed` stores it compressed (long lists of lines).

    A `sparse` attribute is stored and hashed only if it differs from its default. Older rows lack it, and their hashes
    must verify.
    """
    return field(default=default, metadata={"rule": rule, "packed": packed, "sparse": sparse})


def _require_rules(cls: type) -> None:
    for f in fields(cls):
        if not f.metadata.get("rule"):
            raise UnruledAttributeError(f"{cls.__name__}.{f.name} names no rule of the policy: declare it with kept(…)")


V = TypeVar("V")
R = TypeVar("R", bound="Record")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(kept,))
def value(cls: type[V]) -> type[V]:
    """Declare a frozen part of an entity (an address, a line). Its attributes name their rules too."""
    frozen = dataclass(frozen=True, kw_only=True, slots=True)(cls)
    _require_rules(frozen)
    return frozen


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """The attributes of every stored row: its company, its id, a version that grows with each edit, and two instants
    (UTC)."""

    KIND: ClassVar[str]
    TABLE: ClassVar[str]
    PREFIX: ClassVar[str]
    SORT: ClassVar[str]
    SPARSE: ClassVar[dict[str, Any]] = {}

    company: str = kept("record.key")
    id: str = kept("record.key")
    version: int = kept("record.key", default=1)
    created_at: datetime = kept("record.times")
    updated_at: datetime = kept("record.times")

    @classmethod
    def ref(cls, company: str, id: str = "", **parts: object) -> Ref:
        """The address of the row with this id (and the other parts of the class's sort key)."""
        return Ref(cls.TABLE, company, cls.SORT.format(id=id, **parts))

    @property
    def key(self) -> Ref:
        """The address of this row."""
        return Ref(self.TABLE, self.company, self.SORT.format_map(_Attributes(self)))

    def index_keys(self) -> dict[str, str]:
        """The keys under which the local indexes of its table find this row, by attribute (ADR 0070). They are stored
        beside the content and belong to no hash, backup or answer. Without a key, an index does not contain the row."""
        return {}

    def party_key(self, party: str | None) -> dict[str, str]:
        """The key that finds this row by the customer or supplier that it names."""
        return {"_customer": f"{self.KIND}#{party}#{self.id}"} if party else {}

    def edited(self, at: datetime, **changes: Any) -> Self:
        """A copy with `changes`, the next version number and `at` as its time of update."""
        return replace(self, version=self.version + 1, updated_at=at, **changes)


def new_row(company: str, id: str, at: datetime) -> NewRow:
    """The attributes that every row has, for a row that is new at `at`: `Mail(**new_row(company, id, at), …)`. With a
    call, use `Call.make`."""
    return NewRow(company=company, id=id, created_at=at, updated_at=at)


def unstored(record: Record) -> frozenset[str]:
    """The attributes of a record that its row and its hash leave out: those that are None, and sparse ones that have
    their default."""
    sparse = type(record).SPARSE
    return frozenset(
        f.name
        for f in fields(record)
        if (value := getattr(record, f.name)) is None or (f.name in sparse and value == sparse[f.name])
    )


class _Attributes(dict[str, Any]):
    """Reads the parts of a sort key from the record's attributes."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._record = record

    def __missing__(self, name: str) -> Any:
        return getattr(self._record, name)


RowKind = tuple[str, str]
"""A table and a kind of its rows."""
ENTITIES: dict[RowKind, type[Record]] = {}
"""Every entity class. The draft and the issued invoice share a kind but not a table."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(kept,))
def entity(kind: str, *, table: str, prefix: str, sort: str | None = None) -> Callable[[type[R]], type[R]]:
    """Make a class an entity: rows of `table` under the sort key `sort` (default `kind#id`), ids that begin with
    `prefix_`."""
    if table not in TABLE_NAMES:
        raise ValueError(f"unknown table {table!r}")

    def make(cls: type[R]) -> type[R]:
        frozen = dataclass(frozen=True, kw_only=True, slots=True)(cls)
        _require_rules(frozen)
        frozen.KIND, frozen.TABLE, frozen.PREFIX, frozen.SORT = kind, table, prefix, sort or kind + "#{id}"
        frozen.SPARSE = {f.name: f.default for f in fields(frozen) if f.metadata["sparse"]}
        if ENTITIES.setdefault((table, kind), frozen) is not frozen:
            raise ValueError(f"two entities of kind {kind!r} in table {table!r}")
        return frozen

    return make
