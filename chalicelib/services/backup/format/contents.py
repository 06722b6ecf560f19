"""The contents of a backup: groups of rows, their order and data keys, and the rows left out, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from chalicelib.domain.attachments.attachment import Attachment, AttachmentUsage, DocumentAttachment
from chalicelib.domain.backups.backup import KeyClass
from chalicelib.domain.companies.company import Company, Head, OrphanedPayments, RetentionSchedule, Series
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.companies.template import EarlierTemplate
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.imports.model import ImportMapping
from chalicelib.domain.journal import JournalEntry
from chalicelib.policy.rules import all_entities


@dataclass(frozen=True)
class RowGroup:
    """Rows stored together: those in `table` whose sort key begins with `prefix`, of these kinds, under one key.

    A group that is not `streamed` is one row, read at the cutoff itself.
    """

    name: str
    table: str
    prefix: str
    key_class: KeyClass
    kinds: tuple[str, ...]
    streamed: bool = True


def _group(name: str, key_class: KeyClass, *classes: type[Record], streamed: bool = True) -> RowGroup:
    first = classes[0]
    return RowGroup(
        name,
        first.TABLE,
        first.SORT.partition("{")[0],
        key_class,
        tuple(cls.KIND for cls in classes),
        streamed=streamed,
    )


def _drafts(document_type: DocumentType) -> tuple[RowGroup, ...]:
    return (
        (_group(document_type.draft_group, "working", document_type.draft),)
        if document_type.draft and document_type.draft_group
        else ()
    )


def _issued(document_type: DocumentType) -> RowGroup:
    """The group of a kind's frozen documents. A balance follows its document, as its sort key does."""
    classes = (document_type.issued, document_type.balance) if document_type.balance else (document_type.issued,)
    return _group(document_type.backup_group, "statutory" if document_type.fiscal else "working", *classes)


GROUPS: Final = (
    _group("company", "working", Company),
    _group("customers", "working", Customer),
    _group("suppliers", "working", Supplier),
    _group("items", "working", Item),
    *(group for document_type in document_types() for group in _drafts(document_type)),
    _group("series", "statutory", Series),
    *(_issued(document_type) for document_type in document_types()),
    _group("register", "statutory", RegisterEntry),
    _group("payments", "statutory", Payment),
    _group("payment_ids", "statutory", PaymentId),
    _group("terms", "statutory", RetentionSchedule),
    _group("leftovers", "statutory", OrphanedPayments),
    _group("journal", "statutory", JournalEntry),
    _group("credit_entries", "statutory", CreditEntry),
    _group("refunds", "statutory", Refund),
    _group("templates", "working", EarlierTemplate),
    _group("attachments", "working", Attachment, AttachmentUsage),
    _group("document_attachments", "statutory", DocumentAttachment),
    _group("import_mappings", "working", ImportMapping),
    _group("head", "statutory", Head, streamed=False),
)
"""The order in which groups are read, written and restored. Groups of a new kind come after the older ones."""

ACCESS: Final = "a restore must not give back an access that was taken away"
PROOF: Final = "proof of requests outlives what it proves: a restore reads it, and never puts it back"
SHORT_LIVED: Final = "it is gone before anybody would restore it"
OWN: Final = "what backups themselves are made by"
EXCLUDED: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("identity", "member"): ACCESS,
        ("identity", "api_key"): ACCESS,
        ("identity", "consent"): "a choice is a member's, and may have been changed since",
        ("identity", "backup_key"): OWN,
        ("journal", "anchor_plan"): "it belongs to no company",
        ("journal", "backup_key"): OWN,
        ("journal", "evidence"): "the passes were made over the rows as they were, and the next night makes another",
        ("journal", "archived"): "the archive itself states what was archived",
        ("journal", "outbox"): "what was to be done after a commit was done, and must not be done again",
        ("transient", "sign_in"): "it belongs to no company",
        ("workspace", "backup_plan"): OWN,
        ("workspace", "drill_plan"): OWN,
        ("workspace", "support_thread"): "an exchange with support ends on a promised day",
        ("workspace", "support_message"): "an exchange with support ends on a promised day",
        ("requests", "request"): PROOF,
        ("requests", "receipt"): PROOF,
        ("requests", "deadline"): PROOF,
        ("requests", "tombstone"): PROOF,
        ("requests", "hold"): PROOF,
        ("requests", "correction"): PROOF,
        ("requests", "disclosure"): PROOF,
        ("requests", "acceptance"): PROOF,
        ("requests", "destruction"): PROOF,
        ("transient", "idempotency"): SHORT_LIVED,
        ("transient", "job"): SHORT_LIVED,
        ("transient", "import"): SHORT_LIVED,
        ("transient", "upload"): SHORT_LIVED,
        ("transient", "code"): SHORT_LIVED,
        ("transient", "former_owner"): SHORT_LIVED,
        ("transient", "invitation"): SHORT_LIVED,
        ("transient", "tally"): SHORT_LIVED,
        ("transient", "queue"): SHORT_LIVED,
        ("transient", "mail"): SHORT_LIVED,
        ("transient", "diagnostics"): "it belongs to no company",
        ("transient", "job_checkpoint"): "it belongs to no company",
        ("transient", "job_switch"): "it belongs to no company",
        ("transient", "backup"): OWN,
        ("transient", "device"): ACCESS,
        ("transient", "issue_request"): SHORT_LIVED,
        ("transient", "sync_notice"): SHORT_LIVED,
    }
)

ORDER: Final[Mapping[str, int]] = MappingProxyType({group.name: place for place, group in enumerate(GROUPS)})
BY_NAME: Final[Mapping[str, RowGroup]] = MappingProxyType({group.name: group for group in GROUPS})
_BY_KIND: Final = {(group.table, kind): group for group in GROUPS for kind in group.kinds}


class UnassignedKindError(RuntimeError):
    """A kind of row has no group and no reason to be left out: every backup would silently lack it."""


@cache
def require_assigned() -> None:
    """Require that each entity is either in a group or in `EXCLUDED`. Raises UnassignedKindError."""
    if wrong := sorted(kind for kind in all_entities() if (kind in _BY_KIND) == (kind in EXCLUDED)):
        raise UnassignedKindError(f"put into one of GROUPS or into EXCLUDED: {wrong}")


def group_of(table: str, kind: str) -> RowGroup | None:
    """The group of a kind of row; None for a kind that is left out."""
    return _BY_KIND.get((table, kind))


def counted_as(group: str, kind: str) -> str:
    """The name under which rows are counted: their group's, or their kind's if a group has several kinds."""
    return group if kind == BY_NAME[group].kinds[0] else f"{kind}s"


def ref_of(company: str, group: str, sort: str) -> Ref:
    """The address of a row of a group."""
    return Ref(BY_NAME[group].table, company, sort)
