"""The registry of document types.

Each table that lists kinds is derived from it: the change feed, the backup groups, the retention sweep, the plans of
erasure and access, printing, labels, figures, numbering. So a new kind is one module, its words and a rule of the
policy.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from chalicelib.domain.documents.balance import Balance, status
from chalicelib.domain.documents.contradictions import contradictions
from chalicelib.domain.documents.document_type import PARTIES, DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.entity import Ref


class LateDeclarationError(RuntimeError):
    """A kind was declared after a table was derived from the registry: that table would silently lack it."""


class UnknownDocumentTypeError(LookupError):
    """No document type has this kind."""


@dataclass
class _Registry:
    """The declared kinds in their order, and whether anybody has read them."""

    types: dict[str, DocumentType] = field(default_factory=dict)
    read: bool = False


_REGISTRY: Final = _Registry()


def declare(document_type: DocumentType) -> DocumentType:
    """Add a kind to the registry. Raises ValueError for answers that contradict each other or another kind's, and
    LateDeclarationError once the registry was read."""
    if _REGISTRY.read:
        raise LateDeclarationError(f"declare {document_type.kind!r} before the first use of the registry")
    if wrong := contradictions(document_type, _REGISTRY.types.values()):
        raise ValueError(f"{document_type.kind}: {'; '.join(wrong)}")
    _REGISTRY.types[document_type.kind] = document_type
    return document_type


def document_types() -> tuple[DocumentType, ...]:
    """Every kind, in the order of declaration. No kind may be declared afterwards."""
    _REGISTRY.read = True
    return tuple(_REGISTRY.types.values())


def find(kind: str) -> DocumentType | None:
    """The type of this stored kind; None for a kind that is no document."""
    return next((each for each in document_types() if each.kind == kind), None)


def by_kind(kind: str) -> DocumentType:
    """The type of this stored kind. Raises UnknownDocumentTypeError."""
    if (found := find(kind)) is None:
        raise UnknownDocumentTypeError(kind)
    return found


def by_id(id: str) -> DocumentType | None:
    """The type whose prefix an id has; None for an id of something else."""
    return next((each for each in document_types() if id.startswith(f"{each.prefix}_")), None)


def receivable_types() -> tuple[DocumentType, ...]:
    """The types of the documents that ask a customer for money. Payments of them are received."""
    return tuple(each for each in document_types() if each.payable == "we_receive")


def payable_by_id(id: str) -> DocumentType | None:
    """The type of the documents that have payments and whose prefix an id has; None for an id of something else."""
    document_type = by_id(id)
    return document_type if document_type in receivable_types() else None


def payable_refs(company: str, id: str) -> list[Ref]:
    """The addresses of a document that has payments, and of its balance; none for an id of something else."""
    document_type = payable_by_id(id)
    classes = [document_type.issued, document_type.balance] if document_type else []
    return [cls.ref(company, id) for cls in classes if cls is not None]


def in_register(kind: str) -> bool:
    """Whether the register accounts for the numbers of this kind. A kind that nobody declared counts too: its chain
    must hold."""
    document_type = find(kind)
    return document_type is None or document_type.registered


def types_about(subject: str) -> tuple[DocumentType, ...]:
    """The types whose other party may have the id `subject`: a customer's, a supplier's, or none for anybody else."""
    return tuple(each for each in document_types() if subject.startswith(f"{PARTIES[each.counterparty].PREFIX}_"))


def by_balance(balance: Balance) -> DocumentType:
    """The type whose documents have this balance. Raises UnknownDocumentTypeError."""
    for each in document_types():
        if each.balance is type(balance):
            return each
    raise UnknownDocumentTypeError(balance.KIND)


def person_of(document: Issued) -> str:
    """The id of the other party of a frozen document."""
    return by_kind(document.KIND).person_of(document) or ""


class Corrected(NamedTuple):
    """The document that another one corrects: its type, id, number and day of issue. The day is None if an earlier
    version wrote the correction. `lines` are the numbers (from 1) of its lines, one for each line of the document that
    corrects it, or 0 for a line that corrects the whole document."""

    document_type: DocumentType
    id: str
    number: str
    day: date | None
    lines: tuple[int, ...]


def corrected_by(document: Issued) -> Corrected | None:
    """The document that this one corrects; None for a document that corrects nothing."""
    of: Any = document
    for kind in by_kind(document.KIND).corrects:
        if id := getattr(of, kind):
            number, day = getattr(of, f"{kind}_number"), getattr(of, f"{kind}_date")
            return Corrected(by_kind(kind), id, number, day, of.credited_lines)
    return None


def state_of(document: Issued, balance: Balance | None) -> str:
    """The state of a frozen document as its JSON shows it: by its balance where it is payable."""
    document_type = by_kind(document.KIND)
    found = status(document, balance) if document_type.balance is not None else document_type.frozen_state
    return found if found in document_type.derived_states else document_type.frozen_state
