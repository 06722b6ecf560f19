"""Persons who were erased on their request: how a company's head remembers them, and what their documents show since.

What the law keeps of them (law 09-08 art. 8; CGI art. 211) stays as it was issued, in the ledger, and is blocked. The
head is read with every request anyway, so that a mark on it blocks all of a person's documents at once, in the commit
that erases the person, and costs no further read.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final, TypeVar

from chalicelib.domain.company import Address, Head
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.model import Buyer, Issued, Language
from chalicelib.domain.documents.registry import person_of
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
"""What stands where the buyer's name stood, in the document's language."""


def marked(marks: bytes | None, subject: str) -> bytes:
    """The marks with one for `subject` (an opaque id)."""
    own = _mark(subject)
    return marks or own if _has(marks, own) else (marks or b"") + own


def is_erased(head: Head, subject: str) -> bool:
    """Whether the person of this id was erased from the company."""
    return _has(head.erased, _mark(subject))


def require_shown(head: Head, document: Issued) -> None:
    """A page or an e-invoice is frozen: it is shown as it was issued, or not at all. Raises DocumentBlocked."""
    if is_erased(head, person_of(document)):
        raise DocumentBlocked


def blanked(document: D, head: Head) -> D:
    """The document as it may be shown: of an erased buyer without who it was, nor what was written to them. Numbers,
    dates, amounts and TVA are the merchant's accounts and stay; so do the buyer's kind and country, which TVA depends
    on. It is never stored: the ledger keeps what was issued."""
    if not is_erased(head, person_of(document)):
        return document
    address = Address(country=document.buyer.address.country)
    nobody = Buyer(name=NAMES[document.language], kind=document.buyer.kind, address=address)
    blank = replace(document, buyer=nobody, notes=None)
    return replace(blank, reason=None) if isinstance(blank, CreditNote) else blank


def _mark(subject: str) -> bytes:
    return sha256(subject.encode()).digest()[:MARK]


def _has(marks: bytes | None, own: bytes) -> bool:
    return marks is not None and own in (marks[at : at + MARK] for at in range(0, len(marks), MARK))
