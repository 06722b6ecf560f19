"""Payment terms between professionals and the fine on late ones: Code de commerce art. 78-2 and 78-3 (law 69-21)."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from chalicelib.domain.money import EXACT, ZERO, cents, percentage
from chalicelib.domain.morocco.dated import Certainty, Row, earliest_known
from chalicelib.domain.morocco.findings import Finding, refuse


@dataclass(frozen=True, slots=True)
class Terms:
    """Days from issue: without agreement, by agreement at most, and by decree for named sectors at most."""

    default: int
    agreed: int
    sector: int


TERMS: tuple[Row[Terms], ...] = (
    Row(date(2023, 7, 1), None, Terms(60, 120, 180), "Code de commerce art. 78-2, law 69-21", "P"),
)
# Days of effect: two days after the board's decision. The last row stands until the next decision is added, so a caller
# who knows better passes the rate.
KEY_RATES: tuple[Row[Decimal], ...] = (
    Row(date(2022, 12, 22), date(2023, 3, 22), Decimal("2.50"), "Bank Al-Maghrib, decision of 2022-12-20", "S"),
    Row(date(2023, 3, 23), date(2024, 6, 26), Decimal("3.00"), "Bank Al-Maghrib, decision of 2023-03-21", "S"),
    Row(date(2024, 6, 27), date(2024, 12, 18), Decimal("2.75"), "Bank Al-Maghrib, decision of 2024-06-25", "S"),
    Row(date(2024, 12, 19), date(2025, 3, 19), Decimal("2.50"), "Bank Al-Maghrib, decision of 2024-12-17", "S"),
    Row(date(2025, 3, 20), None, Decimal("2.25"), "Bank Al-Maghrib, decision of 2025-03-18", "S"),
)
FURTHER_MONTH: tuple[Row[Decimal], ...] = (
    Row(date(2023, 7, 1), None, Decimal("0.85"), "Code de commerce art. 78-3, law 69-21", "P"),
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


def months_late(due: date, until: date) -> int:
    """Months or parts of a month from the due date to `until`: 0 when in time, 1 from the first day late."""
    if until <= due:
        return 0
    months = max(0, (until.year - due.year) * 12 + until.month - due.month)
    return months + 1 if add_months(due, months) < until else months


@dataclass(frozen=True, slots=True)
class LateFine:
    """The fine in dirhams, owed by the buyer to the Treasury, never to the seller. `rate` in percent of what is unpaid
    with TVA; `key_rate` is Bank Al-Maghrib's at the end of the first month late, from `source`."""

    months: int
    rate: Decimal
    amount: Decimal
    key_rate: Decimal
    source: str
    certainty: Certainty


def late_fine(unpaid: Decimal, due: date, until: date, *, key_rate: Decimal | None = None) -> LateFine:
    """The fine on `unpaid` dirhams (with TVA) from `due` to the payment or today (art. 78-3).

    The key rate in force at the end of the first month late, plus 0.85 % per further month or part. `key_rate`
    (percent) overrides the table, whose rows are S. Days before the table use its first row.
    """
    months = months_late(due, until)
    row = earliest_known(KEY_RATES, add_months(due, 1))
    key, source, certainty = (row.value, row.source, row.certainty)
    if key_rate is not None:
        key, source, certainty = key_rate, "override", "?"
    if not months:
        return LateFine(0, ZERO, ZERO, key, source, certainty)
    further = EXACT.multiply(earliest_known(FURTHER_MONTH, due).value, Decimal(months - 1))
    rate = EXACT.add(key, further)
    return LateFine(months, rate, cents(percentage(unpaid, rate)), key, source, certainty)
