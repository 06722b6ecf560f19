"""The fine on a late payment: Code de commerce art. 78-3 (law 69-21). The buyer owes it to the Treasury.

It is never part of what the buyer owes to the seller: it is in no balance, no statement and no amount in words.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.domain.money import EXACT, cents, percentage
from chalicelib.domain.morocco.dated import DatedRule, earliest_known
from chalicelib.domain.morocco.deadlines import add_months

KEY_RATES: tuple[DatedRule[Decimal], ...] = (
    DatedRule(date(2023, 3, 23), date(2024, 6, 26), Decimal("3.00"), "Bank Al-Maghrib, council of 21 March 2023", "S"),
    DatedRule(date(2024, 6, 27), date(2024, 12, 18), Decimal("2.75"), "Bank Al-Maghrib, council of 25 June 2024", "S"),
    DatedRule(date(2024, 12, 19), date(2025, 3, 19), Decimal("2.50"), "Bank Al-Maghrib, council of 17 Dec 2024", "S"),
    DatedRule(date(2025, 3, 20), None, Decimal("2.25"), "Bank Al-Maghrib, council of 18 March 2025", "S"),
)
"""The key rate (taux directeur) in percent, from the day of its effect."""
FURTHER_MONTH: tuple[DatedRule[Decimal], ...] = (
    DatedRule(date(2023, 7, 1), None, Decimal("0.85"), "Code de commerce art. 78-3, law 69-21", "P"),
)
"""Percent for each further month, or part of a month."""


@dataclass(frozen=True, slots=True)
class LateFine:
    """An estimate of the fine: `months` begun since the due date, `rate` in percent, `base` and `amount` in dirhams."""

    months: int
    rate: Decimal
    base: Decimal
    amount: Decimal


def late_fine(unpaid: Decimal, due: date, on: date) -> LateFine | None:
    """The fine on `unpaid` dirhams, TVA included, as of the day `on`. None if nothing is late.

    The first month costs the key rate at its end, each further month or part 0.85 %. 120,000 dirhams three months late
    at 2.25 % → 3.95 % → 4,740.00.
    """
    if on <= due or unpaid <= 0:
        return None
    months = _months_begun(due, on)
    key_rate = earliest_known(KEY_RATES, min(add_months(due, 1), on)).value
    further = earliest_known(FURTHER_MONTH, on).value
    rate = EXACT.add(key_rate, EXACT.multiply(further, Decimal(months - 1)))
    return LateFine(months, rate, unpaid, cents(percentage(unpaid, rate)))


def _months_begun(due: date, on: date) -> int:
    """The months of delay, each begun one complete. A month ends on the same day of the next month."""
    months = (on.year - due.year) * 12 + on.month - due.month
    return months if on <= add_months(due, months) else months + 1
