"""Cash: the droit de timbre on cash payments, and the limits above which the payer loses the deduction."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.domain.money import EXACT, ZERO, cents, percentage, text
from chalicelib.domain.morocco.dated import DatedRule, earliest_known
from chalicelib.domain.morocco.findings import Finding, warn

# The rate is older than the product. The day is the earliest that can be recorded.
STAMP_RATES: tuple[DatedRule[Decimal], ...] = (
    DatedRule(date(2015, 1, 1), None, Decimal("0.25"), "CGI art. 252-I-B, quittances and receipts for cash", "S"),
)


@dataclass(frozen=True, slots=True)
class CashLimits:
    """Dirhams per supplier: one `payment`, and one `month`."""

    payment: Decimal
    month: Decimal


CASH_LIMITS: tuple[DatedRule[CashLimits], ...] = (
    DatedRule(date(2019, 1, 1), None, CashLimits(Decimal(5_000), Decimal(50_000)), "CGI art. 11-II and 106-II", "S"),
)


def stamp_duty(amount: Decimal, on: date) -> Decimal:
    """The droit de timbre in dirhams on `amount` settled in cash that day: 0.25 %, to the centime (CGI art. 252-I-B).

    Cheques, transfers, cards and bills owe none: do not ask for them. ValueError for a negative amount.
    """
    if amount < 0:
        raise ValueError("a settlement is not negative")
    return cents(percentage(amount, earliest_known(STAMP_RATES, on).value))


def check_cash(amount: Decimal, on: date, month_total: Decimal = ZERO) -> tuple[Finding, ...]:
    """Warnings for `amount` dirhams in cash on top of the month's `month_total` with the same party (S: never refuses).

    Codes: `cash_above_limit` and `cash_above_month_limit`, with `limit`: beyond it the payer may not deduct.
    """
    limits = earliest_known(CASH_LIMITS, on).value
    found = []
    if amount > limits.payment:
        found.append(warn("cash_above_limit", limit=text(limits.payment)))
    if EXACT.add(month_total, amount) > limits.month:
        found.append(warn("cash_above_month_limit", limit=text(limits.month)))
    return tuple(found)
