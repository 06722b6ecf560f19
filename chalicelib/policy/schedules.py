"""A company's retention schedule: how long its statutory records are kept, and when the next ones may be purged."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.domain.clock import midnight, today
from chalicelib.domain.companies.company import Company, RetentionSchedule
from chalicelib.domain.entity import new_row
from chalicelib.policy.load import current
from chalicelib.policy.model import Policy
from chalicelib.policy.terms import FinancialYear, Period, Start, kept_until

DAY = timedelta(days=1)


@dataclass(frozen=True)
class CompanyRetention:
    """The retention rule of a company's records: all its periods and financial years. A record goes only when all
    agree."""

    periods: tuple[Period, ...]
    years: tuple[FinancialYear, ...]

    def kept_until(self, day: date) -> date:
        """The last day on which a record dated `day` is kept."""
        ends = [kept_until(p, Start.END_OF_FINANCIAL_YEAR, day, y) for p in self.periods for y in self.years]
        return max(ends)

    def through(self, on: date) -> date:
        """The latest date whose records may be purged on the day `on`. All earlier ones are past their term too."""
        longest = max(period.years for period in self.periods)
        day = on.replace(year=on.year - longest, day=min(on.day, 28))
        while self.kept_until(day) >= on:
            day = min(year.end(day.replace(year=day.year - 1, day=min(day.day, 28))) for year in self.years)
        while self.kept_until(day + DAY) < on:
            day = min(year.end(day + DAY) for year in self.years)
        return day


def statutory(policy: Policy) -> Period:
    """The term that counts from the end of a financial year. The policy has only one (policy/load.py)."""
    return next(rule.term for rule in policy.rules.values() if rule.start is Start.END_OF_FINANCIAL_YEAR and rule.term)


def year_of(text: str) -> FinancialYear:
    """The financial year that ends on "MM-DD". Raises TermError."""
    month, _, day = text.partition("-")
    return FinancialYear(int(month), int(day))


def retention_of(schedule: RetentionSchedule) -> CompanyRetention:
    """A company's rule: the term promised to it and the policy's term. A longer policy term counts at once. A shortened
    one counts only after an operator adopts it."""
    periods = dict.fromkeys([Period.parse(schedule.period), statutory(current())])
    return CompanyRetention(tuple(periods), tuple(year_of(end) for end in schedule.ends))


def new_schedule(company: Company, at: datetime) -> RetentionSchedule:
    """The retention row of a new company."""
    schedule = RetentionSchedule(
        **new_row(company.company, company.company, at),
        ends=(company.financial_year_end,),
        period=str(statutory(current())),
        due_at=at,
    )
    return dated(schedule, today(at))


def with_year_end(schedule: RetentionSchedule, end: str, at: datetime) -> RetentionSchedule:
    """The retention row after a change of the financial year. Earlier records are kept at least as long as before."""
    if end in schedule.ends:
        return schedule
    return dated(schedule.edited(at, ends=(*schedule.ends, end)), oldest(schedule))


def oldest(schedule: RetentionSchedule) -> date:
    """The earliest possible date of a record."""
    return schedule.swept + DAY if schedule.swept else today(schedule.created_at)


def dated(schedule: RetentionSchedule, oldest: date) -> RetentionSchedule:
    """The row, due on the first day on which records dated `oldest` may be purged."""
    return replace(schedule, due_at=midnight(retention_of(schedule).kept_until(oldest) + DAY))
