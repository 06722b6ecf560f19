"""Rules on the identity of a company or party: faults that refuse a write, and notices that do not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Address, Company
from chalicelib.domain.companies.legibility import unprintable_texts
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.model import Notice
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.domain.metadata import merged
from chalicelib.domain.morocco import identifiers
from chalicelib.domain.morocco.dated import earliest_known
from chalicelib.domain.morocco.deadlines import TERMS, UNBOUND, is_bound
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
TEXTS = ("name", "legal_form", "trade_register", "ice_missing_reason", "address.street", "address.city", "notes")
"""Texts of an identity. One that looks like a national identity card number gets a notice (law 09-08 art. 12)."""


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
    if name == "vat_basis" and value:
        return tuple(sorted(value, key=lambda period: period.since))
    return NORMALISED[name](value) if value and name in NORMALISED else value


def validate(record: Identified, changed: Mapping[str, Any]) -> None:
    """Raises InvalidContent with every fault among the `changed` attributes. A value accepted earlier stays valid."""
    faults = [fault for name in changed if (fault := _fault(name, getattr(record, name)))]
    if isinstance(record, Party) and {"kind", "ice", "ice_missing_reason"} & changed.keys():
        faults += _ice_missing(record)
    if {"payment_terms_days", "sector_terms_days", "payment_terms_law", "terms_law", "regime"} & changed.keys():
        faults += _terms_too_long(record)
    if isinstance(record, Company) and "vat_basis" in changed:
        faults += _vat_basis(record)
    if isinstance(record, Company) and {"sector_terms_days", "sector_decree"} & changed.keys():
        faults += _decree_missing(record)
    if faults:
        raise InvalidContent(*faults)


def _fault(name: str, value: Any) -> Fault | None:
    if not isinstance(value, str) or not value:
        return None
    finding = CHECKS[name](value) if name in CHECKS else None
    if finding is None or finding.severity == "warn":
        return None
    return Fault(f"/{name}", finding.code, dict(finding.params))


def _ice_missing(party: Party) -> list[Fault]:
    """Require the ICE of every invoiced business, or a recorded reason; never of a consumer. Practice demands it,
    although the sources disagree (DOMAIN)."""
    excused = party.kind != "business" or party.ice or party.ice_missing_reason
    return [] if excused else [Fault("/ice", "ice_required")]


def _terms_too_long(record: Identified) -> list[Fault]:
    """Require payment terms that law 69-21 allows, or that it does not bind. A customer's sector is the company's, so
    the issue of a document decides between the agreed limit and a sector's."""
    terms = earliest_known(TERMS, today(record.updated_at)).value
    if isinstance(record, Company):
        bound = is_bound(record.regime, record.payment_terms_law)
        longest = max(terms.agreed, record.sector_terms_days or 0) if bound else UNBOUND
    else:
        bound = is_bound("standard", None, getattr(record, "terms_law", None), record.kind, record.address.country)
        longest = terms.sector if bound else UNBOUND
    if (record.payment_terms_days or 0) <= longest:
        return []
    return [Fault("/payment_terms_days", "out_of_range", {"min": 0, "max": longest})]


def _vat_basis(company: Company) -> list[Fault]:
    """Require one basis a day."""
    days = [period.since for period in company.vat_basis or ()]
    return [Fault("/vat_basis", "repeated")] if len(set(days)) < len(days) else []


def _decree_missing(company: Company) -> list[Fault]:
    """Require the decree that allows a sector its terms (Code de commerce art. 78-2)."""
    return [Fault("/sector_decree", "sector_decree_missing")] if _lacks_decree(company) else []


def _lacks_decree(company: Company) -> bool:
    return company.sector_terms_days is not None and not company.sector_decree


def notices(record: Identified) -> tuple[Notice, ...]:
    """Unusual values that do not stop a write. Calculated at each read."""
    found = [(f"/{name}", CHECKS[name](value)) for name in WARNING if (value := getattr(record, name, None))]
    shown = [Notice(pointer=p, code=f.code, params=dict(f.params)) for p, f in found if f and f.severity == "warn"]
    if isinstance(record, Company) and _lacks_decree(record):
        shown.append(Notice(pointer="/sector_decree", code="sector_decree_missing", params={}))
    texts = [(f"/{name.replace('.', '/')}", _text(record, name)) for name in TEXTS]
    shown += [Notice(pointer=p, code="cin_suspected", params={}) for p, t in texts if identifiers.looks_like_cin(t)]
    shown += [
        Notice(pointer=f"/{name}", code="same_as_another", params={}) for name in getattr(record, "same_as", None) or ()
    ]
    shown += [
        Notice(pointer=pointer, code="characters_unprintable", params={"characters": characters})
        for pointer, characters in unprintable_texts(record)
    ]
    return tuple(shown)


def _text(record: Identified, path: str) -> str:
    """A text of the record by its path; empty where the record has none."""
    found: Any = record
    for name in path.split("."):
        found = getattr(found, name, None)
    return found or ""
