"""The contents of an access export: the kinds of rows, and each row as the API shows it, without attributes that are
not exported."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from chalicelib.domain.attachments.attachment import Attached, Attachment, DocumentAttachment
from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.companies.company import Company, Head, RetentionSchedule
from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.member import ApiKey, Member
from chalicelib.domain.companies.party import Customer, Party, Supplier
from chalicelib.domain.contact.support import SupportMessage, Thread
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.document_type import PARTIES, DocumentType
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import document_types, find, types_about
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.domain.evidence import Evidence
from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.consent import Acceptance, Consent
from chalicelib.domain.privacy.correction import Correction
from chalicelib.domain.privacy.disclosure import Disclosure, may_be_seen
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.domain.sync.device import Device
from chalicelib.policy.load import current, per_policy
from chalicelib.policy.rules import all_entities, rules_of
from chalicelib.policy.schedules import CompanyRetention
from chalicelib.services.documents.payments import buyers, redact_references
from chalicelib.services.privacy.access import terms
from chalicelib.services.representation import attachments, documents, members, payments, records, support
from chalicelib.services.representation.devices import present_device
from chalicelib.services.representation.disclosures import present_disclosure
from chalicelib.services.representation.measures import CONFIDENTIAL_KINDS
from chalicelib.services.representation.requests import correction_row, request_row
from chalicelib.store.wire import Store

WITHHELD = frozenset(
    {
        ("workspace", "attachment_usage"),
        ("requests", "hold"),
        ("requests", "deadline"),
        ("requests", "tombstone"),
        ("journal", "anchor_plan"),
        ("journal", "leftover"),
        ("ledger", "payment_id"),
    }
)
"""Kinds that an export leaves out. A legal hold may rest on a demand that the law keeps secret. The others are
bookkeeping and add nothing to the rows that they point to."""
NAMES: Mapping[type[Record], str] = {
    Company: "company",
    Head: "account",
    RetentionSchedule: "retention",
    Archived: "archive",
    Evidence: "evidence",
    DocumentAttachment: "document_attachments",
    **{
        document_type.draft: document_type.draft_group
        for document_type in document_types()
        if document_type.draft and document_type.draft_group
    },
    **{document_type.issued: document_type.plural for document_type in document_types()},
}
PLAIN: Mapping[type[Record], Callable[[Any, Head], dict[str, Any]]] = {
    Customer: records.present_party,
    Supplier: records.present_party,
    Item: records.present_record,
    Attachment: attachments.present_attachment,
    DocumentAttachment: attachments.present_attachment,
    Member: members.present_member,
    Invitation: members.present_member,
    ApiKey: records.present_record,
    Payment: payments.present_payment,
    CreditEntry: payments.present_credit_entry,
    Refund: payments.present_refund,
    Thread: support.present_thread,
    SupportMessage: lambda row, _: support.present_message(row),
    Device: present_device,
    PrivacyRequest: lambda row, _: request_row(row),
    Correction: lambda row, _: correction_row(row),
}
"""Rows with a representation of their own in the API. Others are serialized attribute by attribute."""

REFERENCE: Mapping[type[Record], str] = {
    Customer: "id",
    Supplier: "id",
    Member: "id",
    Invitation: "id",
    Consent: "id",
    **{document_type.issued: document_type.person for document_type in document_types()},
    **{document_type.draft: document_type.person for document_type in document_types() if document_type.draft},
    CreditEntry: "customer",
    Refund: "customer",
    Acceptance: "member",
    Device: "member",
    Thread: "opened_by",
    Disclosure: "subject",
    Correction: "subject",
}
"""The attribute that names the row's person."""


def _of_party(party: type[Party]) -> tuple[type[Record], ...]:
    """The classes of rows about one customer or supplier: their record, documents, drafts and payments."""
    types = [document_type for document_type in document_types() if PARTIES[document_type.counterparty] is party]
    drafts = [document_type.draft for document_type in types if document_type.draft]
    paid = [Payment] if any(document_type.balance for document_type in types) else []
    credit = [CreditEntry, Refund] if party is Customer else []
    files = (Attachment, DocumentAttachment)
    issued = [document_type.issued for document_type in types]
    return (party, *drafts, *issued, *paid, *credit, *files, Disclosure, Correction)


ROWS_OF_PERSON: Mapping[str, tuple[type[Record], ...]] = {
    **{party.PREFIX: _of_party(party) for party in PARTIES.values()},
    "mem": (
        Member,
        Invitation,
        Consent,
        Acceptance,
        Device,
        Thread,
        SupportMessage,
        Attachment,
        Disclosure,
        Correction,
    ),
}
"""The classes of rows about one person, by the id's prefix: their record, documents, drafts, payments and messages."""


@dataclass(frozen=True)
class ExportKind:
    """One kind of row in the export: its class and its file name."""

    cls: type[Record]
    name: str

    @property
    def prefix(self) -> str:
        """The prefix of the sort keys of these rows."""
        return self.cls.SORT.partition("{")[0]


@dataclass(frozen=True)
class Reading:
    """The reader of an export, and the instant at which its rows are read."""

    company: str
    head: Head
    members: frozenset[str]
    """The memberships of the people who requested and confirmed. An export holds only their consents."""
    subject: str | None
    on: date
    language: Language
    retention: CompanyRetention | None = None
    """The company's rule, for the last days of a person's rows. The export of an account states none."""


class Line(NamedTuple):
    """A row as a line of JSON, and its last day under each rule that has one."""

    text: str
    ends: Mapping[str, date]


@per_policy()
def kinds() -> tuple[ExportKind, ...]:
    """Every kind of which the policy exports more than the row's key and times, in the order of tables."""
    found = []
    for (table, kind), cls in all_entities().items():
        own = [a for a in rules_of(cls) if "." not in a.path and not a.rule.startswith("record.")]
        if (table, kind) not in WITHHELD and any(_exported(a.governed_by) for a in own):
            found.append(ExportKind(cls, _name(cls)))
    return tuple(found)


def kinds_for(subject: str | None) -> tuple[ExportKind, ...]:
    """The kinds in the export of an account, or of one person."""
    if subject is None:
        own = {
            cls
            for document_type in document_types()
            if document_type not in documents_for(None)
            for cls in (document_type.draft, document_type.issued, document_type.balance)
        }
        return tuple(kind for kind in kinds() if kind.cls not in own)
    return tuple(kind for kind in kinds() if kind.cls in ROWS_OF_PERSON[subject.partition("_")[0]])


def documents_for(subject: str | None) -> tuple[DocumentType, ...]:
    """The types of the documents in the export of a whole account, or of one person. A person has a right to every
    document about them (law 09-08 art. 7), whatever the export of the account leaves out."""
    return (
        tuple(document_type for document_type in document_types() if document_type.exported)
        if subject is None
        else types_about(subject)
    )


def concerns(row: Record, subject: str | None, buyers: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Whether a row belongs in the export. An account's export holds every row. A person's export holds their own
    messages in any support thread and the operator's answers to them, never another member's messages. A payment
    belongs to the buyer of its invoice: `buyers` maps invoice ids to buyers."""
    if subject is not None and isinstance(row, Payment):
        return buyers.get(row.invoice) == subject
    if subject is not None and isinstance(row, Attached):
        return subject in (row.party, row.by or row.member)
    if subject is not None and isinstance(row, SupportMessage):
        return row.by == subject or (row.by is None and row.opened_by == subject)
    return subject is None or getattr(row, REFERENCE[type(row)]) == subject


def _name(cls: type[Record]) -> str:
    if cls in NAMES:
        return NAMES[cls]
    kind = cls.KIND
    return kind if kind.endswith("s") else f"{kind[:-1]}ies" if kind.endswith("y") and kind[-2] != "e" else f"{kind}s"


def _exported(rule: str) -> bool:
    return current().rules[rule].exported


@per_policy()
def _secrets(table: str, kind: str) -> frozenset[str]:
    return frozenset(
        a.path for a in rules_of(ENTITIES[table, kind]) if "." not in a.path and not _exported(a.governed_by)
    )


def serialize(store: Store, kind: ExportKind, rows: Sequence[Record], reading: Reading) -> list[Line]:
    """The rows of this kind as lines of JSON. Raises Busy."""
    theirs = buyers(store, reading.company, rows) if reading.subject else {}
    own = [
        row
        for row in redact_references(store, reading.head, rows)
        if isinstance(row, kind.cls) and concerns(row, reading.subject, theirs) and _may_know(row, reading)
    ]
    balances: dict[str, Balance] = {}
    document_type = find(kind.cls.KIND) if issubclass(kind.cls, Issued) else None
    if own and document_type and document_type.balance:
        found = store.records([document_type.balance.ref(reading.company, row.id) for row in own])
        balances = {row.id: row for row in found if isinstance(row, Balance)}
    kept = reading.retention
    days = terms.events(store, reading.company, own) if own and kept else {}
    return [
        Line(_line(row, _shown(row, balances, reading)), terms.ends(row, days.get(row.id), kept) if kept else {})
        for row in own
    ]


def _may_know(row: Record, reading: Reading) -> bool:
    if isinstance(row, Disclosure):
        return may_be_seen(row, reading.on)
    if isinstance(row, JournalEntry):
        return not any(change.kind in CONFIDENTIAL_KINDS for change in row.changes)
    if reading.subject is not None:
        return True
    if isinstance(row, Consent):
        return row.id in reading.members
    return not isinstance(row, Acceptance) or row.member in reading.members


def _shown(row: Record, balances: Mapping[str, Balance], reading: Reading) -> dict[str, Any]:
    if isinstance(row, Company):
        return records.present_company(row, reading.head)
    if isinstance(row, Issued):
        return documents.present_issued(row, balances.get(row.id), reading.head)
    if isinstance(row, DraftDocument):
        return documents.present_draft(row)
    if isinstance(row, Disclosure):
        return present_disclosure(row, reading.language)
    return PLAIN.get(type(row), records.stored_row)(row, reading.head)


def _line(row: Record, shown: dict[str, Any]) -> str:
    hidden = _secrets(row.TABLE, row.KIND)
    kept = {name: part for name, part in shown.items() if name not in hidden}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), default=_text)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is not JSON")
