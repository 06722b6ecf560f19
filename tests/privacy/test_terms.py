"""The statutory term on the clock: each document and payment goes on its own day, none before it and none after.

The oracle counts on the calendar, in lines of its own. Every day on which something ends is swept, and the day after.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.clock import midnight
from chalicelib.domain.companies.company import RetentionSchedule, Series
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.payment import Payment
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy import load
from chalicelib.policy.schedules import new_schedule, with_year_end
from chalicelib.policy.terms import Period, Start
from tests.privacy.crashes import put
from tests.privacy.test_retention import BEGIN
from tests.privacy.worlds import Books, Turned

DAY = timedelta(days=1)
LAST_OF_FEBRUARY = {"02-28", "02-29"}


def end_of(year: int, end: str) -> date:
    """The last day of the financial year that ends in `year`."""
    if end in LAST_OF_FEBRUARY:
        return date(year, 3, 1) - DAY
    month, day = end.split("-")
    return date(year, int(month), int(day))


def last_day(dated: date, *ends: str) -> date:
    """The last day on which what is dated so is kept: the latest by any financial year that the company ever had."""
    years = [next(year for year in (dated.year, dated.year + 1) if end_of(year, end) >= dated) for end in ends]
    return max(end_of(year + 10, end) for year, end in zip(years, ends, strict=True))


def around(end: str, *years: int) -> list[date]:
    """The ends of these financial years, the days before and after, and 29 February."""
    days = {end_of(year, end) + shift * DAY for year in years for shift in (-1, 0, 1)}
    return sorted(days | {date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)})


class Calendar(Books):
    """A company with an invoice of each of these days, and a payment of it on the same day."""

    def __init__(self, world: Turned, days: list[date], *ends: str) -> None:
        super().__init__(world, small=True, mark="Term", at=BEGIN)
        self.profile = replace(self.profile, financial_year_end=ends[0], numbering=())
        customer = self._party(Customer, self.customer)
        (series,) = (row for row in world.store.query("ledger", self.id).records if isinstance(row, Series))
        self.dated: dict[str, date] = {}
        for day in days:
            id = self.new("inv")
            invoice, entry, series = self.issued(id, customer, series, day)
            paid = Payment(id=self.new("pay"), invoice=id, amount=Decimal(1), method="cash", date=day, **self.stamps)
            self.dated |= {id: day, paid.id: day}
            put(self, invoice, entry, paid)
        term = new_schedule(self.profile, self.at)
        for end in ends[1:]:
            term = with_year_end(term, end, term.updated_at)
        put(self, series, term)

    @property
    def kept(self) -> set[str]:
        """The documents and payments that are there, of those that were dated."""
        rows = self.world.store.query("ledger", self.id).records
        return {row.id for row in rows if isinstance(row, Invoice | CreditNote | Payment)} & self.dated.keys()


def sweep(world: Turned, day: date) -> None:
    """Sweep in the first minute of a day in Casablanca."""
    world.offset = timedelta(0)
    world.offset = midnight(day) + timedelta(minutes=1) - world.now()
    report = run(world, named("retention"), now=world.now(), left=within(120))
    assert (report.outcome, report.failures) == ("done", [])
    world.offset = timedelta(0)


@pytest.mark.parametrize(
    "ends",
    [("12-31",), ("06-30",), ("02-29",), ("02-28",), ("03-01",), ("12-31", "06-30"), ("06-30", "12-31")],
    ids="-then-".join,
)
def test_each_goes_on_its_own_day_and_none_before(alone: Turned, ends: tuple[str, ...]) -> None:
    shop = Calendar(alone, [day for day in around(ends[0], 2027, 2028) if day >= date(2027, 1, 1)], *ends)
    until = {id: last_day(day, *ends) for id, day in shop.dated.items()}
    assert shop.kept == until.keys()
    for day in sorted({last + shift for last in until.values() for shift in (timedelta(0), DAY)}):
        sweep(alone, day)
        assert shop.kept == {id for id, last in until.items() if day <= last}, f"swept on {day}"
    assert shop.kept == set()


@pytest.mark.parametrize(
    ("dated", "end", "kept"),
    [
        (date(2026, 11, 23), "12-31", date(2036, 12, 31)),
        (date(2027, 1, 1), "12-31", date(2037, 12, 31)),
        (date(2028, 2, 29), "12-31", date(2038, 12, 31)),
        (date(2028, 2, 29), "02-29", date(2038, 2, 28)),
        (date(2026, 2, 28), "02-29", date(2036, 2, 29)),
        (date(2026, 7, 1), "06-30", date(2037, 6, 30)),
    ],
)
def test_the_oracle_itself(dated: date, end: str, kept: date) -> None:
    assert last_day(dated, end) == kept


@pytest.fixture
def shortened() -> Iterator[Callable[[str], None]]:
    """Lets the policy in force state another statutory term."""
    chosen = ExitStack()

    def change(period: str) -> None:
        policy = load.current()
        rules = {
            name: replace(rule, term=Period.parse(period)) if rule.start is Start.END_OF_FINANCIAL_YEAR else rule
            for name, rule in policy.rules.items()
        }
        chosen.enter_context(load.use(replace(policy, rules=rules)))

    with chosen:
        yield change


def test_a_shortened_term_takes_nothing_before_an_operator_has_seen_and_adopted_it(
    alone: Turned, shortened: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    shop = Calendar(alone, [date(2027, 12, 31), date(2028, 1, 1)], "12-31")
    first = {id for id, day in shop.dated.items() if day.year == 2027}
    shortened("P5Y")
    on = date(2033, 1, 1)
    sweep(alone, on)
    assert shop.kept == shop.dated.keys(), "the policy says five years, and nobody has adopted it"
    alone.offset = midnight(on) + timedelta(minutes=1) - datetime.now(UTC)
    assert _told(alone, capsys, "preview-term", "P5Y")[shop.id] >= 1, "what would go"
    assert shop.kept == shop.dated.keys(), "seeing is not taking"
    assert _told(alone, capsys, "adopt-term", shop.id) == {shop.id: None}
    sweep(alone, on)
    assert shop.kept == shop.dated.keys() - first
    (term,) = alone.store.records([RetentionSchedule.ref(shop.id)])
    assert isinstance(term, RetentionSchedule)
    assert term.period == "P5Y"


def test_a_longer_term_counts_at_once(alone: Turned, shortened: Callable[[str], None]) -> None:
    shop = Calendar(alone, [date(2027, 12, 31)], "12-31")
    shortened("P12Y")
    sweep(alone, date(2038, 1, 1))
    assert shop.kept == shop.dated.keys()
    sweep(alone, date(2040, 1, 1))
    assert shop.kept == set()


def _told(world: Turned, capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    """Run one of the operator's commands: how many documents it tells of, by company."""
    capsys.readouterr()
    assert main(["privacy", *command], lambda: world) == 0
    world.offset = timedelta(0) if command[0] == "adopt-term" else world.offset
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["company"]: line.get("documents") for line in lines if "company" in line}
