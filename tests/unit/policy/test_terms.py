"""Terms: the arithmetic of retention, to the day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.policy.load import use
from chalicelib.policy.terms import FinancialYear, Period, Start, TermError, kept_until, may_go_on, most_days
from tests.moved import with_term

TEN_YEARS = Period(years=10)
DAYS = st.dates(date(1990, 1, 1), date(2200, 12, 31))
PERIODS = st.builds(
    Period, years=st.integers(0, 40), months=st.integers(0, 30), weeks=st.integers(0, 60), days=st.integers(0, 400)
)
YEARS = st.dates(date(2028, 1, 1), date(2028, 12, 31)).map(lambda day: FinancialYear(day.month, day.day))


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P10Y", Period(years=10)),
        ("P90D", Period(days=90)),
        ("P5W", Period(weeks=5)),
        ("P1Y6M", Period(years=1, months=6)),
        ("PT15M", Period(minutes=15)),
        ("P1DT12H", Period(days=1, hours=12)),
        ("P0D", Period()),
    ],
)
def test_reads_iso_8601(text: str, period: Period) -> None:
    assert Period.parse(text) == period
    assert str(period) == text


@pytest.mark.parametrize("text", ["", "P", "10Y", "P10", "P-1Y", "P1.5Y", "PT", "P1YT", "P1D2Y", "p1y", "P1Y ", "٣"])
def test_refuses_text_that_is_no_period(text: str) -> None:
    with pytest.raises(TermError):
        Period.parse(text)


def test_refuses_a_period_of_absurd_length() -> None:
    with pytest.raises(TermError):
        Period.parse("P" + "9" * 5000 + "Y")
    with pytest.raises(TermError):
        Period.parse("P99999999Y").after(date(2026, 1, 1))


def test_ten_years_from_the_end_of_the_financial_year_to_the_day() -> None:
    start = Start.END_OF_FINANCIAL_YEAR
    for day in (date(2026, 1, 1), date(2026, 11, 23), date(2026, 12, 31)):
        assert kept_until(TEN_YEARS, start, day) == date(2036, 12, 31)
        assert may_go_on(TEN_YEARS, start, day) == date(2037, 1, 1)
    assert kept_until(TEN_YEARS, start, date(2027, 1, 1)) == date(2037, 12, 31)


def test_a_financial_year_that_does_not_follow_the_calendar() -> None:
    june = FinancialYear(6, 30)
    assert june.end(date(2026, 6, 30)) == date(2026, 6, 30)
    assert june.end(date(2026, 7, 1)) == date(2027, 6, 30)
    assert may_go_on(TEN_YEARS, Start.END_OF_FINANCIAL_YEAR, date(2026, 7, 1), june) == date(2037, 7, 1)


def test_the_29th_of_february() -> None:
    assert TEN_YEARS.after(date(2028, 2, 29)) == date(2038, 2, 28)
    assert Period(years=4).after(date(2028, 2, 29)) == date(2032, 2, 29)
    for named in (FinancialYear(2, 28), FinancialYear(2, 29)):
        assert named.end(date(2028, 2, 29)) == date(2028, 2, 29)
        assert named.end(date(2027, 3, 1)) == date(2028, 2, 29)
        assert named.end(date(2026, 3, 1)) == date(2027, 2, 28)
        assert may_go_on(TEN_YEARS, Start.END_OF_FINANCIAL_YEAR, date(2028, 2, 29), named) == date(2038, 3, 1)


@pytest.mark.parametrize(("month", "day"), [(2, 30), (4, 31), (0, 1), (13, 1), (1, 0)])
def test_refuses_a_day_that_no_year_has(month: int, day: int) -> None:
    with pytest.raises(TermError):
        FinancialYear(month, day)


@given(DAYS, YEARS)
def test_a_financial_year_ends_within_twelve_months(day: date, year: FinancialYear) -> None:
    end = year.end(day)
    assert day <= end < Period(years=1).after(day) + timedelta(days=2)
    assert year.end(end) == end
    assert year.end(end + timedelta(days=1)) > end


@given(PERIODS, DAYS)
def test_a_period_moves_forward_and_never_past_its_most_days(period: Period, day: date) -> None:
    assert day <= period.after(day) <= day + timedelta(days=most_days(period))
    assert Period.parse(str(period)) == period


@given(PERIODS, DAYS, YEARS)
def test_a_later_start_gives_no_earlier_end(period: Period, day: date, year: FinancialYear) -> None:
    for start in (Start.CREATION, Start.END_OF_FINANCIAL_YEAR):
        today, tomorrow = (kept_until(period, start, d, year) for d in (day, day + timedelta(days=1)))
        assert today <= tomorrow
        assert may_go_on(period, start, day, year) == today + timedelta(days=1)


@given(DAYS, YEARS)
def test_statutory_records_outlive_ten_years_from_their_own_date(day: date, year: FinancialYear) -> None:
    assert may_go_on(TEN_YEARS, Start.END_OF_FINANCIAL_YEAR, day, year) > TEN_YEARS.after(day)


def test_instants() -> None:
    assert Period(minutes=15).after_instant(datetime(2026, 12, 31, 23, 50, tzinfo=UTC)) == datetime(
        2027, 1, 1, 0, 5, tzinfo=UTC
    )
    with pytest.raises(TermError):
        Period(minutes=15).after(date(2026, 1, 1))
    with pytest.raises(TermError):
        Period(days=1).after_instant(datetime(2026, 1, 1))  # noqa: DTZ001 – the fault that is meant


def test_the_calendar_ends() -> None:
    calls: list[Callable[[], date]] = [
        lambda: TEN_YEARS.after(date(9995, 1, 1)),
        lambda: may_go_on(Period(), Start.CREATION, date.max),
        lambda: FinancialYear(6, 30).end(date(9999, 7, 1)),
        lambda: kept_until(TEN_YEARS, Start.ROW, date(2026, 1, 1)),
    ]
    for call in calls:
        with pytest.raises(TermError):
            call()


@pytest.mark.parametrize(("text", "days"), [("P1M", 31), ("P1Y", 366), ("P10Y", 3653), ("P5W", 35), ("PT1H", 1)])
def test_most_days(text: str, days: int) -> None:
    assert most_days(Period.parse(text)) == days


def test_the_api_promises_the_term_that_ends_the_row() -> None:
    """A stored answer falls under two rules and ends with the first of them. A longer one must not be promised."""
    import importlib

    from chalicelib.api import openapi_components

    with use(with_term("transient.idempotency", "P60D")):
        described = importlib.reload(openapi_components).PARAMETERS["Idempotency-Key"]["description"]
        assert "within 30 days" in described
    with use(with_term("transient.answer", "P3D")):
        described = importlib.reload(openapi_components).PARAMETERS["Idempotency-Key"]["description"]
        assert "within 3 days" in described
    importlib.reload(openapi_components)
