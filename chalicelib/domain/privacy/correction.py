"""Corrections (law 09-08 art. 8): the corrected values of a record, kept so that a restore does not undo them."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Final, Literal, TypeVar, get_type_hints

import msgspec

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.companies.member import Member
from chalicelib.domain.companies.party import Customer, Party, Supplier
from chalicelib.domain.documents.document_type import PARTIES, DocumentType
from chalicelib.domain.documents.model import Buyer, Issued, Seller
from chalicelib.domain.documents.registry import by_kind, document_types
from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.typed import converted

R = TypeVar("R", bound=Record)
FIELDS: Final[Mapping[type[Record], frozenset[str]]] = {
    **dict.fromkeys(
        (Customer, Supplier), frozenset(f.name for f in fields(Party)) - {f.name for f in fields(Record)} - {"same_as"}
    ),
    Company: frozenset(f.name for f in fields(Seller)) - {"logo", "signature_box"} | {"person"},
    Member: frozenset({"email"}),
    Invitation: frozenset(),
}
"""The attributes that a rectification may correct, by record.

Settings (numbering, switches, roles) are not statements about a person: they are changed, not corrected. `same_as` is
calculated at each edit.
"""


@entity("correction", table="requests", prefix="req", sort="correction#{clock:012d}")
class Correction(Record):
    """The changes that a request for rectification made.

    The id is the request's. `subject` is the id of the party, the member or the company. `record` is the row's kind,
    `clock` the company's clock of that commit. It is never edited. It is deleted with the person, and at the latest
    when no older backup exists.
    """

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
    """The values of the record's attributes with these names, in the form that a correction stores."""
    plain = {name: getattr(record, name) for name in sorted(names)}
    return msgspec.json.encode(plain)


def applied(record: R, correction: Correction) -> R:
    """The record with the corrected values; unchanged if it has them already. Raises ValueError for a correction of
    another record."""
    if correction.record != record.KIND or correction.subject not in (record.id, record.company):
        raise ValueError(f"a correction of a {correction.record} is none of this {record.KIND}")
    hints = get_type_hints(type(record))
    values = msgspec.json.decode(correction.values)
    right = {name: converted(value, hints[name], strict=False) for name, value in values.items()}
    same = all(getattr(record, name) == value for name, value in right.items())
    return record if same else record.edited(correction.updated_at, **right)


def differs(document: Issued, record: Record, attributes: frozenset[str]) -> tuple[str, ...]:
    """The attributes, among these, that a frozen document states differently from the record now."""
    copied = copied_to(by_kind(document.KIND), record)
    if copied is None:
        return ()
    party, known = getattr(document, copied), attributes & _attributes(copied)
    return tuple(sorted(name for name in known if getattr(party, name) != getattr(record, name)))


def copied_to(document_type: DocumentType, record: Record) -> Literal["buyer", "seller"] | None:
    """The attribute of a frozen document that copies such a record. The company is one of its two parties; a customer
    or a supplier may be the other. None for any other record."""
    if isinstance(record, Company):
        return "seller" if document_type.party == "buyer" else "buyer"
    return document_type.party if isinstance(record, PARTIES[document_type.counterparty]) else None


def frozen(record: Record) -> frozenset[str]:
    """The attributes that frozen documents copy from such a record."""
    copies = {copied_to(document_type, record) for document_type in document_types()} - {None}
    return frozenset().union(*(_attributes(copied) for copied in copies if copied))


def _attributes(party: Literal["buyer", "seller"]) -> frozenset[str]:
    return frozenset(f.name for f in fields(Buyer if party == "buyer" else Seller))
