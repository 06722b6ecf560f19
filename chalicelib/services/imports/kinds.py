"""The kinds of import: the plan of a kind's rows, the rows that a commit writes, and those that an undo deletes."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from chalicelib.domain.attachments.attachment import Attached, Attachment, DocumentAttachment
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company, Head, RetentionSchedule
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.archived_invoice import ArchivedInvoice, ArchivedInvoiceBalance
from chalicelib.domain.documents.archiving import without_customer
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import InvalidContent, NotFound
from chalicelib.domain.imports.model import ImportColumn, ImportKind, Source
from chalicelib.domain.imports.targets import ARCHIVE
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.policy.schedules import new_schedule, retention_of
from chalicelib.services.documents.archive_index import archive_entries
from chalicelib.services.imports.archive_plan import Archive, ArchivePlanner
from chalicelib.services.imports.context import ImportContext
from chalicelib.services.imports.planning import RECORD_KINDS, Planned, Planner, RecordKind, RowPlanner
from chalicelib.services.parties.deletion import named_parties
from chalicelib.store.read import index_entries
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import Store

FIRST: Final = 1
"""The version of a record that nobody has changed since it was made."""


@dataclass
class Written:
    """The rows that one transaction writes, and the number of records among them."""

    made: int = 0
    changed: int = 0
    new: list[Record] = field(default_factory=list)
    puts: list[Record] = field(default_factory=list)


class ImportRules(Protocol):
    """The rules of one kind of import. `together` are the records of one transaction: the others of its 100 items are
    the head, the journal's entry and the stored reply."""

    @property
    def together(self) -> int:
        """The records of one transaction."""

    def planner(
        self, context: ImportContext, key: str, columns: Sequence[ImportColumn], source: Source | None
    ) -> RowPlanner:
        """The planner of the rows. Raises Busy, NotFound."""

    def reads(self, company: str, pending: Sequence[Planned]) -> list[Ref]:
        """The rows that a transaction reads before it writes these records."""

    def write(self, snapshot: Snapshot, pending: Sequence[Planned], at: datetime) -> Written:
        """The rows to write. A record that is there, or whose person was erased, is left out."""

    def in_use(self, context: ImportContext) -> Collection[str]:
        """The ids of the records that something else names. An undo leaves them. Raises Busy."""

    def rows_of(self, company: str, id: str) -> list[Ref]:
        """The rows that a new record consists of."""

    def untouched(self, rows: Sequence[Record | None]) -> bool:
        """Whether nobody has changed these rows of a record since it was made."""


@dataclass(frozen=True)
class RecordRules:
    """The rules of simple records: customers, suppliers, items."""

    kind: RecordKind
    together: int = 90

    def planner(
        self,
        context: ImportContext,
        key: str,
        columns: Sequence[ImportColumn],
        source: Source | None,  # noqa: ARG002 — the signature of all rules
    ) -> RowPlanner:
        """A planner that knows all records of the class."""
        return Planner(context.imported, context.call("import", key), columns, context.matches(self.kind.resource.cls))

    def reads(self, company: str, pending: Sequence[Planned]) -> list[Ref]:  # noqa: ARG002 — the signature of all rules
        """The records themselves."""
        return [planned.record.key for planned in pending if planned.record]

    def write(self, snapshot: Snapshot, pending: Sequence[Planned], at: datetime) -> Written:
        """The new records and the changed ones. A record that somebody changed meanwhile gets the changes too, if they
        are still valid. A record that is gone is left out."""
        found, resource = Written(), self.kind.resource
        for planned, row in zip(pending, snapshot.at(self.reads(snapshot.company, pending)), strict=True):
            record, changes = planned.record, planned.changes
            if changes is None:
                if record is not None and row is None and not is_erased(snapshot.head, record.id):
                    found.new.append(record)
            elif row is not None:
                with suppress(InvalidContent):
                    after = row.edited(at, **changes)
                    resource.validate(after, changes)
                    found.puts.append(after)
        found.made, found.changed = len(found.new), len(found.puts)
        return found

    def in_use(self, context: ImportContext) -> Collection[str]:
        """The parties that a document names, and the owners of attachments."""
        store, company = context.world.store, context.job.company
        return named_parties(store, company, self.kind.resource.cls) | _owners(store, company, Attachment)

    def rows_of(self, company: str, id: str) -> list[Ref]:
        """The record."""
        return [self.kind.resource.cls.ref(company, id)]

    def untouched(self, rows: Sequence[Record | None]) -> bool:
        """Whether the record has its first version."""
        return all(row is not None and row.version == FIRST for row in rows)


@dataclass(frozen=True)
class ArchiveRules:
    """The rules of archived invoices. Each has its balance, and may name a customer."""

    together: int = 45

    def planner(
        self, context: ImportContext, key: str, columns: Sequence[ImportColumn], source: Source | None
    ) -> RowPlanner:
        """A planner that knows all customers. It reads the archived invoices that the file names."""
        store, company = context.world.store, context.job.company
        profile, head, schedule = store.records([each.ref(company) for each in (Company, Head, RetentionSchedule)])
        if not isinstance(profile, Company) or not isinstance(head, Head):
            raise NotFound
        now = context.world.now()
        known = schedule if isinstance(schedule, RetentionSchedule) else new_schedule(profile, now)
        archive = Archive(
            company=profile,
            head=head,
            customers=context.matches(Customer),
            term_over=retention_of(known).through(today(now)),
            entries=lambda: archive_entries(store, company),
            read=store.batch,
        )
        return ArchivePlanner(context.imported, context.call("import", key), columns, archive, source)

    def reads(self, company: str, pending: Sequence[Planned]) -> list[Ref]:
        """The documents, and their customers."""
        documents = [planned.record for planned in pending if planned.record]
        named = [customer for each in documents if (customer := getattr(each, "customer", None))]
        return [*(each.key for each in documents), *dict.fromkeys(Customer.ref(company, id) for id in named)]

    def write(self, snapshot: Snapshot, pending: Sequence[Planned], at: datetime) -> Written:  # noqa: ARG002 — the signature of all rules
        """The new documents with their balances. A customer who was deleted meanwhile is left out of a settled one."""
        found = Written()
        for planned in pending:
            document: Any = planned.record
            if snapshot.get(ArchivedInvoice, document.id) or is_erased(snapshot.head, document.customer or ""):
                continue
            if document.customer and snapshot.get(Customer, document.customer) is None:
                document = without_customer(document)
            if document is not None:
                found.new += [document, *planned.more]
                found.made += 1
        return found

    def in_use(self, context: ImportContext) -> Collection[str]:
        """The documents with attachments."""
        return _owners(context.world.store, context.job.company, DocumentAttachment)

    def rows_of(self, company: str, id: str) -> list[Ref]:
        """The document and its balance."""
        return [ArchivedInvoice.ref(company, id), ArchivedInvoiceBalance.ref(company, id)]

    def untouched(self, rows: Sequence[Record | None]) -> bool:
        """Whether no payment has moved the balance."""
        return all(row is not None and row.version == (0 if isinstance(row, Balance) else FIRST) for row in rows)


def _owners(store: Store, company: str, cls: type[Attached]) -> set[str]:
    """The owners of the attachments of this class. Reads keys of an index and no row. Raises Busy."""
    entries = index_entries(store, cls, "customer", company, f"{cls.KIND}#")
    return {entry.key.split("#")[1] for entry in entries}


RULES: Final[Mapping[ImportKind, ImportRules]] = {
    **{name: RecordRules(kind) for name, kind in RECORD_KINDS.items()},
    ARCHIVE: ArchiveRules(),
}
"""The kinds that can be imported."""
