"""Corrections (law 09-08 art. 8): what was put right in a record, kept so that a restored backup does not undo it."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Final, Literal, TypeVar, get_type_hints

import msgspec

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member
from chalicelib.domain.companies.party import Customer, Party, Supplier
from chalicelib.domain.documents.model import Buyer, Issued, Seller
from chalicelib.domain.documents.registry import PARTIES, DocumentType, by_kind, document_types
from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.typed import converted

R = TypeVar("R", bound=Record)
FIELDS: Final[Mapping[type[Record], frozenset[str]]] = {
    **dict.fromkeys((Customer, Supplier), frozenset(f.name for f in fields(Party)) - {f.name for f in fields(Record)}),
    Company: frozenset(f.name for f in fields(Seller)) - {"logo"} | {"person"},
    Member: frozenset({"email"}),
}
"""What can be wrong about somebody, by the record that says it. How a company works (numbering, switches, roles) is no
statement about anybody: it is changed and not corrected."""


@entity("correction", room="requests", prefix="req", sort="correction#{clock:012d}")
class Correction(Record):
    """What a request for rectification changed: the id is the request's, `subject` whom it is about (a party's, a
    member's or the company's id), `record` the kind of the row, `clock` the company's with that commit. It is never
    edited, goes with the person, and at the latest when no backup is left that is older than it."""

    clock: int = kept("record.key")
    subject: str = kept("record.key")
    record: str = kept("record.key")
    attributes: tuple[str, ...] = kept("record.key")
    values: bytes = kept("request.correction", packed=True)
    """JSON: the new values by attribute."""
    due: str | None = kept("record.key", default="proofs")
    due_at: datetime = kept("record.times")
    attempts: int = kept("record.key", default=0)


def values_of(record: Record, names: frozenset[str]) -> bytes:
    """The record's attributes of these names, as a correction keeps them."""
    plain = {name: getattr(record, name) for name in sorted(names)}
    return msgspec.json.encode(plain)


def applied(record: R, correction: Correction) -> R:
    """The record with what was corrected: the same again where it is there already. Raises ValueError for a correction
    of another record."""
    if correction.record != record.KIND or correction.subject not in (record.id, record.company):
        raise ValueError(f"a correction of a {correction.record} is none of this {record.KIND}")
    hints = get_type_hints(type(record))
    values = msgspec.json.decode(correction.values)
    right = {name: converted(value, hints[name], strict=False) for name, value in values.items()}
    same = all(getattr(record, name) == value for name, value in right.items())
    return record if same else record.edited(correction.updated_at, **right)


def differs(document: Issued, record: Record, attributes: frozenset[str]) -> tuple[str, ...]:
    """The attributes among these that a frozen document states otherwise than the record does now."""
    copied = copied_to(by_kind(document.KIND), record)
    if copied is None:
        return ()
    party, known = getattr(document, copied), attributes & _attributes(copied)
    return tuple(sorted(name for name in known if getattr(party, name) != getattr(record, name)))


def copied_to(made: DocumentType, record: Record) -> Literal["buyer", "seller"] | None:
    """The attribute of a frozen document that copies such a record: the company is its one party, a customer or a
    supplier may be the other. None for any other record."""
    if isinstance(record, Company):
        return "seller" if made.party == "buyer" else "buyer"
    return made.party if isinstance(record, PARTIES[made.counterparty]) else None


def frozen(record: Record) -> frozenset[str]:
    """The attributes that frozen documents copy from such a record."""
    copies = {copied_to(made, record) for made in document_types()} - {None}
    return frozenset().union(*(_attributes(copied) for copied in copies if copied))


def _attributes(party: Literal["buyer", "seller"]) -> frozenset[str]:
    return frozenset(f.name for f in fields(Buyer if party == "buyer" else Seller))
