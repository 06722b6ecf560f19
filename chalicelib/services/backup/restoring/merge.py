"""The merge of one row in a restore: a pure function of the row in the backup and of the present rows.

A restore brings data back (ADR 0043). Business data returns to its backed-up content. Of the ledger, only missing rows
return. A series keeps the higher position of both, so that no number is issued twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from chalicelib.domain.attachments.attachment import Attachment, DocumentAttachment
from chalicelib.domain.companies.company import Company, Head, RetentionSchedule, Series
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.model import DraftDocument
from chalicelib.domain.documents.numbering import numbered, numbering_progress
from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.documents.registry import by_balance, by_id, find
from chalicelib.domain.entity import Record, Ref
from chalicelib.policy import schedules

MergeOutcome = Literal["restored", "overwritten", "unchanged", "issued", "erased", "expired"]
"""The outcomes: missing and put; different and put back; unchanged (for the ledger: in any state); a draft issued
since; an erased person's row; a row past its statutory term."""
PresentRows = Mapping[Ref, Record | None]


@dataclass(frozen=True)
class Merged:
    """The merge of one row: its outcome and the rows to write."""

    outcome: MergeOutcome
    puts: tuple[Record, ...] = ()


def related(backed: Record) -> tuple[Ref, ...]:
    """The rows that decide the merge of a row; its own comes first."""
    if issue := issue_of(backed):
        return backed.key, issue
    if isinstance(backed, Company):
        return backed.key, RetentionSchedule.ref(backed.company)
    return (backed.key,)


def issue_of(row: Record) -> Ref | None:
    """The frozen document that a draft becomes, and the ledger's row that its attachment becomes; None for another
    row."""
    if isinstance(row, Attachment):
        return DocumentAttachment.ref(row.company, row.id)
    document_type = find(row.KIND) if isinstance(row, DraftDocument) else None
    return document_type.issued.ref(row.company, row.id) if document_type else None


def leader(backed: Record) -> Ref | None:
    """The row that this row depends on. It has no date of its own, and was purged together with the other."""
    if isinstance(backed, Balance):
        return by_balance(backed).issued.ref(backed.company, backed.id)
    if isinstance(backed, DocumentAttachment) and (document_type := by_id(backed.owner)):
        return document_type.issued.ref(backed.company, backed.owner)
    return Payment.ref(backed.company, backed.id, invoice=backed.invoice) if isinstance(backed, PaymentId) else None


def merged(backed: Record, rows: PresentRows, at: datetime) -> Merged:
    """Merge a backed-up row with the present rows that `related` names."""
    now = rows[backed.key]
    if isinstance(backed, Series):
        return _series(backed, now)
    if (issue := issue_of(backed)) and rows[issue] is not None:
        return Merged("issued")
    if now is None:
        return Merged("restored", (backed,))
    if backed.TABLE == "ledger":
        return Merged("unchanged")
    if isinstance(backed, Company) and isinstance(now, Company):
        return _profile(backed, now, rows[RetentionSchedule.ref(backed.company)], at)
    return _as_it_was(backed, now, at)


def _as_it_was(backed: Record, now: Record, at: datetime) -> Merged:
    """The backed-up content as a new version. A client that read a later version must not take this for it."""
    if replace(backed, version=now.version, created_at=now.created_at, updated_at=now.updated_at) == now:
        return Merged("unchanged")
    return Merged("overwritten", (replace(backed, version=now.version + 1, updated_at=at),))


def _profile(backed: Company, now: Company, schedule: Record | None, at: datetime) -> Merged:
    """The backed-up profile with the present numbering and acceptance. Patterns that numbered documents are kept, and
    the present pattern stays in force."""
    older = tuple(pattern for pattern in backed.numbering if pattern not in now.numbering)
    kept: dict[str, Any] = {"numbering": (*older, *now.numbering), "policy_version": now.policy_version}
    found = _as_it_was(replace(backed, **kept), now, at)
    if found.puts and isinstance(schedule, RetentionSchedule) and backed.financial_year_end not in schedule.ends:
        return replace(found, puts=(*found.puts, schedules.with_year_end(schedule, backed.financial_year_end, at)))
    return found


def _series(backed: Series, now: Record | None) -> Merged:
    if not isinstance(now, Series):
        return Merged("restored", (backed,))
    further = max(now, backed, key=lambda series: series.next)
    left = max(now, backed, key=lambda series: series.swept)
    merged_series = replace(further, swept=left.swept, anchor=left.anchor or further.anchor, version=now.version)
    if replace(merged_series, created_at=now.created_at, updated_at=now.updated_at) == now:
        return Merged("unchanged")
    return Merged("overwritten", (replace(merged_series, version=now.version + 1),))


def reached(head: Head, series: Series) -> dict[str, Any]:
    """The change of the head after a series returns: no document is dated before the series' last one, and no first
    number is set again. Empty without a change."""
    known = numbered(head, series.document)
    days = [day for day in (known.last, series.last_date) if day]
    arrived = known.arrived or series.first > 1
    after = replace(known, last=max(days, default=None), arrived=arrived)
    return {} if after == known else numbering_progress(head, after)
