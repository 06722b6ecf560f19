"""Payment terms between traders: Code de commerce art. 78-1 to 78-2 (law 69-21). `late_fine` has the fine of art. 78-3.

The law binds transactions between traders established in Morocco. A consumer, a foreign buyer and an auto-entrepreneur
are outside.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.domain.morocco.dated import DatedRule, earliest_known
from chalicelib.domain.morocco.findings import Finding, refuse, warn

UNBOUND = 365
"""The longest terms in days where the law sets none: a bound of the product."""


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """Days from issue: without agreement, by agreement at most, and by decree for named sectors at most."""

    default: int
    agreed: int
    sector: int


TERMS: tuple[DatedRule[PaymentTerms], ...] = (
    DatedRule(date(2023, 7, 1), None, PaymentTerms(60, 120, 180), "Code de commerce art. 78-2, law 69-21", "P"),
)


@dataclass(frozen=True, slots=True)
class Dealing:
    """The facts of a sale that decide when its terms begin and how long they are.

    `operation` is the day of delivery. `service_done` is the day on which a public body found the service done (service
    fait). `bound`: law 69-21 binds it. `sector_days` are those of a decree for the seller's sector.
    """

    issued: date
    operation: date
    bound: bool = True
    monthly: bool = False
    service_done: date | None = None
    end_of_month: bool = False
    sector_days: int | None = None

    @property
    def issued_late(self) -> bool:
        """Whether it was issued after the last day of the month of delivery, which art. 78-2 forbids."""
        return self.bound and self.service_done is None and self.issued > month_end(self.operation)

    @property
    def start(self) -> date:
        """The day from which the terms run: the issue; service fait; the first day of the month after monthly dealings;
        the end of the month of delivery for an invoice that was issued later."""
        if self.service_done:
            return self.service_done
        delivered = min(self.operation, self.issued)
        if self.bound and self.monthly:
            return month_end(delivered) + timedelta(days=1)
        return month_end(delivered) if self.issued_late else self.issued

    @property
    def longest(self) -> int:
        """The longest terms in days that may be agreed."""
        if not self.bound:
            return UNBOUND
        terms = earliest_known(TERMS, self.issued).value
        return max(terms.agreed, min(self.sector_days or 0, terms.sector))


def is_bound(
    regime: str,
    company_says: bool | None,
    customer_says: bool | None = None,
    buyer: str = "business",
    country: str = "MA",
) -> bool:
    """Whether law 69-21 binds a sale (art. 78-1). `company_says` and `customer_says` are settings, because the turnover
    of 2 million that exempts a person is unknown here (S): the exception of a customer comes first. Without any, it
    binds a seller of the standard regime."""
    if regime == "auto_entrepreneur" or buyer == "consumer" or country != "MA":
        return False
    for says in (customer_says, company_says):
        if says is not None:
            return says
    return regime == "standard"


def check_terms(days: int, dealing: Dealing) -> Finding | None:
    """Whether `days` may be agreed. Codes: `payment_terms_negative`, `payment_terms_too_long` with `limit`."""
    if days < 0:
        return refuse("payment_terms_negative")
    return refuse("payment_terms_too_long", limit=str(dealing.longest)) if days > dealing.longest else None


def due_date(dealing: Dealing, terms_days: int | None = None) -> date:
    """The last day to pay: 60 days unless `terms_days` were agreed (art. 78-2); at the end of that month under terms of
    the kind "30 days end of month". It may be later than the law allows: ask `check_due_date`."""
    days = earliest_known(TERMS, dealing.issued).value.default if terms_days is None else terms_days
    due = dealing.start + timedelta(days=days)
    return month_end(due) if dealing.end_of_month else due


def check_due_date(dealing: Dealing, due: date) -> Finding | None:
    """`check_terms` for a last day to pay; `due_before_issue` if it comes before the issue. For an invoice that was
    issued late, days from the end of the month of delivery are possible: it may be overdue when it is issued."""
    if due < min(dealing.issued, dealing.start):
        return refuse("due_before_issue")
    return check_terms(max(0, (due - dealing.start).days), dealing)


def late_invoice(dealing: Dealing, due: date) -> tuple[Finding, ...]:
    """Notices about an invoice that is issued late, after the month of delivery or after its own last day to pay.

    Codes: `issued_after_month_of_delivery` with `month_end`, and `overdue_when_issued` with `due`. `check_due_date`
    refuses a last day before the terms begin.
    """
    found = []
    if dealing.issued_late:
        found.append(warn("issued_after_month_of_delivery", month_end=month_end(dealing.operation).isoformat()))
    if dealing.start <= due < dealing.issued:
        found.append(warn("overdue_when_issued", due=due.isoformat()))
    return tuple(found)


def month_end(day: date) -> date:
    """The last day of the day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or its last day when it is shorter: 31 January + 1 → 28 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
