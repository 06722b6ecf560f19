"""The cost of the sweep of statutory records in DynamoDB, with ten times the stored data and the same number due."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chalicelib.domain.clock import midnight
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.schedules import new_schedule
from chalicelib.store.tables import create_tables
from tests.bench.traffic import Traffic
from tests.histories import company as companies
from tests.privacy.crashes import put
from tests.privacy.test_retention import Ledger
from tests.privacy.worlds import Books, Turned

DUE = 6
"""Invoices whose term has ended."""
LATER = tuple(range(2027, 2036))
"""Nine more years of as many invoices each: with the first, ten times the data of one company."""
OTHERS = 9
"""As many more companies of which nothing is due: ten times the companies."""
GOAL = 1.1


@dataclass(frozen=True)
class Sweep:
    """Capacity units that a sweep consumed, read and written, and its calls."""

    units: float
    calls: int


def stage(endpoint: str) -> Turned:
    """Tables and a bucket of their own."""
    made = Turned(companies.settings(endpoint, "bench-sweep-"))
    create_tables(made.settings)
    place = {"LocationConstraint": made.settings.region}
    made.files.client.create_bucket(Bucket=made.files.bucket, CreateBucketConfiguration=place)
    return made


def swept(world: Turned, years: tuple[int, ...], others: int) -> Sweep:
    """Sweep books of these years, and of other companies, on the day after the first year's term."""
    world.offset = timedelta(0)
    shop = Ledger(world, per_year=DUE, years=years)
    for _ in range(others):
        quiet = Books(world, small=True)
        put(quiet, new_schedule(quiet.profile, datetime(2030, 1, 1, tzinfo=UTC)))
    before = len(shop.invoices())
    world.offset = midnight(date(years[0] + 11, 1, 1)) + timedelta(minutes=1) - world.now()
    with Traffic(world.store) as traffic:
        report = run(world, named("retention"), now=world.now(), left=within(120))
    world.offset = timedelta(0)
    assert (report.outcome, report.failures, report.found) == ("done", [], 1)
    assert before - len(shop.invoices()) >= DUE
    return Sweep(traffic.read + traffic.write, traffic.total)


def measured(world: Turned) -> tuple[Sweep, Sweep]:
    """With the data once, and ten times. Each in tables in which nothing else is due."""
    return swept(world, (2026,), 0), swept(world, (2026, *LATER), OTHERS)
