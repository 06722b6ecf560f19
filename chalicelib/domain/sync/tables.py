"""The tables that devices see. They follow from the entities and from the registry of document types.

A new table is one declaration in `TABLES`. A column that is added after a schema version was published is named in
`ADDED` with its version: a device of an older version gets only its own columns. A new member of a JSON column is named
there too: a device of an older version would drop it with its next edit, so it only reads such a row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import NoneType
from typing import Any, Final, Literal

from chalicelib.domain.attachments.attachment import Attached, Attachment
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.document_type import DocumentType, attribute_types
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.errors import invalid
from chalicelib.domain.sync.columns import (
    Cell,
    SyncColumn,
    always,
    column_of,
    derived,
    fixed,
    instants,
    json_texts,
    texts,
)
from chalicelib.domain.sync.outcomes import IssueRequest, SyncNotice

Writes = Literal["all", "create", "nothing"]
Row = dict[str, Cell]
OLDEST_SCHEMA: Final = 1
"""The oldest schema version that the server still answers."""
ADDED: Final[Mapping[int, Mapping[str, tuple[str, ...]]]] = {}
"""The columns that each later version of the schema added, by table, and the members of JSON columns in the form
`lines/discount`. Only a table with the column `read_only` may add a member. A version is never changed once it is
published."""
SCHEMA_VERSION: Final = max((1, *ADDED))
READ_ONLY: Final = "read_only"


@dataclass(frozen=True)
class Member:
    """A member that a schema version added to the objects of a JSON column."""

    column: str
    name: str
    since: int

    def stated(self, body: Mapping[str, Any]) -> bool:
        """Whether an object in its JSON form has a value there."""
        value = body.get(self.column)
        parts = value if isinstance(value, list) else [value]
        return any(part.get(self.name) for part in parts if isinstance(part, dict))


@dataclass(frozen=True)
class Table:
    """A table of devices. `writes`: a device creates, changes and deletes its rows, only creates them, or only reads
    them. `prefixes` are those of the ids of its rows. `since` is the schema version that added the table. `members`
    were added to its JSON columns later."""

    name: str
    prefixes: tuple[str, ...]
    columns: tuple[SyncColumn, ...]
    writes: Writes
    since: int = 1
    members: tuple[Member, ...] = ()

    def of_version(self, version: int) -> tuple[SyncColumn, ...]:
        """The columns that a schema version has."""
        return tuple(column for column in self.columns if column.since <= version)

    @cached_property
    def by_name(self) -> Mapping[str, SyncColumn]:
        """The columns by their names."""
        return {column.name: column for column in self.columns}

    def row(self, body: Mapping[str, Any], version: int) -> Row:
        """The row of an object in its JSON form: its id, and each column of the schema version. It is read-only if the
        version cannot express it."""
        cells = {column.name: column.cell(body.get(column.name)) for column in self.of_version(version)}
        if READ_ONLY in cells:
            cells[READ_ONLY] = any(each.since > version and each.stated(body) for each in self.members)
        return {"id": body["id"], **cells}

    def changed(self, stored: Mapping[str, Cell], pushed: Mapping[str, object], version: int) -> tuple[str, ...]:
        """The writable columns of a schema version whose cell differs from the stored row. Derived columns never
        count."""
        return tuple(
            column.name
            for column in self.of_version(version)
            if column.writable and column.name in pushed and not column.same(stored[column.name], pushed[column.name])
        )

    def body(self, pushed: Mapping[str, object], names: Iterable[str]) -> dict[str, Any]:
        """The content of these columns in the form of the API's requests. A null in a column that is never null is
        left out. Raises InvalidContent for a cell of another type."""
        columns = (self.by_name[name] for name in names if name in pushed)
        return {
            column.name: column.value(pushed[column.name])
            for column in columns
            if column.writable and (column.optional or pushed[column.name] is not None)
        }


TIMES: Final = instants("created_at", "updated_at")
NOTICES: Final = json_texts("notices")
_PARTY: Final = ("same_as",)
"""Attributes of parties that the API does not show."""
_TYPES: Final = tuple(document_type for document_type in document_types() if document_type.on_devices)
_DRAFTED: Final = tuple(document_type for document_type in _TYPES if document_type.draft)
_ISSUED_HERE: Final = tuple(document_type for document_type in _TYPES if not document_type.imported)
"""The kinds whose own attributes devices see. An imported document has the common ones, so that it needs no schema."""


def _persons(types: Sequence[DocumentType]) -> tuple[SyncColumn, ...]:
    """The columns that name the other party: a row has one of them."""
    names = dict.fromkeys(document_type.person for document_type in types)
    return tuple(SyncColumn(name, "string", optional=True, writable=True) for name in names)


def _own(types: Sequence[DocumentType], names_of: Any, cls_of: Any) -> tuple[SyncColumn, ...]:
    """The attributes that only some kinds have. They are null in the rows of the others."""
    found: dict[str, SyncColumn] = {}
    for document_type in types:
        for name in names_of(document_type):
            parts = [part for part in attribute_types(cls_of(document_type), name) if part is not NoneType]
            column = column_of(name, parts[0] if len(parts) == 1 else object, writable=True)
            found.setdefault(name, replace(column, optional=True))
    return tuple(found.values())


_CALCULATED: Final = ("totals", "expected_withholding", "notices")
_COMPANY: Final = (
    *always(fixed(derived(Company, without=("template", "numbering", "identities_bind_from"))), "signature_box"),
    *texts("mode"),
    *json_texts("series"),
    *NOTICES,
    *TIMES,
)
_DRAFT: Final = (
    *texts("kind"),
    SyncColumn(READ_ONLY, "boolean"),
    *_persons(_DRAFTED),
    *always(derived(DraftDocument, without=(*_CALCULATED, "settlement", "advances")), "terms_end_of_month"),
    *_own(_DRAFTED, lambda document_type: document_type.entered, lambda document_type: document_type.draft),
    *json_texts("totals", "expected_withholding", optional=True),
    *NOTICES,
    *TIMES,
)
_DOCUMENT: Final = fixed(
    (
        *texts("kind", "status"),
        *_persons(_TYPES),
        *always(
            derived(Issued, without=(*_CALCULATED, "settlement", "template", "einvoice_edition", "salt", "hash")),
            "payment_mode",
            "terms_end_of_month",
        ),
        *_own(_ISSUED_HERE, lambda document_type: document_type.shown, lambda document_type: document_type.issued),
        *json_texts("totals", "expected_withholding", "amount_in_words", "register", optional=True),
        *texts("paid", "withheld", "credited", "pending", "balance", optional=True),
        *TIMES,
    )
)
_PAYMENT: Final = (
    *(SyncColumn(name, "string", writable=True) for name in ("document_id", "amount", "method", "date")),
    *(SyncColumn(name, "string", optional=True, writable=True) for name in ("reference", "certificate", "matures_on")),
    *(SyncColumn(name, "string", writable=True) for name in ("withheld_vat", "withheld_fees")),
    *texts("status", "applied", "stamp_duty"),
    *texts("customer", "cashed_on", "excess_entry", "credit_entry", optional=True),
    *texts("reverses", "reversed_by", "reason", optional=True),
    *NOTICES,
    *TIMES,
)
_ATTACHMENT: Final = fixed(
    (
        *texts("name", optional=True),
        *derived(Attached, without=("name", "party", "member", "by", "state", "kept_type", "kept_bytes")),
        *texts("status"),
        SyncColumn("thumbnail", "boolean"),
        *TIMES,
    )
)
"""The name is null once the other party of the document was erased."""
_ISSUE_REQUEST: Final = (
    *derived(IssueRequest, read_only=("state", "number", "reason"), without=("actor", "device", "expires_at")),
    *TIMES,
)
_NOTICE: Final = (
    *fixed(derived(SyncNotice, without=("device", "expires_at"))),
    *instants("created_at"),
    *texts("ends_at"),
)


def _added(table: Table) -> Table:
    """The table with the version of each column and member that `ADDED` names."""
    since = {name: version for version, tables in ADDED.items() for name in tables.get(table.name, ())}
    parts = ((*name.partition("/")[::2], version) for name, version in since.items() if "/" in name)
    members = tuple(Member(column, name, version) for column, name, version in parts)
    if members and READ_ONLY not in table.by_name:
        raise ValueError(f"{table.name} has no column {READ_ONLY} for {members[0].column}/{members[0].name}")
    columns = tuple(replace(each, since=since.get(each.name, 1)) for each in table.columns)
    return replace(table, columns=columns, members=members)


TABLES: Final = tuple(
    _added(table)
    for table in (
        Table("company", (Company.PREFIX,), _COMPANY, "nothing"),
        Table(
            "customers",
            (Customer.PREFIX,),
            (*always(derived(Customer, without=_PARTY), "billing"), *NOTICES, *TIMES),
            "all",
        ),
        Table("suppliers", (Supplier.PREFIX,), (*derived(Supplier, without=_PARTY), *NOTICES, *TIMES), "all"),
        Table("items", (Item.PREFIX,), (*derived(Item), *TIMES), "all"),
        Table("drafts", tuple(each.prefix for each in _DRAFTED), _DRAFT, "all"),
        Table("documents", tuple(each.prefix for each in _TYPES), _DOCUMENT, "nothing"),
        Table("payments", (Payment.PREFIX,), _PAYMENT, "create"),
        Table("attachments", (Attachment.PREFIX,), _ATTACHMENT, "nothing"),
        Table("issue_requests", (IssueRequest.PREFIX,), _ISSUE_REQUEST, "create"),
        Table("notices", (SyncNotice.PREFIX,), _NOTICE, "nothing"),
    )
)
"""All tables, in the order in which their rows depend on each other: a row refers to rows of earlier tables."""
BY_NAME: Final[Mapping[str, Table]] = {table.name: table for table in TABLES}


def known_table(name: str, within: str = "") -> Table:
    """The table of this name. Raises InvalidContent, with a pointer `within` a member of the request."""
    if (table := BY_NAME.get(name)) is None:
        raise invalid(f"{within}/{name}", "unknown_table", known=", ".join(BY_NAME))
    return table
