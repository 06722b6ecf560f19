"""What a restore does with one row: a pure function of the row as it was backed up and of what is there now.

It brings back (ADR 0043). Business data is put as it was; of the ledger only what is missing comes, and a series stands
at the further of both, so that no number is given twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from chalicelib.domain.companies.company import Company, Head, Series, Term
from chalicelib.domain.documents.model import DraftDocument
from chalicelib.domain.documents.numbering import advanced, numbered
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.documents.registry import document_types, find
from chalicelib.domain.entity import Record, Ref
from chalicelib.services.retention import purge

Outcome = Literal["restored", "overwritten", "unchanged", "issued", "erased", "expired"]
"""Missing, and put; different, and put as it was; there already (of the ledger: in whatever state); a draft that was
issued since; an erased person's; past its statutory term."""
Rows = Mapping[Ref, Record | None]


@dataclass(frozen=True)
class Merged:
    """What is done with one row: what came of it, and what is written."""

    outcome: Outcome
    puts: tuple[Record, ...] = ()


def beside(backed: Record) -> tuple[Ref, ...]:
    """The rows that decide what is done with one: its own first."""
    if issue := issue_of(backed):
        return backed.key, issue
    if isinstance(backed, Company):
        return backed.key, Term.ref(backed.company)
    return (backed.key,)


def issue_of(row: Record) -> Ref | None:
    """The frozen document that a draft becomes; None for a row that is no draft."""
    made = find(row.KIND) if isinstance(row, DraftDocument) else None
    return made.issued.ref(row.company, row.id) if made else None


def leader(backed: Record) -> Ref | None:
    """The row without which one has no meaning: it has no date of its own, and left at its term with the other."""
    for made in document_types():
        if made.balance is not None and type(backed) is made.balance:
            return made.issued.ref(backed.company, backed.id)
    return Payment.ref(backed.company, backed.id, invoice=backed.invoice) if isinstance(backed, PaymentId) else None


def merged(backed: Record, rows: Rows, at: datetime) -> Merged:
    """What is done with a row that was backed up, given the rows `beside` it as they are now."""
    now = rows[backed.key]
    if isinstance(backed, Series):
        return _series(backed, now)
    if (issue := issue_of(backed)) and rows[issue] is not None:
        return Merged("issued")
    if now is None:
        return Merged("restored", (backed,))
    if backed.ROOM == "ledger":
        return Merged("unchanged")
    if isinstance(backed, Company) and isinstance(now, Company):
        return _profile(backed, now, rows[Term.ref(backed.company)], at)
    return _as_it_was(backed, now, at)


def _as_it_was(backed: Record, now: Record, at: datetime) -> Merged:
    """The content that was backed up, as a new version: who has seen a later one must not take this for it."""
    if replace(backed, version=now.version, created_at=now.created_at, updated_at=now.updated_at) == now:
        return Merged("unchanged")
    return Merged("overwritten", (replace(backed, version=now.version + 1, updated_at=at),))


def _profile(backed: Company, now: Company, term: Record | None, at: datetime) -> Merged:
    """The profile as it was, but how it numbers and what its owner accepted go on: a pattern that numbered documents
    is never forgotten, and the one in force stays."""
    older = tuple(pattern for pattern in backed.numbering if pattern not in now.numbering)
    kept: dict[str, Any] = {"numbering": (*older, *now.numbering), "policy_version": now.policy_version}
    found = _as_it_was(replace(backed, **kept), now, at)
    if found.puts and isinstance(term, Term) and backed.financial_year_end not in term.ends:
        return replace(found, puts=(*found.puts, purge.with_year_end(term, backed.financial_year_end, at)))
    return found


def _series(backed: Series, now: Record | None) -> Merged:
    if not isinstance(now, Series):
        return Merged("restored", (backed,))
    further = max(now, backed, key=lambda series: series.next)
    left = max(now, backed, key=lambda series: series.swept)
    whole = replace(further, swept=left.swept, anchor=left.anchor or further.anchor, version=now.version)
    if replace(whole, created_at=now.created_at, updated_at=now.updated_at) == now:
        return Merged("unchanged")
    return Merged("overwritten", (replace(whole, version=now.version + 1),))


def reached(head: Head, series: Series) -> dict[str, Any]:
    """The change of the head after a series came back: no document is dated before its last one, and no first number is
    set again. Empty for none."""
    known = numbered(head, series.document)
    days = [day for day in (known.last, series.last_date) if day]
    arrived = known.arrived or series.first > 1
    after = replace(known, last=max(days, default=None), arrived=arrived)
    return {} if after == known else advanced(head, after)
