"""How a pushed row of each table becomes a record: by the decisions that the single requests of the API use."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from chalicelib.domain.attachments.message import owner_changed
from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import AlreadyIssued, PersonErased, Refusal, invalid
from chalicelib.domain.ids import is_id
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.domain.sync.push import PushedRow
from chalicelib.domain.sync.push_errors import RowDeleted
from chalicelib.domain.sync.tables import BY_NAME, Row, Table
from chalicelib.services.documents import drafting
from chalicelib.services.documents.movements import Movements
from chalicelib.services.records import editing
from chalicelib.services.records.editing import Resource
from chalicelib.services.sync.rows import row_of
from chalicelib.store.decision import Decision
from chalicelib.store.snapshot import Snapshot

T = TypeVar("T")
Content = Mapping[str, Any]
Found = tuple[Record | None, ...]
"""The rows at the addresses of a writer's `identity`."""
Parse = Callable[[str, str, Mapping[str, Any], bool], Content]
"""Checks the body of a row by the model of the API's requests: its table, its id, the body, whether it is new. Raises
InvalidContent."""


@dataclass(frozen=True)
class Planned:
    """A pushed row that is not stored yet, with the rows found for it, its content, or the reason against it."""

    row: PushedRow
    found: Found
    content: Content = field(default_factory=dict)
    refusal: Refusal | None = None

    @property
    def table(self) -> str:
        """Its table."""
        return self.row.table

    @property
    def deletes(self) -> bool:
        """Whether the device deleted the row."""
        return self.row.deletes


class Unit:
    """The rows that one transaction writes."""

    def __init__(self, snapshot: Snapshot, call: Call, note: Callable[[Any], Any]) -> None:
        self.snapshot = snapshot
        self.call = call
        self.note = note
        self.moves = Movements(snapshot, call)
        self.new: list[Record] = []
        self.puts: list[Record] = []
        self.deletes: list[Record] = []
        self.owners: list[str] = []
        """The owners of attachments that change or go."""

    def decision(self, value: T) -> Decision[T]:
        """All of them."""
        moved = self.moves.decision(value)
        followed = (owner_changed(self.call, *self.owners),) if self.owners else ()
        return replace(
            moved,
            messages=(*moved.messages, *followed),
            new=(*self.new, *moved.new),
            puts=(*self.puts, *moved.puts),
            deletes=(*self.deletes, *moved.deletes),
        )


class Writer(ABC):
    """The rows of one table, and the way in which they are written."""

    def __init__(self, table: str) -> None:
        self.table: Table = BY_NAME[table]

    @property
    def only_creates(self) -> bool:
        """Whether devices neither change nor delete its rows."""
        return self.table.writes == "create"

    def require_id(self, row: PushedRow) -> None:
        """Raise InvalidContent for an id of another form, and for a row that names something by such an id."""
        if not any(is_id(prefix, row.id) for prefix in self.table.prefixes):
            raise invalid("/id", "bad_id", prefix=self.table.prefixes[0])

    @abstractmethod
    def identity(self, company: str, row: PushedRow) -> tuple[Ref, ...]:
        """The addresses of the rows on which the decision depends. If one of them changes, the row is examined
        again."""

    def stored(self, found: Found) -> Any:
        """The object that is stored under the row's id; None if there is none."""
        return found[0]

    def missing(self, row: PushedRow, found: Found, head: Head, *, touched: bool) -> None:  # noqa: ARG002 — a writer's signature
        """Raise a refusal for a row that is not stored and may not be created."""
        if is_erased(head, row.id):
            raise PersonErased
        if touched:
            raise RowDeleted

    def is_done(self, planned: Planned) -> bool:  # noqa: ARG002 — a writer's signature
        """Whether a row that is not stored needs nothing more."""
        return False

    @abstractmethod
    def same(self, planned: Planned, call: Call, head: Head, version: int) -> bool:
        """Whether the stored row has the content already, in another writing."""

    def related(self, company: str, planned: Planned) -> list[Ref]:  # noqa: ARG002 — a writer's signature
        """Further rows that `write` reads."""
        return []

    @abstractmethod
    def write(self, unit: Unit, planned: Planned) -> None:
        """Add the row to the unit. Raises a refusal, and then adds nothing."""


class ChangingWriter(Writer):
    """The rows of a table that devices create, change and delete."""

    def same(self, planned: Planned, call: Call, head: Head, version: int) -> bool:
        """Whether the content would change nothing that devices see."""
        stored = self.stored(planned.found)
        after = self.applied(stored, planned.content, call)
        own = row_of(stored, head, version)
        return not self.table.changed(own, row_of(after, head, version), version)

    @abstractmethod
    def applied(self, stored: Any, content: Content, call: Call) -> Any:
        """The object with the content, as far as devices see what they may write."""


class RecordWriter(ChangingWriter):
    """Customers, suppliers, items."""

    def __init__(self, table: str, resource: Resource[Any]) -> None:
        super().__init__(table)
        self.resource = resource

    def identity(self, company: str, row: PushedRow) -> tuple[Ref, ...]:
        """The record."""
        return (self.resource.cls.ref(company, row.id),)

    def applied(self, stored: Any, content: Content, call: Call) -> Any:
        """The record after the change."""
        return editing.changed(call, self.resource, stored, whole(content, stored))

    def write(self, unit: Unit, planned: Planned) -> None:
        """Create, change or delete the record."""
        before = self.stored(planned.found)
        if planned.deletes:
            unit.deletes.append(before)
            if isinstance(before, Party):
                unit.owners.append(before.id)
        elif before is None:
            if is_erased(unit.snapshot.head, planned.row.id):
                raise PersonErased
            made = editing.created(unit.call, self.resource, planned.row.id, planned.content)
            unit.new.append(unit.note(made))
        else:
            unit.puts.append(unit.note(self.applied(before, planned.content, unit.call)))


def whole(content: Content, before: Any) -> Content:
    """The content for the code of an edit, which changes parts of an address and of the metadata: a cell states all of
    them."""
    found = dict(content)
    if isinstance(found.get("address"), Mapping):
        found["address"] = {"street": None, "city": None, "postal_code": None, "country": "MA", **found["address"]}
    if isinstance(found.get("metadata"), Mapping):
        found["metadata"] = {**dict.fromkeys(before.metadata or ()), **found["metadata"]}
    return found


class DraftWriter(ChangingWriter):
    """Drafts of every kind. The prefix of the id tells the kind."""

    def require_id(self, row: PushedRow) -> None:
        """Also require the kind that the id has."""
        super().require_id(row)
        kind = row.cells.get("kind") if row.cells else None
        if kind is not None and kind != type_of(row.id).kind:
            raise invalid("/kind", "not_one_of", allowed=type_of(row.id).kind)

    def identity(self, company: str, row: PushedRow) -> tuple[Ref, ...]:
        """The draft, and the document that it becomes."""
        document_type = type_of(row.id)
        return (drafting.draft_class_of(document_type).ref(company, row.id), document_type.issued.ref(company, row.id))

    def stored(self, found: Found) -> DocumentState | None:
        """The draft."""
        return DocumentState(found[0], None) if isinstance(found[0], DraftDocument) else None

    def is_done(self, planned: Planned) -> bool:
        """Whether the document that the draft became has the same content. The answer to an earlier push was lost."""
        issued = planned.found[1]
        return isinstance(issued, Issued) and not planned.deletes and _became(issued, planned.content)

    def missing(self, row: PushedRow, found: Found, head: Head, *, touched: bool) -> None:
        """An issued document is never changed."""
        if found[1] is not None:
            raise AlreadyIssued
        super().missing(row, found, head, touched=touched)

    def applied(self, stored: DocumentState, content: Content, call: Call) -> DocumentState:  # noqa: ARG002 — a writer's signature
        """The draft with the content, without calculating it."""
        draft = stored.document
        assert isinstance(draft, DraftDocument)  # noqa: S101 — `stored` makes it of a draft
        return DocumentState(replace(draft, **drafting.entered(whole(content, draft), draft)), None)

    def related(self, company: str, planned: Planned) -> list[Ref]:
        """The company and the other party."""
        document_type, draft = type_of(planned.row.id), planned.found[0]
        named = planned.content.get(document_type.person, document_type.person_of(draft) if draft else None)
        return drafting.context_of(document_type, company, named)

    def write(self, unit: Unit, planned: Planned) -> None:
        """Create, change or delete the draft."""
        document_type, draft = type_of(planned.row.id), planned.found[0]
        if not isinstance(draft, DraftDocument):
            made = drafting.created(unit.snapshot, unit.call, document_type, planned.row.id, planned.content)
            unit.new.append(made)
        elif planned.deletes:
            unit.deletes.append(draft)
            unit.owners.append(draft.id)
        else:
            content = whole(planned.content, draft)
            edited = drafting.changed(unit.snapshot, unit.call, document_type, draft, content)
            unit.puts.append(edited)
            if document_type.person_of(edited) != document_type.person_of(draft):
                unit.owners.append(draft.id)


def _became(issued: Issued, content: Content) -> bool:
    """Whether a document has the content of its draft. The issue completes what the draft leaves open."""
    stated = {name: value for name, value in content.items() if value and name not in ("lines", "settlement")}
    lines = tuple(replace(line, net=None) for line in issued.lines)
    copied = all(getattr(issued, name, None) == value for name, value in stated.items())
    flags = (name for name, value in content.items() if value is False)
    return copied and not any(getattr(issued, name, None) for name in flags) and content.get("lines") == lines


def type_of(id: str) -> DocumentType:
    """The type of the document with this id. Raises InvalidContent."""
    document_type = by_id(id)
    if document_type is None or not is_id(document_type.prefix, id):
        raise invalid("/id", "bad_id", prefix="inv")
    return document_type


def body_of(table: Table, stored: Row | None, cells: Mapping[str, object], version: int) -> dict[str, Any] | None:
    """The body of what a row changes, in the form of the API's requests; all columns of a new row. None if it states
    what is stored. Raises InvalidContent."""
    names: Sequence[str]
    if stored is None:
        names = [column.name for column in table.of_version(version)]
    else:
        names = table.changed(stored, cells, version)
    body = table.body(cells, names)
    return None if stored is not None and not body else body
