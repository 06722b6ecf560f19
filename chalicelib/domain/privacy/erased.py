"""Persons who were erased on their request: how a company's head remembers them, and what their documents show since.

What the law keeps of them (law 09-08 art. 8; CGI art. 211) stays as it was issued, in the ledger, and is blocked. The
head is read with every request anyway, so that a mark on it blocks all of a person's documents at once, in the commit
that erases the person, and costs no further read.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, TypeVar

from chalicelib.domain.companies.company import Address, Head
from chalicelib.domain.documents.model import Issued, Language
from chalicelib.domain.documents.registry import DocumentType, by_kind, person_of
from chalicelib.domain.errors import DocumentBlocked

D = TypeVar("D", bound=Issued)
MARK: Final = 8
"""Bytes of a mark: that any of a million customers is taken for one of ten thousand erased has a chance of one in a
thousand million. 128 persons make the head a kilobyte longer."""
NAMES: Final[Mapping[Language, str]] = {
    "fr": "Client effacé à sa demande",
    "ar": "زبون مُحيت بياناته بطلب منه",
    "en": "Customer erased at their request",
}
"""What replaces the name of an erased buyer, in the document's language."""
SELLER_NAMES: Final[Mapping[Language, str]] = {
    "fr": "Fournisseur effacé à sa demande",
    "ar": "مورد مُحيت بياناته بطلب منه",
    "en": "Supplier erased at their request",
}
"""What replaces the name of an erased seller."""
KEPT: Final = ("kind", "regime")
"""Attributes of an erased party that stay: the TVA of the document depends on them, as on the country."""


def marked(marks: bytes | None, subject: str) -> bytes:
    """The marks with one for `subject` (an opaque id)."""
    own = _mark(subject)
    return marks or own if _has(marks, own) else (marks or b"") + own


def joined(marks: bytes | None, others: bytes | None) -> bytes | None:
    """The marks of both, each once."""
    for at in range(0, len(others or b""), MARK):
        own = (others or b"")[at : at + MARK]
        marks = marks if _has(marks, own) else (marks or b"") + own
    return marks


def is_erased(head: Head, subject: str) -> bool:
    """Whether the person of this id was erased from the company."""
    return _has(head.erased, _mark(subject))


def require_shown(head: Head, document: Issued) -> None:
    """A page or an e-invoice is frozen: it is shown as it was issued, or not at all. Raises DocumentBlocked."""
    if is_erased(head, person_of(document)):
        raise DocumentBlocked


def blanked(document: D, head: Head) -> D:
    """The document as it may be shown. An erased party's identity and the free text are blank. Numbers, dates, amounts
    and TVA are the merchant's accounts and stay. The blanked document is never stored."""
    if not is_erased(head, person_of(document)):
        return document
    made = by_kind(document.KIND)
    known = getattr(document, made.party)
    kept = {name: getattr(known, name) for name in KEPT if hasattr(known, name)}
    name = erased_name(made, document.language)
    nobody = type(known)(name=name, address=Address(country=known.address.country), **kept)
    changes: dict[str, Any] = {made.party: nobody, **dict.fromkeys(made.free_text)}
    return replace(document, **changes)


def erased_name(made: DocumentType, language: Language) -> str:
    """The name that stands for an erased party of this kind of document."""
    return (NAMES if made.party == "buyer" else SELLER_NAMES)[language]


def _mark(subject: str) -> bytes:
    return sha256(subject.encode()).digest()[:MARK]


def _has(marks: bytes | None, own: bytes) -> bool:
    return marks is not None and own in (marks[at : at + MARK] for at in range(0, len(marks), MARK))
