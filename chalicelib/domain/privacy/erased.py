"""Persons who were erased on request: their marks in the company's head, and the redaction of their documents.

Data that the law requires us to keep (law 09-08 art. 8; CGI art. 211) stays in the ledger as it was issued, and is
blocked. Every request reads the head. So one mark in it blocks all documents of a person at once, in the commit that
erases the person, without another read.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from functools import cache
from hashlib import sha256
from types import NoneType
from typing import Any, Final, TypeVar, get_args, get_type_hints

from chalicelib.domain.companies.company import Address, Head
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import REFERENCES, DraftDocument, Issued
from chalicelib.domain.documents.registry import by_kind, person_of
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.domain.errors import DocumentBlocked
from chalicelib.domain.language import Language

D = TypeVar("D", bound=Issued)
MARK_BYTES: Final = 8
"""Bytes of a mark.

The chance that one of a million customers is mistaken for one of ten thousand erased persons is one in a thousand
million. 128 persons make the head a kilobyte longer.
"""
NAMES: Final[Mapping[Language, str]] = {
    "fr": "Client effacé à sa demande",
    "ar": "زبون مُحيت بياناته بطلب منه",
    "en": "Customer erased at their request",
}
"""The replacement of an erased buyer's name, in the document's language."""
SELLER_NAMES: Final[Mapping[Language, str]] = {
    "fr": "Fournisseur effacé à sa demande",
    "ar": "مورد مُحيت بياناته بطلب منه",
    "en": "Supplier erased at their request",
}
"""The replacement of an erased seller's name."""
ERASED_REFERENCE: Final = "erased"
"""The replacement of a reference that must not be empty."""
KEPT: Final = ("kind", "regime")
"""Attributes of an erased party that stay. Like the country, they determine the TVA of the document."""


def unnamed(record: Record, pointing: Collection[str]) -> dict[str, str | None]:
    """The changes that empty the attributes `pointing`, which reference an erased person: None, or `ERASED_REFERENCE`
    if the reference is required. The references of a draft are about its other party (ADR 0076), so they go too. An
    erasure and a restore both use this, so that a restore returns nothing that an erasure empties."""
    optional = _optional(record.TABLE, record.KIND)
    changes = {name: None if name in optional else ERASED_REFERENCE for name in pointing}
    return changes | dict.fromkeys(REFERENCES) if pointing and isinstance(record, DraftDocument) else changes


@cache
def _optional(table: str, kind: str) -> frozenset[str]:
    cls = ENTITIES[table, kind]
    hints = get_type_hints(cls)
    return frozenset(field.name for field in fields(cls) if NoneType in get_args(hints[field.name]))


def marked(erased_marks: bytes | None, subject: str) -> bytes:
    """The marks, with one added for `subject` (an opaque id)."""
    own = _mark(subject)
    return erased_marks or own if _has(erased_marks, own) else (erased_marks or b"") + own


def joined(erased_marks: bytes | None, others: bytes | None) -> bytes | None:
    """The union of two sets of marks."""
    for at in range(0, len(others or b""), MARK_BYTES):
        own = (others or b"")[at : at + MARK_BYTES]
        erased_marks = erased_marks if _has(erased_marks, own) else (erased_marks or b"") + own
    return erased_marks


def is_erased(head: Head, subject: str) -> bool:
    """Tell whether the person of this id was erased from the company."""
    return _has(head.erased, _mark(subject))


def require_shown(head: Head, document: Issued) -> None:
    """Raise DocumentBlocked if a party of the document was erased. A page or an e-invoice is shown complete or not at
    all."""
    if is_erased(head, person_of(document)):
        raise DocumentBlocked


def blanked(document: D, head: Head) -> D:
    """The document without an erased party's identity and without free text. Numbers, dates, amounts and TVA stay,
    because they are the merchant's accounts. The redacted document is never stored."""
    if not is_erased(head, person_of(document)):
        return document
    document_type = by_kind(document.KIND)
    known = getattr(document, document_type.party)
    kept = {name: getattr(known, name) for name in KEPT if hasattr(known, name)}
    name = erased_name(document_type, document.language)
    nobody = type(known)(name=name, address=Address(country=known.address.country), **kept)
    changes: dict[str, Any] = {document_type.party: nobody, **dict.fromkeys(document_type.erased_texts)}
    return replace(document, **changes)


def erased_name(document_type: DocumentType, language: Language) -> str:
    """The name that replaces an erased party of this kind of document."""
    return (NAMES if document_type.party == "buyer" else SELLER_NAMES)[language]


def _mark(subject: str) -> bytes:
    return sha256(subject.encode()).digest()[:MARK_BYTES]


def _has(erased_marks: bytes | None, own: bytes) -> bool:
    return erased_marks is not None and own in (
        erased_marks[at : at + MARK_BYTES] for at in range(0, len(erased_marks), MARK_BYTES)
    )
