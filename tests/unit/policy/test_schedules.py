"""A company's retention schedule: exact to the day, never early."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.clock import midnight
from chalicelib.policy.schedules import CompanyRetention, new_schedule, retention_of, with_year_end, year_of
from chalicelib.policy.terms import FinancialYear, Period
from tests.unit.samples import company

TEN = Period(years=10)


def rule(*ends: str, term: Period = TEN) -> CompanyRetention:
    return CompanyRetention((term,), tuple(year_of(end) for end in ends))


@pytest.mark.parametrize(
    ("ends", "dated", "kept"),
    [
        (("12-31",), date(2026, 11, 23), date(2036, 12, 31)),
        (("12-31",), date(2026, 12, 31), date(2036, 12, 31)),
        (("12-31",), date(2027, 1, 1), date(2037, 12, 31)),
        (("06-30",), date(2026, 6, 30), date(2036, 6, 30)),
        (("06-30",), date(2026, 7, 1), date(2037, 6, 30)),
        (("02-29",), date(2028, 2, 29), date(2038, 2, 28)),
        (("02-28",), date(2028, 2, 29), date(2038, 2, 28)),
        (("02-29",), date(2028, 3, 1), date(2039, 2, 28)),
        (("12-31", "06-30"), date(2026, 3, 1), date(2036, 12, 31)),
        (("12-31", "06-30"), date(2026, 11, 1), date(2037, 6, 30)),
    ],
)
def test_ten_years_from_the_end_of_the_financial_year(ends: tuple[str, ...], dated: date, kept: date) -> None:
    assert rule(*ends).kept_until(dated) == kept
    assert rule(*ends).through(kept) < dated, "on its last day it is kept"
    assert rule(*ends).through(kept + timedelta(days=1)) >= dated, "on the next it may go"


ENDS = st.builds(lambda month, day: f"{month:02d}-{day:02d}", st.integers(1, 12), st.integers(1, 28)) | st.sampled_from(
    ["12-31", "02-29", "06-30", "01-31"]
)


@given(
    st.lists(ENDS, min_size=1, max_size=3),
    st.dates(date(2010, 1, 1), date(2090, 1, 1)),
    st.sampled_from([TEN, Period(years=5), Period(days=90)]),
)
def test_nothing_goes_before_its_day_and_nothing_stays_after(ends: list[str], on: date, term: Period) -> None:
    own = rule(*ends, term=term)
    through = own.through(on)
    assert own.kept_until(through) < on
    assert own.kept_until(through + timedelta(days=1)) >= on


def test_another_financial_year_never_makes_a_record_go_earlier() -> None:
    before = new_schedule(company(), datetime(2026, 3, 1, 9, tzinfo=UTC))
    assert before.due_at == midnight(date(2037, 1, 1))
    after = with_year_end(before, "06-30", datetime(2026, 5, 1, 9, tzinfo=UTC))
    assert after.due_at >= before.due_at
    assert retention_of(after).years == (FinancialYear(12, 31), FinancialYear(6, 30))
    assert with_year_end(after, "12-31", after.updated_at) is after
