"""Simple records: id and object first, then the record's attributes, then version and times."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import msgspec

from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.companies.member import ApiKey, Member
from chalicelib.domain.companies.party import Customer, Party, Supplier
from chalicelib.domain.documents.model import Notice
from chalicelib.domain.documents.numbering import DEFAULTS, current
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.domain.identity import notices
from chalicelib.domain.money import amount_text, price_text, text
from chalicelib.services.representation.body import Body

DECIMALS: Mapping[str, Callable[[Decimal], str]] = {
    "share_capital": amount_text,
    "unit_price": price_text,
    "vat_rate": text,
}
HIDDEN: Mapping[type[Record], frozenset[str]] = {
    Company: frozenset({"numbering"}),
    ApiKey: frozenset({"digest"}),
    Member: frozenset({"email_key", "proven"}),
    Invitation: frozenset({"created_by", "digest", "email_key", "expires_at", "language", "mailed_at"}),
    Customer: frozenset({"same_as"}),
    Supplier: frozenset({"same_as"}),
}


def present_record(record: Record, head: Head | None = None) -> Body:  # noqa: ARG001 — a common signature
    """A record with each of its attributes that is not hidden."""
    shown = {name: _plain(name, getattr(record, name)) for name in _names(record.TABLE, record.KIND)}
    if "metadata" in shown:
        shown["metadata"] = shown["metadata"] or {}
    return {
        "id": record.id,
        "object": record.KIND,
        **shown,
        "version": record.version,
        "created_at": instant(record.created_at),
        "updated_at": instant(record.updated_at),
    }


def stored_row(record: Record, head: Head | None = None) -> Body:  # noqa: ARG001 — a common signature
    """A record that the API does not show, with each stored attribute."""
    stored = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in ("company", "id")}
    return {"id": record.id, "object": record.KIND, **msgspec.to_builtins(stored, builtin_types=(Decimal,))}


@cache
def _names(table: str, kind: str) -> tuple[str, ...]:
    cls = ENTITIES[table, kind]
    unshown = {f.name for f in fields(Record)} | HIDDEN.get(cls, frozenset())
    return tuple(f.name for f in fields(cls) if f.name not in unshown)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        return DECIMALS[name](value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(name, part) for part in value]
    if is_dataclass(value):
        return {f.name: _plain(f.name, getattr(value, f.name)) for f in fields(value)}
    return value


def present_notices(found: Iterable[Notice]) -> list[Body]:
    """Notices: each has a pointer, a code and parameters."""
    return [{"pointer": notice.pointer, "code": notice.code, "params": notice.params} for notice in found]


def present_company(record: Company, head: Head) -> Body:
    """A company's profile with its numbering patterns. The logo is the picture's SHA-256 (hex). Next numbers are not
    included: otherwise the profile would change for its reader with every document."""
    patterns = {known.document: current(record, known.document) for known in DEFAULTS}
    series = {name: {"pattern": found.pattern, "reset": found.reset} for name, found in patterns.items()}
    logo = PurePosixPath(record.logo).stem if record.logo else None
    return {
        **present_record(record),
        "logo": logo,
        "vat_basis": [{"from": part.since.isoformat(), "basis": part.basis} for part in record.vat_basis or ()],
        "signature_box": bool(record.signature_box),
        "mode": head.mode,
        "series": series,
        "notices": present_notices(notices(record)),
    }


def present_party(record: Party, head: Head | None = None) -> Body:  # noqa: ARG001 — a common signature
    """A customer or a supplier, with notices about its identifiers."""
    billing = {"billing": record.billing or "each"} if isinstance(record, Customer) else {}
    return {**present_record(record), **billing, "notices": present_notices(notices(record))}


def present_settings(head: Head, _: Head | None = None) -> Body:
    """The cloud switches, without version and times: those of the head change with every write of the company."""
    return {"id": head.company, "object": "settings", "cloud": {"sync": head.cloud_sync, "backup": head.cloud_backup}}
