"""Rules on the identity of a company or party: faults that refuse a write, and notices that do not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain.companies.company import Address, Company
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.model import Notice
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.domain.metadata import merged
from chalicelib.domain.morocco import identifiers
from chalicelib.domain.morocco.findings import Finding

Identified = Company | Party

NORMALISED: Mapping[str, Callable[[str], str]] = {
    "ice": identifiers.normalise,
    "rib": identifiers.normalise,
    "tax_id": identifiers.normalise,
    "business_tax": identifiers.normalise,
    "cnss": identifiers.normalise,
    "phone": identifiers.normalise_phone,
}
CHECKS: Mapping[str, Callable[[str], Finding | None]] = {
    "ice": identifiers.check_ice,
    "rib": identifiers.check_rib,
    "tax_id": identifiers.check_tax_id,
    "business_tax": identifiers.check_business_tax,
    "cnss": identifiers.check_cnss,
    "trade_register": identifiers.check_trade_register,
    "phone": identifiers.check_phone,
}
WARNING = ("tax_id", "business_tax", "cnss", "trade_register", "phone")
"""Identifiers whose format is not official. Their checks produce notices and need no library."""
NAMES = ("name", "legal_form", "ice_missing_reason")
"""Texts of an identity. They must not contain a national identity card number (law 09-08 art. 12)."""


def normalize(changes: Mapping[str, Any], before: Identified | None = None) -> dict[str, Any]:
    """The changes as domain values: identifiers without separators, the address merged into the earlier one."""
    values = {name: _normalised(name, value) for name, value in changes.items()}
    if before is None or "address" in values:
        address = before.address if before and values["address"] else Address()
        values["address"] = replace(address, **(values.get("address") or {}))
    if "metadata" in values:
        values["metadata"] = merged(getattr(before, "metadata", None), values["metadata"])
    return values


def _normalised(name: str, value: Any) -> Any:
    return NORMALISED[name](value) if value and name in NORMALISED else value


def validate(record: Identified, changed: Mapping[str, Any]) -> None:
    """Raises InvalidContent with every fault among the `changed` attributes. A value accepted earlier stays valid."""
    faults = [fault for name in changed if (fault := _fault(name, getattr(record, name)))]
    if isinstance(record, Party) and {"kind", "ice", "ice_missing_reason"} & changed.keys():
        faults += _ice_missing(record)
    if faults:
        raise InvalidContent(*faults)


def _fault(name: str, value: Any) -> Fault | None:
    if not isinstance(value, str) or not value:
        return None
    if name in NAMES and identifiers.looks_like_cin(value):
        return Fault(f"/{name}", "cin_not_allowed")
    finding = CHECKS[name](value) if name in CHECKS else None
    if finding is None or finding.severity == "warn":
        return None
    return Fault(f"/{name}", finding.code, dict(finding.params))


def _ice_missing(party: Party) -> list[Fault]:
    """Require the ICE of every invoiced business, or a recorded reason; never of a consumer. Practice demands it,
    although the sources disagree (DOMAIN)."""
    excused = party.kind != "business" or party.ice or party.ice_missing_reason
    return [] if excused else [Fault("/ice", "ice_required")]


def notices(record: Identified) -> tuple[Notice, ...]:
    """Unusual values that do not stop a write. Calculated at each read."""
    found = [(f"/{name}", CHECKS[name](value)) for name in WARNING if (value := getattr(record, name, None))]
    shown = [Notice(pointer=p, code=f.code, params=dict(f.params)) for p, f in found if f and f.severity == "warn"]
    if identifiers.looks_like_cin(getattr(record, "notes", None) or ""):
        shown.append(Notice(pointer="/notes", code="cin_suspected", params={}))
    return tuple(shown)
