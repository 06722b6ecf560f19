"""The kinds that a restore or download can select: their names in the API, and their rows."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from chalicelib.domain.attachments.attachment import Attachment, AttachmentUsage, DocumentAttachment
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.documents.registry import by_id, by_kind, document_types, find
from chalicelib.domain.entity import Record, RowKind
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.services.backup.format.contents import GROUPS, counted_as


def _row_kind(cls: type[Record]) -> RowKind:
    return cls.TABLE, cls.KIND


def _balances(document_type: DocumentType) -> frozenset[RowKind]:
    return frozenset({_row_kind(document_type.balance)} if document_type.balance else ())


def _moved(document_type: DocumentType) -> frozenset[RowKind]:
    """The balances that a kind's documents change: their own, and those of the documents that they correct."""
    return _balances(document_type).union(*(_balances(by_kind(kind)) for kind in document_type.corrects))


KINDS: Final[Mapping[str, frozenset[RowKind]]] = {
    "company": frozenset({("workspace", "company"), ("workspace", "template"), ("workspace", "import_mapping")}),
    "customers": frozenset({("workspace", "customer")}),
    "suppliers": frozenset({("workspace", "supplier")}),
    "items": frozenset({("workspace", "item")}),
    "drafts": frozenset(_row_kind(document_type.draft) for document_type in document_types() if document_type.draft),
    **{
        document_type.backup_group: frozenset({_row_kind(document_type.issued)}) | _moved(document_type)
        for document_type in document_types()
    },
    "payments": frozenset(map(_row_kind, (Payment, PaymentId, CreditEntry, Refund))).union(
        *map(_balances, document_types())
    ),
    "attachments": frozenset(map(_row_kind, (Attachment, AttachmentUsage, DocumentAttachment))),
}
NUMBERED: Final[Mapping[RowKind, str]] = {
    ("ledger", "series"): "document",
    ("ledger", "register_entry"): "document_kind",
}
"""Rows restored together with the documents that they number, and the attribute that names the document kind."""
PAPERS: Final = _row_kind(DocumentAttachment)
"""The attachments of issued documents. They are restored together with their documents, and with `attachments`."""
WITH_PAPERS: Final = frozenset(
    _row_kind(document_type.issued) for document_type in document_types() if document_type.attachments
)
"""Documents that may have attachments."""
NUMBERING: Final = frozenset(
    _row_kind(document_type.issued) for document_type in document_types() if document_type.series
)
"""Documents that take their number from a series of the company."""
LEDGER: Final = (
    *(document_type.backup_group for document_type in document_types() if document_type.fiscal),
    "payments",
)
"""The names of the rows that the law requires to keep."""
NAMES: Final[Mapping[RowKind, str]] = {
    (group.table, kind): counted_as(group.name, kind)
    for group in GROUPS
    if group.table in ("workspace", "ledger")
    for kind in group.kinds
}
"""Every restorable row, and the name under which it is counted, also in the manifest."""


def chosen(names: Collection[str] | None, *, anew: bool = False) -> tuple[str, ...]:
    """The selected names in standard order; all for None. A new company (`anew`) also gets the profile and the complete
    ledger, so that its register and balances can be verified. Raises InvalidContent for an unknown name, or for an
    empty selection."""
    if names is None:
        return tuple(KINDS)
    allowed = ", ".join(KINDS)
    faults = [Fault(f"/kinds/{i}", "not_one_of", {"allowed": allowed}) for i, n in enumerate(names) if n not in KINDS]
    if faults or not names:
        raise InvalidContent(*(faults or [Fault("/kinds", "too_few", {"min": 1})]))
    is_selected = set(names)
    if anew:
        is_selected |= {"company", *(LEDGER if is_selected & set(LEDGER) else ())}
    return tuple(name for name in KINDS if name in is_selected)


def row_kinds(names: Iterable[str]) -> frozenset[RowKind]:
    """The rows behind these names, with the series and register entries of numbered documents, and the attachments of
    issued documents."""
    own = frozenset(row_kind for name in names for row_kind in KINDS[name])
    numbers = frozenset(NUMBERED) if own & NUMBERING else frozenset()
    return own | numbers | (frozenset({PAPERS}) if own & WITH_PAPERS else frozenset())


def has_parts(chosen: frozenset[RowKind], row_kind: RowKind) -> bool:
    """Whether the selection may include only a part of the rows of this kind: those of some kinds of documents."""
    if row_kind == PAPERS:
        return not (KINDS["attachments"] <= chosen or chosen >= WITH_PAPERS)
    return row_kind in NUMBERED and not chosen >= NUMBERING


def is_selected(chosen: frozenset[RowKind], row_kind: RowKind, data: Mapping[str, Any]) -> bool:
    """Whether the selection (its `row_kinds`) includes a row of a backup."""
    if row_kind not in chosen:
        return False
    if not has_parts(chosen, row_kind):
        return True
    document_type = by_id(data["owner"]) if row_kind == PAPERS else find(data[NUMBERED[row_kind]])
    return document_type is not None and _row_kind(document_type.issued) in chosen
