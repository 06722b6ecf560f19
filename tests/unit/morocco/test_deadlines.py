"""Payment terms of law 69-21."""

from datetime import date

import pytest

from chalicelib.domain.morocco.deadlines import add_months, check_due_date, check_terms, due_date

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
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 1, 15), 24, date(2028, 1, 15)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected
