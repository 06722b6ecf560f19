"""The last day on which the rows of a person are kept, by the policy's rules and the company's financial years."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from chalicelib.domain.attachments.attachment import DocumentAttachment
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import RetentionSchedule
from chalicelib.domain.contact.support import SupportMessage, Thread
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.entity import ENTITIES, Record, Ref
from chalicelib.policy.load import current
from chalicelib.policy.model import Rule
from chalicelib.policy.rules import rules_of
from chalicelib.policy.schedules import DAY, CompanyRetention, retention_of, statutory, year_of
from chalicelib.policy.terms import Start
from chalicelib.store.wire import Store

PROOFS = "proofs"
"""The job whose rows state in `due_at` the first day without them."""


def retention(store: Store, company: str) -> CompanyRetention:
    """The company's retention rule. Without a schedule, the policy's term and the calendar year. Raises Busy."""
    (schedule,) = store.records([RetentionSchedule.ref(company)])
    if isinstance(schedule, RetentionSchedule):
        return retention_of(schedule)
    return CompanyRetention((statutory(current()),), (year_of("12-31"),))


def events(store: Store, company: str, rows: Sequence[Record]) -> dict[str, date]:
    """The days from which terms of these rows are counted, by the row's id: a document's day of issue, a payment's
    date, the day on which a thread was closed. Reads the documents and threads that rows belong to. Raises Busy."""
    wanted = {row.id: ref for row in rows if (ref := _owner(company, row))}
    owners = {row.id: row for row in store.records(list(dict.fromkeys(wanted.values()))) if row} if wanted else {}
    found: dict[str, date] = {}
    for row in rows:
        own = owners.get(_owner_id(row) or "", row)
        if day := _event(own):
            found[row.id] = day
    return found


def _owner_id(row: Record) -> str | None:
    if isinstance(row, DocumentAttachment):
        return row.owner
    return row.thread if isinstance(row, SupportMessage) else None


def _owner(company: str, row: Record) -> Ref | None:
    """The address of the document or the thread whose term a row has."""
    if isinstance(row, SupportMessage):
        return Thread.ref(company, row.thread)
    if isinstance(row, DocumentAttachment) and (document_type := by_id(row.owner)):
        return document_type.issued.ref(company, row.owner)
    return None


def _event(row: Record) -> date | None:
    if isinstance(row, Issued):
        return row.issue_date
    if isinstance(row, Payment | CreditEntry | Refund):
        return row.date
    return today(row.closed_at) if isinstance(row, Thread) and row.closed_at else None


def ends(row: Record, event: date | None, kept: CompanyRetention) -> dict[str, date]:
    """The last day of a row under each of its rules. A rule without a date is missing: its data is kept until somebody
    deletes it."""
    found = {name: _last_day(current().rules[name], row, event, kept) for name in governing(row.TABLE, row.KIND)}
    return {name: day for name, day in found.items() if day is not None}


@cache
def governing(table: str, kind: str) -> tuple[str, ...]:
    """The rules that govern the attributes of a kind of row."""
    return tuple(dict.fromkeys(attribute.governed_by for attribute in rules_of(ENTITIES[table, kind])))


def _last_day(rule: Rule, row: Record, event: date | None, kept: CompanyRetention) -> date | None:
    if rule.start is Start.CREATION:
        return _stored_end(row) or latest(rule, row.created_at, kept)
    if rule.start is Start.CLOSING and event and rule.term:
        return rule.term.after(event)
    if rule.start is Start.END_OF_FINANCIAL_YEAR and event:
        return kept.kept_until(event)
    return None


def _stored_end(row: Any) -> date | None:
    """The last day that the row itself states."""
    if isinstance(seconds := getattr(row, "expires_at", None), int):
        return today(datetime.fromtimestamp(seconds, UTC))
    return today(row.due_at) - DAY if getattr(row, "due", None) == PROOFS else None


def latest(rule: Rule, at: datetime, kept: CompanyRetention) -> date | None:
    """The last day on which data under a rule may be kept that exists at `at`; None without such a day."""
    if rule.term is None or rule.start not in (Start.CREATION, Start.END_OF_FINANCIAL_YEAR):
        return None
    if rule.start is Start.END_OF_FINANCIAL_YEAR:
        return kept.kept_until(today(at))
    return today(rule.term.after_instant(at))


def merged(spans: Sequence[Mapping[str, Sequence[date]]]) -> dict[str, tuple[date, date]]:
    """The first and the last of these days, by rule."""
    days: dict[str, list[date]] = {}
    for span in spans:
        for name, found in span.items():
            days.setdefault(name, []).extend(found)
    return {name: (min(found), max(found)) for name, found in days.items()}
