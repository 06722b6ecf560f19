"""Payment terms between professionals: Code de commerce art. 78-2 (law 69-21).

Article 78-3 sets the fine on a late payment. No code calculates it yet: its rule belongs in this module.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.domain.morocco.dated import DatedRule, earliest_known
from chalicelib.domain.morocco.findings import Finding, refuse


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """Days from issue: without agreement, by agreement at most, and by decree for named sectors at most."""

    default: int
    agreed: int
    sector: int


TERMS: tuple[DatedRule[PaymentTerms], ...] = (
    DatedRule(date(2023, 7, 1), None, PaymentTerms(60, 120, 180), "Code de commerce art. 78-2, law 69-21", "P"),
)


def check_terms(days: int, issued: date, sector_max: int | None = None) -> Finding | None:
    """Whether `days` from issue may be agreed: at most 120, or `sector_max` where a decree names the sector (≤ 180).

    Codes: `payment_terms_negative`, `payment_terms_too_long` with `limit`.
    """
    terms = earliest_known(TERMS, issued).value
    limit = terms.agreed if sector_max is None else max(terms.agreed, min(sector_max, terms.sector))
    if days < 0:
        return refuse("payment_terms_negative")
    if days > limit:
        return refuse("payment_terms_too_long", limit=str(limit))
    return None


def term_start(issued: date, *, monthly: bool = False) -> date:
    """The day from which terms run: issue, or the first of the next month for dealings invoiced by the month."""
    return add_months(issued.replace(day=1), 1) if monthly else issued


def due_date(
    issued: date, terms_days: int | None = None, sector_max: int | None = None, *, monthly: bool = False
) -> date:
    """The last day to pay: 60 days from issue unless `terms_days` were agreed (art. 78-2).

    ValueError when the terms are not allowed: ask `check_terms` first for the finding.
    """
    days = earliest_known(TERMS, issued).value.default if terms_days is None else terms_days
    if finding := check_terms(days, issued, sector_max):
        raise ValueError(finding.code)
    return term_start(issued, monthly=monthly) + timedelta(days=days)


def check_due_date(issued: date, due: date, sector_max: int | None = None, *, monthly: bool = False) -> Finding | None:
    """`check_terms` for a due date chosen as such; `due_before_issue` when it comes before the issue."""
    if due < issued:
        return refuse("due_before_issue")
    return check_terms(max(0, (due - term_start(issued, monthly=monthly)).days), issued, sector_max)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or its last day when it is shorter: 31 January + 1 → 28 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
