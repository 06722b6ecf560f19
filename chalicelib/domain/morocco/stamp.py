"""Cash: the droit de timbre on cash payments and its exemptions, the limits above which the payer loses the deduction,
and the seller's fine."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from chalicelib.domain.money import EXACT, ZERO, amount_text, cents, percentage, text
from chalicelib.domain.morocco.dated import DatedRule, earliest_known
from chalicelib.domain.morocco.findings import Finding, warn

# The rate is older than the product. The day is the earliest that can be recorded.
STAMP_RATES: tuple[DatedRule[Decimal], ...] = (
    DatedRule(date(2015, 1, 1), None, Decimal("0.25"), "CGI art. 252-I-B, quittances and receipts for cash", "S"),
)


StampExemption = Literal["fuel", "medicines", "no_accounts"]
"""The sales whose cash owes no stamp duty (CGI art. 252-I-B, LF 2019; S): fuel, medicines, and those of professionals
who are not traders and keep no accounts."""
StampAnswer = Literal["fuel", "medicines", "no_accounts", "none"]
"""A document's own answer; `none` where the company's would be wrong for it."""

_EXEMPT_ACTIVITIES: dict[str, StampExemption] = {"fuel": "fuel", "medicines": "medicines"}


@dataclass(frozen=True, slots=True)
class CashLimits:
    """Dirhams per supplier: one `day`, and one `month`."""

    day: Decimal
    month: Decimal


@dataclass(frozen=True, slots=True)
class SellerFine:
    """The seller's fine on a sale settled in cash: `percent` from `amount` dirhams on."""

    percent: Decimal
    amount: Decimal


SELLER_FINES: tuple[DatedRule[SellerFine], ...] = (
    DatedRule(date(2019, 1, 1), None, SellerFine(Decimal(6), Decimal(20_000)), "CGI art. 193", "S"),
)


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


def exemption(
    activity: str | None, keeps_books: bool | None, answer: StampAnswer | None = None
) -> StampExemption | None:
    """The reason why cash for a document owes no stamp duty: the document's `answer`, else what follows from the
    company's activity and accounts; None if it owes it."""
    if answer is not None:
        return None if answer == "none" else answer
    if activity == "liberal_profession":
        return "no_accounts" if keeps_books is False else None
    return _EXEMPT_ACTIVITIES.get(activity or "")


def check_cash(
    amount: Decimal, on: date, month_total: Decimal = ZERO, *, day_total: Decimal = ZERO
) -> tuple[Finding, ...]:
    """Warnings for `amount` dirhams in cash on top of the day's `day_total` and the month's `month_total` with the same
    party (S: never refuses).

    Codes: `cash_above_limit` and `cash_above_month_limit`, with `limit`: beyond it the payer may not deduct.
    """
    limits = earliest_known(CASH_LIMITS, on).value
    found = []
    if EXACT.add(day_total, amount) > limits.day:
        found.append(warn("cash_above_limit", limit=text(limits.day)))
    if EXACT.add(month_total, amount) > limits.month:
        found.append(warn("cash_above_month_limit", limit=text(limits.month)))
    return tuple(found)


def check_seller_fine(amount: Decimal, on: date) -> Finding | None:
    """A warning for a sale of `amount` dirhams settled in cash: the seller is fined 6 % from 20,000 on (CGI art. 193).

    Code: `cash_fine`, with `percent`, `limit` and `fine`.
    """
    seller = earliest_known(SELLER_FINES, on).value
    if amount < seller.amount:
        return None
    fine = amount_text(cents(percentage(amount, seller.percent)))
    return warn("cash_fine", percent=text(seller.percent), limit=text(seller.amount), fine=fine)


def cash_findings(
    amount: Decimal, on: date, *, day_total: Decimal = ZERO, month_total: Decimal = ZERO
) -> tuple[Finding, ...]:
    """All warnings for `amount` dirhams that one party settles in cash on a day, the stronger one first. `day_total`
    and `month_total` are what the party settled in cash before, on that day and in that month."""
    fine = check_seller_fine(EXACT.add(day_total, amount), on)
    limits = check_cash(amount, on, month_total, day_total=day_total)
    return (fine, *limits) if fine else limits
