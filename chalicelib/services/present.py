"""Simple records as the API shows them: id and object first, then the record's own attributes, then version and times.

Documents, whose shape depends on their state, are shown by `services.documents`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from chalicelib.domain.company import Company, Head
from chalicelib.domain.entity import ENTITIES, Record
from chalicelib.domain.item import Item
from chalicelib.domain.member import ApiKey, Member
from chalicelib.domain.money import amount_text, price_text, text
from chalicelib.domain.numbering import DEFAULTS, current
from chalicelib.domain.party import Party
from chalicelib.services.documents import instant
from chalicelib.services.screening import notices

Body = dict[str, Any]

DECIMALS: Mapping[str, Callable[[Decimal], str]] = {
    "share_capital": amount_text,
    "unit_price": price_text,
    "vat_rate": text,
}
HIDDEN: Mapping[type[Record], frozenset[str]] = {
    Company: frozenset({"numbering"}),
    ApiKey: frozenset({"digest"}),
    Member: frozenset({"email_key"}),
}


def resource(record: Record) -> Body:
    """The record with every attribute of its own that is not hidden."""
    shown = {name: _plain(name, getattr(record, name)) for name in _names(record.ROOM, record.KIND)}
    return {
        "id": record.id,
        "object": record.KIND,
        **shown,
        "version": record.version,
        "created_at": instant(record.created_at),
        "updated_at": instant(record.updated_at),
    }


@cache
def _names(room: str, kind: str) -> tuple[str, ...]:
    cls = ENTITIES[room, kind]
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


def present_company(record: Company, head: Head) -> Body:
    """A company's profile, with the patterns that number its documents; its logo is the picture's SHA-256 (hex). The
    numbers to come are not in it: the tag would change with every document."""
    patterns = {known.document: current(record, known.document) for known in DEFAULTS}
    series = {name: {"pattern": found.pattern, "reset": found.reset} for name, found in patterns.items()}
    logo = PurePosixPath(record.logo).stem if record.logo else None
    return {**resource(record), "logo": logo, "mode": head.mode, "series": series, "notices": notices(record)}


def present_party(record: Party) -> Body:
    """A customer or a supplier, with what is unusual about its identifiers."""
    return {**resource(record), "notices": notices(record)}


present_customer = present_supplier = present_party


def present_item(record: Item) -> Body:
    """A catalogue item."""
    return resource(record)


def present_member(record: Member) -> Body:
    """A person's place in the company."""
    return resource(record)


def present_api_key(record: ApiKey) -> Body:
    """An API key without what proves it."""
    return resource(record)


def present_settings(head: Head) -> Body:
    """The cloud switches. Neither version nor times: the head's own move with every write of the company."""
    return {"id": head.company, "object": "settings", "cloud": {"sync": head.cloud_sync, "backup": head.cloud_backup}}


def present_deleted(record: Record) -> Body:
    """What a deletion answers."""
    return {"id": record.id, "object": record.KIND, "deleted": True}


def present_list(url: str, data: Iterable[Body], *, more: bool = False, **further: Any) -> Body:
    """A part of a list."""
    return {"object": "list", "data": list(data), "has_more": more, "url": url, **further}
