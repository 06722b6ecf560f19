"""Plans what a commit does with each row: make a record, change one, or nothing. Reads and writes nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

from chalicelib.domain.call import Call
from chalicelib.domain.companies.duplicates import COMPARED, same_as
from chalicelib.domain.companies.party import Party
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import InvalidContent
from chalicelib.domain.ids import new_id
from chalicelib.domain.imports.model import Import, ImportColumn, ImportKind
from chalicelib.services.imports.entering import Entered, Refused, checked, enter, located
from chalicelib.services.imports.matching import Matches, SeveralMatch
from chalicelib.services.imports.sheet import Row
from chalicelib.services.inputs.items import ItemEdit, ItemNew
from chalicelib.services.inputs.parties import CustomerEdit, CustomerNew, PartyEdit, SupplierNew
from chalicelib.services.inputs.records import Edit
from chalicelib.services.records.editing import Resource, created
from chalicelib.services.records.items import ITEMS
from chalicelib.services.records.parties import CUSTOMERS, SUPPLIERS

Outcome = Literal["new", "changed", "unchanged", "refused"]


_UNSET: Final[Mapping[str, object]] = {"billing": "each"}
"""The value in the API of an attribute that a record leaves unset."""


@dataclass(frozen=True)
class RecordKind:
    """A kind of record that a file may hold: its rules, and its models in the API."""

    resource: Resource[Any]
    new: type[Edit]
    edit: type[Edit]


RECORD_KINDS: Final[Mapping[ImportKind, RecordKind]] = {
    "customers": RecordKind(CUSTOMERS, CustomerNew, CustomerEdit),
    "suppliers": RecordKind(SUPPLIERS, SupplierNew, PartyEdit),
    "items": RecordKind(ITEMS, ItemNew, ItemEdit),
}


@dataclass(frozen=True)
class Planned:
    """The plan of a row. `record` is the new record, or the known one that `changes` change."""

    row: int
    outcome: Outcome
    record: Record | None = None
    changes: Mapping[str, Any] | None = None
    refused: tuple[Refused, ...] = ()
    warnings: tuple[Refused, ...] = ()
    more: tuple[Record, ...] = ()
    """Rows that a new record brings with it."""


class RowPlanner(Protocol):
    """Plans the rows of an import."""

    def plan(self, rows: Iterable[Row], after: int = 0) -> Iterator[tuple[Row, Planned]]:
        """Each record's first row with its plan, after the row `after`."""


class Planner:
    """Plans the rows of one import in their order. A row that names the record of an earlier row is refused."""

    def __init__(self, imported: Import, call: Call, columns: Sequence[ImportColumn], matches: Matches) -> None:
        self.imported = imported
        self.kind = RECORD_KINDS[imported.kind]
        self.call = call
        self.columns = columns
        self.matches = matches
        self._taken: dict[str, int] = {}

    def plan(self, rows: Iterable[Row], after: int = 0) -> Iterator[tuple[Row, Planned]]:
        """Each row with its plan. The rows up to `after` are done: only the records that they name are noted."""
        for row in rows:
            entered = enter(self.imported.kind, self.columns, row)
            if row.number <= after:
                self._note(row, entered)
                continue
            refused = entered.refused
            planned = Planned(row.number, "refused", refused=refused) if refused else self._entered(row, entered)
            yield row, replace(planned, warnings=entered.warnings)

    def _note(self, row: Row, entered: Entered) -> None:
        with suppress(SeveralMatch):
            if not entered.refused and (known := self.matches.find(entered.content)):
                self._taken.setdefault(known.id, row.number)

    def _entered(self, row: Row, entered: Entered) -> Planned:
        try:
            # Rows with ids of their own are about different records, although both have one name.
            apart = self._taken if "id" in entered.content else ()
            known = self.matches.find(entered.content, apart)
        except SeveralMatch:
            return self._refuse(row, "several_match")
        id = entered.content.get("id") or self._id(row)
        if known is None:
            return self._new(row, id, entered.content)
        if known.id in self._taken:
            return self._refuse(row, "row_repeated", first=self._taken[known.id])
        self._taken[known.id] = row.number
        if known.id == self._id(row):  # An earlier run of this commit made it.
            return Planned(row.number, "new", known)
        return self._changed(row, known, entered.content)

    def _new(self, row: Row, id: str, content: Mapping[str, Any]) -> Planned:
        model, faults = checked(self.kind.new, self._completed(content))
        if not isinstance(model, Edit):
            return Planned(row.number, "refused", refused=located(row, self.columns, faults))
        try:
            made = created(self.call, self.kind.resource, id, model.content())
        except InvalidContent as refusal:
            return Planned(row.number, "refused", refused=located(row, self.columns, refusal.faults))
        made = self._noted(made, COMPARED)
        self._taken[made.id] = row.number
        self.matches.add(made)
        return Planned(row.number, "new", made)

    def _changed(self, row: Row, known: Record, content: Mapping[str, Any]) -> Planned:
        sent = {name: value for name, value in content.items() if name != "id"}
        model, faults = checked(self.kind.edit, sent)
        if not isinstance(model, Edit):
            return Planned(row.number, "refused", refused=located(row, self.columns, faults))
        resource = self.kind.resource
        values = resource.normalize(model.content(), known)
        changes = {name: value for name, value in values.items() if not _is_unchanged(known, name, value)}
        if not changes:
            return Planned(row.number, "unchanged", known)
        after = known.edited(self.call.at, **changes)
        try:
            resource.validate(after, changes)
        except InvalidContent as refusal:
            return Planned(row.number, "refused", refused=located(row, self.columns, refusal.faults))
        if isinstance(after, Party):
            changes["same_as"] = self._same_as(after, changes)
        return Planned(row.number, "changed", known, changes)

    def _completed(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content of a new record. A party without a kind is a business if it has an ICE, otherwise a consumer."""
        if self.imported.kind == "items" or "kind" in content:
            return dict(content)
        return {**content, "kind": "business" if content.get("ice") else "consumer"}

    def _noted(self, record: Record, names: Iterable[str]) -> Record:
        changed = {name: getattr(record, name, None) for name in names}
        return replace(record, same_as=self._same_as(record, changed)) if isinstance(record, Party) else record

    def _same_as(self, party: Party, changed: Mapping[str, Any]) -> tuple[str, ...] | None:
        return same_as(party, changed, self.matches.shares(party, [name for name in COMPARED if name in changed]))

    def _id(self, row: Row) -> str:
        """The id of the record that a row makes: the same at each run of the commit, in the order of the rows."""
        entropy = row.number.to_bytes(4, "big") + sha256(f"{self.imported.id}:{row.number}".encode()).digest()[:6]
        return new_id(self.kind.resource.cls.PREFIX, self.imported.created_at, entropy)

    def _refuse(self, row: Row, code: str, **params: Any) -> Planned:
        return Planned(row.number, "refused", refused=(Refused(row.number, None, None, "", code, params),))


def _is_unchanged(known: Record, name: str, value: object) -> bool:
    """Whether a record has this value already."""
    before = getattr(known, name)
    return bool(before == value) or (before is None and value is not None and _UNSET.get(name) == value)
