"""Terms of payment and the fine of law 69-21."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.morocco.deadlines import (
    add_months,
    check_due_date,
    check_terms,
    due_date,
    late_fine,
    months_late,
)

D = Decimal

ISSUED = date(2026, 11, 23)


def test_sixty_days_from_issue_by_default() -> None:
    assert due_date(ISSUED) == date(2027, 1, 22)


def test_agreed_terms() -> None:
    assert due_date(ISSUED, 0) == ISSUED
    assert due_date(ISSUED, 120) == date(2027, 3, 23)
    assert due_date(ISSUED, 180, 180) == date(2027, 5, 22)
    assert due_date(ISSUED, 30, monthly=True) == date(2026, 12, 31)
    assert due_date(date(2026, 12, 5), monthly=True) == date(2027, 3, 2)


@pytest.mark.parametrize(
    ("days", "sector_max", "code", "limit"),
    [
        (-1, None, "payment_terms_negative", None),
        (121, None, "payment_terms_too_long", "120"),
        (151, 150, "payment_terms_too_long", "150"),
        (181, 180, "payment_terms_too_long", "180"),
        (181, 365, "payment_terms_too_long", "180"),
        (121, 90, "payment_terms_too_long", "120"),
    ],
)
def test_terms_that_the_law_refuses(days: int, sector_max: int | None, code: str, limit: str | None) -> None:
    finding = check_terms(days, ISSUED, sector_max)
    assert finding is not None
    assert (finding.severity, finding.code, finding.params.get("limit")) == ("refuse", code, limit)
    with pytest.raises(ValueError, match=code):
        due_date(ISSUED, days, sector_max)


def test_a_due_date_chosen_as_such() -> None:
    assert check_due_date(ISSUED, ISSUED) is None
    assert check_due_date(ISSUED, date(2027, 3, 23)) is None
    assert check_due_date(ISSUED, date(2027, 3, 31), monthly=True) is None
    assert check_due_date(ISSUED, ISSUED, monthly=True) is None
    late = check_due_date(ISSUED, date(2027, 3, 24))
    early = check_due_date(ISSUED, date(2026, 11, 22))
    never = check_due_date(ISSUED, date.max)
    codes = [finding and finding.code for finding in (late, early, never)]
    assert codes == ["payment_terms_too_long", "due_before_issue", "payment_terms_too_long"]


@pytest.mark.parametrize(
    ("due", "until", "months"),
    [
        (date(2026, 1, 15), date(2026, 1, 15), 0),
        (date(2026, 1, 15), date(2026, 1, 1), 0),
        (date(2026, 1, 15), date(2026, 1, 16), 1),
        (date(2026, 1, 15), date(2026, 2, 15), 1),
        (date(2026, 1, 15), date(2026, 2, 16), 2),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2026, 1, 31), date(2026, 3, 1), 2),
        (date(2026, 1, 31), date(2026, 3, 31), 2),
        (date(2025, 12, 31), date(2026, 1, 1), 1),
        (date(2025, 11, 30), date(2026, 12, 1), 13),
    ],
)
def test_months_or_parts_of_a_month(due: date, until: date, months: int) -> None:
    assert months_late(due, until) == months


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 800))
def test_months_late_is_the_least_that_reaches(due: date, days: int) -> None:
    until = date.fromordinal(due.toordinal() + days)
    months = months_late(due, until)
    assert add_months(due, months) >= until
    assert months == 0 or add_months(due, months - 1) < until


def test_the_worked_example() -> None:
    """120,000 TTC three months late at 2.25 % → 3.95 % = 4,740.00."""
    fine = late_fine(D(120000), date(2026, 1, 15), date(2026, 4, 15))
    assert (fine.months, fine.key_rate, fine.rate, fine.amount) == (3, D("2.25"), D("3.95"), D("4740.00"))


def test_the_key_rate_is_that_of_the_end_of_the_first_month() -> None:
    # Due on 19 February 2025, so the first month ends on 19 March, the last day at 2.50 %.
    assert late_fine(D(1000), date(2025, 2, 19), date(2025, 2, 20)).key_rate == D("2.50")
    assert late_fine(D(1000), date(2025, 2, 20), date(2025, 2, 21)).key_rate == D("2.25")
    assert late_fine(D(1000), date(2024, 1, 1), date(2024, 1, 2)).amount == D("30.00")


def test_the_key_rate_can_be_given() -> None:
    fine = late_fine(D(120000), date(2026, 1, 15), date(2026, 4, 16), key_rate=D("2.00"))
    assert (fine.months, fine.rate, fine.amount, fine.source) == (4, D("4.55"), D("5460.00"), "override")


def test_in_time_there_is_no_fine() -> None:
    fine = late_fine(D(120000), date(2026, 1, 15), date(2026, 1, 15))
    assert (fine.months, fine.rate, fine.amount) == (0, D(0), D(0))
