"""The register of numbers: the document of each number of a series, and the hash chain that proves it."""

from datetime import date
from decimal import Decimal
from hashlib import sha256

from chalicelib.domain.canonical import canonical, salted_digest
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.entity import Record, entity, kept

UNHASHED = frozenset({"company", "hash", "chain", "salt", "version", "updated_at"})
"""Attributes of the storage, not of the document.

The chain of the series binds the document to its company (`genesis`). So a copy under another id still proves the
issued content (ADR 0043).
"""


@entity("register_entry", table="ledger", prefix="reg", sort="register#{series}#{position:09d}")
class RegisterEntry(Record):
    """One number of a series: its document and its position in the chain."""

    series: str = kept("ledger.numbering")
    position: int = kept("ledger.numbering")
    number: str = kept("ledger.numbering")
    document: str = kept("ledger.numbering")
    document_kind: str = kept("ledger.numbering")
    issue_date: date = kept("ledger.numbering")
    gross: Decimal = kept("ledger.numbering")
    hash: str = kept("ledger.hash")
    chain: str = kept("ledger.hash")


def document_hash(document: Issued) -> str:
    """Hex SHA-256 over the document's salt and frozen content."""
    return salted_digest(document.salt, canonical(document, without=UNHASHED)).hex()


def genesis(company: str, series: str) -> str:
    """The chain's value before the first document of a series. It binds the chain to its company and series."""
    return sha256(f"{company}\x1f{series}".encode()).hexdigest()


def link(chain: str, document_hash: str) -> str:
    """The chain after a document: SHA-256 over the chain so far and the document's hash (both hex)."""
    return sha256(bytes.fromhex(chain) + bytes.fromhex(document_hash)).hexdigest()
